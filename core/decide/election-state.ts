/**
 * What a node remembers of the election, and the questions that can be asked of that memory.
 *
 * Only `durable` survives a crash. Everything else may be forgotten at any moment without harm, provided that
 * a restarted node keeps silent for one election timeout (DESIGN §5.9): by then every lease that it may have
 * confirmed before has run out.
 */

import type { Timings } from "../model/config.ts";
import type { RefusalReason } from "../model/control.ts";
import type { Event } from "../model/events.ts";
import type { NodeId, Term } from "../model/ids.ts";
import { after, type MonotonicMs } from "../model/units.ts";
import type { DurableTerm } from "../ports.ts";
import { foreverMs, type Moment, neverMs } from "./effects.ts";
import { above, countOf, type NodeSet } from "./node-set.ts";

/** What never changes while the process runs. */
export interface ElectionSetup {
  readonly id: NodeId;
  readonly peers: readonly NodeId[];
  /** Votes that make a leader, its own included. */
  readonly majority: number;
  readonly timings: Timings;
  /** Since when no other process can have spoken for this node: what it may have forgotten is older. */
  readonly aloneSince: MonotonicMs;
}

export type ElectionReason = Extract<Event, { kind: "election.started" }>["reason"];

export type Role =
  | { readonly kind: "follower" }
  /** Asks for pre-votes: nothing durable has changed yet. `repeatAt` is when it asks again. */
  | {
      readonly kind: "asking";
      readonly term: Term;
      readonly granted: NodeSet;
      readonly since: MonotonicMs;
      readonly repeatAt: MonotonicMs;
      readonly reason: ElectionReason;
    }
  /** Has voted for itself in the durable term. */
  | {
      readonly kind: "candidate";
      readonly granted: NodeSet;
      readonly refused: NodeSet;
      readonly handover: boolean;
      readonly since: MonotonicMs;
      readonly repeatAt: MonotonicMs;
    }
  /** `confirmedAt[id − 1]`: when the newest heartbeat that this peer has acknowledged was _sent_. */
  | {
      readonly kind: "leader";
      readonly since: MonotonicMs;
      readonly confirmedAt: readonly MonotonicMs[];
      readonly electableAt: MonotonicMs;
    };

export interface Election {
  readonly setup: ElectionSetup;
  readonly durable: DurableTerm;
  readonly role: Role;
  /** Whom we take for leader of `durable.term`. */
  readonly leader: NodeId | null;
  /** When we last acknowledged a heartbeat, and whose. Evidence of that leader's death forgets both. */
  readonly heardAt: MonotonicMs;
  readonly heardFrom: NodeId | null;
  /** Since when nobody leads, as far as we know: the last acknowledged heartbeat, or the start. */
  readonly leaderlessSince: MonotonicMs;
  /** Until then this node neither votes nor stands, because it may have forgotten what it confirmed. */
  readonly silentUntil: MonotonicMs;
  /** The election timer: due `timerMs` after `timerFrom`, and a rank step later for each higher electable id. */
  readonly timerFrom: MonotonicMs;
  readonly timerMs: number;
  /** The old leader is dead by our own evidence: refused pre-votes are repeated quickly. */
  readonly leaderDead: boolean;
  /** The leader of this term has given up; its late heartbeats count for nothing. */
  readonly endedTerm: Term | null;
}

/** What liveness and the node's own health say at this moment. Sets include ourselves where it is true of us. */
export interface Surroundings {
  readonly moment: Moment;
  readonly live: NodeSet;
  readonly electable: NodeSet;
  /** Healthy, and electable or nobody has been for long (DESIGN §5.11). */
  readonly mayStand: boolean;
  readonly rebuilding: boolean;
  /** All nodes are live and electable, and none has ever known a term: there is no leader to wait for. */
  readonly unborn: boolean;
}

/** What is to be saved: every save is counted, so that a disk from a backup can be told from the latest. */
export const saved = (durable: DurableTerm, change: Partial<DurableTerm>): DurableTerm => ({
  ...durable,
  ...change,
  saves: durable.saves + 1,
});

/** Repeats of a refused pre-vote while the old leader is known to be dead. */
export const quickRepeatMs = 10;

export const follower: Role = { kind: "follower" };

/**
 * `silent` is false only when nothing can have been forgotten: a cluster of one, or a disk that has never
 * known a term (a heartbeat's term is persisted before it is acknowledged, so no lease was ever confirmed).
 * However long the start took, whoever leads already, or should, gets `firstHeartbeats` to be heard.
 */
export const initialElection = (
  setup: ElectionSetup,
  durable: DurableTerm,
  silent: boolean,
  { now, chance }: Moment,
): Election => ({
  setup,
  durable,
  role: follower,
  leader: null,
  heardAt: neverMs,
  heardFrom: null,
  leaderlessSince: now,
  silentUntil: silent ? after(setup.aloneSince, setup.timings.electionTimeoutMs) : now,
  timerFrom: now,
  timerMs: setup.peers.length === 0 ? 0 : firstTimer(setup, now, chance),
  leaderDead: false,
  endedTerm: null,
});

/** One to be heard, and one to hear that. */
const firstHeartbeats = 2;

/** What is left of T, with jitter. */
const firstTimer = ({ aloneSince, timings }: ElectionSetup, now: MonotonicMs, chance: number): number => {
  const leftMs = timings.electionTimeoutMs - (now - aloneSince);
  return Math.max(firstHeartbeats * timings.heartbeatMs, leftMs) + timings.jitterMsMax * chance;
};

/** T and this round's jitter. */
export const fullTimer = (timings: Timings, chance: number): number =>
  timings.electionTimeoutMs + timings.jitterMsMax * chance;

/** When a follower asks for pre-votes. */
export const electionDueAt = (state: Election, around: Surroundings): MonotonicMs => {
  const rank = countOf(above(around.electable, state.setup.id));
  const timerMs = around.unborn ? 0 : state.timerMs;
  return after(state.timerFrom, timerMs + rank * state.setup.timings.rankStepMs);
};

/** Within one election timeout of the last heartbeat that we acknowledged (DESIGN §5.3, §5.5). */
export const hearsLeader = (state: Election, now: MonotonicMs): boolean =>
  now < after(state.heardAt, state.setup.timings.electionTimeoutMs);

export const isSilent = (state: Election, now: MonotonicMs): boolean => now < state.silentUntil;

/** Since when a majority, ourselves included, has confirmed the leader: the lease runs from there. */
export const confirmedSince = (state: Election, now: MonotonicMs): MonotonicMs => {
  if (state.role.kind !== "leader") return neverMs;
  const needed = state.setup.majority - 1;
  if (needed <= 0) return now;
  const newestFirst = [...state.role.confirmedAt].sort((a, b) => (a < b ? 1 : a > b ? -1 : 0));
  return newestFirst[needed - 1] ?? neverMs;
};

/** Whether this node may act as leader at this very moment: it leads, and its lease has not run out. */
export const holdsLease = (state: Election, now: MonotonicMs): boolean =>
  state.role.kind === "leader" && now - confirmedSince(state, now) <= state.setup.timings.leaseMs;

/** Why this node will not promise its vote to `candidate` for `term`; null when it will (DESIGN §5.3). */
export const preVoteRefusal = (
  state: Election,
  candidate: NodeId,
  term: Term,
  around: Surroundings,
): RefusalReason | null => {
  const { now } = around.moment;
  if (term <= state.durable.term) return "lower-term";
  if (around.rebuilding) return "rebuilding";
  if (isSilent(state, now)) return "silent-after-restart";
  if (state.role.kind === "leader") return "is-leader";
  if (hearsLeader(state, now)) return "hears-leader";
  const vetoEndsAt = after(state.leaderlessSince, 2 * state.setup.timings.electionTimeoutMs);
  if (now < vetoEndsAt && above(around.electable, candidate) !== 0) return "higher-electable";
  return null;
};

/** Why this node will not vote for `candidate` in `term`; null when it will (DESIGN §5.5). */
export const voteRefusal = (
  state: Election,
  candidate: NodeId,
  term: Term,
  handover: boolean,
  around: Surroundings,
): RefusalReason | null => {
  const { now } = around.moment;
  if (term < state.durable.term) return "lower-term";
  if (around.rebuilding) return "rebuilding";
  if (isSilent(state, now)) return "silent-after-restart";
  if (!handover && hearsLeader(state, now)) return "hears-leader";
  if (term > state.durable.term) return null;
  const { votedFor } = state.durable;
  return votedFor === null || votedFor === candidate ? null : "already-voted";
};

/** Before then an election has nothing to do by itself. */
export const electionBoundUntil = (state: Election): MonotonicMs => {
  switch (state.role.kind) {
    case "leader":
      return foreverMs;
    case "follower":
      return Math.max(
        state.silentUntil,
        after(state.heardAt, state.setup.timings.electionTimeoutMs),
      ) as MonotonicMs;
    case "asking":
      return state.role.repeatAt;
    case "candidate":
      return Math.min(
        state.role.repeatAt,
        after(state.role.since, state.setup.timings.electionTimeoutMs),
      ) as MonotonicMs;
  }
};

/** When `electionTick` has something to do that a heartbeat interval's tick would do too late. */
export const electionWakeAt = (state: Election, around: Surroundings): MonotonicMs => {
  const boundUntil = electionBoundUntil(state);
  if (state.role.kind !== "follower") return boundUntil;
  if (!around.mayStand) return foreverMs;
  return Math.max(boundUntil, electionDueAt(state, around)) as MonotonicMs;
};
