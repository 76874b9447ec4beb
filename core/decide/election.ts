/**
 * Who leads?
 *
 * The highest live id should, as in the Bully algorithm (Garcia-Molina, "Elections in a distributed computing
 * system", 1982). Bully alone elects two leaders under a partition, so ids only decide who asks first and whom
 * others wait for; what makes a leader is a majority of votes in a numbered term, as in Raft (Ongaro and
 * Ousterhout, 2014), after a round of pre-votes that changes nothing (Ongaro's thesis, §9.6).
 *
 * A leader that is alone must stop before anybody else can start: it acts only within a lease that a majority
 * confirms, and who has confirmed a lease votes for nobody else until it has run out.
 *
 * Every function here takes a state and returns the next, appending what is to be done to `effects`, in order.
 */
import type {
  Handover,
  Heartbeat,
  HeartbeatReply,
  PreVoteReply,
  PreVoteRequest,
  VoteReply,
  VoteRequest,
} from "../model/control.ts";
import type { NodeId } from "../model/ids.ts";
import { after } from "../model/units.ts";
import { type Effect, neverMs } from "./effects.ts";
import { leadTick } from "./election-leader.ts";
import {
  type Election,
  electionDueAt,
  follower,
  fullTimer,
  hearsLeader,
  isSilent,
  type Surroundings,
} from "./election-state.ts";
import { adoptTerm, logLost, restartTimer } from "./election-term.ts";
import {
  ask,
  giveUp,
  onPreVoteReply,
  onPreVoteRequest,
  onVoteReply,
  onVoteRequest,
  repeatVoteRequest,
  stand,
} from "./election-votes.ts";

export type ElectionMessage =
  | PreVoteRequest
  | PreVoteReply
  | VoteRequest
  | VoteReply
  | Heartbeat
  | HeartbeatReply
  | Handover;

/** A message of the election from a peer whose boot is current. */
export const hearElection = (
  state: Election,
  from: NodeId,
  message: ElectionMessage,
  around: Surroundings,
  effects: Effect[],
): Election => {
  switch (message.kind) {
    case "pre-vote.request":
      return onPreVoteRequest(state, from, message, around, effects);
    case "pre-vote.reply":
      return onPreVoteReply(state, from, message, around, effects);
    case "vote.request":
      return onVoteRequest(state, from, message, around, effects);
    case "vote.reply":
      return onVoteReply(state, from, message, around, effects);
    case "heartbeat":
      return onHeartbeat(state, from, message, around, effects);
    case "heartbeat.reply":
      return onHeartbeatReply(state, from, message, around, effects);
    case "handover":
      return onHandover(state, from, message, around, effects);
  }
};

/** Our own evidence that `peer` is dead: if it led, nobody has to wait for it any longer (DESIGN §5.10). */
export const leaderDied = (
  state: Election,
  peer: NodeId,
  around: Surroundings,
  effects: Effect[],
): Election => {
  const { now } = around.moment;
  const released = state.heardFrom === peer ? { ...state, heardAt: neverMs, heardFrom: null } : state;
  // Somebody else leads by now, perhaps we do.
  if (released.leader !== peer && (released === state || released.leader !== null)) return released;
  if (state.leader === peer) {
    logLost(state, peer, around, effects);
  }
  return { ...released, leader: null, timerFrom: now, timerMs: 0, leaderDead: true };
};

/** Time has passed. */
export const electionTick = (state: Election, around: Surroundings, effects: Effect[]): Election => {
  const { now } = around.moment;
  switch (state.role.kind) {
    case "leader":
      return leadTick(state, around, effects);
    case "follower": {
      const current = forgetSilentLeader(state, around, effects);
      // What it confirmed binds its own vote too.
      const bound = isSilent(current, now) || hearsLeader(current, now);
      if (bound || !around.mayStand || now < electionDueAt(current, around)) return current;
      return ask(current, around, current.leaderDead ? "leader-dead" : "timeout", effects);
    }
    case "asking":
      if (!around.mayStand) return { ...state, role: follower };
      return now < state.role.repeatAt ? state : ask(state, around, state.role.reason, effects);
    case "candidate":
      if (now >= after(state.role.since, state.setup.timings.electionTimeoutMs)) return giveUp(state, around);
      return now < state.role.repeatAt ? state : repeatVoteRequest(state, around, effects);
  }
};

const onHeartbeat = (
  state: Election,
  from: NodeId,
  message: Heartbeat,
  around: Surroundings,
  effects: Effect[],
): Election => {
  const current = adoptTerm(state, message.term, around, effects);
  const { term, boot } = current.durable;
  // A node without its old disk confirms nothing: it may have promised something that it has forgotten.
  const accepted = message.term === term && current.endedTerm !== term && !around.rebuilding;
  const reply: Effect = {
    kind: "send",
    to: from,
    message: { kind: "heartbeat.reply", boot, term, accepted, sentAt: message.sentAt },
  };
  if (message.term < term || current.endedTerm === term) {
    effects.push(reply);
    return current;
  }
  if (current.role.kind === "leader")
    throw new Error(`nodes ${from} and ${state.setup.id} both lead term ${term}`);
  if (current.leader !== from) {
    effects.push({ kind: "log", event: { kind: "leader.elected", term, leader: from } }, { kind: "changed" });
  }
  effects.push(reply);
  const { now, chance } = around.moment;
  return {
    ...current,
    role: follower,
    leader: from,
    heardAt: now,
    heardFrom: from,
    leaderlessSince: now,
    timerFrom: now,
    timerMs: fullTimer(state.setup.timings, chance),
    leaderDead: false,
  };
};

const onHeartbeatReply = (
  state: Election,
  from: NodeId,
  message: HeartbeatReply,
  around: Surroundings,
  effects: Effect[],
): Election => {
  if (message.term > state.durable.term) return adoptTerm(state, message.term, around, effects);
  if (state.role.kind !== "leader" || message.term !== state.durable.term || !message.accepted) return state;
  const known = state.role.confirmedAt[from - 1] ?? neverMs;
  if (message.sentAt <= known || message.sentAt < state.role.since) return state;
  return {
    ...state,
    role: { ...state.role, confirmedAt: state.role.confirmedAt.with(from - 1, message.sentAt) },
  };
};

/** The leader of our term acts no more. Its choice stands at once; for everybody else the timer starts now. */
const onHandover = (
  state: Election,
  from: NodeId,
  message: Handover,
  around: Surroundings,
  effects: Effect[],
): Election => {
  if (message.term < state.durable.term) return state;
  const { now } = around.moment;
  const current = adoptTerm(state, message.term, around, effects);
  if (current.endedTerm === message.term || (current.leader !== null && current.leader !== from))
    return current;
  const ended = { ...restartTimer(current, around), role: follower, leader: null, endedTerm: message.term };
  effects.push({ kind: "changed" });
  const chosen = message.to === state.setup.id && around.mayStand && !isSilent(state, now);
  return chosen ? stand(ended, around, "handover", effects) : ended;
};

const forgetSilentLeader = (state: Election, around: Surroundings, effects: Effect[]): Election => {
  const { now } = around.moment;
  // The timer runs from its last heartbeat, and stands while we do.
  const heardUntil = after(state.timerFrom, state.setup.timings.electionTimeoutMs);
  if (state.leader === null || hearsLeader(state, now) || now < heardUntil) return state;
  logLost(state, state.leader, around, effects);
  return { ...state, leader: null };
};
