/**
 * A simulated cluster: real drivers and real decisions on simulated clocks, disks and network, with an oracle
 * that looks on. Whatever a fault plan may want to do to it is a method here.
 */

import { holdsLease } from "../../core/decide/election-state.ts";
import type { PeerView } from "../../core/decide/liveness.ts";
import type { NodeEvent } from "../../core/decide/node.ts";
import { refillStep } from "../../core/decide/refill.ts";
import { createNodeDriver, type Machine, type NodeDriver, realMachine } from "../../core/io/driver.ts";
import type { ClusterConfig, Timings } from "../../core/model/config.ts";
import { majorityOf } from "../../core/model/config.ts";
import type { ControlMessage, PeerMemory } from "../../core/model/control.ts";
import { type Event, sentenceOf } from "../../core/model/events.ts";
import { good } from "../../core/model/faults.ts";
import { clusterId, imageId, type NodeId, nodeId, storeId, type Term } from "../../core/model/ids.ts";
import { type MonotonicMs, monotonicMs } from "../../core/model/units.ts";
import type { LinkEvent } from "../../core/ports.ts";
import { type Counters, noCounts } from "./counters.ts";
import { createLinks, type Links } from "./links.ts";
import { createNetwork, type Network } from "./network.ts";
import { Oracle, Violation } from "./oracle.ts";
import type { Random } from "./random.ts";
import { createScheduler, type Scheduler } from "./scheduler.ts";
import { createSimClock, type SimClock } from "./sim-clock.ts";
import { Crash, createSimDisk, type SimDisk } from "./sim-disk.ts";

export interface WorldOptions {
  readonly nodes: number;
  readonly timings: Timings;
  readonly random: Random;
  readonly overWire: boolean;
  readonly byHarmAlone: boolean;
  /** Called when a leader has named its successor. */
  readonly onHandover: (to: NodeId) => void;
  /** Called when a node has become leader. */
  readonly onLeader: () => void;
  /** The decisions to run; a mutant or the real ones. */
  readonly machine: Machine;
  /** Tells the story, one sentence at a time; null when nobody listens. */
  readonly tell: ((atMs: number, sentence: string) => void) | null;
}

/** One machine: what stays when its process ends, and its process while there is one. */
interface Host {
  readonly id: NodeId;
  readonly clock: SimClock;
  readonly disk: SimDisk;
  stores: number;
  /** Of its disk; 0 until it is born or filled. */
  generation: number;
  /** What it has noted of the disks of the others. */
  memories: ReadonlyMap<NodeId, PeerMemory>;
  driver: NodeDriver | null;
  /** When its last process ended, by the true time and by its clock: the next one may have its lock from then on. */
  ended: { readonly trueMs: number; readonly at: MonotonicMs };
  listener: ((event: LinkEvent) => void) | null;
  /** While frozen or asleep the process does nothing; what comes in waits here. */
  frozen: boolean;
  backlog: (() => void)[];
  /** Effects until the process ends in mid-step; null for not planned. */
  crashIn: number | null;
}

/** A process takes its lock this long before it is loaded, if the one before has ended by then. */
const loadMs = 250;

export class World {
  readonly scheduler: Scheduler = createScheduler();
  readonly network: Network;
  readonly counters: Counters = noCounts();
  readonly ids: readonly NodeId[];
  readonly random: Random;
  readonly config: ClusterConfig;
  private readonly options: WorldOptions;
  private readonly oracle: Oracle;
  private readonly hosts: readonly Host[];
  private readonly links: Links;
  private offers = 0;
  private healed = false;

  constructor(options: WorldOptions) {
    const { random, nodes, timings } = options;
    this.options = options;
    this.random = random;
    this.ids = Array.from({ length: nodes }, (_, index) => nodeId(index + 1));
    this.config = configOf(this.ids, timings);
    this.oracle = new Oracle({ byHarmAlone: options.byHarmAlone, majority: majorityOf(nodes), ...timings });
    this.network = createNetwork(this.scheduler, random, options.overWire, (from, to, message) =>
      this.whenAwake(to, () => this.deliver(from, to, message)),
    );
    this.links = createLinks({
      scheduler: this.scheduler,
      random,
      network: this.network,
      ids: this.ids,
      isAlive: (id) => this.isAlive(id),
      tell: (to, event) => this.linkEvent(to, event),
    });
    this.hosts = this.ids.map((id) => this.createHost(id));
  }

  now(): number {
    return this.scheduler.now();
  }

  tell(sentence: string): void {
    this.options.tell?.(this.now(), sentence);
  }

  isAlive(id: NodeId): boolean {
    return this.host(id).driver !== null;
  }

  isAsleep(id: NodeId): boolean {
    return this.host(id).clock.isAsleep;
  }

  isRebuilding(id: NodeId): boolean {
    const { driver, generation } = this.host(id);
    return driver === null ? generation === 0 : !driver.ready;
  }

  /** Like `scheduler.at`, counted from now; forgotten when the world is healed. */
  plan(inMs: number, act: () => void): void {
    this.scheduler.at(this.now() + inMs, () => {
      if (!this.healed) act();
    });
  }

  driver(id: NodeId): NodeDriver | null {
    return this.host(id).driver;
  }

  /** Who holds a lease at this moment. */
  actingLeaders(): readonly NodeId[] {
    return this.ids.filter((id) => {
      const { driver, clock } = this.host(id);
      return driver !== null && holdsLease(driver.state().election, clock.monotonic());
    });
  }

  start(id: NodeId): void {
    const host = this.host(id);
    if (host.driver !== null) return;
    host.disk.repair();
    host.clock.wake();
    host.crashIn = null;
    host.clock.gate = (wake) => this.whenAwake(id, () => this.guarded(host, wake));
    const { durable } = host.disk;
    this.oracle.started(id, durable, Math.max(host.ended.trueMs, this.now() - loadMs));
    const created = this.createDriver(host);
    if (!created.ok) throw new Error(`node ${id} does not start: ${JSON.stringify(created.fault)}`);
    const driver = created.value;
    host.driver = driver;
    this.tell(`node ${id} starts (boot ${driver.boot})`);
    this.guarded(host, () => driver.start());
    this.noteDisks(host, driver);
    this.links.rose(id);
  }

  /** Ends the process at once; what was not synced is gone. */
  crash(id: NodeId): void {
    const host = this.host(id);
    if (host.driver === null) return;
    this.counters.crashes++;
    this.tell(`* node ${id} crashes`);
    this.end(host);
  }

  /** Ends the process when it is about to perform its `effects`-th effect from now. */
  crashInMidStep(id: NodeId, effects: number): void {
    this.host(id).crashIn = effects;
  }

  stop(id: NodeId): void {
    const host = this.host(id);
    const { driver } = host;
    if (driver === null || host.frozen) return;
    this.counters.stops++;
    this.tell(`* node ${id} is asked to stop`);
    this.guarded(host, () => {
      void driver.stop().then(() => undefined);
    });
    // Its process ends once it has said goodbye; the story goes on a moment later.
    const wait = (): void => {
      if (host.driver !== driver) return;
      if (driver.state().stop.kind === "stopped") this.end(host);
      else this.scheduler.at(this.now() + 5, wait);
    };
    wait();
  }

  failDisk(id: NodeId): void {
    this.counters.diskFailures++;
    this.host(id).disk.failNext();
  }

  /** The process is gone and its disk with it. */
  wipe(id: NodeId): void {
    const host = this.host(id);
    this.counters.wipes++;
    this.tell(`* node ${id} loses its disk`);
    this.end(host);
    host.disk.wipe();
    host.stores++;
    host.generation = 0;
    host.memories = new Map();
  }

  /** The process stands still; with `asleep` the whole machine does, and its monotonic clock. */
  freeze(id: NodeId, durationMs: number, asleep: boolean): void {
    const host = this.host(id);
    const { driver } = host;
    if (driver === null || host.frozen) return;
    host.frozen = true;
    if (asleep) host.clock.sleep(durationMs);
    this.tell(`* node ${id} ${asleep ? "sleeps" : "freezes"} for ${Math.round(durationMs)} ms`);
    this.plan(durationMs, () => {
      if (host.driver !== driver || !host.frozen) return;
      this.tell(`* node ${id} wakes`);
      this.thaw(host);
    });
  }

  /** `about` refuses a connection, as `to` sees it; false evidence when `about` lives. */
  refuse(to: NodeId, about: NodeId): void {
    if (this.isAlive(about)) {
      this.counters.falseRefusals++;
      this.tell(`* node ${to} is told, falsely, that node ${about} is dead`);
    }
    this.linkEvent(to, { kind: "link.closed", peer: about });
    this.linkEvent(to, { kind: "link.refused", peer: about });
  }

  /** The same report to one node as the machine would make. */
  setHealth(id: NodeId, diskHealthy: boolean, lagging: boolean): void {
    const host = this.host(id);
    const { driver } = host;
    if (driver !== null)
      this.whenAwake(id, () => this.guarded(host, () => driver.reportElectable(diskHealthy, lagging)));
  }

  /** Not while the machine is asleep: then nobody sets its clock. */
  setWallBy(id: NodeId, durationMs: number): void {
    if (this.host(id).frozen) return;
    this.counters.clockSettings++;
    this.host(id).clock.setWallBy(durationMs);
  }

  /** A client offers an image to every node. */
  offer(): void {
    this.offers++;
    const id = imageId(`01890000-0000-7000-8000-${this.offers.toString(16).padStart(12, "0")}`);
    for (const to of this.ids) this.offerTo(to, id);
  }

  /** Everything works again: nodes run, links carry, clocks go. */
  heal(): void {
    this.tell("* everything is mended");
    this.healed = true;
    this.network.mend();
    for (const host of this.hosts) {
      host.crashIn = null;
      host.disk.repair();
      if (host.frozen) this.thaw(host);
      if (host.driver !== null && host.driver.state().stop.kind !== "no") this.end(host);
      this.start(host.id);
      this.setHealth(host.id, true, false);
    }
    this.links.reconnect();
  }

  private createHost(id: NodeId): Host {
    const { random } = this;
    const clock = createSimClock(this.scheduler, random.between(0.98, 1.02), random.between(0, 1_000_000));
    const host: Host = {
      id,
      clock,
      disk: createSimDisk(() => this.crashesNow(id)),
      stores: 1,
      generation: 0,
      memories: new Map(),
      driver: null,
      ended: { trueMs: this.now(), at: clock.monotonic() },
      listener: null,
      frozen: false,
      backlog: [],
      crashIn: null,
    };
    return host;
  }

  private createDriver(host: Host): ReturnType<typeof createNodeDriver> {
    const { id } = host;
    const { step, initial } = this.options.machine;
    return createNodeDriver({
      id,
      cluster: clusterId("c".repeat(32)),
      store: storeId(`${id}${host.stores}`.padStart(32, "0")),
      feedHead: 0,
      acceptLoss: false,
      replaces: false,
      standing: {
        generation: host.generation,
        memories: host.memories,
        saveBirth: (generation, memories) => {
          host.generation = generation;
          host.memories = memories;
          return good(undefined);
        },
      },
      onRebuild: () => this.refill(host),
      // Not from within its own step.
      onOutdated: () =>
        this.scheduler.at(this.now(), () => {
          this.wipe(id);
          this.start(id);
        }),
      config: this.config,
      clock: host.clock,
      terms: host.disk,
      entropy: this.random,
      aloneSince: monotonicMs(Math.max(host.ended.at, host.clock.monotonic() - loadMs)),
      onEvent: (event) => this.onEvent(host, event),
      transport: {
        send: (to, message) => this.send(host, to, message),
        listen: (listener) => {
          host.listener = listener;
        },
      },
      machine: {
        initial,
        step: (state, event, moment) => {
          const result = step(state, event, moment);
          this.counters.steps++;
          this.oracle.stepped(result[0]);
          this.countStep(event, result[1]);
          return result;
        },
      },
    });
  }

  /** A disk that came back empty: there are no records here, only the waiting for those who may know of votes. */
  private refill(host: Host): void {
    const startedAt = host.clock.monotonic();
    const { electionTimeoutMs } = this.config.timings;
    const peers = this.ids.filter((id) => id !== host.id);
    const majority = majorityOf(this.ids.length);
    const rules = { nodes: this.ids.length, majority, electionTimeoutMs, acceptLoss: false };
    const { driver: asked } = host;
    const look = (): void => {
      const { driver } = host;
      if (driver === null || (asked !== null && driver !== asked)) return;
      const sources = [...driver.peerDisks()].flatMap(([node, { ready, heardAt }]) =>
        ready && driver.live().includes(node) ? [{ node, heardAt }] : [],
      );
      const step = refillStep(sources, peers, startedAt, host.clock.monotonic(), rules);
      if (!host.frozen && step.kind === "pull" && step.last)
        this.guarded(host, () => driver.reportRefilled());
      else this.scheduler.at(this.now() + 50, look);
    };
    this.scheduler.at(this.now() + 50, look);
  }

  /** Every heartbeat the node notes what it has heard of the others' disks. */
  private noteDisks(host: Host, driver: NodeDriver): void {
    if (host.driver !== driver) return;
    if (!host.frozen) host.memories = driver.memories();
    this.scheduler.at(this.now() + this.config.timings.heartbeatMs, () => this.noteDisks(host, driver));
  }

  private countStep(event: NodeEvent, effects: ReturnType<Machine["step"]>[1]): void {
    if (event.kind !== "message" || event.message.kind !== "pre-vote.request") return;
    for (const effect of effects) {
      if (effect.kind === "send" && effect.message.kind === "pre-vote.reply" && !effect.message.granted)
        this.counters.preVoteRefusals++;
    }
  }

  private send(host: Host, to: NodeId, message: ControlMessage): void {
    if (this.crashesNow(host.id)) throw new Crash("before a send");
    this.counters.messages++;
    this.oracle.sent(host.id, to, message, host.disk.durable, this.now());
    this.network.send(host.id, to, message);
  }

  private deliver(from: NodeId, to: NodeId, message: ControlMessage): void {
    const host = this.host(to);
    const { driver, listener } = host;
    if (driver === null || listener === null) return;
    if (provesDeath(driver.state().peers[from - 1], message)) this.oracle.released(to, from);
    if (message.kind === "heartbeat.reply" && message.accepted)
      this.oracle.confirmed(to, from, message.term, message.sentAt);
    this.guarded(host, () => {
      listener({ kind: "message", from, message });
      if (host.driver !== driver) return;
      const after = driver.state().peers[from - 1];
      const taken =
        after?.boot === message.boot &&
        after.gone !== "goodbye" &&
        (message.kind !== "ping" || (after.store === message.store && after.ping?.run === message.run)) &&
        driver.state().stop.kind !== "stopped";
      this.oracle.heard(to, message, driver.state(), taken);
    });
  }

  private linkEvent(to: NodeId, event: LinkEvent): void {
    this.whenAwake(to, () => {
      const host = this.host(to);
      const { listener } = host;
      if (listener === null) return;
      if (event.kind === "link.refused") {
        if (this.isAlive(event.peer)) this.oracle.lied(this.now());
        this.oracle.released(to, event.peer);
      }
      this.guarded(host, () => listener(event));
    });
  }

  private offerTo(to: NodeId, id: ReturnType<typeof imageId>): void {
    this.whenAwake(to, () => {
      const host = this.host(to);
      const { driver } = host;
      if (driver === null) return;
      const { election } = driver.state();
      if (election.role.kind === "leader" && !holdsLease(election, host.clock.monotonic()))
        this.counters.leaseRefusals++;
      this.guarded(host, () => {
        void driver.offer({ id, bytes: 100_000 });
      });
    });
  }

  private onEvent(host: Host, event: Event): void {
    if (this.options.tell !== null) this.tell(sentenceOf(host.id, event));
    switch (event.kind) {
      case "election.started":
        this.counters.elections++;
        return;
      case "leader.elected":
        if (event.leader !== host.id) return;
        this.counters.leaders++;
        this.options.onLeader();
        return;
      case "leader.handed-over":
        this.counters.handovers++;
        this.options.onHandover(event.to);
        return;
      case "vote.refused":
        this.counters.voteRefusals++;
        return;
      case "request.assigned":
        this.counters.assignments++;
        this.oracle.acted(host.id, event.term, this.now());
        this.sendWork(event.to, event.term);
        return;
      case "disk.failed":
        this.end(host);
        return;
      default:
        return;
    }
  }

  /** The client goes to the node that it was given; by then the term may be over. */
  private sendWork(to: NodeId, term: Term): void {
    this.scheduler.at(this.now() + this.random.between(1, 300), () =>
      this.whenAwake(to, () => {
        const { driver } = this.host(to);
        if (driver?.admits({ node: to, term, by: "leader", leader: null, candidates: [] }) === null)
          this.oracle.admitted(to, term);
      }),
    );
  }

  /** Runs what a process does; a crash in the middle ends it there. */
  private guarded(host: Host, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (error instanceof Crash) {
        this.counters.crashesInMidStep++;
        this.tell(`* node ${host.id} crashes ${error.message}`);
        this.end(host);
        return;
      }
      if (error instanceof Violation) throw error;
      throw new Violation("ownBug", error instanceof Error ? error.message : String(error));
    }
  }

  private end(host: Host): void {
    if (host.driver !== null) host.ended = { trueMs: this.now(), at: host.clock.monotonic() };
    host.driver?.kill();
    host.driver = null;
    host.listener = null;
    host.frozen = false;
    host.backlog = [];
    host.crashIn = null;
    this.links.fell(host.id);
  }

  private thaw(host: Host): void {
    host.frozen = false;
    host.clock.wake();
    const { backlog } = host;
    host.backlog = [];
    for (const act of backlog) act();
  }

  private whenAwake(id: NodeId, act: () => void): void {
    const host = this.host(id);
    if (host.driver === null) return;
    if (!host.frozen) {
      act();
      return;
    }
    host.backlog.push(act);
  }

  private crashesNow(id: NodeId): boolean {
    const host = this.host(id);
    if (host.crashIn === null) return false;
    host.crashIn--;
    return host.crashIn < 0;
  }

  private host(id: NodeId): Host {
    const host = this.hosts[id - 1];
    if (host === undefined) throw new RangeError(`no node ${id}`);
    return host;
  }
}

/** A goodbye, another boot, another disk: the process that was known before is gone. */
const provesDeath = (known: PeerView | undefined, message: ControlMessage): boolean =>
  message.kind === "goodbye" ||
  (known !== undefined &&
    known.boot > 0 &&
    (message.boot !== known.boot || (message.kind === "ping" && message.store !== known.store)));

const configOf = (ids: readonly NodeId[], timings: Timings): ClusterConfig => ({
  servers: ids.map((id) => ({ id, host: "127.0.0.1", port: 8_000 + id })),
  replication: 3,
  timings,
  images: { inspect: "decode", recoveryRecipient: null },
  limits: {
    imageBytesMax: 1e8,
    imagePixelsMax: 1e8,
    inspectionBacklogBytesMax: 1e8,
    uploadsInFlightMax: 100,
    connectionsMax: 100,
  },
  storage: {
    engine: "segments",
    headroomBytes: 0,
    segmentBytes: 65_536,
    trashMs: 1_000,
    scrubEveryMs: 1_000,
    scrubBytesPerSecond: 1e6,
    compactBytesPerSecond: 1e6,
    upkeepMs: 1_000,
  },
});

export const noMutation: Machine = realMachine;
