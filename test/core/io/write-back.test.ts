import { describe, expect, test } from "vitest";
import { settle, tellAll } from "../../../core/io/write-back.ts";
import { fault } from "../../../core/model/faults.ts";
import { type NodeId, nodeId } from "../../../core/model/ids.ts";
import { frameBytesMax, futureMsMax, pageRecordsMax } from "../../../core/model/limits.ts";
import { type AnyRecord, type ImageRecord, recordId } from "../../../core/model/records.ts";
import { wallMs } from "../../../core/model/units.ts";
import type { Holding } from "../../../core/ports.ts";
import { encodeMessage } from "../../../core/wire/codec.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { idOf, recordOf, tombstoneOf } from "../../support/records.ts";
import { until } from "../../support/until.ts";
import { type FakeNode, fakeNodes, lostFault } from "./fakes.ts";

const [n2, n3] = [nodeId(2), nodeId(3)] as const;

class Town {
  readonly clock = new ManualClock();
  readonly nodes: ReadonlyMap<NodeId, FakeNode>;

  constructor(nodes: number) {
    this.nodes = fakeNodes(nodes, this.clock);
  }

  node(id: number): FakeNode {
    const node = this.nodes.get(nodeId(id));
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  /** Node 1 knows these, and shows them. */
  async show(records: readonly AnyRecord[]): ReturnType<typeof settle> {
    await this.node(1).store.merge(records);
    const holdings = await Promise.all(records.map((record) => this.node(1).store.get(recordId(record))));
    return settle(
      this.node(1).context,
      holdings.filter((holding): holding is Holding => holding !== null),
    );
  }

  async knowing(n: number): Promise<readonly number[]> {
    const known = await Promise.all(
      [...this.nodes.values()].map(async ({ id, store }) => [id, await store.get(idOf(n))]),
    );
    return known.flatMap(([id, holding]) => (holding === null ? [] : [Number(id)]));
  }

  asked(): number {
    return [...this.nodes.values()].reduce((sum, { asked }) => sum + asked.length, 0);
  }
}

test("what is shown is on a majority before", async () => {
  const town = new Town(5);
  for (const id of [4, 5]) town.node(id).live = false;
  expect(await town.show([recordOf(idOf(1)), tombstoneOf(idOf(2))])).toEqual({ ok: true, value: undefined });
  expect(await town.knowing(1)).toEqual([1, 2, 3]);
  expect(await town.knowing(2)).toEqual([1, 2, 3]);
});

test("what a majority is known to have is not sent again", async () => {
  const town = new Town(3);
  await town.node(1).store.merge([recordOf(idOf(1))]);
  town.node(1).hasOfOurs.set(n2, 1);
  expect(await town.show([recordOf(idOf(1))])).toMatchObject({ ok: true });
  expect(town.asked()).toBe(0);
  // Only what is newer than that.
  expect(await town.show([recordOf(idOf(1)), recordOf(idOf(2))])).toMatchObject({ ok: true });
  const merges = [...town.node(2).asked, ...town.node(3).asked];
  for (const request of merges)
    expect(request.kind === "merge" && request.records.map(recordId)).toEqual([idOf(2)]);
});

test("a record is under way as long as anybody may still be told of it, a tombstone never", async () => {
  const town = new Town(3);
  const gate = Promise.withResolvers<void>();
  const { answer } = town.node(3);
  town.node(3).answer = async (request) => {
    await gate.promise;
    return answer(request);
  };
  const { underWay } = town.node(1).context;
  expect(await town.show([recordOf(idOf(1)), tombstoneOf(idOf(2))])).toMatchObject({ ok: true });
  // Node 2 has it; node 3, which is slow, gets it whatever happens to it meanwhile.
  expect([underWay.has(idOf(1)), underWay.has(idOf(2))]).toEqual([true, false]);
  gate.resolve();
  await until(() => underWay.images === 0);
  expect(await town.knowing(1)).toEqual([1, 2, 3]);
});

test("alone everything is settled", async () => {
  const town = new Town(1);
  expect(await town.show([recordOf(idOf(1))])).toMatchObject({ ok: true });
});

describe("when too few take it", () => {
  test("there is NO_QUORUM; those whose disks may not speak are not asked, and do not count", async () => {
    const town = new Town(5);
    town.node(2).ready = false;
    town.node(3).live = false;
    town.node(4).answer = () => lostFault(nodeId(4));
    expect(await town.show([recordOf(idOf(1))])).toEqual({
      ok: false,
      fault: fault("NO_QUORUM", { live: 2, needed: 3 }),
    });
    expect(town.node(2).asked).toEqual([]);
  });

  test("because our clock is ahead, that is what is told, not that others are away: another node may do better", async () => {
    const town = new Town(3);
    town.node(3).answer = () => lostFault(n3);
    const stamp = { atMs: town.clock.wall() + futureMsMax + 5, node: 1 };
    const shown = await town.show([recordOf(idOf(1), { trashed: { stamp, value: wallMs(5) } })]);
    expect(shown).toEqual({
      ok: false,
      fault: fault("NODE_NOT_READY", { reason: "it has a change dated 300 s ahead of another node's clock" }),
    });
    expect(await town.node(2).store.get(idOf(1))).toBeNull();
  });
});

describe("telling all", () => {
  const tell = (town: Town): Promise<boolean> => tellAll(town.node(1).context, [tombstoneOf(idOf(1))]);

  test("is done when every other node has it on disk", async () => {
    const town = new Town(3);
    expect(await tell(town)).toBe(true);
    expect(await town.knowing(1)).toEqual([2, 3]);
    expect(await tell(new Town(1))).toBe(true);
  });

  test("is not begun while one is away, or its disk may not speak", async () => {
    for (const spoil of [
      (node: FakeNode) => Object.assign(node, { live: false }),
      (node: FakeNode) => Object.assign(node, { ready: false }),
    ]) {
      const town = new Town(3);
      spoil(town.node(3));
      expect(await tell(town)).toBe(false);
      expect(town.asked()).toBe(0);
    }
  });

  test("is not done when one does not take it", async () => {
    const town = new Town(3);
    town.node(3).answer = () => lostFault(n3);
    expect(await tell(town)).toBe(false);
  });
});

describe("many", () => {
  const thumbnail = new Uint8Array(60_000);
  const large = (n: number): ImageRecord =>
    recordOf(idOf(n), { inspection: { stamp: { atMs: 1, node: 1 }, value: { verdict: "ok", thumbnail } } });

  test("go in pages that fit in a frame, each record once", async () => {
    const town = new Town(3);
    const records = [
      ...Array.from({ length: 40 }, (_, n) => large(n)),
      ...Array.from({ length: pageRecordsMax + 40 }, (_, n) => tombstoneOf(idOf(1_000 + n))),
    ];
    expect(await town.show(records)).toMatchObject({ ok: true });
    const pages = town.node(2).asked.flatMap((request) => (request.kind === "merge" ? [request] : []));
    expect(pages.length).toBeGreaterThan(3);
    for (const page of pages) {
      expect(encodeMessage(page).length).toBeLessThan(frameBytesMax);
      expect(page.records.length).toBeLessThanOrEqual(pageRecordsMax);
    }
    const sent = pages.flatMap((page) => page.records.map(recordId));
    expect(sent).toEqual(records.map(recordId));
  });

  test("stop at the first page that too few take", async () => {
    const town = new Town(3);
    let merges = 0;
    for (const id of [2, 3]) {
      const { answer } = town.node(id);
      town.node(id).answer = (request) => (merges++ < 3 ? answer(request) : lostFault(n2));
    }
    const shown = await town.show(Array.from({ length: 60 }, (_, n) => large(n)));
    expect(shown).toMatchObject({ ok: false, fault: { code: "NO_QUORUM" } });
    expect(merges).toBeLessThan(8);
  });
});
