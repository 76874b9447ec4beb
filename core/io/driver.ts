/**
 * The thin shell around `stepNode`: it reads the clocks, hands each event to the pure function, and performs
 * the effects strictly in order, so that what must be on disk is there before anything is sent that depends
 * on it. It knows only ports; the simulator runs this same code.
 */
import type { Effect, Moment } from "../decide/effects.ts";
import { type NodeEvent, type Step, stepNode } from "../decide/node.ts";
import { idsOf } from "../decide/node-set.ts";
import { memoriesOf, standingFault, waitingFor } from "../decide/node-standing.ts";
import {
  initialNode,
  isReady,
  liveNodes,
  type NodeSetup,
  type NodeState,
  wakeAt,
} from "../decide/node-state.ts";
import { observe } from "../decide/observe.ts";
import type { Risk } from "../decide/risk.ts";
import { type ClusterConfig, majorityOf } from "../model/config.ts";
import type { LoadReport, MeasuredLoad, PeerMemory } from "../model/control.ts";
import type { Event } from "../model/events.ts";
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import {
  type Boot,
  boot as bootOf,
  type ClusterId,
  type ImageId,
  type NodeId,
  type StoreId,
  term as termOf,
  type UserName,
} from "../model/ids.ts";
import type { Assignment, OfferReply } from "../model/messages.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { after, type MonotonicMs, type WallMs } from "../model/units.ts";
import type { Clock, ControlTransport, DurableTerm, Entropy, StandingStore, TermStore } from "../ports.ts";

export interface NodeDriverOptions {
  readonly id: NodeId;
  readonly cluster: ClusterId;
  readonly store: StoreId;
  /** The feed head that the disk was found with. */
  readonly feedHead: number;
  readonly config: ClusterConfig;
  readonly clock: Clock;
  readonly transport: ControlTransport;
  readonly terms: TermStore;
  readonly standing: StandingStore;
  /** The operator gives up what only missing nodes may have. */
  readonly acceptLoss: boolean;
  /** The disk took the place of a damaged one, which is set aside. */
  readonly replaces: boolean;
  readonly entropy: Entropy;
  /** Since when no other process can have spoken for this node; by `clock`, and now when left out. */
  readonly aloneSince?: MonotonicMs;
  /** What an operator last wanted of this node; false when left out. */
  readonly drained?: boolean;
  /** Each fact once, in order. Must not throw. */
  readonly onEvent: (event: Event, at: WallMs) => void;
  /** Leader, term or somebody's standing has changed. */
  readonly onChange?: () => void;
  /** The disk is to be filled from the others; `reportRefilled` is the answer. */
  readonly onRebuild: () => void;
  /** The disk is older than the others remember: the node is to be begun anew on an empty one. */
  readonly onOutdated: (reason: string) => void;
  /** A second disk speaks in the name of a live peer. */
  readonly onTurnAway?: (peer: NodeId, problem: Fault) => void;
  /** The decisions; the simulator puts mutants here. */
  readonly machine?: Machine;
}

/** A peer's disk as its last ping told it. */
export interface PeerDisk {
  readonly store: StoreId;
  readonly feedHead: number;
  /** It is what the others remember. */
  readonly ready: boolean;
  readonly heardAt: MonotonicMs;
  /** Our changes up to this number are on it. */
  readonly hasOfOurs: number;
}

export interface Machine {
  readonly initial: (setup: NodeSetup, durable: DurableTerm, moment: Moment) => NodeState;
  readonly step: (state: NodeState, event: NodeEvent, moment: Moment) => Step;
}

export const realMachine: Machine = { initial: initialNode, step: stepNode };

export interface NodeDriver {
  readonly id: NodeId;
  readonly boot: Boot;
  /** Begins to listen and to ping. */
  start(): void;
  /**
   * A client's offer. The leader answers at once; a follower when it hears the leader's choice, or says that
   * there is no leader after three heartbeat intervals.
   */
  offer(offer: { readonly id: ImageId; readonly bytes: number }): Promise<OfferReply>;
  /** Why this node may not process under this assignment; null when it may. */
  admits(assignment: Assignment): Fault | null;
  /** Own work and machine figures, for pings and balancing. */
  reportLoad(load: MeasuredLoad): void;
  reportFeedHead(head: number): void;
  /** Hands the lead to `to`, or to the best node; null when it did. Faults: NOT_LEADER, NO_SUCCESSOR, NODE_NOT_READY. */
  moveLead(to: NodeId | null, by: UserName): Promise<Fault | null>;
  /** Takes no new images from the leader, and leads only if nobody else can; or takes them again. */
  drain(drained: boolean, by: UserName): void;
  reportElectable(diskHealthy: boolean, lagging: boolean): void;
  /** What a disk that was to be filled now has. */
  reportRefilled(): void;
  /** So much of the peer's feed is on this disk. */
  reportPulled(peer: NodeId, store: StoreId, upTo: number): void;
  /** Ourselves and the live peers, ascending. */
  live(): readonly NodeId[];
  /** Whether this node may vote and answer. */
  readonly ready: boolean;
  /** Why not: NO_QUORUM when nodes are missing for that, else NODE_NOT_READY; null when it may. */
  standingFault(): Fault | null;
  /** Each peer's disk as last heard, live or not. */
  peerDisks(): ReadonlyMap<NodeId, PeerDisk>;
  /** The latest reports, our own included. */
  loads(): ReadonlyMap<NodeId, LoadReport>;
  /** `risk`: null while the images are not known yet. */
  snapshot(risk: Risk | null): Snapshot;
  /** For whom a disk waits whose standing is open. */
  waitingFor(): readonly NodeId[];
  /** What is remembered of the others' disks, to be kept. */
  memories(): ReadonlyMap<NodeId, PeerMemory>;
  /** What the node knows, for tests and the simulator's invariants. */
  state(): NodeState;
  /** Hands over if it leads, says goodbye, then is silent. Resolves when that is done. */
  stop(): Promise<void>;
  /** Silent at once, as a crash would be; the disk is left as it is. */
  kill(): void;
}

/**
 * Reads the durable term and persists the next boot number before anything else can happen. Fails with what
 * the term store says (`DISK_FAILED`, `DATA_FOREIGN`).
 */
export const createNodeDriver = (options: NodeDriverOptions): Result<NodeDriver> => {
  const loaded = options.terms.load();
  if (!loaded.ok) return loaded;
  const before = loaded.value ?? { term: termOf(0), votedFor: null, boot: 0, saves: 0 };
  const durable: DurableTerm = { ...before, boot: bootOf(before.boot + 1), saves: before.saves + 1 };
  const saved = options.terms.save(durable);
  return saved.ok ? good(new Driver(options, durable, before.saves)) : bad(saved.fault);
};

interface OpenOffer {
  readonly id: ImageId;
  readonly resolve: (reply: OfferReply) => void;
}

class Driver implements NodeDriver {
  readonly id: NodeId;
  readonly boot: Boot;
  readonly store: StoreId;
  private readonly options: NodeDriverOptions;
  private readonly machine: Machine;
  private node: NodeState;
  private stepAt: Moment;
  private readonly queue: NodeEvent[] = [];
  private busy = false;
  private running = false;
  private halted: Fault | null = null;
  private cancelWake: (() => void) | null = null;
  private armedAt: MonotonicMs | null = null;
  private tickets = 0;
  private readonly offers = new Map<number, OpenOffer>();
  private readonly wishes = new Map<number, (answer: Fault | null) => void>();
  private readonly stopped = Promise.withResolvers<void>();

  /** `savesBefore`: of the term, before this process. */
  constructor(options: NodeDriverOptions, durable: DurableTerm, savesBefore: number) {
    const { id, store, feedHead, config, standing, acceptLoss, replaces, entropy, clock } = options;
    const ids = config.servers.map((server) => server.id);
    this.options = options;
    this.machine = options.machine ?? realMachine;
    this.id = id;
    this.store = store;
    this.boot = durable.boot;
    const setup: NodeSetup = {
      id,
      disk: { generation: standing.generation, store, saves: savesBefore, feedHead },
      run: Math.floor(entropy.next() * 2 ** 48),
      acceptLoss,
      replaces,
      memories: standing.memories,
      peers: ids.filter((other) => other !== id),
      majority: majorityOf(ids.length),
      timings: config.timings,
      aloneSince: options.aloneSince ?? clock.monotonic(),
    };
    this.stepAt = this.moment();
    const first = this.machine.initial(setup, durable, this.stepAt);
    this.node = { ...first, load: { ...first.load, drained: options.drained === true } };
  }

  start(): void {
    this.running = true;
    this.options.transport.listen((event) => this.happen(event));
    this.happen({ kind: "tick" });
  }

  offer({ id, bytes }: { readonly id: ImageId; readonly bytes: number }): Promise<OfferReply> {
    const { term } = this.node.election.durable;
    if (!this.running) return Promise.resolve({ kind: "offer.no-leader", id, term });
    this.tickets++;
    const ticket = this.tickets;
    const { promise, resolve } = Promise.withResolvers<OfferReply>();
    this.offers.set(ticket, { id, resolve });
    this.happen({ kind: "offer", ticket, request: id, bytes });
    return promise;
  }

  admits(assignment: Assignment): Fault | null {
    const { stop, election } = this.node;
    const ownTerm = election.durable.term;
    if (this.halted !== null) return fault("NODE_NOT_READY", { reason: "its disk failed" });
    if (!this.running || stop.kind !== "no") return fault("NODE_NOT_READY", { reason: "it is stopping" });
    const standing = this.standingFault();
    if (standing !== null) return standing;
    if (assignment.node !== this.id)
      return fault("PROTOCOL_VIOLATION", { reason: `an assignment to node ${assignment.node} came here` });
    if (assignment.by === "leader" && assignment.term < ownTerm)
      return fault("STALE_ASSIGNMENT", { term: assignment.term, ownTerm });
    return null;
  }

  moveLead(to: NodeId | null, by: UserName): Promise<Fault | null> {
    if (!this.running || this.node.stop.kind !== "no")
      return Promise.resolve(fault("NODE_NOT_READY", { reason: "it is stopping" }));
    this.tickets++;
    const ticket = this.tickets;
    const { promise, resolve } = Promise.withResolvers<Fault | null>();
    this.wishes.set(ticket, resolve);
    this.happen({ kind: "move-lead", ticket, to, by });
    return promise;
  }

  drain(drained: boolean, by: UserName): void {
    this.happen({ kind: "drain", drained, by });
  }

  reportLoad(load: MeasuredLoad): void {
    this.happen({ kind: "load", load });
  }

  reportFeedHead(head: number): void {
    this.happen({ kind: "feed-head", feedHead: head });
  }

  reportElectable(diskHealthy: boolean, lagging: boolean): void {
    this.happen({ kind: "health", health: { diskHealthy, lagging } });
  }

  reportRefilled(): void {
    this.happen({ kind: "refilled" });
  }

  reportPulled(peer: NodeId, store: StoreId, upTo: number): void {
    this.happen({ kind: "pulled", peer, store, upTo });
  }

  standingFault(): Fault | null {
    return standingFault(this.node, this.options.clock.monotonic());
  }

  get ready(): boolean {
    return isReady(this.node);
  }

  /** Asked right after this process stood still, it judges as before: what peers said meanwhile is unread. */
  live(): readonly NodeId[] {
    const { clock, config } = this.options;
    const judgedUntil = after(this.stepAt.now, config.timings.heartbeatMs);
    const now = clock.monotonic();
    return idsOf(liveNodes(this.node, now < judgedUntil ? now : judgedUntil));
  }

  peerDisks(): ReadonlyMap<NodeId, PeerDisk> {
    const disks = new Map<NodeId, PeerDisk>();
    for (const { id, ping, heardAt } of this.node.peers) {
      if (ping === null) continue;
      const { store, feedHead, ready, pulled } = ping;
      const hasOfOurs = pulled?.store === this.store ? pulled.upTo : 0;
      disks.set(id, { store, feedHead, ready, heardAt, hasOfOurs });
    }
    return disks;
  }

  loads(): ReadonlyMap<NodeId, LoadReport> {
    const loads = new Map([[this.id, this.node.load]]);
    for (const { id, ping } of this.node.peers) if (ping !== null) loads.set(id, ping.load);
    return loads;
  }

  snapshot(risk: Risk | null): Snapshot {
    const { cluster, config } = this.options;
    return observe(this.node, cluster, config, risk, this.moment());
  }

  waitingFor(): readonly NodeId[] {
    return waitingFor(this.node, this.options.clock.monotonic());
  }

  memories(): ReadonlyMap<NodeId, PeerMemory> {
    return memoriesOf(this.node);
  }

  state(): NodeState {
    return this.node;
  }

  stop(): Promise<void> {
    if (this.running) this.happen({ kind: "stop" });
    else this.stopped.resolve();
    return this.stopped.promise;
  }

  kill(): void {
    this.running = false;
    this.queue.length = 0;
    this.cancelWake?.();
    this.cancelWake = null;
    this.armedAt = null;
    const { term } = this.node.election.durable;
    for (const { id, resolve } of this.offers.values()) resolve({ kind: "offer.no-leader", id, term });
    this.offers.clear();
    for (const answer of this.wishes.values()) answer(fault("NODE_NOT_READY", { reason: "it is stopping" }));
    this.wishes.clear();
    this.stopped.resolve();
  }

  /** One event at a time, even when performing an effect causes the next. */
  private happen(event: NodeEvent): void {
    if (this.halted !== null) return;
    if (this.busy) {
      this.queue.push(event);
      return;
    }
    this.busy = true;
    try {
      this.takeStep(event);
      for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) this.takeStep(next);
    } finally {
      this.busy = false;
    }
    if (this.running) this.arm();
  }

  private takeStep(event: NodeEvent): void {
    this.stepAt = this.moment();
    const [next, effects] = this.machine.step(this.node, event, this.stepAt);
    this.node = next;
    for (const effect of effects) {
      if (this.halted !== null || !this.running) return;
      this.perform(effect);
    }
  }

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case "persist": {
        const saved = this.options.terms.save(effect.state);
        if (!saved.ok) this.halt(saved.fault);
        return;
      }
      case "send":
        this.options.transport.send(effect.to, effect.message);
        return;
      case "log":
        this.emit(effect.event);
        return;
      case "reply":
        this.offers.get(effect.ticket)?.resolve(effect.reply);
        this.offers.delete(effect.ticket);
        return;
      case "birth": {
        const saved = this.options.standing.saveBirth(effect.generation, effect.memories);
        if (!saved.ok) this.halt(saved.fault);
        return;
      }
      case "rebuild":
        this.options.onRebuild();
        return;
      case "outdated":
        this.options.onOutdated(effect.reason);
        return;
      case "turn-away":
        this.options.onTurnAway?.(effect.peer, effect.fault);
        return;
      case "answer":
        this.wishes.get(effect.ticket)?.(effect.fault);
        this.wishes.delete(effect.ticket);
        return;
      case "changed":
        this.options.onChange?.();
        return;
      case "stopped":
        this.kill();
        return;
    }
  }

  /** A term that is not on disk must not be spoken of: the node falls silent, as if it had crashed. */
  private halt(problem: Fault): void {
    this.halted = problem;
    this.kill();
    this.emit({ kind: "disk.failed", fault: problem });
  }

  private arm(): void {
    const at = wakeAt(this.node, this.stepAt);
    if (this.armedAt !== null && this.armedAt <= at) return;
    this.cancelWake?.();
    this.armedAt = at;
    this.cancelWake = this.options.clock.at(at, () => {
      this.armedAt = null;
      this.cancelWake = null;
      this.happen({ kind: "tick" });
    });
  }

  private emit(event: Event): void {
    this.options.onEvent(event, this.options.clock.wall());
  }

  private moment(): Moment {
    const { clock, entropy } = this.options;
    return { now: clock.monotonic(), wall: clock.wall(), chance: entropy.next() };
  }
}
