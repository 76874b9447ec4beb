import { expect, test } from "vitest";
import type { PromiseName } from "./ledger.ts";
import { wholeMutants } from "./mutants.ts";
import { brokenBy } from "./whole-shrink.ts";

interface Death {
  readonly nodes: number;
  /** A seed in which it died when this was written; the search begins there. */
  readonly seed: number;
}

/** A change of the code changes the stories of all seeds; then another soon after it kills. */
const seedsMax = 150;

const deaths: Readonly<Record<string, Death>> = {};

const deathOf = async (name: string, { nodes, seed }: Death): Promise<PromiseName | null> => {
  const mutant = wholeMutants.find((candidate) => candidate.name === name);
  if (mutant === undefined) throw new RangeError(`no mutant ${name}`);
  for (let next = seed; next < seed + seedsMax; next++) {
    const broken = await brokenBy({ seed: next, nodes, parts: mutant.parts() });
    if (broken !== null) return broken.promise;
  }
  return null;
};

test("the ledger names every mutant", () => {
  expect(Object.keys(deaths).sort()).toEqual(wholeMutants.map(({ name }) => name).sort());
});

test.for(Object.entries(deaths))("the mutant %s dies", { timeout: 300_000 }, async ([name, death]) => {
  expect(await deathOf(name, death)).not.toBeNull();
});
