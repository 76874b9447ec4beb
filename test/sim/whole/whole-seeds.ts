/** Many seeds of whole nodes in one test file, in batches, with proof at the end that they were not idle. */
import { expect, test } from "vitest";
import { addWholeCounts, noWholeCounts, type WholeCounters } from "./whole-counters.ts";
import { runWholeSeed } from "./whole-run.ts";

const batch = 100;

export interface Share {
  readonly nodes: number;
  /** People share images with each other. */
  readonly sharing?: boolean;
  /** The first seed and the last. */
  readonly from: number;
  readonly to: number;
}

/** `floors`: what must have happened at least so often in all seeds together. */
export const testWholeSeeds = (shares: readonly Share[], floors: Partial<WholeCounters>): void => {
  const total = noWholeCounts();
  for (const { nodes, from, to, sharing = false } of shares) {
    for (let first = from; first <= to; first += batch) {
      const last = Math.min(to, first + batch - 1);
      test(`seeds ${first} to ${last}: ${nodes} nodes keep every promise`, { timeout: 300_000 }, async () => {
        for (let seed = first; seed <= last; seed++)
          addWholeCounts(total, await runWholeSeed({ seed, nodes, sharing }));
      });
    }
  }

  test("what was to happen did happen", () => {
    const tooFew = Object.entries(floors).filter(
      ([what, floor]) => total[what as keyof WholeCounters] < floor,
    );
    expect(tooFew, JSON.stringify(total)).toEqual([]);
  });
};

/** What a thousand seeds of three nodes bring at the very least: each kind of fault, and each repair. */
export const threeNodes: Partial<WholeCounters> = {
  uploads: 7_000,
  uploadsFailed: 20,
  retries: 1_000,
  fallbacks: 1_200,
  repeatedReceipts: 40,
  gets: 2_500,
  lists: 1_500,
  trashed: 900,
  restored: 700,
  purged: 600,
  expired: 300,
  cheats: 500,
  crashes: 1_200,
  powerCuts: 700,
  stops: 80,
  freezes: 180,
  partitions: 220,
  oneWayCuts: 80,
  clientCuts: 100,
  storms: 100,
  wipes: 80,
  backupsRestored: 2,
  indexesLost: 80,
  rots: 20,
  syncFailures: 100,
  writeFailures: 100,
  fullDisks: 100,
  clockSettings: 120,
  elections: 1_000,
  diskFailures: 100,
  rebuilds: 100,
  refills: 80,
  outdated: 1,
  copiesMade: 1_500,
  copiesDropped: 400,
  scrubFinds: 5,
  compactions: 400,
  digestRepairs: 3_000,
  recordsPulled: 30_000,
};
