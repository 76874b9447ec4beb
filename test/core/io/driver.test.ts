import { beforeEach, describe, expect, test } from "vitest";
import { createNodeDriver, type Machine, type NodeDriver, realMachine } from "../../../core/io/driver.ts";
import type { ControlMessage, PeerMemory, Ping } from "../../../core/model/control.ts";
import type { Event } from "../../../core/model/events.ts";
import { bad, fault, good, type Result } from "../../../core/model/faults.ts";
import { boot, clusterId, type NodeId, nodeId, storeId, term } from "../../../core/model/ids.ts";
import type { Assignment } from "../../../core/model/messages.ts";
import type { DurableTerm, LinkEvent, StandingStore, TermStore } from "../../../core/ports.ts";
import { createScheduler, type Scheduler } from "../../sim/scheduler.ts";
import { createSimClock, type SimClock } from "../../sim/sim-clock.ts";
import { configOf } from "../../support/configs.ts";
import { request } from "../decide/kit.ts";

/** What the driver did, in order. */
type Done =
  | { readonly kind: "saved"; readonly state: DurableTerm }
  | {
      readonly kind: "born";
      readonly generation: number;
      readonly memories: ReadonlyMap<NodeId, PeerMemory>;
    }
  | { readonly kind: "asked"; readonly for: "rebuild" | "outdated" }
  | { readonly kind: "sent"; readonly to: NodeId; readonly message: ControlMessage };

let done: Done[] = [];
let events: Event[] = [];
let scheduler: Scheduler = createScheduler();
let disk: DurableTerm | null = null;
let saving: Result<void> = good(undefined);
/** The birth of the disk that the driver finds; 0 is an empty one. */
let generation = 1;
let clock: SimClock = createSimClock(scheduler, 1, 0);
let listener: (event: LinkEvent) => void = () => {};

beforeEach(() => {
  done = [];
  events = [];
  scheduler = createScheduler();
  clock = createSimClock(scheduler, 1, 0);
  disk = null;
  saving = good(undefined);
  generation = 1;
});

const terms: TermStore = {
  load: () => good(disk),
  save: (state) => {
    if (!saving.ok) return saving;
    done.push({ kind: "saved", state });
    disk = state;
    return good(undefined);
  },
};

const standing = (): StandingStore => ({
  generation,
  memories: new Map(),
  saveBirth: (born, memories) => {
    if (!saving.ok) return saving;
    done.push({ kind: "born", generation: born, memories });
    return good(undefined);
  },
});

/** A disk that may speak at once, so that these tests are about driving, not about disks. */
const readyAtOnce: Machine = {
  ...realMachine,
  initial: (...found) => ({ ...realMachine.initial(...found), standing: { kind: "ready" } }),
};

const create = (id: number, nodes: number, machine = readyAtOnce): Result<NodeDriver> =>
  createNodeDriver({
    id: nodeId(id),
    cluster: clusterId("c".repeat(32)),
    store: storeId("d".repeat(32)),
    feedHead: 7,
    config: configOf(nodes),
    clock,
    terms,
    standing: standing(),
    replaces: false,
    acceptLoss: false,
    onRebuild: () => done.push({ kind: "asked", for: "rebuild" }),
    onOutdated: () => done.push({ kind: "asked", for: "outdated" }),
    machine,
    entropy: { next: () => 0.5 },
    transport: {
      send: (to, message) => done.push({ kind: "sent", to, message }),
      listen: (onEvent) => {
        listener = onEvent;
      },
    },
    onEvent: (event) => events.push(event),
  });
const started = (id: number, nodes: number, machine?: Machine): NodeDriver => {
  const created = create(id, nodes, machine);
  if (!created.ok) throw new Error(created.fault.code);
  created.value.start();
  return created.value;
};
const hear = (from: number, message: ControlMessage): void =>
  listener({ kind: "message", from: nodeId(from), message });
const assignment: Assignment = {
  node: nodeId(1),
  term: term(7),
  by: "leader",
  leader: nodeId(3),
  candidates: [],
};
/** What the driver has sent to node 2 so far, of which the last is given. */
const lastPing = (): Ping => {
  const pings = done.flatMap((each) =>
    each.kind === "sent" && each.to === 2 && each.message.kind === "ping" ? [each.message] : [],
  );
  const last = pings.at(-1);
  if (last === undefined) throw new Error("no ping was sent");
  return last;
};
const askVote = (forTerm: number): void =>
  hear(2, { kind: "vote.request", boot: boot(1), term: term(forTerm), handover: false });

describe("starting", () => {
  test("the next boot number is on disk before anything is sent", () => {
    disk = { term: term(7), votedFor: nodeId(2), boot: boot(4), saves: 30 };
    const driver = started(1, 3);
    expect(driver.boot).toBe(5);
    expect(done[0]).toEqual({ kind: "saved", state: { term: 7, votedFor: 2, boot: 5, saves: 31 } });
    expect(done.slice(1).every(({ kind }) => kind === "sent")).toBe(true);
  });

  test("a disk that cannot be written keeps the node from starting", () => {
    saving = bad(fault("DISK_FAILED", { path: "term.json", reason: "EIO" }));
    expect(create(1, 3)).toMatchObject({ ok: false, fault: { code: "DISK_FAILED" } });
  });
});

describe("effects", () => {
  test("a vote is saved before it is sent", () => {
    started(1, 3);
    done = [];
    askVote(1);
    expect(done.map((each) => (each.kind === "sent" ? each.message.kind : each.kind))).toEqual([
      "saved",
      "vote.reply",
    ]);
  });

  test("when the disk fails the node falls silent, and says why", async () => {
    const driver = started(1, 3);
    saving = bad(fault("DISK_FAILED", { path: "term.json", reason: "EIO" }));
    done = [];
    askVote(1);
    scheduler.run(5_000);
    expect(done).toEqual([]);
    expect(events.at(-1)).toMatchObject({ kind: "disk.failed", fault: { code: "DISK_FAILED" } });
    expect(driver.admits({ ...assignment, by: "fallback" })).toMatchObject({
      code: "NODE_NOT_READY",
    });
    expect(await driver.offer({ id: request(1), bytes: 1 })).toMatchObject({ kind: "offer.no-leader" });
  });

  test("pings go out each heartbeat interval", () => {
    started(1, 3);
    done = [];
    scheduler.run(500);
    const pings = done.filter(
      (each) => each.kind === "sent" && each.message.kind === "ping" && each.to === 2,
    );
    expect(pings).toHaveLength(10);
  });
});

describe("the disk's standing", () => {
  test("a birth is on disk before anybody hears of it, the memories with it", () => {
    generation = 0;
    started(1, 1, realMachine);
    expect(done.slice(0, 2)).toEqual([
      expect.objectContaining({ kind: "saved" }),
      { kind: "born", generation: 1, memories: new Map() },
    ]);
  });

  test("when a birth cannot be saved the node falls silent", () => {
    generation = 0;
    const driver = started(1, 3, realMachine);
    for (const from of [2, 3]) {
      const { run } = driver.state().setup;
      const peer = { store: storeId(`${from}`.repeat(32)), generation: 0, run: from };
      saving = from === 3 ? bad(fault("DISK_FAILED", { path: "store.json", reason: "EIO" })) : saving;
      hear(from, { ...lastPing(), ...peer, ready: false, remembers: { run, disk: null } });
    }
    done = [];
    scheduler.run(5_000);
    expect(done).toEqual([]);
    expect(events.at(-1)).toMatchObject({ kind: "disk.failed", fault: { code: "DISK_FAILED" } });
  });

  test("until all nodes of a new cluster have come it says how many are missing, not that it rebuilds", () => {
    generation = 0;
    const driver = started(1, 3, realMachine);
    expect(driver.standingFault()).toEqual(fault("NO_QUORUM", { live: 1, needed: 3 }));
    const { run } = driver.state().setup;
    const peer = { generation: 0, ready: false, remembers: { run, disk: null } };
    hear(2, { ...lastPing(), ...peer, store: storeId("2".repeat(32)), run: 2 });
    expect(driver.standingFault()).toEqual(fault("NO_QUORUM", { live: 2, needed: 3 }));
    expect(driver.admits(assignment)).toEqual(driver.standingFault());
    hear(3, { ...lastPing(), ...peer, store: storeId("3".repeat(32)), run: 3 });
    expect(driver.standingFault()).toBe(null);
  });

  test("an empty disk among others asks to be filled, and is born again when it is", () => {
    generation = 0;
    const driver = started(1, 3, realMachine);
    const { run } = driver.state().setup;
    const store = storeId("2".repeat(32));
    const remembered = { generation: 4, store: storeId("f".repeat(32)), saves: 9, feedHead: 80 };
    hear(2, { ...lastPing(), store, generation: 1, remembers: { run, disk: remembered } });
    expect(done.at(-1)).toEqual({ kind: "asked", for: "rebuild" });
    expect(driver.ready).toBe(false);
    expect(driver.standingFault()).toEqual(fault("NODE_NOT_READY", { reason: "it is rebuilding" }));
    driver.reportRefilled();
    expect(driver.ready).toBe(true);
    const born = done.findLast(({ kind }) => kind === "born");
    expect(born).toMatchObject({ generation: 5 });
    expect(driver.memories().get(nodeId(2))?.latest.store).toBe(store);
  });

  test("a disk that is older than what is remembered of it asks to be replaced, and says nothing more of itself", () => {
    disk = { term: term(7), votedFor: null, boot: boot(4), saves: 30 };
    const driver = started(1, 3, realMachine);
    const { run, disk: own } = driver.state().setup;
    expect(own).toMatchObject({ saves: 30, feedHead: 7 });
    const store = storeId("2".repeat(32));
    hear(2, { ...lastPing(), boot: boot(1), store, remembers: { run, disk: { ...own, saves: 31 } } });
    expect(done.at(-1)).toEqual({ kind: "asked", for: "outdated" });
    expect(driver.ready).toBe(false);
    askVote(9);
    expect(done.at(-1)).toMatchObject({
      message: { kind: "vote.reply", granted: false, reason: "rebuilding" },
    });
  });
});

describe("offers and assignments", () => {
  test("the leader of a cluster of one takes what it is offered", async () => {
    const driver = started(1, 1);
    const reply = await driver.offer({ id: request(1), bytes: 10 });
    expect(reply).toEqual({
      kind: "offer.assigned",
      id: request(1),
      node: 1,
      term: 1,
      leader: 1,
      candidates: [{ node: 1, images: 0, bytes: 0, cpu: 0 }],
    });
  });

  test("an offer that nobody answers ends as no leader, also when the node stops meanwhile", async () => {
    const driver = started(1, 3);
    const waiting = driver.offer({ id: request(1), bytes: 10 });
    scheduler.run(200);
    expect(await waiting).toMatchObject({ kind: "offer.no-leader" });
    const interrupted = driver.offer({ id: request(2), bytes: 10 });
    await driver.stop();
    expect(await interrupted).toMatchObject({ kind: "offer.no-leader", id: request(2) });
  });

  test("work under a lower term, for another node, or on a node that is not ready is not let in", () => {
    disk = { term: term(7), votedFor: null, boot: boot(1), saves: 1 };
    const driver = started(1, 3);
    expect(driver.admits(assignment)).toBeNull();
    expect(driver.admits({ ...assignment, term: term(8) })).toBeNull();
    expect(driver.admits({ ...assignment, term: term(6) })).toMatchObject({
      code: "STALE_ASSIGNMENT",
      ownTerm: 7,
    });
    expect(driver.admits({ ...assignment, term: term(6), by: "fallback" })).toBeNull();
    expect(driver.admits({ ...assignment, node: nodeId(2) })).toMatchObject({ code: "PROTOCOL_VIOLATION" });
    void driver.stop();
    expect(driver.admits(assignment)).toMatchObject({ code: "NODE_NOT_READY" });
    // A disk with a past that nobody has confirmed yet.
    const returning = started(1, 3, realMachine);
    expect(returning.admits(assignment)).toEqual(fault("NO_QUORUM", { live: 1, needed: 2 }));
  });
});

test("what peers last said of themselves can be asked for", () => {
  const driver = started(1, 3);
  scheduler.run(60);
  const ping = lastPing();
  const store = storeId("2".repeat(32));
  const pulled = { store: driver.state().setup.disk.store, upTo: 6 };
  hear(2, { ...ping, store, feedHead: 42, hears: [nodeId(1)], pulled });
  expect(driver.live()).toEqual([1, 2]);
  const heardAt = clock.monotonic();
  expect([...driver.peerDisks()]).toEqual([[2, { store, feedHead: 42, ready: true, heardAt, hasOfOurs: 6 }]]);
  // Of another disk of ours it may have had more: that counts for nothing.
  scheduler.run(70);
  const sentAt = clock.monotonic();
  const elsewhere = { store: storeId("e".repeat(32)), upTo: 9 };
  hear(2, { ...ping, store, hears: [nodeId(1)], sentAt, pulled: elsewhere });
  expect(driver.peerDisks().get(nodeId(2))?.hasOfOurs).toBe(0);
  expect([...driver.loads().keys()]).toEqual([1, 2]);
  expect(driver.snapshot(null).quorum).toEqual({ live: 2, needed: 2, ok: true });
});

test("a process that stood still calls nobody dead before it has read what they said", () => {
  const driver = started(1, 3);
  scheduler.run(60);
  const ping = lastPing();
  hear(2, { ...ping, hears: [nodeId(1)] });
  const held: (() => void)[] = [];
  clock.gate = (wake) => held.push(wake);
  scheduler.run(2_000);
  expect(driver.live()).toEqual([1, 2]);
  clock.gate = (wake) => wake();
  for (const wake of held) wake();
  expect(driver.live()).toEqual([1, 2]);
  scheduler.run(3_000);
  expect(driver.live()).toEqual([1]);
});

test("a stopped node sends nothing more", async () => {
  const driver = started(1, 3);
  await driver.stop();
  expect(done.at(-1)).toMatchObject({ kind: "sent", message: { kind: "goodbye" } });
  done = [];
  scheduler.run(5_000);
  expect(done).toEqual([]);
});
