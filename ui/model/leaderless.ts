/**
 * How long nobody led.
 *
 * The node that wins says how long it was without a leader, and one that started a moment ago counts from its start.
 * Two others know more: this console, which saw that nobody led, and whoever told that the last leader was gone. The
 * longest of what is known is told.
 */
import type { LogEntry } from "../../core/model/events.ts";
import type { Term } from "../../core/model/ids.ts";
import type { WallMs } from "../../core/model/units.ts";
import type { ClusterView } from "./cluster.ts";
import type { Item, Moment } from "./timeline.ts";

/** A time without a leader, as the panes of this console showed it. */
export interface Leaderless {
  readonly since: WallMs;
  /** The term that ended it; null while it lasts. */
  readonly endedBy: Term | null;
}

/** It ends with the first term that shows, and is kept until the next one begins: logs may come later. */
export const leaderlessThen = (
  before: Leaderless | null,
  cluster: ClusterView | null,
  at: WallMs,
): Leaderless | null => {
  if (cluster === null) return before;
  const goesOn = before !== null && before.endedBy === null;
  if (cluster.leader === null) return goesOn ? before : { since: at, endedBy: null };
  return goesOn ? { ...before, endedBy: cluster.term } : before;
};

/** Before `term` began, which `entry` tells; 0 when nothing is known here. */
export const leaderlessMsOf = (
  entry: LogEntry,
  term: Term,
  recent: readonly Item[],
  moment: Moment,
): number => {
  const last = recent.findLast(({ told }) => told.sign === "★" && told.key !== `term ${term}`);
  const { leaderless } = moment;
  const seen = leaderless !== null && (leaderless.endedBy === null || leaderless.endedBy === term);
  // Two clocks: the console's own is not compared with a node's that is ahead of it.
  const seenMs = seen ? Math.min(entry.at, moment.at) - Math.max(leaderless.since, last?.at ?? 0) : 0;
  const lost = last === undefined ? undefined : lossOf(last, recent);
  return Math.max(0, seenMs, lost === undefined ? 0 : entry.at - lost.at);
};

/** When the leader was lost, unless it was heard of again since. */
const lossOf = (election: Item, recent: readonly Item[]): Item | undefined => {
  const word = recent.findLast(
    ({ told, number }) =>
      number > election.number &&
      told.node === election.told.node &&
      /^(down|up|started|stopped|stepped) /.test(told.key),
  );
  return word !== undefined && /^(down|stopped|stepped) /.test(word.told.key) ? word : undefined;
};
