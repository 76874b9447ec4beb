/**
 * Whether something that failed is worth another try, and when.
 *
 * Some faults pass by themselves: a majority that is just finding each other again, a node that starts, a queue that is
 * full. What failed for such a reason is tried again, after a pause that doubles each time, until patience is gone.
 */
import type { Fault, FaultCode } from "../model/faults.ts";
import { after, type MonotonicMs } from "../model/units.ts";

export interface PauseRules {
  readonly pauseMsMin: number;
  readonly pauseMsMax: number;
}

/** How long to wait after the `attempt`-th failure, counted from 1. */
export const pauseMsAfter = (attempt: number, { pauseMsMin, pauseMsMax }: PauseRules): number =>
  Math.min(pauseMsMax, pauseMsMin * 2 ** Math.min(attempt - 1, 10));

export interface AskRules extends PauseRules {
  /** After this much time without an answer the client gives up. */
  readonly patienceMs: number;
}

/**
 * For what any server can answer. Two elections, and the reconnecting after a cable was plugged in again, fit in; an
 * outage that lasts is told soon enough.
 */
export const askRules: AskRules = { patienceMs: 5_000, pauseMsMin: 50, pauseMsMax: 500 };

/** When to ask all servers again, of which none could answer; null when that is of no use. */
export const askAgainAt = (
  problem: Fault,
  round: number,
  since: MonotonicMs,
  now: MonotonicMs,
  rules: AskRules = askRules,
): MonotonicMs | null => {
  if (!momentary.has(problem.code) || now - since >= rules.patienceMs) return null;
  return after(now, pauseMsAfter(round, rules));
};

/** What servers say that are there, and will know more in a moment. */
const momentary: ReadonlySet<FaultCode> = new Set<FaultCode>(["NO_QUORUM", "NODE_NOT_READY", "BUSY"]);
