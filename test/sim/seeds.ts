/** Many seeds in one test run, in batches, with proof at the end that they were not idle. */
import { expect, test } from "vitest";
import { addCounts, type Counters, noCounts } from "./counters.ts";
import { runSeed } from "./run.ts";

const seedsMax = 2_000;
const batch = 100;

/** What 2,000 seeds of three, four or five nodes bring at the very least. */
export const floorsOfMany: Partial<Counters> = {
  elections: 6_000,
  leaders: 5_000,
  handovers: 1_500,
  assignments: 30_000,
  leaseRefusals: 1_000,
  preVoteRefusals: 60_000,
  voteRefusals: 2_000,
  crashes: 10_000,
  crashesInMidStep: 3_000,
  diskFailures: 2_000,
  wipes: 500,
  stops: 3_000,
  partitions: 10_000,
  oneWayCuts: 2_000,
  storms: 2_000,
  freezes: 5_000,
  sleeps: 2_000,
  falseRefusals: 1_000,
  clockSettings: 2_000,
  unwell: 2_000,
};

/** `floors`: what must have happened at least so often in all seeds together. */
export const testSeeds = (nodes: number, floors: Partial<Counters>): void => {
  const total = noCounts();
  for (let first = 1; first <= seedsMax; first += batch) {
    const last = first + batch - 1;
    test(`seeds ${first} to ${last}: ${nodes} nodes keep every invariant for 20 virtual seconds`, () => {
      for (let seed = first; seed <= last; seed++) addCounts(total, runSeed({ seed, nodes }));
    });
  }

  test(`what was to happen to ${nodes} nodes did happen`, () => {
    const tooFew = Object.entries(floors).filter(([what, floor]) => total[what as keyof Counters] < floor);
    expect(tooFew, JSON.stringify(total)).toEqual([]);
  });
};
