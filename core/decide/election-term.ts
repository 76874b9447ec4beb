/**
 * Terms only rise, on disk first; and the timer that waits for a leader.
 */
import type { NodeId, Term } from "../model/ids.ts";
import type { Effect } from "./effects.ts";
import { stepDown } from "./election-leader.ts";
import { type Election, follower, fullTimer, type Surroundings, saved } from "./election-state.ts";

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
  const durable = saved(state.durable, { term, votedFor });
  effects.push({ kind: "persist", state: durable }, { kind: "changed" });
  return { ...stepped, durable, role: follower, leader: null, endedTerm: null };
};

/** The leader that we had is no more; the log says how long it was silent. */
export const logLost = (state: Election, leader: NodeId, around: Surroundings, effects: Effect[]): void => {
  const silenceMs = around.moment.now - state.leaderlessSince;
  effects.push(
    { kind: "log", event: { kind: "leader.lost", term: state.durable.term, leader, silenceMs } },
    { kind: "changed" },
  );
};

/** A whole election timeout from now, with new jitter. */
export const restartTimer = (state: Election, { moment }: Surroundings): Election => ({
  ...state,
  timerFrom: moment.now,
  timerMs: fullTimer(state.setup.timings, moment.chance),
});
