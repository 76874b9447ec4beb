/**
 * What a leader owes: a heartbeat each interval, to act only within its lease, and to go when it should.
 *
 * It goes in three ways. It steps down at once when a higher term exists or when no majority has confirmed it
 * for one election timeout. It hands over when a higher id has been steady for long enough, when it has not
 * been electable itself for one election timeout, and when it is stopped: then it first stops acting in its
 * term for good, and names a successor that may stand without waiting (DESIGN §5.8, §5.11).
 */
import type { Event } from "../model/events.ts";
import type { NodeId } from "../model/ids.ts";
import type { Effect } from "./effects.ts";
import { neverMs } from "./effects.ts";
import { confirmedSince, type Election, follower, fullTimer, type Surroundings } from "./election-state.ts";
import { hasNode } from "./node-set.ts";

/** Sends this interval's heartbeats. */
export const beat = (state: Election, around: Surroundings, effects: Effect[]): Election => {
  if (state.role.kind !== "leader") return state;
  const { term, boot } = state.durable;
  const { peers, timings } = state.setup;
  const message = {
    kind: "heartbeat",
    boot,
    term,
    leaseMs: timings.leaseMs,
    sentAt: around.moment.now,
  } as const;
  for (const to of peers) effects.push({ kind: "send", to, message });
  return state;
};

/** Steps down when no majority has answered for a whole election timeout: others may have elected by then. */
export const leadTick = (state: Election, around: Surroundings, effects: Effect[]): Election => {
  const { role, setup } = state;
  if (role.kind !== "leader") return state;
  const { now } = around.moment;
  const confirmed = Math.max(confirmedSince(state, now), role.since);
  if (now - confirmed >= setup.timings.electionTimeoutMs)
    return stepDown(state, "lease-lost", around, effects);
  return hasNode(around.electable, setup.id) ? { ...state, role: { ...role, electableAt: now } } : state;
};

/** Whether the leader has not been electable for so long that another should lead. */
export const isUnfit = (state: Election, around: Surroundings): boolean =>
  state.role.kind === "leader" &&
  around.moment.now - state.role.electableAt >= state.setup.timings.electionTimeoutMs;

/** Gives leadership up for good in this term and names who may stand next. A follower is left as it is. */
export const handOver = (state: Election, to: NodeId, around: Surroundings, effects: Effect[]): Election => {
  if (state.role.kind !== "leader") return state;
  const { term, boot } = state.durable;
  const ended = stepDown(state, "handover", around, effects);
  effects.push({ kind: "log", event: { kind: "leader.handed-over", term, to } });
  for (const peer of state.setup.peers) {
    effects.push({ kind: "send", to: peer, message: { kind: "handover", boot, term, to } });
  }
  return { ...ended, endedTerm: term };
};

/** Leads no more, whatever else happens in this term. A node that does not lead is left as it is. */
export const stepDown = (
  state: Election,
  reason: Extract<Event, { kind: "leader.stepped-down" }>["reason"],
  around: Surroundings,
  effects: Effect[],
): Election => {
  if (state.role.kind !== "leader") return state;
  const { now, chance } = around.moment;
  effects.push(
    { kind: "log", event: { kind: "leader.stepped-down", term: state.durable.term, reason } },
    { kind: "changed" },
  );
  return {
    ...state,
    role: follower,
    leader: null,
    leaderlessSince: now,
    timerFrom: now,
    timerMs: fullTimer(state.setup.timings, chance),
  };
};

/**
 * The machine was asleep: how long, no monotonic clock can say, so that nothing confirmed before counts any
 * more (DESIGN §5.7). After a sleep as long as an election timeout others have moved on.
 */
export const voidLease = (
  state: Election,
  sleptMs: number,
  around: Surroundings,
  effects: Effect[],
): Election => {
  if (state.role.kind !== "leader" || state.setup.peers.length === 0) return state;
  if (sleptMs >= state.setup.timings.electionTimeoutMs) return stepDown(state, "suspended", around, effects);
  const confirmedAt = state.role.confirmedAt.map(() => neverMs);
  return { ...state, role: { ...state.role, since: around.moment.now, confirmedAt } };
};
