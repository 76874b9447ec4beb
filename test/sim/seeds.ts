/** Many seeds in one test run, in batches, with proof at the end that they were not idle. */
import { expect, test } from "vitest";
import { addCounts, type Counters, noCounts } from "./counters.ts";
import { runSeed } from "./run.ts";

const seedsMax = 2_000;
const batch = 100;

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
