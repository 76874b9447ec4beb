/**
 * How the timings of an election must fit each other. Each alone may be in bounds and the whole still unsafe.
 */
import type { Timings } from "../../model/config.ts";

export interface BrokenRelation {
  /** The key of `[cluster]` at which it is told. */
  readonly key: string;
  /** Names the keys with their numbers, and what would be right. */
  readonly problem: string;
}

/** The relations that do not hold, each with the actual numbers; none when the timings are safe. */
export const brokenRelations = (timings: Timings): readonly BrokenRelation[] => {
  const { heartbeatMs, electionTimeoutMs, rankStepMs, jitterMsMax, leaseMs, stableWindowMs } = timings;
  // A tenth more, for clocks that differ in speed; in whole numbers, because 1.1 × 200 is not 220 in binary.
  const leaseEndsMs = Math.ceil((11 * leaseMs) / 10) + heartbeatMs;
  const relations: readonly (BrokenRelation & { readonly holds: boolean })[] = [
    {
      // DESIGN: a voter grants nothing within the timeout of a heartbeat that it acknowledged, so a lease that
      // is over by then never overlaps with the next leader's.
      holds: leaseEndsMs <= electionTimeoutMs,
      key: "lease_ms",
      problem: `1.1 × lease_ms ${leaseMs} + heartbeat_ms ${heartbeatMs} = ${leaseEndsMs}, want at most election_timeout_ms ${electionTimeoutMs}, or two leaders could act at once`,
    },
    {
      holds: 2 * heartbeatMs <= leaseMs,
      key: "heartbeat_ms",
      problem: `2 × heartbeat_ms ${heartbeatMs} = ${2 * heartbeatMs}, want at most lease_ms ${leaseMs}, or one late heartbeat would stop the leader`,
    },
    {
      holds: jitterMsMax <= rankStepMs,
      key: "jitter_ms_max",
      problem: `jitter_ms_max ${jitterMsMax}, want at most rank_step_ms ${rankStepMs}, or chance would outweigh the rank`,
    },
    {
      holds: stableWindowMs >= electionTimeoutMs,
      key: "stable_window_ms",
      problem: `stable_window_ms ${stableWindowMs}, want at least election_timeout_ms ${electionTimeoutMs}, or a leader would hand over to a node that is already gone`,
    },
  ];
  return relations.filter((relation) => !relation.holds).map(({ key, problem }) => ({ key, problem }));
};
