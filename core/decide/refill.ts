/**
 * Filling a disk that came back empty: from whom, and when is it done?
 *
 * What was acknowledged is on W nodes, of which this one may have been one. So it takes the change feeds of N − W + 1
 * others whose disks are in order: one of them knows whatever a majority ever knew. The same holds for terms and
 * votes; but a vote that this node gave and forgot may still be on its way, so the last pass begins when two election
 * timeouts have gone by since the node came back (with two seconds of a hundred for slow clocks), and only words count
 * that were heard after that.
 */
import type { NodeId } from "../model/ids.ts";
import { after, type MonotonicMs } from "../model/units.ts";

export interface RefillRules {
  readonly nodes: number;
  readonly majority: number;
  readonly electionTimeoutMs: number;
  /** The operator gives up what only missing nodes may have. */
  readonly acceptLoss: boolean;
}

/** A live peer whose disk is in order. */
export interface RefillSource {
  readonly node: NodeId;
  readonly heardAt: MonotonicMs;
}

export type RefillStep =
  | { readonly kind: "wait"; readonly for: readonly NodeId[] }
  /** Take all that these know; `last`: when that is done the disk is filled. */
  | {
      readonly kind: "pull";
      readonly from: readonly NodeId[];
      readonly needed: number;
      readonly last: boolean;
    };

/** Clocks of two machines may differ in pace. */
const slowClockShare = 1.02;

export const refillStep = (
  sources: readonly RefillSource[],
  peers: readonly NodeId[],
  startedAt: MonotonicMs,
  now: MonotonicMs,
  rules: RefillRules,
): RefillStep => {
  const wanted = rules.nodes - rules.majority + 1;
  const lastFrom = after(startedAt, 2 * rules.electionTimeoutMs * slowClockShare);
  const last = now >= lastFrom;
  const usable = last ? sources.filter(({ heardAt }) => heardAt >= lastFrom) : sources;
  const from = usable.map(({ node }) => node);
  if (from.length >= wanted) return { kind: "pull", from, needed: wanted, last };
  // Who lives is not given up, only waited for: it is about to be heard again, or falls silent.
  if (rules.acceptLoss && from.length === sources.length)
    return { kind: "pull", from, needed: from.length, last };
  return { kind: "wait", for: peers.filter((peer) => !from.includes(peer)) };
};
