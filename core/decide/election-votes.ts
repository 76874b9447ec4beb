/**
 * Asking for votes and giving them: the pre-vote, which changes nothing, and the vote, which is on disk before
 * anybody hears of it.
 */
import type { PreVoteReply, PreVoteRequest, VoteReply, VoteRequest } from "../model/control.ts";
import { type NodeId, nextTerm, type Term } from "../model/ids.ts";
import { after } from "../model/units.ts";
import { type Effect, neverMs } from "./effects.ts";
import { beat } from "./election-leader.ts";
import {
  type Election,
  type ElectionReason,
  follower,
  preVoteRefusal,
  quickRepeatMs,
  type Surroundings,
  saved,
  voteRefusal,
} from "./election-state.ts";
import { adoptTerm, restartTimer } from "./election-term.ts";
import { countOf, hasNode, noNodes, setOf, withNode } from "./node-set.ts";

export const onPreVoteRequest = (
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

export const onPreVoteReply = (
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

export const onVoteRequest = (
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
    voted = { ...state, durable: saved(state.durable, { votedFor: from }) };
    effects.push({ kind: "persist", state: voted.durable });
  }
  reply(message.term);
  return restartTimer(voted, around);
};

export const onVoteReply = (
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

/** Asks everybody for a pre-vote, or asks again. Promises older than one election timeout no longer count. */
export const ask = (
  state: Election,
  around: Surroundings,
  reason: ElectionReason,
  effects: Effect[],
): Election => {
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
export const stand = (
  state: Election,
  around: Surroundings,
  reason: ElectionReason,
  effects: Effect[],
): Election => {
  const { now } = around.moment;
  const { id, majority, timings } = state.setup;
  const durable = saved(state.durable, { term: nextTerm(state.durable.term), votedFor: id });
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

export const repeatVoteRequest = (state: Election, around: Surroundings, effects: Effect[]): Election => {
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
export const giveUp = (state: Election, around: Surroundings): Election => ({
  ...state,
  role: follower,
  timerFrom: around.moment.now,
  timerMs: state.setup.timings.jitterMsMax * around.moment.chance,
});

const lead = (state: Election, around: Surroundings, effects: Effect[]): Election => {
  const { now } = around.moment;
  const { id, peers } = state.setup;
  const { term } = state.durable;
  const role = {
    kind: "leader",
    since: now,
    confirmedAt: Array.from({ length: peers.length + 1 }, () => neverMs),
    electableAt: now,
  } as const;
  effects.push(
    { kind: "log", event: { kind: "leader.elected", term, leader: id } },
    { kind: "log", event: { kind: "leaderless.ended", term, leaderlessMs: now - state.leaderlessSince } },
    { kind: "changed" },
  );
  return beat({ ...state, role, leader: id, leaderlessSince: now, leaderDead: false }, around, effects);
};
