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
import { type NodeId, nextTerm, type Term } from "../model/ids.ts";
import { after } from "../model/units.ts";
import { type Effect, neverMs } from "./effects.ts";
import { beat, leadTick, stepDown } from "./election-leader.ts";
import {
  type Election,
  type ElectionReason,
  electionDueAt,
  follower,
  fullTimer,
  hearsLeader,
  isSilent,
  preVoteRefusal,
  quickRepeatMs,
  type Surroundings,
  voteRefusal,
} from "./election-state.ts";
import { countOf, hasNode, noNodes, setOf, withNode } from "./node-set.ts";

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

/** Whoever sees a higher term steps down and adopts it (DESIGN §5.6). Lower and equal terms change nothing. */
export const adoptTerm = (
  state: Election,
  term: Term,
  around: Surroundings,
  effects: Effect[],
  votedFor: NodeId | null = null,
): Election => {
  if (term <= state.durable.term) return state;
  const stepped = stepDown(state, "higher-term", around, effects);
  const durable = { ...state.durable, term, votedFor };
  effects.push({ kind: "persist", state: durable }, { kind: "changed" });
  return { ...stepped, durable, role: follower, leader: null, endedTerm: null };
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
    effects.push(
      {
        kind: "log",
        event: {
          kind: "leader.lost",
          term: state.durable.term,
          leader: peer,
          silenceMs: now - state.leaderlessSince,
        },
      },
      { kind: "changed" },
    );
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

const onPreVoteRequest = (
  state: Election,
  from: NodeId,
  message: PreVoteRequest,
  around: Surroundings,
  effects: Effect[],
): Election => {
  const reason = preVoteRefusal(state, from, message.term, around);
  effects.push({
    kind: "send",
    to: from,
    message: {
      kind: "pre-vote.reply",
      boot: state.durable.boot,
      term: message.term,
      ownTerm: state.durable.term,
      granted: reason === null,
      reason,
    },
  });
  return state;
};

const onPreVoteReply = (
  state: Election,
  from: NodeId,
  message: PreVoteReply,
  around: Surroundings,
  effects: Effect[],
): Election => {
  if (message.ownTerm > state.durable.term) {
    // We asked for a term that is over. Ask again, soon, for one above the voter's.
    const adopted = adoptTerm(state, message.ownTerm, around, effects);
    if (state.role.kind !== "asking") return adopted;
    return { ...adopted, timerFrom: around.moment.now, timerMs: state.setup.timings.heartbeatMs };
  }
  if (state.role.kind !== "asking" || message.term !== state.role.term || !message.granted) return state;
  const granted = withNode(state.role.granted, from);
  return countOf(granted) >= state.setup.majority
    ? stand(state, around, state.role.reason, effects)
    : { ...state, role: { ...state.role, granted } };
};

const onVoteRequest = (
  state: Election,
  from: NodeId,
  message: VoteRequest,
  around: Surroundings,
  effects: Effect[],
): Election => {
  const reason = voteRefusal(state, from, message.term, message.handover, around);
  const { boot } = state.durable;
  const reply = (ownTerm: Term): void => {
    const granted = reason === null;
    effects.push(
      {
        kind: "log",
        event: granted
          ? { kind: "vote.granted", term: message.term, to: from }
          : { kind: "vote.refused", term: message.term, to: from, reason },
      },
      {
        kind: "send",
        to: from,
        message: { kind: "vote.reply", boot, term: message.term, ownTerm, granted, reason },
      },
    );
  };
  if (reason !== null) {
    reply(state.durable.term);
    return state;
  }
  let voted = state;
  if (message.term > state.durable.term) {
    voted = adoptTerm(state, message.term, around, effects, from);
  } else if (state.durable.votedFor === null) {
    voted = { ...state, durable: { ...state.durable, votedFor: from } };
    effects.push({ kind: "persist", state: voted.durable });
  }
  reply(message.term);
  return restartTimer(voted, around);
};

const onVoteReply = (
  state: Election,
  from: NodeId,
  message: VoteReply,
  around: Surroundings,
  effects: Effect[],
): Election => {
  if (message.ownTerm > state.durable.term) {
    const adopted = adoptTerm(state, message.ownTerm, around, effects);
    if (state.role.kind !== "candidate") return adopted;
    return { ...adopted, timerFrom: around.moment.now, timerMs: state.setup.timings.heartbeatMs };
  }
  if (state.role.kind !== "candidate" || message.term !== state.durable.term) return state;
  if (!message.granted) {
    const refused = withNode(state.role.refused, from);
    const nodes = state.setup.peers.length + 1;
    return nodes - countOf(refused) < state.setup.majority
      ? giveUp(state, around)
      : { ...state, role: { ...state.role, refused } };
  }
  const granted = withNode(state.role.granted, from);
  return countOf(granted) >= state.setup.majority
    ? lead(state, around, effects)
    : { ...state, role: { ...state.role, granted } };
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

/** Asks everybody for a pre-vote, or asks again. Promises older than one election timeout no longer count. */
const ask = (state: Election, around: Surroundings, reason: ElectionReason, effects: Effect[]): Election => {
  const { now } = around.moment;
  const { id, majority, timings } = state.setup;
  const again =
    state.role.kind === "asking" && now - state.role.since < timings.electionTimeoutMs ? state.role : null;
  const granted = again?.granted ?? setOf([id]);
  if (countOf(granted) >= majority) return stand(state, around, reason, effects);
  const term = nextTerm(state.durable.term);
  for (const to of state.setup.peers) {
    effects.push({ kind: "send", to, message: { kind: "pre-vote.request", boot: state.durable.boot, term } });
  }
  const repeatAt = after(now, state.leaderDead ? quickRepeatMs : timings.heartbeatMs);
  return { ...state, role: { kind: "asking", term, granted, since: again?.since ?? now, repeatAt, reason } };
};

/** Takes the next term, votes for itself, and says so only once both are on disk. */
const stand = (
  state: Election,
  around: Surroundings,
  reason: ElectionReason,
  effects: Effect[],
): Election => {
  const { now } = around.moment;
  const { id, majority, timings } = state.setup;
  const durable = { ...state.durable, term: nextTerm(state.durable.term), votedFor: id };
  const candidate: Election = {
    ...state,
    durable,
    leader: null,
    endedTerm: null,
    role: {
      kind: "candidate",
      granted: setOf([id]),
      refused: noNodes,
      handover: reason === "handover",
      since: now,
      repeatAt: after(now, timings.heartbeatMs),
    },
  };
  effects.push(
    { kind: "persist", state: durable },
    { kind: "log", event: { kind: "election.started", term: durable.term, reason } },
    { kind: "changed" },
  );
  return majority <= 1 ? lead(candidate, around, effects) : repeatVoteRequest(candidate, around, effects);
};

const repeatVoteRequest = (state: Election, around: Surroundings, effects: Effect[]): Election => {
  if (state.role.kind !== "candidate") return state;
  const { term, boot } = state.durable;
  const { handover, granted } = state.role;
  for (const to of state.setup.peers) {
    if (!hasNode(granted, to))
      effects.push({ kind: "send", to, message: { kind: "vote.request", boot, term, handover } });
  }
  const repeatAt = after(around.moment.now, state.setup.timings.heartbeatMs);
  return { ...state, role: { ...state.role, repeatAt } };
};

/** This term will have no leader from us. Others may be trying: wait by rank and jitter, not a whole timeout. */
const giveUp = (state: Election, around: Surroundings): Election => ({
  ...state,
  role: follower,
  timerFrom: around.moment.now,
  timerMs: state.setup.timings.jitterMsMax * around.moment.chance,
});

const lead = (state: Election, around: Surroundings, effects: Effect[]): Election => {
  const { now } = around.moment;
  const { id, peers } = state.setup;
  const role = {
    kind: "leader",
    since: now,
    confirmedAt: Array.from({ length: peers.length + 1 }, () => neverMs),
    electableAt: now,
  } as const;
  effects.push(
    { kind: "log", event: { kind: "leader.elected", term: state.durable.term, leader: id } },
    { kind: "changed" },
  );
  return beat({ ...state, role, leader: id, leaderlessSince: now, leaderDead: false }, around, effects);
};

const forgetSilentLeader = (state: Election, around: Surroundings, effects: Effect[]): Election => {
  const { now } = around.moment;
  if (state.leader === null || hearsLeader(state, now)) return state;
  effects.push(
    {
      kind: "log",
      event: {
        kind: "leader.lost",
        term: state.durable.term,
        leader: state.leader,
        silenceMs: now - state.leaderlessSince,
      },
    },
    { kind: "changed" },
  );
  return { ...state, leader: null };
};

const restartTimer = (state: Election, { moment }: Surroundings): Election => ({
  ...state,
  timerFrom: moment.now,
  timerMs: fullTimer(state.setup.timings, moment.chance),
});
