import { describe, expect, test } from "vitest";
import type { Connection } from "../../../core/io/connection.ts";
import { serveMerge, servePurge, serveTrash } from "../../../core/io/serve-change.ts";
import { type NodeId, nodeId, type UserName, userNameOf } from "../../../core/model/ids.ts";
import { futureMsMax } from "../../../core/model/limits.ts";
import type { Message } from "../../../core/model/messages.ts";
import type { AnyRecord, ImageRecord, Stamp } from "../../../core/model/records.ts";
import { wallMs } from "../../../core/model/units.ts";
import { ManualClock, turn } from "../../support/manual-clock.ts";
import { idOf, recordOf, storeOf, tombstoneOf } from "../../support/records.ts";
import { alwaysFresh, type FakeNode, fakeNodes } from "./fakes.ts";

const id = idOf(1);
const alice = userNameOf("alice");
const inTrash: Stamp = { atMs: 20, node: 2 };
const trashed = recordOf(id, { trashed: { stamp: inTrash, value: wallMs(5) } });

class Town {
  readonly clock = new ManualClock();
  readonly nodes: ReadonlyMap<NodeId, FakeNode> = fakeNodes(3, this.clock);

  node(which: number): FakeNode {
    const node = this.nodes.get(nodeId(which));
    if (node === undefined) throw new Error(`no node ${which}`);
    return node;
  }

  async know(record: AnyRecord): Promise<void> {
    for (const { store } of this.nodes.values()) await store.merge([record]);
  }

  async knownOn(which: number): Promise<AnyRecord | undefined> {
    return (await this.node(which).store.get(id))?.record;
  }

  /** How many know what node 1 knows. */
  async agreeing(): Promise<number> {
    const known = await Promise.all([1, 2, 3].map((which) => this.knownOn(which)));
    return known.filter((record) => JSON.stringify(record) === JSON.stringify(known[0])).length;
  }

  /** What node 1 answers. */
  trash(value: boolean, seen: Stamp, owner: UserName = alice): Promise<string> {
    const request = { kind: "trash", id, trashed: value, seen } as const;
    return answerTo((connection) =>
      serveTrash(this.node(1).context, alwaysFresh(), connection, request, owner),
    );
  }

  purge(owner: UserName = alice): Promise<string> {
    const request = { kind: "purge", id } as const;
    return answerTo((connection) =>
      servePurge(this.node(1).context, alwaysFresh(), connection, request, owner),
    );
  }
}

/** The kind of the answer, or the code of the refusal; exactly one must come. */
const answerTo = async (serve: (connection: Connection) => Promise<void>): Promise<string> => {
  const said: Message[] = [];
  const connection = {
    remote: "somebody",
    send: async (message: Message) => {
      said.push(message);
    },
  } as Pick<Connection, "remote" | "send"> as Connection;
  await serve(connection);
  expect(said).toHaveLength(1);
  const [message] = said;
  return message?.kind === "refused" ? message.code : (message?.kind ?? "nothing");
};
const stampOf = (record: AnyRecord | undefined): Stamp => {
  if (record?.kind !== "image") throw new Error("there is no image");
  return record.trashed.stamp;
};

describe("the trash", () => {
  test("takes an image in and gives it back, each on a majority before it is said", async () => {
    const town = new Town();
    await town.know(recordOf(id));
    expect(await town.trash(true, { atMs: 1, node: 1 })).toBe("changed");
    expect(await town.knownOn(1)).toMatchObject({
      trashed: { value: town.clock.wall(), stamp: { atMs: 2, node: 1 } },
    });
    expect(await town.agreeing()).toBeGreaterThanOrEqual(2);
    expect(await town.trash(false, stampOf(await town.knownOn(1)))).toBe("changed");
    expect(await town.knownOn(1)).toMatchObject({ trashed: { value: null } });
    expect(await town.agreeing()).toBeGreaterThanOrEqual(2);
  });

  test("says yes to a retry of what is done, and changes nothing by it", async () => {
    const town = new Town();
    await town.know(recordOf(id));
    expect(await town.trash(true, { atMs: 1, node: 1 })).toBe("changed");
    const done = await town.knownOn(1);
    expect(await town.trash(true, { atMs: 1, node: 1 })).toBe("changed");
    expect(await town.knownOn(1)).toEqual(done);
  });

  test("does not begin anew for what is in it already, nor for what is not", async () => {
    const town = new Town();
    await town.know(trashed);
    expect(await town.trash(true, inTrash)).toBe("changed");
    expect(await town.knownOn(1)).toEqual(trashed);
    const out = recordOf(id, { trashed: { stamp: { atMs: 30, node: 1 }, value: null } });
    await town.know(out);
    expect(await town.trash(false, { atMs: 30, node: 1 })).toBe("changed");
    expect(await town.knownOn(1)).toEqual(out);
  });

  test("says no when somebody has changed his mind since it was looked at", async () => {
    const town = new Town();
    await town.know(trashed);
    expect(await town.trash(false, { atMs: 1, node: 1 })).toBe("IMAGE_CHANGED");
    expect(await town.knownOn(1)).toEqual(trashed);
  });

  test("is its owner's alone, and tells nobody else that there is anything", async () => {
    const town = new Town();
    await town.know(trashed);
    expect(await town.trash(false, inTrash, userNameOf("bob"))).toBe("IMAGE_NOT_FOUND");
    expect(await town.purge(userNameOf("bob"))).toBe("IMAGE_NOT_FOUND");
    expect(await town.knownOn(1)).toEqual(trashed);
  });

  test("is not told to have taken anything that only this node knows of", async () => {
    const town = new Town();
    await town.know(recordOf(id));
    for (const which of [2, 3]) {
      town.node(1).hasOfOurs.set(nodeId(which), 1);
      town.node(which).live = false;
    }
    expect(await town.trash(true, { atMs: 1, node: 1 })).toBe("NO_QUORUM");
  });
});

test("a purge that an earlier try has begun is not told before a majority knows of it, nor denied", async () => {
  const town = new Town();
  await town.know(tombstoneOf(id));
  for (const which of [2, 3]) {
    town.node(1).hasOfOurs.set(nodeId(which), 0);
    town.node(which).live = false;
  }
  expect(await town.purge()).toBe("NO_QUORUM");
  for (const which of [2, 3]) town.node(which).live = true;
  expect(await town.purge()).toBe("changed");
});

describe("an image that this node has condemned", () => {
  const condemned = (node: number, disk = 0, stamp = inTrash): ImageRecord => ({
    ...trashed,
    condemned: { [String(node)]: { stamp, store: storeOf(node, disk) } },
  });

  test.each([
    ["on its present disk", condemned(1)],
    ["on an earlier one: whoever purges may not have heard that it burnt", condemned(1, 1)],
  ])("%s cannot be restored here any more", async (_, record) => {
    const town = new Town();
    await town.know(record);
    expect(await town.trash(false, inTrash)).toBe("IMAGE_EXPIRED");
    expect(await town.knownOn(1)).toEqual(record);
  });

  test.each([
    ["another node has condemned", condemned(2)],
    ["was condemned before it was trashed again", condemned(1, 0, { atMs: 10, node: 1 })],
  ])("one that %s can", async (_, record) => {
    const town = new Town();
    await town.know(record);
    expect(await town.trash(false, inTrash)).toBe("changed");
    expect(await town.knownOn(1)).toMatchObject({ trashed: { value: null } });
  });

  test("while it was looked up is not told to be restored: somebody may purge it by that word", async () => {
    const town = new Town();
    await town.know(trashed);
    const gate = Promise.withResolvers<void>();
    // The lookup makes sure that a majority knows what is about to be shown; that takes a while.
    const { answer } = town.node(2);
    for (const which of [2, 3])
      town.node(which).answer = async (request) => {
        await gate.promise;
        return answer(request);
      };
    const restoring = town.trash(false, inTrash);
    await turn();
    await town.node(1).store.merge([condemned(1)]);
    gate.resolve();
    expect(await restoring).toBe("IMAGE_EXPIRED");
  });

  test("is not made restorable by putting it into the trash once more", async () => {
    const town = new Town();
    await town.know(condemned(1));
    expect(await town.trash(true, inTrash)).toBe("changed");
    expect(await town.trash(false, stampOf(await town.knownOn(1)))).toBe("IMAGE_EXPIRED");
    expect(await town.knownOn(1)).toEqual(condemned(1));
  });

  test("can still be purged by its owner", async () => {
    const town = new Town();
    await town.know(condemned(1));
    expect(await town.purge()).toBe("changed");
    expect((await town.knownOn(1))?.kind).toBe("tombstone");
  });
});

describe("a purge", () => {
  test("leaves a tombstone on a majority, later than everything that was said of the trash", async () => {
    const town = new Town();
    await town.know(trashed);
    expect(await town.purge()).toBe("changed");
    const record = await town.knownOn(1);
    expect(record).toMatchObject({
      kind: "tombstone",
      owner: alice,
      purge: { reason: "owner" },
      erasedOn: [],
    });
    if (record?.kind === "tombstone") expect(record.purge.stamp.atMs).toBeGreaterThan(inTrash.atMs);
    expect(await town.agreeing()).toBeGreaterThanOrEqual(2);
  });

  test("that is tried again is done, and a majority knows it by then", async () => {
    const town = new Town();
    await town.node(1).store.merge([tombstoneOf(id)]);
    expect(await town.purge()).toBe("changed");
    expect(await town.agreeing()).toBeGreaterThanOrEqual(2);
    expect(await town.purge(userNameOf("bob"))).toBe("IMAGE_NOT_FOUND");
  });

  test("of an image that nobody knows is none", async () => {
    expect(await new Town().purge()).toBe("IMAGE_NOT_FOUND");
  });
});

describe("what a peer makes sure of", () => {
  const merge = (town: Town, records: readonly AnyRecord[]): Promise<string> =>
    answerTo((connection) => serveMerge(town.node(1).context, connection, { kind: "merge", records }));

  test("is on the disk before it is said", async () => {
    const town = new Town();
    expect(await merge(town, [trashed, tombstoneOf(idOf(2))])).toBe("stored");
    expect(await town.knownOn(1)).toEqual(trashed);
  });

  test("is refused as a whole when a part of it is from a clock that is far ahead", async () => {
    const town = new Town();
    const stamp = { atMs: town.clock.wall() + futureMsMax + 1, node: 2 };
    const late = tombstoneOf(idOf(2), { purge: { stamp, reason: "owner" } });
    expect(await merge(town, [trashed, late])).toBe("CLOCK_AHEAD");
    expect(await town.knownOn(1)).toBeUndefined();
  });
});
