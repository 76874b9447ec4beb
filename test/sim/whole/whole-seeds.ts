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
  uploads: 8_000,
  uploadsFailed: 1,
  retries: 1_200,
  fallbacks: 1_500,
  repeatedReceipts: 90,
  gets: 2_500,
  getsFailed: 25,
  lists: 1_800,
  trashed: 1_000,
  restored: 900,
  purged: 700,
  expired: 250,
  changesFailed: 60,
  cheats: 700,
  crashes: 1_200,
  powerCuts: 800,
  stops: 100,
  freezes: 220,
  partitions: 280,
  oneWayCuts: 80,
  clientCuts: 140,
  storms: 150,
  wipes: 140,
  backupsRestored: 5,
  indexesLost: 130,
  rots: 50,
  syncFailures: 140,
  writeFailures: 140,
  indexWriteFailures: 90,
  fullDisks: 150,
  clockSettings: 150,
  elections: 1_200,
  diskFailures: 140,
  rebuilds: 180,
  refills: 150,
  outdated: 3,
  setAside: 1,
  copiesMade: 1_200,
  copiesDropped: 600,
  scrubFinds: 8,
  compactions: 400,
  digestRepairs: 3_500,
  ownFiles: 600,
  ownFilesRemoved: 60,
  recordsPulled: 40_000,
};
