import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Effect } from "../../../core/decide/effects.ts";
import { peerOf } from "../../../core/decide/liveness.ts";
import { memoriesOf, waitingFor } from "../../../core/decide/node-standing.ts";
import { surroundings } from "../../../core/decide/node-state.ts";
import type { PeerMemory } from "../../../core/model/control.ts";
import { type Boot, boot, type NodeId, nodeId, type Term, term } from "../../../core/model/ids.ts";
import { monotonicMs, wallMs } from "../../../core/model/units.ts";
import type { DurableTerm } from "../../../core/ports.ts";
import { diskOf, Specimen, timings } from "./kit.ts";

/** What survives a stop: the disk, as a backup would copy it. */
interface Disk {
  readonly store: number;
  readonly generation: number;
  readonly feedHead: number;
  readonly durable: DurableTerm;
  readonly memories: ReadonlyMap<NodeId, PeerMemory>;
}

const emptyDisk = (store: number): Disk => ({
  store,
  generation: 0,
  feedHead: 0,
  durable: { term: term(0), votedFor: null, boot: 0 as Boot, saves: 0 },
  memories: new Map(),
});

/** Nodes with disks, and the pings that they really send to each other. Nothing else goes between them. */
class Town {
  readonly #nodes: number;
  readonly disks = new Map<number, Disk>();
  readonly up = new Map<number, Specimen>();
  /** Everything that was to be done, by node, oldest first. */
  readonly done = new Map<number, Effect[]>();
  at = 0;
  #runs = 0;

  constructor(nodes: number) {
    this.#nodes = nodes;
    for (const id of this.ids) {
      this.disks.set(id, emptyDisk(id));
      this.done.set(id, []);
    }
  }

  get ids(): readonly number[] {
    return Array.from({ length: this.#nodes }, (_, index) => index + 1);
  }

  disk(id: number): Disk {
    const disk = this.disks.get(id);
    if (disk === undefined) throw new Error(`no node ${id}`);
    return disk;
  }

  node(id: number): Specimen {
    const node = this.up.get(id);
    if (node === undefined) throw new Error(`node ${id} is not up`);
    return node;
  }

  /** A new process on the disk that is there. */
  start(id: number, acceptLoss = false): void {
    const { store, generation, feedHead, durable, memories } = this.disk(id);
    const next = { ...durable, boot: boot(durable.boot + 1), saves: durable.saves + 1 };
    const disk = { generation, store: diskOf(store), saves: durable.saves, feedHead };
    const run = ++this.#runs;
    const found = { standing: "found", disk, memories, acceptLoss, run, at: this.at } as const;
    const node = new Specimen(id, this.#nodes, next, found);
    this.disks.set(id, { ...this.disk(id), durable: next });
    this.up.set(id, node);
    this.perform(id, node.step({ kind: "tick" }));
  }

  stop(id: number): void {
    this.up.delete(id);
    for (const [other, node] of this.up) {
      this.perform(other, node.step({ kind: "link.closed", peer: nodeId(id) }));
      this.perform(other, node.step({ kind: "link.refused", peer: nodeId(id) }));
    }
  }

  /** Writes `changes` more to the node's feed. */
  write(id: number, changes: number): void {
    const feedHead = this.disk(id).feedHead + changes;
    this.disks.set(id, { ...this.disk(id), feedHead });
    this.perform(id, this.node(id).step({ kind: "feed-head", feedHead }));
  }

  refill(id: number): void {
    this.perform(id, this.node(id).step({ kind: "refilled" }));
  }

  /** So many heartbeat intervals pass. `arrives`: whether a ping is not lost. */
  beat(times = 1, arrives: (from: number, to: number) => boolean = () => true): void {
    for (let beat = 0; beat < times; beat++) {
      this.at += timings.heartbeatMs;
      for (const node of this.up.values()) node.at = this.at;
      const pings: { readonly from: number; readonly effect: Extract<Effect, { kind: "send" }> }[] = [];
      for (const [from, node] of this.up)
        for (const effect of this.perform(from, node.step({ kind: "tick" })))
          if (effect.kind === "send" && effect.message.kind === "ping") pings.push({ from, effect });
      for (const { from, effect } of pings) {
        const to = Number(effect.to);
        const node = this.up.get(to);
        if (node === undefined || !arrives(from, to)) continue;
        this.perform(to, node.hear(from, effect.message));
      }
    }
  }

  /** Does what a driver would, in order. */
  perform(id: number, effects: readonly Effect[]): readonly Effect[] {
    for (const effect of effects) {
      if (effect.kind === "persist") this.disks.set(id, { ...this.disk(id), durable: effect.state });
      if (effect.kind === "birth") {
        const { generation, memories } = effect;
        this.disks.set(id, { ...this.disk(id), generation, memories });
      }
    }
    this.done.get(id)?.push(...effects);
    const node = this.up.get(id);
    // They are saved every second; here at every step.
    if (node !== undefined) this.disks.set(id, { ...this.disk(id), memories: memoriesOf(node.state) });
    return effects;
  }

  standings(): Readonly<Record<number, string>> {
    return Object.fromEntries([...this.up].map(([id, node]) => [id, node.state.standing.kind]));
  }

  generations(): readonly number[] {
    return [...this.up.values()].map((node) => node.state.generation);
  }

  asked(id: number, kind: Effect["kind"]): number {
    return (this.done.get(id) ?? []).filter((effect) => effect.kind === kind).length;
  }

  logged(id: number): readonly string[] {
    return (this.done.get(id) ?? []).flatMap((effect) =>
      effect.kind === "log" && effect.event.kind.startsWith("disk.") ? [effect.event.kind] : [],
    );
  }

  waiting(id: number): readonly number[] {
    return waitingFor(this.node(id).state, monotonicMs(this.at)).map(Number);
  }

  electable(id: number): boolean {
    const moment = { now: monotonicMs(this.at), wall: wallMs(0), chance: 0 };
    return (surroundings(this.node(id).state, moment).electable & (1 << id)) !== 0;
  }
}

/** All nodes born and known to each other. */
const bornTown = (nodes: number): Town => {
  const town = new Town(nodes);
  for (const id of town.ids) town.start(id);
  town.beat(6);
  expect(new Set(Object.values(town.standings()))).toEqual(new Set(["ready"]));
  return town;
};

describe("a new cluster", () => {
  // Before, an empty disk was ready at once, so that a burnt one among others was taken for new.
  test.each([1, 2, 3, 5])("of %d is born when all its nodes have come once, and not before", (nodes) => {
    const town = new Town(nodes);
    for (const id of town.ids) {
      town.start(id);
      if (id < nodes) {
        town.beat(20);
        expect(new Set(Object.values(town.standings()))).toEqual(new Set(["unborn"]));
        expect(town.waiting(1)).toEqual(town.ids.slice(id));
      }
    }
    town.beat(6);
    expect(new Set(Object.values(town.standings()))).toEqual(new Set(["ready"]));
    expect(town.generations()).toEqual(town.ids.map(() => 1));
    for (const id of town.ids) {
      expect(town.asked(id, "birth")).toBe(1);
      expect(town.asked(id, "rebuild")).toBe(0);
      expect(town.logged(id)).toEqual(["disk.born"]);
      expect(town.waiting(id)).toEqual([]);
      const known = [...town.disk(id).memories];
      expect(known.map(([peer]) => Number(peer))).toEqual(town.ids.filter((other) => other !== id));
      for (const [peer, { latest }] of known)
        expect(latest).toMatchObject({ generation: 1, store: diskOf(peer) });
    }
  });

  test("no ping says that a disk is born before that is on it", () => {
    const town = new Town(3);
    for (const id of town.ids) town.start(id);
    town.beat(6);
    for (const id of town.ids) {
      const effects = town.done.get(id) ?? [];
      const birth = effects.findIndex(({ kind }) => kind === "birth");
      const told = effects.findIndex(
        (effect) => effect.kind === "send" && effect.message.kind === "ping" && effect.message.generation > 0,
      );
      expect(birth).toBeGreaterThanOrEqual(0);
      expect(told).toBeGreaterThan(birth);
    }
  });

  test("one that is born before the others notice is followed, and remembers them from that moment", () => {
    const town = new Town(3);
    for (const id of town.ids) town.start(id);
    // Only node 1 hears anything.
    town.beat(4, (_, to) => to === 1);
    // It has heard what the others are, but not yet that they speak of its present process.
    expect(town.standings()).toEqual({ 1: "unborn", 2: "unborn", 3: "unborn" });
    town.beat(1, (from) => from === 1);
    town.beat(1, (_, to) => to === 1);
    expect(town.standings()).toEqual({ 1: "ready", 2: "unborn", 3: "unborn" });
    for (const peer of [2, 3])
      expect(town.disk(1).memories.get(nodeId(peer))?.before).toMatchObject({ store: diskOf(peer) });
    town.beat(4);
    expect(town.standings()).toEqual({ 1: "ready", 2: "ready", 3: "ready" });
    expect(town.generations()).toEqual([1, 1, 1]);
  });

  test("a node whose disk is lost right after the founding does not call the next one new", () => {
    const town = new Town(3);
    for (const id of town.ids) town.start(id);
    town.beat(1);
    town.beat(1, (_, to) => to === 1);
    expect(town.standings()[1]).toBe("ready");
    town.stop(3);
    town.disks.set(3, emptyDisk(33));
    town.start(3);
    town.beat(6);
    expect(town.standings()[3]).toBe("rebuilding");
    expect(town.asked(3, "rebuild")).toBe(1);
  });

  test("whatever is lost or restarted in between: all are ready in the end, on the disks that they had", () => {
    const moves = fc.array(
      fc.record({ restart: fc.integer({ min: 0, max: 3 }), lost: fc.array(fc.nat(8)) }),
      {
        maxLength: 12,
      },
    );
    let quiet = 0;
    fc.assert(
      fc.property(moves, (drawn) => {
        const town = new Town(3);
        for (const id of town.ids) town.start(id);
        for (const { restart, lost } of drawn) {
          if (restart > 0) {
            town.stop(restart);
            town.start(restart);
          }
          town.beat(1, (from, to) => !lost.includes((from - 1) * 3 + (to - 1)));
        }
        town.beat(10);
        // Who hears first from one that was born without ever having heard it takes itself for one to be filled.
        const asking = town.ids.filter((id) => town.standings()[id] === "rebuilding");
        expect(asking.length).toBeLessThanOrEqual(1);
        for (const id of asking) town.refill(id);
        if (asking.length === 0) quiet++;
        town.beat(4);
        expect(town.standings()).toEqual({ 1: "ready", 2: "ready", 3: "ready" });
        for (const id of town.ids) {
          expect(town.asked(id, "birth")).toBe(1);
          expect(town.asked(id, "outdated")).toBe(0);
          expect(town.disk(id).generation).toBe(asking.includes(id) ? 2 : 1);
        }
      }),
      { numRuns: 300 },
    );
    expect(quiet).toBeGreaterThan(280);
  });
});

describe("a node that starts on a disk with a past", () => {
  // Before, it was ready as soon as it had read its disk (DESIGN §6: first it hears N − W others).
  test.each([
    [1, 0],
    [3, 1],
    [5, 2],
  ])("of %d is ready when %d others have said what they remember", (nodes, needed) => {
    const town = bornTown(nodes);
    for (const id of town.ids) town.stop(id);
    town.start(1);
    for (let others = 0; others < needed; others++) {
      town.beat(20);
      expect(town.standings()[1]).toBe("returning");
      expect(town.waiting(1)).toEqual(town.ids.slice(1 + others));
      town.start(2 + others);
    }
    town.beat(6);
    expect(town.standings()[1]).toBe("ready");
    expect(town.logged(1)).toEqual(["disk.born", "disk.confirmed"]);
    // It is the disk that it was: nothing is born, nothing is kept anew.
    expect(town.asked(1, "birth")).toBe(1);
    expect(town.generations()[0]).toBe(1);
  });

  test("of two is ready when the other has spoken, or has had the time to", () => {
    for (const alone of [false, true]) {
      const town = bornTown(2);
      for (const id of town.ids) town.stop(id);
      town.start(1);
      town.beat(6);
      expect(town.standings()[1]).toBe("returning");
      if (!alone) town.start(2);
      town.beat(alone ? 20 : 4);
      expect(town.standings()[1]).toBe("ready");
    }
  });

  test("while nobody has confirmed it, it votes on nothing, confirms nothing and does not stand", () => {
    const town = bornTown(3);
    for (const id of town.ids) town.stop(id);
    town.start(1);
    const node = town.node(1);
    const asked = term(node.term + 1);
    const speaks = boot(9);
    node.hear(2, { kind: "pre-vote.request", boot: speaks, term: asked });
    expect(node.sent("pre-vote.reply")[0]?.message).toMatchObject({ granted: false, reason: "rebuilding" });
    node.hear(2, { kind: "vote.request", boot: speaks, term: asked, handover: true });
    expect(node.sent("vote.reply")[0]?.message).toMatchObject({ granted: false, reason: "rebuilding" });
    node.hear(2, { kind: "heartbeat", boot: speaks, term: asked, leaseMs: 200, sentAt: monotonicMs(0) });
    expect(node.sent("heartbeat.reply")[0]?.message.accepted).toBe(false);
    node.hear(2, { kind: "handover", boot: speaks, term: asked, to: nodeId(1) });
    town.beat(60);
    expect(node.role).toBe("follower");
    expect(town.electable(1)).toBe(false);
  });

  test("counts only what is said of its own process, by nodes that are heard", () => {
    const town = bornTown(3);
    town.stop(1);
    town.start(1);
    const node = town.node(1);
    const { run } = node.state.setup;
    const earlier = { run: run - 1, disk: null };
    for (const remembers of [null, earlier]) {
      node.at += 10;
      node.ping(2, { remembers, boot: 1, run: 2 });
      expect(node.state.standing.kind).toBe("returning");
    }
    node.at += 10;
    node.ping(2, { remembers: { run, disk: null }, boot: 1, run: 2 });
    expect(node.state.standing.kind).toBe("ready");
  });

  test("was away while much was written: it is no older than what is remembered, and ready", () => {
    const town = bornTown(3);
    town.write(3, 10);
    town.beat(2);
    town.stop(3);
    town.write(1, 500);
    town.write(2, 500);
    town.beat(20);
    town.start(3);
    town.beat(4);
    expect(town.standings()[3]).toBe("ready");
  });

  test("and all that ever restarted in good order is ready again, however often and in whatever order", () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant("restart" as const), id: fc.integer({ min: 1, max: 3 }) }),
        fc.record({ kind: fc.constant("write" as const), id: fc.integer({ min: 1, max: 3 }) }),
        fc.record({ kind: fc.constant("beat" as const), id: fc.integer({ min: 1, max: 3 }) }),
      ),
      { maxLength: 25 },
    );
    fc.assert(
      fc.property(steps, (drawn) => {
        const town = bornTown(3);
        for (const { kind, id } of drawn) {
          if (kind === "restart") {
            town.stop(id);
            town.start(id);
          }
          if (kind === "write" && town.standings()[id] === "ready") town.write(id, 1);
          if (kind === "beat") town.beat(id);
        }
        town.beat(10);
        expect(town.standings()).toEqual({ 1: "ready", 2: "ready", 3: "ready" });
        for (const id of town.ids) expect(town.asked(id, "outdated") + town.asked(id, "rebuild")).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a disk from a backup", () => {
  /** Node 3 goes on for a while after its disk was copied; then it comes back on the copy. */
  const backIn = (nodes: number, after: (town: Town) => void): Town => {
    const town = bornTown(nodes);
    town.write(3, 10);
    town.beat(2);
    const backup = town.disk(3);
    after(town);
    town.stop(3);
    town.disks.set(3, backup);
    return town;
  };
  const wrote = (town: Town): void => {
    town.write(3, 1);
    town.beat(2);
  };

  test("is found out by the first who remembers more of its feed", () => {
    const town = backIn(3, wrote);
    town.start(3);
    town.beat(10);
    expect(town.standings()[3]).toBe("rebuilding");
    expect(town.asked(3, "outdated")).toBe(1);
    expect(town.logged(3).at(-1)).toBe("disk.outdated");
  });

  test("is found out when it was restarted any number of times since it was copied, and the others were not", () => {
    for (const restarts of [1, 2, 5]) {
      const town = backIn(3, (now) => {
        for (let count = 0; count < restarts; count++) {
          now.stop(3);
          now.start(3);
          now.beat(6);
        }
        wrote(now);
      });
      town.beat(10);
      town.start(3);
      town.beat(10);
      expect(town.standings()[3], `after ${restarts} restarts`).toBe("rebuilding");
    }
  });

  test("is found out when only a vote or a term was saved since", () => {
    const town = backIn(3, (now) => {
      for (const id of [1, 2])
        now.perform(
          3,
          now.node(3).hear(id, { kind: "vote.request", boot: boot(1), term: term(5 + id), handover: true }),
        );
      now.beat(2);
    });
    expect(town.disk(3).durable.term).toBe(0 as Term);
    town.start(3);
    town.beat(10);
    expect(town.standings()[3]).toBe("rebuilding");
  });

  test("is found out by what the others have kept, when they were restarted too", () => {
    const town = backIn(3, wrote);
    for (const id of [1, 2]) town.stop(id);
    for (const id of town.ids) town.start(id);
    town.beat(10);
    expect(town.standings()).toEqual({ 1: "ready", 2: "ready", 3: "rebuilding" });
  });

  test("is found out when it was copied before its birth, although it is empty", () => {
    const town = new Town(3);
    town.start(3);
    const backup = town.disk(3);
    for (const id of [1, 2]) town.start(id);
    town.beat(6);
    town.write(3, 5);
    town.beat(2);
    town.stop(3);
    town.disks.set(3, backup);
    // The others were restarted too, so that nobody knows its boots any more.
    for (const id of [1, 2]) town.stop(id);
    for (const id of town.ids) town.start(id);
    town.beat(10);
    expect(town.standings()).toEqual({ 1: "ready", 2: "ready", 3: "rebuilding" });
    expect(town.asked(3, "outdated")).toBe(1);
  });

  test("of an earlier disk of the node is found out by the generation", () => {
    const town = bornTown(3);
    town.write(3, 10);
    town.beat(2);
    const backup = town.disk(3);
    town.stop(3);
    town.disks.set(3, emptyDisk(33));
    town.start(3);
    town.beat(6);
    town.refill(3);
    town.beat(6);
    expect(town.node(3).state.generation).toBe(2);
    town.stop(3);
    town.disks.set(3, backup);
    town.start(3);
    town.beat(10);
    expect(town.standings()[3]).toBe("rebuilding");
    expect(town.asked(3, "outdated")).toBe(1);
  });
});

describe("an empty disk among others", () => {
  const wiped = (nodes = 3): Town => {
    const town = bornTown(nodes);
    town.stop(3);
    town.disks.set(3, emptyDisk(33));
    town.start(3);
    town.beat(6);
    return town;
  };

  test("asks once to be filled, and is its node's next disk when it is", () => {
    const town = wiped();
    expect(town.standings()).toEqual({ 1: "ready", 2: "ready", 3: "rebuilding" });
    town.beat(40);
    expect(town.asked(3, "rebuild")).toBe(1);
    expect(town.asked(3, "birth")).toBe(1);
    town.refill(3);
    expect(town.standings()[3]).toBe("ready");
    expect(town.disk(3).generation).toBe(2);
    town.beat(2);
    for (const id of [1, 2])
      expect(town.disk(id).memories.get(nodeId(3))?.latest).toMatchObject({
        generation: 2,
        store: diskOf(33),
      });
    // And again: each of its disks has a number of its own.
    town.stop(3);
    town.disks.set(3, emptyDisk(333));
    town.start(3);
    town.beat(6);
    town.refill(3);
    expect(town.disk(3).generation).toBe(3);
    town.beat(2);
    town.stop(3);
    town.start(3);
    town.beat(6);
    expect(town.standings()[3]).toBe("ready");
  });

  test("begins again when it was stopped before it was filled", () => {
    const town = wiped();
    town.stop(3);
    town.start(3);
    town.beat(6);
    expect(town.standings()[3]).toBe("rebuilding");
    expect(town.asked(3, "rebuild")).toBe(2);
  });

  test("is not ready by being told twice that it is filled, and a disk that is ready is not born again", () => {
    const town = wiped();
    town.refill(3);
    town.refill(3);
    town.refill(1);
    expect(town.asked(3, "birth")).toBe(2);
    expect(town.asked(1, "birth")).toBe(1);
    expect(town.disk(1).generation).toBe(1);
  });

  test("gives no work, no vote and no lead to its node before that", () => {
    const town = wiped();
    town.beat(200);
    expect(town.electable(3)).toBe(false);
    const seen = peerOf(town.node(1).state.peers, nodeId(3));
    expect(seen.ping).toMatchObject({ ready: false, electable: false, generation: 0 });
    expect(seen.steadySince).toBeNull();
  });
});

describe("a second disk under one id", () => {
  const ping = (node: Specimen, wish: Parameters<Specimen["ping"]>[1]): readonly string[] =>
    node.ping(2, wish).flatMap((effect) => (effect.kind === "turn-away" ? [effect.fault.code] : []));

  test("is turned away, and remembered by nobody", () => {
    const node = new Specimen(1, 3);
    ping(node, { run: 5 });
    const { memory } = peerOf(node.state.peers, nodeId(2));
    node.at = 10;
    expect(ping(node, { store: 22, run: 6, boot: 7, feedHead: 9 })).toEqual(["DATA_IN_USE"]);
    expect(peerOf(node.state.peers, nodeId(2)).memory).toBe(memory);
  });

  test("that is a copy of the first is turned away too: by its run it is another process", () => {
    const node = new Specimen(1, 3);
    ping(node, { run: 5, feedHead: 3 });
    node.at = 10;
    expect(ping(node, { run: 6, feedHead: 9 })).toEqual(["DATA_IN_USE"]);
    expect(peerOf(node.state.peers, nodeId(2)).ping).toMatchObject({ run: 5, feedHead: 3 });
  });

  test("a restarted process is not one, also when what was heard last is a moment ago", () => {
    const node = new Specimen(1, 3);
    ping(node, { run: 5 });
    node.at = 10;
    expect(ping(node, { run: 6, boot: 2 })).toEqual([]);
    expect(peerOf(node.state.peers, nodeId(2)).ping?.run).toBe(6);
  });

  test("a late word of the process before is no sign of life, whatever its run", () => {
    const node = new Specimen(1, 3);
    ping(node, { run: 5, boot: 1 });
    node.at = 10;
    ping(node, { run: 6, boot: 2 });
    node.at = 20;
    expect(ping(node, { run: 5, boot: 1 })).toEqual([]);
    expect(peerOf(node.state.peers, nodeId(2))).toMatchObject({ boot: 2, heardAt: 10 });
  });
});

describe("accepting loss", () => {
  test("fills an empty disk from those that live all the same", () => {
    const town = bornTown(3);
    town.stop(2);
    town.stop(3);
    town.disks.set(3, emptyDisk(33));
    town.beat(10);
    town.start(3, true);
    town.beat(20);
    expect(town.asked(3, "rebuild")).toBe(1);
    expect(town.standings()).toEqual({ 1: "ready", 3: "rebuilding" });
  });

  test("does not spare an old disk the word of those that live", () => {
    const town = bornTown(3);
    town.write(3, 10);
    town.beat(2);
    const backup = town.disk(3);
    town.write(3, 1);
    town.beat(2);
    town.stop(2);
    town.stop(3);
    town.disks.set(3, backup);
    town.beat(10);
    town.start(3, true);
    town.beat(20);
    expect(town.asked(3, "outdated")).toBe(1);
  });

  test("goes on alone when nobody has spoken for two election timeouts", () => {
    const town = bornTown(3);
    for (const id of town.ids) town.stop(id);
    town.start(1, true);
    town.disks.set(2, emptyDisk(22));
    town.start(2, true);
    town.stop(2);
    const alone = (2 * timings.electionTimeoutMs) / timings.heartbeatMs;
    town.beat(alone - 2);
    expect(town.standings()).toEqual({ 1: "returning" });
    town.beat(4);
    expect(town.standings()).toEqual({ 1: "ready" });
    town.stop(1);
    town.start(2, true);
    town.beat(alone + 2);
    expect(town.standings()).toEqual({ 2: "ready" });
    expect(town.disk(2).generation).toBe(1);
  });
});

describe("for whom a node waits", () => {
  test("is everybody who may still have to say something, and nobody once it is ready or being filled", () => {
    const town = bornTown(5);
    for (const id of town.ids) town.stop(id);
    town.start(1);
    town.beat(6);
    expect(town.waiting(1)).toEqual([2, 3, 4, 5]);
    town.start(2);
    town.beat(6);
    expect(town.waiting(1)).toEqual([3, 4, 5]);
    town.start(3);
    town.beat(6);
    expect(town.waiting(1)).toEqual([]);
  });

  test("is also those who speak and remember nothing, because they are empty themselves", () => {
    const town = bornTown(3);
    for (const id of town.ids) town.stop(id);
    for (const id of [2, 3]) town.disks.set(id, emptyDisk(id * 11));
    for (const id of town.ids) town.start(id);
    town.beat(10);
    // One disk of three is left, and it may not be the latest: somebody has to say that this will do.
    expect(town.standings()).toEqual({ 1: "returning", 2: "rebuilding", 3: "rebuilding" });
    expect(town.waiting(1)).toEqual([2, 3]);
  });

  test("is nobody while a disk is being filled: the filling knows whom it needs", () => {
    const town = bornTown(5);
    town.stop(3);
    town.stop(5);
    town.disks.set(3, emptyDisk(33));
    town.start(3);
    town.beat(10);
    expect(town.standings()[3]).toBe("rebuilding");
    expect(town.waiting(3)).toEqual([]);
  });
});
