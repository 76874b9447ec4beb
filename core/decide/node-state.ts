/**
 * Everything that one node knows about the cluster, in one value, and what follows from it at a moment.
 */
import type { LoadReport, PeerMemory } from "../model/control.ts";
import type { NodeId, StoreId } from "../model/ids.ts";
import { after, type MonotonicMs, type WallMs } from "../model/units.ts";
import type { DurableTerm } from "../ports.ts";
import { type Balancer, initialBalancer, type Worker } from "./balancer.ts";
import type { Moment } from "./effects.ts";
import {
  type Election,
  type ElectionSetup,
  electionBoundUntil,
  electionWakeAt,
  initialElection,
  isSilent,
  type Surroundings,
} from "./election-state.ts";
import {
  electablePeers,
  initialPeers,
  livePeers,
  type Peers,
  type PeerView,
  standingOf,
} from "./liveness.ts";
import { countOf, type NodeSet, setOf, withNode } from "./node-set.ts";
import { initialOffers, type Offers } from "./offers.ts";
import type { OwnDisk, Standing } from "./standing.ts";

export interface NodeSetup extends ElectionSetup {
  /** The disk as it was when this process found it. */
  readonly disk: OwnDisk;
  /** Tells this process from the node's others. */
  readonly run: number;
  readonly acceptLoss: boolean;
  /** The disk took the place of a damaged one, which is set aside. */
  readonly replaces: boolean;
  /** What is remembered of the others' disks. */
  readonly memories: ReadonlyMap<NodeId, PeerMemory>;
}

/** What the machine says of itself; the driver reports it. */
export interface Health {
  readonly diskHealthy: boolean;
  /** The event loop is late: heartbeats would be too. */
  readonly lagging: boolean;
}

export interface NodeState {
  readonly setup: NodeSetup;
  readonly election: Election;
  readonly peers: Peers;
  readonly balancer: Balancer;
  readonly offers: Offers;
  readonly health: Health;
  /** Until it is ready the node votes on nothing and answers for nothing (DESIGN §6). */
  readonly standing: Standing;
  readonly startedAt: MonotonicMs;
  /** 0 until the disk is born or filled. */
  readonly generation: number;
  readonly load: LoadReport;
  readonly feedHead: number;
  /** How far the feeds of the others are on this disk. */
  readonly pulled: ReadonlyMap<NodeId, { readonly store: StoreId; readonly upTo: number }>;
  /** When some node was last seen to be electable. */
  readonly electableSeenAt: MonotonicMs;
  readonly quorum: "forming" | "held" | "lost";
  /** The next pings, and heartbeats when it leads. */
  readonly beatAt: MonotonicMs;
  /** Both clocks at the last step, to notice that the machine slept. */
  readonly seenAt: { readonly now: MonotonicMs; readonly wall: WallMs };
  /** `until`: a leader that stops gives its successor this long before it says goodbye. */
  readonly stop:
    | { readonly kind: "no" }
    | { readonly kind: "stopping"; readonly until: MonotonicMs }
    | { readonly kind: "stopped" };
}

/** Before the first report: idle, and assumed to have room. */
export const unknownLoad: LoadReport = {
  inFlight: 0,
  bytesInFlight: 0,
  cpu: 0,
  memory: 0,
  lagMs: 0,
  images: 0,
  payloadBytes: 0,
  diskFreeBytes: Number.MAX_SAFE_INTEGER,
  uptimeMs: 0,
  uploadsPerSecond: 0,
  uploadMsP50: null,
  uploadMsP99: null,
  drained: false,
  readOnly: false,
  rebuild: null,
  scrub: null,
};

/** `durable` is what the disk says, with this process's boot number, and is already persisted. */
export const initialNode = (setup: NodeSetup, durable: DurableTerm, moment: Moment): NodeState => ({
  setup,
  election: initialElection(setup, durable, setup.peers.length > 0 && durable.term > 0, moment),
  peers: initialPeers(allIds(setup), setup.memories),
  balancer: initialBalancer,
  offers: initialOffers,
  health: { diskHealthy: true, lagging: false },
  standing: { kind: setup.disk.generation === 0 ? "unborn" : "returning" },
  startedAt: moment.now,
  generation: setup.disk.generation,
  load: unknownLoad,
  feedHead: setup.disk.feedHead,
  pulled: new Map(),
  electableSeenAt: moment.now,
  quorum: "forming",
  beatAt: moment.now,
  seenAt: { now: moment.now, wall: moment.wall },
  stop: { kind: "no" },
});

export const allIds = (setup: ElectionSetup): readonly NodeId[] =>
  [...setup.peers, setup.id].sort((a, b) => a - b);

export const isReady = (state: NodeState): boolean => state.standing.kind === "ready";

/** Ourselves and the live peers. */
export const liveNodes = (state: NodeState, now: MonotonicMs): NodeSet =>
  withNode(livePeers(state.peers, now, state.setup.timings), state.setup.id);

/** What the election needs to know of liveness and health. */
export const surroundings = (state: NodeState, moment: Moment): Surroundings => {
  const { setup, health, election } = state;
  const live = liveNodes(state, moment.now);
  const others = electablePeers(state.peers, moment.now, setup.timings);
  const sound = health.diskHealthy && isReady(state) && state.stop.kind === "no";
  const electable =
    sound &&
    !health.lagging &&
    !state.load.drained &&
    !isSilent(election, moment.now) &&
    countOf(live) >= setup.majority;
  const nobodyUntil = after(state.electableSeenAt, 2 * setup.timings.electionTimeoutMs);
  return {
    moment,
    live,
    electable: electable ? withNode(others, setup.id) : others,
    mayStand: electable || (sound && moment.now >= nobodyUntil),
    rebuilding: !isReady(state),
    unborn: election.durable.term === 0 && isUnborn(state, live),
  };
};

/** The nodes that may be given work: live, not suspect, refilled, not stopping. */
export const workersOf = (state: NodeState, now: MonotonicMs): readonly Worker[] => {
  const workers: Worker[] = [];
  for (const peer of state.peers) {
    if (peer.id === state.setup.id) {
      if (isReady(state) && state.stop.kind === "no") workers.push({ id: peer.id, load: state.load });
    } else if (peer.ping?.ready === true && standingOf(peer, now, state.setup.timings) === "up") {
      workers.push({ id: peer.id, load: peer.ping.load });
    }
  }
  return workers;
};

/** When the next tick is due; not before it does time alone change anything. */
export const wakeAt = (state: NodeState, moment: Moment): MonotonicMs => {
  let at: number = state.beatAt;
  // Most of the time a leader is heard, and nothing but the next beat can be due: that is known without a look around.
  if (electionBoundUntil(state.election) < at)
    at = Math.min(at, electionWakeAt(state.election, surroundings(state, moment)));
  const offer = state.offers.waiting[0];
  if (offer !== undefined) at = Math.min(at, offer.until);
  if (state.stop.kind === "stopping") at = Math.min(at, state.stop.until);
  return at as MonotonicMs;
};

const isUnborn = (state: NodeState, live: NodeSet): boolean =>
  live === setOf(allIds(state.setup)) &&
  state.peers.every(
    ({ id, ping }: PeerView) => id === state.setup.id || (ping?.term === 0 && ping.electable),
  );
