import { describe, expect, test } from "vitest";
import { createFreshness } from "../../../core/io/freshness.ts";
import { notFromTheFuture } from "../../../core/io/take-in.ts";
import { fault } from "../../../core/model/faults.ts";
import { type NodeId, nodeId } from "../../../core/model/ids.ts";
import { digestEntriesMax, futureMsMax } from "../../../core/model/limits.ts";
import type { Pull, Request } from "../../../core/model/messages.ts";
import { type AnyRecord, diskName } from "../../../core/model/records.ts";
import { wallMs } from "../../../core/model/units.ts";
import { ManualClock, turn } from "../../support/manual-clock.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { idOf, recordOf, storeOf, tombstoneOf } from "../../support/records.ts";
import { type FakeNode, fakeNodes, lostFault } from "./fakes.ts";

const [n2, n3] = [nodeId(2), nodeId(3)] as const;

/** An image that was put into the trash so long after now. */
const ahead = (n: number, clock: ManualClock, ms: number): AnyRecord =>
  recordOf(idOf(n), { trashed: { stamp: { atMs: clock.wall() + ms, node: 2 }, value: wallMs(5) } });

class Town {
  readonly clock = new ManualClock();
  readonly nodes: ReadonlyMap<NodeId, FakeNode>;
  readonly freshness;

  constructor(nodes: number) {
    this.nodes = fakeNodes(nodes, this.clock);
    this.freshness = createFreshness(this.node(1).context);
  }

  node(id: number): FakeNode {
    const node = this.nodes.get(nodeId(id));
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  async knows(n: number): Promise<boolean> {
    return (await this.node(1).store.get(idOf(n))) !== null;
  }

  pullsOf(id: number): readonly Pull[] {
    return this.node(id).asked.filter((request: Request) => request.kind === "pull");
  }
}

describe("before a node answers", () => {
  test.each([
    [1, 0],
    [2, 0],
    [3, 1],
    [5, 2],
  ])("of %d nodes it has pulled the feeds of %d others", async (nodes, needed) => {
    const town = new Town(nodes);
    for (const node of town.nodes.values()) if (node.id > 1 + needed) node.answer = () => null;
    await town.node(2 > nodes ? 1 : 2).store.merge([recordOf(idOf(1))]);
    expect(await town.freshness.catchUp()).toMatchObject({ ok: true });
    expect(await town.knows(1)).toBe(nodes === 1 || needed > 0);
  });

  test("with too few that answer there is NO_QUORUM, and why does not matter", async () => {
    const town = new Town(5);
    town.node(2).answer = () => fault("NODE_NOT_READY", { reason: "it is rebuilding" });
    town.node(3).live = false;
    town.node(4).ready = false;
    expect(await town.freshness.catchUp()).toEqual({
      ok: false,
      fault: fault("NO_QUORUM", { live: 2, needed: 3 }),
    });
    // Those whose disks may not speak are not even asked.
    expect([town.node(3).asked, town.node(4).asked]).toEqual([[], []]);
  });

  test("it answers nothing while its own disk may not speak", async () => {
    const town = new Town(3);
    town.node(1).ready = false;
    expect(await town.freshness.catchUp()).toMatchObject({ ok: false, fault: { code: "NODE_NOT_READY" } });
    expect(town.node(2).asked).toEqual([]);
  });

  test.each([
    fault("DISK_FAILED", { path: "index", reason: "EIO" }),
    fault("DISK_FULL", { path: "index", freeBytes: 0 }),
  ])("it answers nothing while its index may lack something: $code", async (problem) => {
    const town = new Town(3);
    town.node(1).store.readFault = problem;
    expect(await town.freshness.catchUp()).toEqual({ ok: false, fault: problem });
    expect(town.node(2).asked).toEqual([]);
    town.node(1).store.readFault = null;
    // Of the others, too, nobody counts whose index may lack something.
    for (const id of [2, 3]) town.node(id).store.readFault = problem;
    expect(await town.freshness.catchUp()).toMatchObject({ ok: false, fault: { code: "NO_QUORUM" } });
    town.node(3).store.readFault = null;
    expect(await town.freshness.catchUp()).toMatchObject({ ok: true });
  });

  test("a pull that was begun earlier is not enough: it may have asked too early", async () => {
    const town = new Town(3);
    town.node(3).live = false;
    const gate = Promise.withResolvers<void>();
    const { answer } = town.node(2);
    town.node(2).answer = async (request) => {
      const reply = await answer(request);
      await gate.promise;
      return reply;
    };
    const first = town.freshness.catchUp();
    await turn();
    // Acknowledged after the first question was answered, before the second is asked.
    await town.node(2).store.merge([recordOf(idOf(1))]);
    const second = town.freshness.catchUp();
    const third = town.freshness.catchUp();
    gate.resolve();
    await Promise.all([first, second, third]);
    expect(await town.knows(1)).toBe(true);
    // The third asked for nothing of its own: it waited for the one that began after it.
    expect(town.pullsOf(2)).toHaveLength(2);
  });

  test("a peer that breaks off is asked again from where it was", async () => {
    const town = new Town(3);
    town.node(3).live = false;
    await town.node(2).store.merge([recordOf(idOf(1))]);
    const { answer } = town.node(2);
    town.node(2).answer = () => lostFault(n2);
    expect(await town.freshness.catchUp()).toMatchObject({ ok: false });
    town.node(2).answer = answer;
    expect(await town.freshness.catchUp()).toMatchObject({ ok: true });
    expect(await town.knows(1)).toBe(true);
  });

  test("what cannot be written here was not pulled", async () => {
    const town = new Town(2);
    await town.node(2).store.merge([recordOf(idOf(1))]);
    town.node(1).store.fault = fault("DISK_FAILED", { path: "disk", reason: "EIO" });
    expect(await town.freshness.pull(n2)).toMatchObject({ ok: false, fault: { code: "DISK_FAILED" } });
    expect(town.node(1).pulled).toEqual([]);
    town.node(1).store.fault = null;
    await town.freshness.pull(n2);
    expect(await town.knows(1)).toBe(true);
    expect(town.node(1).pulled).toEqual([{ peer: n2, store: storeOf(2), upTo: 1 }]);
  });
});

describe("a feed", () => {
  test("is pulled page by page to where it was when asked, and not again from the beginning", async () => {
    const town = new Town(2);
    const many = Array.from({ length: 2 * digestEntriesMax + 10 }, (_, n) => tombstoneOf(idOf(n + 1)));
    await town.node(2).store.merge(many);
    await town.freshness.pull(n2);
    expect(town.pullsOf(2).map(({ store, after }) => [store, after])).toEqual([
      [null, 0],
      [storeOf(2), digestEntriesMax],
      [storeOf(2), 2 * digestEntriesMax],
    ]);
    expect(town.node(1).store.feedHead).toBe(many.length);
    expect(town.node(1).pulled.at(-1)).toEqual({ peer: n2, store: storeOf(2), upTo: many.length });
    await town.freshness.pull(n2);
    expect(town.pullsOf(2).at(-1)?.after).toBe(many.length);
    expect(town.freshness.pulledBytes).toBeGreaterThan(many.length * 100);
  });

  test("brings what differs and nothing that is known already", async () => {
    const town = new Town(2);
    const both = recordOf(idOf(1));
    await town.node(1).store.merge([both]);
    await town.node(2).store.merge([both, recordOf(idOf(2))]);
    await town.freshness.pull(n2);
    const asked = town.node(2).asked.flatMap((request) => (request.kind === "records" ? request.ids : []));
    expect(asked).toEqual([idOf(2)]);
    expect(town.node(1).store.merges).toHaveLength(2);
  });

  test("of another disk begins anew, and counts for nothing of the one before", async () => {
    const town = new Town(2);
    await town.node(2).store.merge([recordOf(idOf(1)), recordOf(idOf(2))]);
    await town.freshness.pull(n2);
    const next = new MemoryStore(storeOf(2, 1));
    await next.merge([recordOf(idOf(3))]);
    Object.assign(town.node(2).context, { store: next });
    await town.freshness.pull(n2);
    expect(await town.knows(3)).toBe(true);
    expect(town.node(1).pulled.at(-1)).toEqual({ peer: n2, store: storeOf(2, 1), upTo: 1 });
  });

  test("with nothing in it is pulled in the background only when there is news", async () => {
    const town = new Town(3);
    await town.freshness.pullNews();
    expect([town.node(2).asked, town.node(3).asked]).toEqual([[], []]);
    await town.node(2).store.merge([recordOf(idOf(1))]);
    await town.freshness.pullNews();
    await town.freshness.pullNews();
    expect([town.pullsOf(2).length, town.pullsOf(3).length]).toEqual([1, 0]);
    await town.node(2).store.merge([tombstoneOf(idOf(1))]);
    await town.freshness.pullNews();
    expect((await town.node(1).store.get(idOf(1)))?.record.kind).toBe("tombstone");
    expect(town.node(1).events.filter(({ kind }) => kind === "records.pulled")).toHaveLength(2);
  });
});

describe("a tombstone that nobody needs any more", () => {
  const everywhere = (n: number, nodes: number, disk = 0): AnyRecord =>
    tombstoneOf(idOf(n), {
      erasedOn: Array.from({ length: nodes }, (_, index) =>
        diskName(nodeId(index + 1), storeOf(index + 1, disk)),
      ),
    });

  test("does not come back from a node that has not forgotten it yet", async () => {
    const town = new Town(2);
    await town.node(2).store.merge([everywhere(1, 2), everywhere(2, 1)]);
    await town.freshness.pull(n2);
    expect(await town.knows(1)).toBe(false);
    expect(await town.knows(2)).toBe(true);
    // Nothing was missed by that: the feed is here.
    expect(town.node(1).pulled).toEqual([{ peer: n2, store: storeOf(2), upTo: 2 }]);
  });

  test("is taken while it is known here, and while one of the disks is another by now", async () => {
    const town = new Town(2);
    await town.node(1).store.merge([recordOf(idOf(1))]);
    await town.node(2).store.merge([everywhere(1, 2), everywhere(2, 2, 1)]);
    await town.freshness.pull(n2);
    expect((await town.node(1).store.get(idOf(1)))?.record).toEqual(everywhere(1, 2));
    expect(await town.knows(2)).toBe(true);
  });
});

describe("a record from a clock that is far ahead", () => {
  test("is left out, and what it came with is not said to be here", async () => {
    const town = new Town(2);
    const late = ahead(1, town.clock, futureMsMax + 1);
    await town.node(2).store.merge([late, recordOf(idOf(2))]);
    await town.freshness.pull(n2);
    expect(await town.knows(1)).toBe(false);
    expect(await town.knows(2)).toBe(true);
    expect(town.node(1).pulled).toEqual([]);
    // What comes later is pulled, but the peer is not told that its feed is here: a part of it is not.
    await town.node(2).store.merge([recordOf(idOf(3))]);
    await town.freshness.pull(n2);
    expect(await town.knows(3)).toBe(true);
    expect(town.node(1).pulled).toEqual([]);
  });

  test("is not known here, so this node answers nothing, until the time has come", async () => {
    const town = new Town(3);
    // Acknowledged: it is on nodes 2 and 3, and it is the clock of node 1 that is behind.
    for (const id of [2, 3]) await town.node(id).store.merge([ahead(1, town.clock, futureMsMax + 5_000)]);
    const refused = {
      ok: false,
      fault: { code: "NODE_NOT_READY", reason: expect.stringContaining("by its clock") },
    };
    expect(await town.freshness.catchUp()).toMatchObject(refused);
    // Nor when it is asked again, though nothing more comes of those feeds.
    expect(await town.freshness.catchUp()).toMatchObject(refused);
    expect(await town.freshness.pull(n2)).toEqual({
      ok: false,
      fault: fault("CLOCK_AHEAD", { aheadMs: futureMsMax + 5_000 }),
    });
    await town.clock.pass(10_000);
    expect(await town.freshness.catchUp()).toMatchObject({ ok: true });
    expect(await town.knows(1)).toBe(true);
  });

  test("on one node keeps nobody from answering: the others do without it", async () => {
    const town = new Town(3);
    await town.node(3).store.merge([ahead(1, town.clock, 365 * 86_400_000)]);
    expect(await town.freshness.catchUp()).toMatchObject({ ok: true });
    const third = createFreshness(town.node(3).context);
    expect(await third.catchUp()).toMatchObject({ ok: true });
  });

  test("does not spoil what was pulled of another disk, nor of another peer", async () => {
    const town = new Town(3);
    await town.node(2).store.merge([ahead(1, town.clock, futureMsMax + 1)]);
    await town.node(3).store.merge([recordOf(idOf(2))]);
    await town.freshness.pull(n2);
    await town.freshness.pull(n3);
    const next = new MemoryStore(storeOf(2, 1));
    await next.merge([recordOf(idOf(3))]);
    Object.assign(town.node(2).context, { store: next });
    await town.freshness.pull(n2);
    expect(town.node(1).pulled).toEqual([
      { peer: n3, store: storeOf(3), upTo: 1 },
      { peer: n2, store: storeOf(2, 1), upTo: 1 },
    ]);
  });

  test("is told by its latest stamp, of an image as of what is left of one; a little ahead is allowed", () => {
    const clock = new ManualClock();
    const at = (ms: number) => ({ atMs: clock.wall() + ms, node: 1 });
    const late = tombstoneOf(idOf(2), { purge: { stamp: at(futureMsMax + 1), reason: "owner" } });
    const near = tombstoneOf(idOf(3), { purge: { stamp: at(futureMsMax), reason: "owner" } });
    const records = [ahead(1, clock, futureMsMax), ahead(4, clock, futureMsMax + 1), late, near];
    expect(notFromTheFuture({ clock }, records)).toEqual([records[0], near]);
    clock.setWallBy(1);
    expect(notFromTheFuture({ clock }, records)).toEqual(records);
  });
});
