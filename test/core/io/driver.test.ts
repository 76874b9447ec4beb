import { beforeEach, describe, expect, test } from "vitest";
import { createNodeDriver, type NodeDriver } from "../../../core/io/driver.ts";
import type { ControlMessage } from "../../../core/model/control.ts";
import type { Event } from "../../../core/model/events.ts";
import { bad, fault, good, type Result } from "../../../core/model/faults.ts";
import { boot, clusterId, type NodeId, nodeId, storeId, term } from "../../../core/model/ids.ts";
import type { DurableTerm, LinkEvent, TermStore } from "../../../core/ports.ts";
import { createScheduler, type Scheduler } from "../../sim/scheduler.ts";
import { createSimClock, type SimClock } from "../../sim/sim-clock.ts";
import { request, timings } from "../decide/kit.ts";

/** What the driver did, in order. */
type Done =
  | { readonly kind: "saved"; readonly state: DurableTerm }
  | { readonly kind: "sent"; readonly to: NodeId; readonly message: ControlMessage };

let done: Done[] = [];
let events: Event[] = [];
let scheduler: Scheduler = createScheduler();
let disk: DurableTerm | null = null;
let saving: Result<void> = good(undefined);
let clock: SimClock = createSimClock(scheduler, 1, 0);
let listener: (event: LinkEvent) => void = () => {};

beforeEach(() => {
  done = [];
  events = [];
  scheduler = createScheduler();
  clock = createSimClock(scheduler, 1, 0);
  disk = null;
  saving = good(undefined);
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

const create = (id: number, nodes: number): Result<NodeDriver> =>
  createNodeDriver({
    id: nodeId(id),
    cluster: clusterId("c".repeat(32)),
    store: storeId("d".repeat(32)),
    config: {
      servers: Array.from({ length: nodes }, (_, index) => ({
        id: nodeId(index + 1),
        host: "127.0.0.1",
        port: 8_001 + index,
      })),
      replication: 2,
      timings,
      images: { inspect: "decode", recoveryRecipient: null },
      limits: {
        imageBytesMax: 1,
        imagePixelsMax: 1,
        inspectionBacklogBytesMax: 1,
        uploadsInFlightMax: 1,
        connectionsMax: 1,
      },
      storage: { engine: "files", headroomBytes: 0 },
    },
    clock,
    terms,
    entropy: { next: () => 0.5 },
    transport: {
      send: (to, message) => done.push({ kind: "sent", to, message }),
      listen: (onEvent) => {
        listener = onEvent;
      },
    },
    onEvent: (event) => events.push(event),
  });
const started = (id: number, nodes: number): NodeDriver => {
  const created = create(id, nodes);
  if (!created.ok) throw new Error(created.fault.code);
  created.value.start();
  return created.value;
};
const hear = (from: number, message: ControlMessage): void =>
  listener({ kind: "message", from: nodeId(from), message });
const askVote = (forTerm: number): void =>
  hear(2, { kind: "vote.request", boot: boot(1), term: term(forTerm), handover: false });

describe("starting", () => {
  test("the next boot number is on disk before anything is sent", () => {
    disk = { term: term(7), votedFor: nodeId(2), boot: boot(4) };
    const driver = started(1, 3);
    expect(driver.boot).toBe(5);
    expect(done[0]).toEqual({ kind: "saved", state: { term: 7, votedFor: 2, boot: 5 } });
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
    expect(done.map((each) => (each.kind === "saved" ? "saved" : each.message.kind))).toEqual([
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
    expect(driver.admits({ node: nodeId(1), term: term(1), by: "fallback" })).toMatchObject({
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

describe("offers and assignments", () => {
  test("the leader of a cluster of one takes what it is offered", async () => {
    const driver = started(1, 1);
    const reply = await driver.offer({ id: request(1), bytes: 10 });
    expect(reply).toEqual({ kind: "offer.assigned", id: request(1), node: 1, term: 1 });
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
    disk = { term: term(7), votedFor: null, boot: boot(1) };
    const driver = started(1, 3);
    const assignment = { node: nodeId(1), term: term(7), by: "leader" } as const;
    expect(driver.admits(assignment)).toBeNull();
    expect(driver.admits({ ...assignment, term: term(8) })).toBeNull();
    expect(driver.admits({ ...assignment, term: term(6) })).toMatchObject({
      code: "STALE_ASSIGNMENT",
      ownTerm: 7,
    });
    expect(driver.admits({ ...assignment, term: term(6), by: "fallback" })).toBeNull();
    expect(driver.admits({ ...assignment, node: nodeId(2) })).toMatchObject({ code: "PROTOCOL_VIOLATION" });
    driver.reportRebuilding(true);
    expect(driver.admits(assignment)).toMatchObject({ code: "NODE_NOT_READY" });
    driver.reportRebuilding(false);
    void driver.stop();
    expect(driver.admits(assignment)).toMatchObject({ code: "NODE_NOT_READY" });
  });
});

test("what peers last said of themselves can be asked for", () => {
  const driver = started(1, 3);
  scheduler.run(60);
  const [ping] = done.flatMap((each) =>
    each.kind === "sent" && each.message.kind === "ping" ? [each.message] : [],
  );
  if (ping === undefined) throw new Error("no ping was sent");
  hear(2, { ...ping, store: storeId("2".repeat(32)), feedHead: 42, hears: [nodeId(1)] });
  expect(driver.live()).toEqual([1, 2]);
  expect(driver.feedHeads()).toEqual(new Map([[2, { store: "2".repeat(32), feedHead: 42 }]]));
  expect([...driver.loads().keys()]).toEqual([1, 2]);
  expect(driver.snapshot(null).quorum).toEqual({ live: 2, needed: 2, ok: true });
});

test("a process that stood still calls nobody dead before it has read what they said", () => {
  const driver = started(1, 3);
  scheduler.run(60);
  const [ping] = done.flatMap((each) =>
    each.kind === "sent" && each.message.kind === "ping" ? [each.message] : [],
  );
  if (ping === undefined) throw new Error("no ping was sent");
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
