/**
 * One node as a pure function: what it knows and what just happened, in; what it knows now and what is to be
 * done, out. Liveness, election and balancer are composed here; none of them knows the others.
 *
 * The driver performs the effects strictly in order. It calls `stepNode` for every message, offer and report,
 * and with a tick when `wakeAt` says so. Both clocks come in with every event, because a machine that slept
 * shows only in their difference.
 */
import type { ControlMessage, MeasuredLoad } from "../model/control.ts";
import type { ImageId, NodeId, StoreId, UserName } from "../model/ids.ts";
import { after } from "../model/units.ts";
import type { LinkEvent } from "../ports.ts";
import type { Effect, Moment } from "./effects.ts";
import { electionTick, hearElection, leaderDied } from "./election.ts";
import { beat, handOver, isUnfit, voidLease } from "./election-leader.ts";
import { adoptTerm } from "./election-term.ts";
import {
  forgiveSilence,
  heardBoot,
  heardGoodbye,
  heardLink,
  heardPing,
  isLive,
  judgeAll,
} from "./liveness.ts";
import { answerWaiting, hearAssigned, noLeader, takeOffer } from "./node-offers.ts";
import { countOf, highestOf, withoutNode } from "./node-set.ts";
import { judgeStanding, refilled } from "./node-standing.ts";
import { type Health, type NodeState, surroundings } from "./node-state.ts";
import { drain, moveLead } from "./operator.ts";
import { pingsTo } from "./pings.ts";

export type NodeEvent =
  | { readonly kind: "tick" }
  | LinkEvent
  /** A client's offer; its answer comes as a `reply` effect with the same ticket. */
  | { readonly kind: "offer"; readonly ticket: number; readonly request: ImageId; readonly bytes: number }
  | { readonly kind: "load"; readonly load: MeasuredLoad }
  | { readonly kind: "feed-head"; readonly feedHead: number }
  | { readonly kind: "health"; readonly health: Health }
  | {
      readonly kind: "pulled";
      readonly peer: NodeId;
      readonly store: StoreId;
      readonly upTo: number;
    }
  /** A disk that was to be filled has all that the others know. */
  | { readonly kind: "refilled" }
  /** An operator wants another leader: `to`, or the best one (null). Its answer is an `answer` effect. */
  | { readonly kind: "move-lead"; readonly ticket: number; readonly to: NodeId | null; readonly by: UserName }
  /** An operator wants this node drained, or not; it is on disk already. */
  | { readonly kind: "drain"; readonly drained: boolean; readonly by: UserName }
  /** Stop in good order: hand over, say goodbye; `stopped` is the last effect. */
  | { readonly kind: "stop" };

export type Step = readonly [NodeState, readonly Effect[]];

/** A steady higher id is waited for at most this many stable windows (10 s makes 5 min), however it flapped. */
export const stableWindowsMax = 30;
/** A stopping leader gives its successor this many heartbeat intervals. */
export const stopHeartbeatsMax = 3;
/** A process that ticks each heartbeat interval and took no step for this many stood still. */
export const absentHeartbeats = 3;

export const stepNode = (state: NodeState, event: NodeEvent, moment: Moment): Step => {
  if (state.stop.kind === "stopped") return [state, []];
  const effects: Effect[] = [];
  const next = react(noticeAbsence(state, moment, effects), event, moment, effects);
  assertLawful(state, next);
  return [next, effects];
};

/** The invariants of one node that no message, clock or fault may break (DESIGN §5): a breach is our own bug. */
const assertLawful = (before: NodeState, after: NodeState): void => {
  const { durable: was } = before.election;
  const { durable: is, role } = after.election;
  if (was === is) return;
  const { id } = after.setup;
  if (is.term < was.term) throw new Error(`node ${id} goes back from term ${was.term} to ${is.term}`);
  if (is.term === was.term && was.votedFor !== null && is.votedFor !== was.votedFor)
    throw new Error(`node ${id} votes for ${was.votedFor} and for ${is.votedFor} in term ${is.term}`);
  if (role.kind === "leader" && is.votedFor !== id)
    throw new Error(`node ${id} leads term ${is.term} without its own vote`);
};

const react = (state: NodeState, event: NodeEvent, moment: Moment, effects: Effect[]): NodeState => {
  switch (event.kind) {
    case "tick":
      return onTick(state, moment, effects);
    case "message":
      return onMessage(state, event.from, event.message, moment, effects);
    case "link.opened":
    case "link.closed":
    case "link.refused": {
      const { peers, died } = heardLink(state.peers, event, effects);
      const heard = { ...state, peers };
      return died === null ? heard : withDead(heard, event.peer, moment, effects);
    }
    case "offer":
      return takeOffer(state, event, moment, effects);
    case "load":
      return { ...state, load: { ...event.load, drained: state.load.drained } };
    case "feed-head":
      return { ...state, feedHead: event.feedHead };
    case "health":
      return { ...state, health: event.health };
    case "pulled": {
      const { peer, store, upTo } = event;
      return { ...state, pulled: new Map(state.pulled).set(peer, { store, upTo }) };
    }
    case "refilled":
      return refilled(state, moment, effects);
    case "move-lead":
      return moveLead(state, event, moment, effects);
    case "drain":
      return drain(state, event, effects);
    case "stop":
      return onStop(state, moment, effects);
  }
};

/**
 * Two ways in which this process may not have been there. The machine slept: by how much the clocks disagree
 * since the last step (or the wall clock was set). The process stood still: no step for longer than a beat.
 */
const noticeAbsence = (state: NodeState, moment: Moment, effects: Effect[]): NodeState => {
  const { now, wall } = moment;
  const { heartbeatMs } = state.setup.timings;
  const gapMs = now - state.seenAt.now;
  const sleptMs = Math.abs(wall - state.seenAt.wall - gapMs);
  let present: NodeState = { ...state, seenAt: { now, wall } };
  if (sleptMs > heartbeatMs) {
    const election = voidLease(state.election, sleptMs, surroundings(present, moment), effects);
    present = { ...present, election };
  }
  if (gapMs <= absentHeartbeats * heartbeatMs) return present;
  const deafMs = gapMs - heartbeatMs;
  const { timerFrom } = present.election;
  return {
    ...present,
    peers: forgiveSilence(present.peers, deafMs),
    election: { ...present.election, timerFrom: after(timerFrom, deafMs) },
  };
};

const onMessage = (
  state: NodeState,
  from: NodeId,
  message: ControlMessage,
  moment: Moment,
  effects: Effect[],
): NodeState => {
  const { timings } = state.setup;
  const { peers, stale, died } = heardBoot(state.peers, from, message, moment.now, timings, effects);
  const heard = peers === state.peers ? state : { ...state, peers };
  if (stale) return heard;
  const current = died === null ? heard : withDead(heard, from, moment, effects);
  switch (message.kind) {
    case "ping": {
      const { id } = state.setup;
      const seen = heardPing(current.peers, id, from, message, moment.now, timings, effects);
      const judged = judgeStanding({ ...current, peers: seen }, moment, effects);
      if (message.term <= current.election.durable.term) return judged;
      const around = surroundings(current, moment);
      return { ...judged, election: adoptTerm(current.election, message.term, around, effects) };
    }
    case "goodbye": {
      const gone = heardGoodbye(current.peers, from, effects);
      return withDead({ ...current, peers: gone.peers }, from, moment, effects);
    }
    case "assigned":
      return hearAssigned(current, from, message, moment, effects);
    case "pre-vote.request":
    case "pre-vote.reply":
    case "vote.request":
    case "vote.reply":
    case "heartbeat":
    case "heartbeat.reply":
    case "handover": {
      const around = surroundings(current, moment);
      const election = hearElection(current.election, from, message, around, effects);
      // The confirmation that makes a lease also ends the wait of those who came while nobody led.
      return answerWaiting({ ...current, election }, moment, effects);
    }
  }
};

const withDead = (state: NodeState, peer: NodeId, moment: Moment, effects: Effect[]): NodeState => ({
  ...state,
  election: leaderDied(state.election, peer, surroundings(state, moment), effects),
});

const onTick = (state: NodeState, moment: Moment, effects: Effect[]): NodeState => {
  const { now } = moment;
  const beats = now >= state.beatAt;
  const peers = beats
    ? judgeAll(state.peers, state.setup.id, now, state.setup.timings, effects)
    : state.peers;
  let next: NodeState = judgeStanding({ ...state, peers }, moment, effects);
  const around = surroundings(next, moment);
  next = { ...next, election: electionTick(next.election, around, effects) };
  if (around.electable !== 0) next = { ...next, electableSeenAt: now };
  if (beats) {
    next = watchQuorum(next, countOf(around.live), effects);
    next = giveWay(next, moment, effects);
    pingsTo(next, now, effects);
    next = {
      ...next,
      election: beat(next.election, around, effects),
      beatAt: after(now, state.setup.timings.heartbeatMs),
    };
  }
  return finishStop(answerWaiting(next, moment, effects), moment, effects);
};

const watchQuorum = (state: NodeState, live: number, effects: Effect[]): NodeState => {
  const needed = state.setup.majority;
  if (live >= needed) {
    if (state.quorum === "held") return state;
    if (state.quorum === "lost")
      effects.push({ kind: "log", event: { kind: "quorum.regained", live, needed } }, { kind: "changed" });
    return { ...state, quorum: "held" };
  }
  if (state.quorum !== "held") return state;
  effects.push({ kind: "log", event: { kind: "quorum.lost", live, needed } }, { kind: "changed" });
  return { ...state, quorum: "lost" };
};

/**
 * A leader goes when a higher id has been electable and in step for the stable window, which doubles with each
 * time that it broke off; and when it has not been fit to lead itself, if somebody else is.
 */
const giveWay = (state: NodeState, moment: Moment, effects: Effect[]): NodeState => {
  const { election, setup } = state;
  if (election.role.kind !== "leader") return state;
  const around = surroundings(state, moment);
  const others = withoutNode(around.electable, setup.id);
  const to = isUnfit(election, around) ? highestOf(others) : steadyHigher(state, moment);
  return to === null ? state : { ...state, election: handOver(election, to, around, effects) };
};

const steadyHigher = (state: NodeState, { now }: Moment): NodeId | null => {
  const { id, timings } = state.setup;
  let best: NodeId | null = null;
  for (const peer of state.peers) {
    if (peer.id <= id || peer.steadySince === null || !isLive(peer, now, timings)) continue;
    const inStep = peer.ping?.leader === id && peer.ping.term === state.election.durable.term;
    // The first return waits one window; each further break doubles it.
    const windows = Math.min(stableWindowsMax, 2 ** Math.max(0, peer.flaps - 1));
    if (inStep && now - peer.steadySince >= windows * timings.stableWindowMs) best = peer.id;
  }
  return best;
};

const onStop = (state: NodeState, moment: Moment, effects: Effect[]): NodeState => {
  if (state.stop.kind !== "no") return state;
  for (const offer of state.offers.waiting) noLeader(state, offer, effects);
  const { now } = moment;
  const { setup, election } = state;
  const around = surroundings(state, moment);
  const to =
    highestOf(withoutNode(around.electable, setup.id)) ?? highestOf(withoutNode(around.live, setup.id));
  const hands = election.role.kind === "leader" && to !== null;
  const waitMs = hands ? stopHeartbeatsMax * setup.timings.heartbeatMs : 0;
  const stopping: NodeState = {
    ...state,
    offers: { ...state.offers, waiting: [] },
    stop: { kind: "stopping", until: after(now, waitMs) },
    election: to === null ? election : handOver(election, to, around, effects),
  };
  return finishStop(stopping, moment, effects);
};

/** Says goodbye once a successor leads, or has had its time. */
const finishStop = (state: NodeState, { now }: Moment, effects: Effect[]): NodeState => {
  if (state.stop.kind !== "stopping") return state;
  const { boot } = state.election.durable;
  if (now < state.stop.until && state.election.leader === null) return state;
  for (const to of state.setup.peers) effects.push({ kind: "send", to, message: { kind: "goodbye", boot } });
  effects.push({ kind: "stopped" });
  return { ...state, stop: { kind: "stopped" } };
};
