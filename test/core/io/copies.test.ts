import { describe, expect, test } from "vitest";
import { unknownLoad } from "../../../core/decide/node-state.ts";
import { systemClock } from "../../../core/io/clock.ts";
import { parseConfig } from "../../../core/io/config-file.ts";
import type { Connection } from "../../../core/io/connection.ts";
import type { Borrowed } from "../../../core/io/connection-pool.ts";
import { beginCopies, type Copies } from "../../../core/io/copies.ts";
import type { PeerDisk } from "../../../core/io/driver.ts";
import { laneBytesMax } from "../../../core/io/lane.ts";
import type { NodeContext } from "../../../core/io/node-context.ts";
import { realRules } from "../../../core/io/rules.ts";
import type { Settlement } from "../../../core/io/settlements.ts";
import type { LoadReport } from "../../../core/model/control.ts";
import { bad, type Fault, FaultError, fault, good, type Result } from "../../../core/model/faults.ts";
import { type NodeId, nodeId } from "../../../core/model/ids.ts";
import { sealedChunkBytesMax } from "../../../core/model/limits.ts";
import type { Message } from "../../../core/model/messages.ts";
import { monotonicMs } from "../../../core/model/units.ts";
import { UnderWay } from "../../../core/store/under-way.ts";
import { idOf, recordOf, storeOf } from "../../support/records.ts";
import { until } from "../../support/until.ts";

const [n1, n2, n3] = [nodeId(1), nodeId(2), nodeId(3)] as const;
const id = idOf(1);
const record = recordOf(id);
const lost = fault("CONNECTION_LOST", { peer: "node", reason: "it was cut" });
const broken = fault("DISK_FAILED", { path: "disk", reason: "EIO" });
const full = fault("DISK_FULL", { path: "disk", freeBytes: 0 });

/** How another node behaves when it is asked to keep something. */
interface Behaviour {
  /** Cannot be reached; or never answers when called. */
  readonly reach?: Fault | "never";
  /** Lets nobody in before this. */
  readonly opens?: Promise<void>;
  /** The pool's connection to it has died unnoticed; a new one is sound. */
  readonly restarted?: boolean;
  /** Takes no chunks. */
  readonly stalls?: boolean;
  /** Answers `store.commit` with this refusal. */
  readonly refuses?: Fault;
}

/** Node 1 of three, with peers as scripted. */
class Lab {
  readonly settled: Settlement[] = [];
  readonly dropped: NodeId[] = [];
  readonly returned: Connection[] = [];
  readonly destroyed: Connection[] = [];
  /** Bytes of each chunk that was taken. */
  readonly taken: { readonly home: NodeId; readonly bytes: number }[] = [];
  readonly context: NodeContext;
  live: readonly NodeId[] = [n1, n2, n3];
  /** Nodes whose disks may not speak yet, and what others say of theirs. */
  notReady: readonly NodeId[] = [];
  readonly loads = new Map<NodeId, Partial<LoadReport>>();
  readonly #borrowed = new Set<NodeId>();
  #watches: { readonly node: NodeId; readonly onDown: () => void }[] = [];

  constructor(peers: Readonly<Record<number, Behaviour>>, replication = 2) {
    const config = parseConfig(
      `[servers]\nnode1 = "127.0.0.1:1"\nnode2 = "127.0.0.1:2"\nnode3 = "127.0.0.1:3"\n[cluster]\nreplication = ${replication}\n`,
    );
    if (!config.ok) throw new FaultError(config.fault);
    // What Copies touches of a node, and no more.
    const context: Pick<NodeContext, "self" | "config" | "clock" | "peers" | "log" | "underWay"> & {
      readonly driver: Pick<NodeContext["driver"], "live" | "peerDisks" | "loads">;
      readonly store: Pick<NodeContext["store"], "id" | "read">;
      readonly settlements: Pick<NodeContext["settlements"], "note">;
      readonly rules: NodeContext["rules"];
    } = {
      self: n1,
      config: config.value,
      clock: systemClock(),
      driver: {
        live: () => this.live,
        peerDisks: () => new Map([n2, n3].map((node) => [node, this.#diskOf(node)])),
        loads: () => new Map([n2, n3].map((node) => [node, { ...unknownLoad, ...this.loads.get(node) }])),
      },
      store: {
        id: storeOf(n1),
        read: async () =>
          good(
            (async function* () {
              yield new Uint8Array(record.facts.payloadBytes);
            })(),
          ),
      },
      rules: realRules,
      underWay: new UnderWay(),
      settlements: { note: (_, settlement) => this.settled.push(settlement) },
      peers: {
        borrow: (node) => this.#borrow(node, peers[node] ?? {}),
        giveBack: (connection) => this.returned.push(connection),
        watch: (node, onDown) => {
          const watch = { node, onDown };
          this.#watches.push(watch);
          return () => {
            this.#watches = this.#watches.filter((other) => other !== watch);
          };
        },
      },
      log: (event) => {
        if (event.kind === "copy.dropped") this.dropped.push(event.home);
      },
    };
    this.context = context as unknown as NodeContext;
  }

  get watched(): number {
    return this.#watches.length;
  }

  /** The election no longer hears `node`. */
  silence(node: NodeId): void {
    this.live = this.live.filter((other) => other !== node);
    for (const watch of this.#watches.filter((each) => each.node === node)) watch.onDown();
  }

  #diskOf(node: NodeId): PeerDisk {
    const ready = !this.notReady.includes(node);
    return { store: storeOf(node), feedHead: 0, ready, heardAt: monotonicMs(0), hasOfOurs: 0 };
  }

  async begin(): Promise<Copies> {
    const copies = await beginCopies(this.context, id);
    if (!copies.ok) throw new FaultError(copies.fault);
    return copies.value;
  }

  async #borrow(node: NodeId, behaviour: Behaviour): Promise<Result<Borrowed>> {
    if (behaviour.reach === "never") return new Promise(() => undefined);
    if (behaviour.reach !== undefined) return bad(behaviour.reach);
    await behaviour.opens;
    const stale = behaviour.restarted === true && !this.#borrowed.has(node);
    this.#borrowed.add(node);
    const connection = this.#connection(node, stale ? { refuses: lost } : behaviour);
    return good({ connection, fresh: !stale });
  }

  #connection(home: NodeId, behaviour: Behaviour): Connection {
    const cut = Promise.withResolvers<never>();
    cut.promise.catch(() => undefined);
    let asked: Message | null = null;
    const connection: Pick<Connection, "send" | "sendChunk" | "receive" | "destroy"> = {
      send: async (message) => {
        asked = message;
      },
      sendChunk: (chunk) => {
        if (behaviour.stalls === true) return cut.promise;
        this.taken.push({ home, bytes: chunk.length });
        return Promise.resolve();
      },
      receive: async () => {
        if (asked?.kind === "store")
          return { kind: "message", message: { kind: "store.ready", have: false } };
        if (behaviour.refuses !== undefined) throw new FaultError(behaviour.refuses);
        const stored = { kind: "stored", store: storeOf(home), feedHead: 1 } as const;
        return { kind: "message", message: stored };
      },
      destroy: (problem) => {
        this.destroyed.push(connection as Connection);
        cut.reject(new FaultError(problem ?? lost));
      },
    };
    return connection as Connection;
  }
}

/** Streams a little, commits everywhere, and stores here (or fails to). */
const finish = async (copies: Copies, here: Fault | null = null) => {
  copies.openStreams(100);
  copies.push(new Uint8Array(100));
  copies.commitStreams(record);
  copies.storedHere(record, here);
  return copies.acknowledged;
};

describe("two copies on three nodes", () => {
  test("are acknowledged when this node and the other home have them", async () => {
    const lab = new Lab({});
    expect(await finish(await lab.begin())).toEqual(good({ copies: 2 }));
    expect(lab.dropped).toEqual([]);
    expect(lab.returned).toHaveLength(1);
    expect([lab.watched, lab.destroyed.length]).toEqual([0, 0]);
  });

  test("a home that cannot be reached is replaced by the third node", async () => {
    const lab = new Lab({});
    const [home = n2, spare = n3] = (await lab.begin()).homes.includes(n2) ? [n2, n3] : [n3, n2];
    const again = new Lab({ [home]: { reach: lost } });
    expect(await finish(await again.begin())).toEqual(good({ copies: 2 }));
    expect(again.dropped).toEqual([home]);
    // The record was written with the homes that were meant; who has it in the end is noted a moment later.
    const settlement = await until(() => again.settled.at(-1));
    expect(settlement.get(home) ?? null).toBeNull();
    for (const node of [n1, spare])
      expect(settlement.get(node)).toEqual({ store: storeOf(node), syncedAt: expect.any(Number) });
  });

  test("a home that does not answer is given up as soon as it is no longer heard", async () => {
    const [, home = n2] = (await new Lab({}).begin()).homes;
    const lab = new Lab({ [home]: { reach: "never" } });
    const finished = finish(await lab.begin());
    lab.silence(home);
    expect(await finished).toEqual(good({ copies: 2 }));
    expect(lab.dropped).toEqual([home]);
    expect(lab.watched).toBe(0);
  });

  test("a home that was restarted is no home lost: the finished payload goes to it on a new connection", async () => {
    const [, home = n2] = (await new Lab({}).begin()).homes;
    const lab = new Lab({ [home]: { restarted: true } });
    expect(await finish(await lab.begin())).toEqual(good({ copies: 2 }));
    expect([lab.dropped, lab.destroyed.length, lab.returned.length, lab.watched]).toEqual([[], 1, 1, 0]);
    const settlement = await until(() => lab.settled.at(-1));
    expect([...settlement.keys()].toSorted()).toEqual([n1, home].toSorted());
    expect([...settlement.values()].every((copy) => copy?.syncedAt != null)).toBe(true);
  });

  test("when this node's own disk fails, a majority of others is enough, and less is told at once", async () => {
    const three = new Lab({}, 3);
    expect(await finish(await three.begin(), full)).toEqual(good({ copies: 2 }));
    // With two homes, the third node would have to be sent what is not on this disk.
    const two = new Lab({});
    expect(await finish(await two.begin(), full)).toEqual({ ok: false, fault: full });
    expect(two.dropped).toContain(n1);
  });

  test.each([
    ["are full that is why", full, "DISK_FULL"],
    ["refuse there is no majority", broken, "NO_QUORUM"],
  ])("when all others %s", async (_, refuses, code) => {
    const lab = new Lab({ 2: { refuses }, 3: { refuses } });
    expect(await finish(await lab.begin())).toMatchObject({ ok: false, fault: { code } });
    expect(lab.destroyed.length).toBeGreaterThanOrEqual(2);
    expect(lab.watched).toBe(0);
  });

  test("without hope of a majority it says so before anything is committed", async () => {
    const lab = new Lab({ 2: { reach: lost }, 3: { reach: lost } });
    const copies = await lab.begin();
    expect(copies.hopeless).toBeNull();
    lab.live = [n1];
    copies.openStreams(100);
    copies.storedHere(record, broken);
    expect(copies.hopeless).toMatchObject({ code: "NO_QUORUM" });
  });

  test("giving up closes what was opened, and watches nobody any more", async () => {
    const lab = new Lab({}, 3);
    const copies = await lab.begin();
    copies.openStreams(100);
    copies.push(new Uint8Array(100));
    await expect.poll(() => lab.taken).toHaveLength(2);
    copies.abort(full);
    expect(await copies.acknowledged).toEqual(bad(full));
    expect([lab.destroyed.length, lab.watched, lab.returned.length]).toEqual([2, 0, 0]);
  });
});

describe("an image is under way", () => {
  test("while a home has not let us in, though a majority has it, and not after", async () => {
    const open = Promise.withResolvers<void>();
    const lab = new Lab({ 3: { opens: open.promise } }, 3);
    const { underWay } = lab.context;
    expect(await finish(await lab.begin())).toEqual(good({ copies: 2 }));
    expect(underWay.has(id)).toBe(true);
    open.resolve();
    await until(() => lab.settled.at(-1));
    expect(underWay.images).toBe(0);
  });

  test("while a home that was restarted is sent the finished payload, and until nobody is left to try", async () => {
    for (const [home, refuses] of [
      [n2, undefined],
      [n3, broken],
    ] as const) {
      const open = Promise.withResolvers<void>();
      const lab = new Lab(
        { 2: { restarted: true }, 3: { opens: open.promise, ...(refuses && { refuses }) } },
        3,
      );
      expect(await finish(await lab.begin())).toEqual(good({ copies: 2 }));
      expect(lab.context.underWay.has(id)).toBe(true);
      open.resolve();
      const settlement = await until(() => lab.settled.at(-1));
      expect([(settlement.get(home) ?? null) === null, lab.context.underWay.images]).toEqual([
        refuses !== undefined,
        0,
      ]);
    }
  });

  test("until the copies are given up", async () => {
    const lab = new Lab({ 2: { reach: "never" }, 3: { stalls: true } }, 3);
    const copies = await lab.begin();
    copies.openStreams(100);
    copies.push(new Uint8Array(100));
    expect(lab.context.underWay.has(id)).toBe(true);
    copies.abort(full);
    expect(lab.context.underWay.images).toBe(0);
  });
});

describe("a home that is slow to let us in", () => {
  test("holds nobody up: a majority is acknowledged without it", async () => {
    const lab = new Lab({ 2: { reach: "never" } }, 3);
    expect(await finish(await lab.begin())).toEqual(good({ copies: 2 }));
    expect(lab.dropped).toEqual([]);
  });

  test("gets what was sealed before it did, in order", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const lab = new Lab({ 2: { opens: promise } }, 3);
    const copies = await lab.begin();
    copies.openStreams(60);
    for (const bytes of [10, 20, 30]) copies.push(new Uint8Array(bytes));
    copies.commitStreams(record);
    copies.storedHere(record, null);
    await copies.acknowledged;
    resolve();
    await expect.poll(() => copies.homes).toHaveLength(3);
    await expect.poll(() => lab.returned).toHaveLength(2);
    expect(lab.taken.filter(({ home }) => home === n2).map(({ bytes }) => bytes)).toEqual([10, 20, 30]);
  });

  test("is given nothing any more once the upload was given up", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const lab = new Lab({ 2: { opens: promise } }, 3);
    const copies = await lab.begin();
    copies.openStreams(100);
    copies.push(new Uint8Array(100));
    await expect.poll(() => lab.taken).toHaveLength(1);
    copies.abort(full);
    resolve();
    await expect.poll(() => lab.returned).toHaveLength(1);
    expect(lab.taken.filter(({ home }) => home === n2)).toEqual([]);
    expect(lab.watched).toBe(0);
  });
});

test("of two homes that lag at once only one is dropped: the other is needed for the majority", async () => {
  const lab = new Lab({ 2: { stalls: true }, 3: { stalls: true } }, 3);
  const copies = await lab.begin();
  copies.openStreams(10 * laneBytesMax);
  for (let pushed = 0; pushed <= laneBytesMax + sealedChunkBytesMax; pushed += sealedChunkBytesMax)
    copies.push(new Uint8Array(sealedChunkBytesMax));
  const lanes = copies.fullLanes();
  expect(lanes).toHaveLength(2);
  for (const { drop } of lanes) drop();
  expect(lab.dropped).toHaveLength(1);
  expect(copies.hopeless).toBeNull();
  expect(copies.homes).toHaveLength(2);
  copies.abort(lost);
});

test("fewer live nodes than a majority are waited for a moment, then there is NO_QUORUM", async () => {
  const lab = new Lab({});
  lab.live = [n1];
  expect(await beginCopies(lab.context, id)).toMatchObject({
    ok: false,
    fault: { code: "NO_QUORUM", live: 1 },
  });
  const waiting = beginCopies(lab.context, id);
  lab.live = [n1, n3];
  expect((await waiting).ok).toBe(true);
});

describe("who may be a home", () => {
  const homesOf = async (lab: Lab): Promise<readonly NodeId[]> => (await lab.begin()).homes;

  test("a node that lives and is being refilled is none: it does not count for the majority either", async () => {
    const lab = new Lab({}, 3);
    lab.notReady = [n3];
    expect(await homesOf(lab)).toEqual([n1, n2]);
    lab.notReady = [n2, n3];
    expect(await beginCopies(lab.context, id)).toMatchObject({
      ok: false,
      fault: { code: "NO_QUORUM", live: 1, needed: 2 },
    });
  });

  test("a node whose disk is full is left out, unless there is no majority without it", async () => {
    const lab = new Lab({}, 3);
    lab.loads.set(n2, { readOnly: true });
    expect(await homesOf(lab)).toEqual([n1, n3]);
    lab.live = [n1, n2];
    expect(await homesOf(lab)).toEqual([n1, n2]);
  });

  test("the record lists each home's disk, and no copy as synced before it is", async () => {
    const copies = await new Lab({}, 3).begin();
    expect([...copies.placedHomes]).toEqual(
      copies.homes.map((node) => [node, { store: storeOf(node), syncedAt: null }]),
    );
  });
});
