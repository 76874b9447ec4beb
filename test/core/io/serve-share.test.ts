import { describe, expect, test } from "vitest";
import type { Connection } from "../../../core/io/connection.ts";
import { createShares } from "../../../core/io/serve-share.ts";
import { type NodeId, nodeId, type UserName, userNameOf } from "../../../core/model/ids.ts";
import { readersMax } from "../../../core/model/limits.ts";
import type { Message } from "../../../core/model/messages.ts";
import { registerOf, sharedWith } from "../../../core/model/readers.ts";
import { type AnyRecord, type ImageRecord, joinRecords, type Stamp } from "../../../core/model/records.ts";
import { encodeMessage } from "../../../core/wire/codec.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { idOf, recordOf, tombstoneOf } from "../../support/records.ts";
import { alwaysFresh, type FakeNode, fakeNodes } from "./fakes.ts";

const id = idOf(1);
const [alice, bob, carol] = [userNameOf("alice"), userNameOf("bob"), userNameOf("carol")];
const header = new Uint8Array([1, 2, 3]);

class Town {
  readonly nodes: ReadonlyMap<NodeId, FakeNode> = fakeNodes(3, new ManualClock());
  readonly #serve = new Map(
    [...this.nodes].map(([node, { context }]) => [node, createShares(context, alwaysFresh())] as const),
  );

  async know(record: AnyRecord): Promise<void> {
    for (const { store } of this.nodes.values()) await store.merge([record]);
  }

  async knownOn(which: number): Promise<ImageRecord> {
    const record = (await this.nodes.get(nodeId(which))?.store.get(id))?.record;
    if (record?.kind !== "image") throw new Error("there is no image");
    return record;
  }

  /** The kind of the answer, or the code of the refusal; exactly one must come. */
  async share(
    value: Uint8Array | null,
    seen: Stamp | null,
    { reader = bob, by = alice, at = 1 }: { reader?: UserName; by?: UserName; at?: number } = {},
  ): Promise<string> {
    const said: Message[] = [];
    const connection = {
      remote: "somebody",
      send: async (message: Message) => {
        said.push(message);
      },
    } as Pick<Connection, "remote" | "send"> as Connection;
    await this.#serve.get(nodeId(at))?.(connection, { kind: "share", id, reader, header: value, seen }, by);
    expect(said).toHaveLength(1);
    const [message] = said;
    return message?.kind === "refused" ? message.code : (message?.kind ?? "nothing");
  }

  async seenOf(reader: UserName): Promise<Stamp | null> {
    return registerOf((await this.knownOn(1)).headers, reader)?.stamp ?? null;
  }
}

const townWith = async (record: AnyRecord = recordOf(id)): Promise<Town> => {
  const town = new Town();
  await town.know(record);
  return town;
};

describe("sharing an image", () => {
  test("puts a header for the reader on a majority before it is said, and takes it out again", async () => {
    const town = await townWith();
    expect(await town.share(header, null)).toBe("changed");
    for (const node of [1, 2, 3]) expect(sharedWith(await town.knownOn(node))).toEqual([bob]);
    expect(await town.share(null, await town.seenOf(bob))).toBe("changed");
    for (const node of [1, 2, 3]) expect(sharedWith(await town.knownOn(node))).toEqual([]);
    expect(await town.share(header, await town.seenOf(bob))).toBe("changed");
    expect(sharedWith(await town.knownOn(2))).toEqual([bob]);
  });

  test("is done once however often it is asked, and changes nothing that was changed since", async () => {
    const town = await townWith();
    await town.share(header, null);
    const once = await town.knownOn(1);
    expect(await town.share(header, null, { at: 2 })).toBe("changed");
    expect(await town.knownOn(1)).toEqual(once);
    expect(await town.share(null, null)).toBe("IMAGE_CHANGED");
    expect(await town.share(new Uint8Array([9]), null)).toBe("IMAGE_CHANGED");
    const seen = await town.seenOf(bob);
    await town.share(null, seen);
    expect(await town.share(null, seen)).toBe("changed");
    // The first request, that comes late.
    expect(await town.share(header, null)).toBe("IMAGE_CHANGED");
    expect(sharedWith(await town.knownOn(1))).toEqual([]);
  });

  test("and taking it back at once, on nodes that do not see each other, leaves it taken back", async () => {
    const town = await townWith();
    await town.share(header, null);
    const seen = await town.seenOf(bob);
    const before = await town.knownOn(1);
    expect(await town.share(new Uint8Array([9]), seen, { at: 3 })).toBe("changed");
    const given = await town.knownOn(3);
    const other = await townWith(before);
    expect(await other.share(null, seen, { at: 1 })).toBe("changed");
    const taken = await other.knownOn(1);
    for (const joined of [joinRecords(given, taken), joinRecords(taken, given)])
      expect(joined.kind === "image" && sharedWith(joined)).toEqual([]);
  });

  test("leaves no trace of a reader of whom nothing was known", async () => {
    const town = await townWith();
    expect(await town.share(null, null)).toBe("changed");
    expect(await town.knownOn(1)).toEqual(recordOf(id));
  });

  test("is its owner's business: others hear that it is hers, or of nothing", async () => {
    const town = await townWith();
    expect(await town.share(header, null, { by: carol })).toBe("IMAGE_NOT_FOUND");
    await town.share(header, null);
    expect(await town.share(header, null, { by: bob, reader: carol })).toBe("IMAGE_NOT_OWNED");
    expect(await town.share(null, await town.seenOf(bob), { by: bob })).toBe("IMAGE_NOT_OWNED");
    const own = (await town.knownOn(1)).headers.alice;
    expect(await town.share(null, own?.stamp ?? null, { reader: alice })).toBe("NOT_ALLOWED");
    expect((await town.knownOn(1)).headers.alice).toEqual(own);
    const purged = await townWith(tombstoneOf(id));
    expect(await purged.share(header, null)).toBe("IMAGE_NOT_FOUND");
  });

  test("is not said to be done when too few nodes have it", async () => {
    const town = await townWith();
    for (const node of [2, 3]) {
      const other = town.nodes.get(nodeId(node));
      if (other !== undefined) other.live = false;
    }
    expect(await town.share(header, null)).toBe("NO_QUORUM");
  });

  test("ends where a record would grow too large, also when many come at once", async () => {
    const town = await townWith();
    const readers = Array.from({ length: readersMax + 6 }, (_, n) => userNameOf(`reader${n}`));
    const large = new Uint8Array(512);
    const answers = await Promise.all(readers.map((reader) => town.share(large, null, { reader })));
    expect(answers.filter((answer) => answer === "changed")).toHaveLength(readersMax);
    expect(answers.filter((answer) => answer === "READERS_FULL")).toHaveLength(6);
    const record = await town.knownOn(2);
    expect(sharedWith(record)).toHaveLength(readersMax);
    expect(encodeMessage({ kind: "get.found", record }).length).toBeLessThan(100_000);
    // Who was let in before can be taken out, and in again.
    const first = readers[answers.indexOf("changed")] ?? bob;
    expect(await town.share(null, await town.seenOf(first), { reader: first })).toBe("changed");
    expect(await town.share(large, null, { reader: userNameOf("late") })).toBe("READERS_FULL");
    expect(await town.share(large, await town.seenOf(first), { reader: first })).toBe("changed");
  });
});
