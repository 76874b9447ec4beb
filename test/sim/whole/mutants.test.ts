import { expect, test } from "vitest";
import type { PromiseName } from "./ledger.ts";
import { wholeMutants } from "./mutants.ts";
import type { FaultName } from "./whole-faults.ts";
import { brokenBy } from "./whole-shrink.ts";

interface Death {
  readonly nodes: number;
  /** A seed in which it died when this was written; the search begins there. */
  readonly seed: number;
  /** For those that only a rare order kills: what makes it less rare. */
  readonly faults?: readonly FaultName[];
  readonly durationMs?: number;
}

/** A change of the code changes the stories of all seeds; then another soon after it kills. */
const seedsMax = 150;

const deaths: Readonly<Record<string, Death>> = {
  "record-before-payload": { nodes: 3, seed: 3 },
  "acknowledges-early": { nodes: 3, seed: 79 },
  "two-of-five": { nodes: 5, seed: 23 },
  "fresh-nonce": { nodes: 3, seed: 1 },
  "takes-other-bytes": { nodes: 5, seed: 4 },
  "stops-at-zeros": { nodes: 3, seed: 212, durationMs: 3_000, faults: ["powerCut", "blackout", "crash"] },
  "trusts-index": { nodes: 5, seed: 240, durationMs: 3_000, faults: ["oldBackup", "powerCut", "mend"] },
  "announces-early": { nodes: 3, seed: 26 },
  "recycles-segments": { nodes: 3, seed: 35, durationMs: 6_000 },
  "no-hash-check": { nodes: 3, seed: 38 },
  "reads-alone": { nodes: 5, seed: 3 },
  "forgets-by-itself": { nodes: 3, seed: 21 },
  "rests-for-ever": { nodes: 3, seed: 70, durationMs: 12_000, faults: ["partition", "mend", "cutOneWay"] },
  "keeps-entries": { nodes: 3, seed: 2 },
  "erases-alone": { nodes: 3, seed: 1, durationMs: 6_000, faults: ["setClock", "partition", "mend"] },
  "payloads-by-hash": { nodes: 3, seed: 60, durationMs: 2_000, faults: ["crash", "powerCut", "mend"] },
  "over-holes": { nodes: 1, seed: 21, durationMs: 6_000, faults: ["indexWriteFails"] },
  "answers-with-holes": { nodes: 1, seed: 1, durationMs: 6_000, faults: ["indexWriteFails"] },
  "answers-unfilled": { nodes: 5, seed: 6 },
  "fills-from-one": { nodes: 3, seed: 64, durationMs: 5_000, faults: ["wipeApart"] },
  "fills-at-once": { nodes: 3, seed: 1 },
  "merges-backup": {
    nodes: 5,
    seed: 12,
    durationMs: 3_000,
    faults: ["oldBackup", "powerCut", "partition", "mend"],
  },
  "syncs-again": { nodes: 3, seed: 4, durationMs: 2_000, faults: ["syncFails", "powerCut", "blackout"] },
  "no-write-back": { nodes: 3, seed: 39, durationMs: 3_000, faults: ["partition", "mend", "crash"] },
};

const deathOf = async (name: string, { seed, ...plan }: Death): Promise<PromiseName | null> => {
  const mutant = wholeMutants.find((candidate) => candidate.name === name);
  if (mutant === undefined) throw new RangeError(`no mutant ${name}`);
  for (let next = seed; next < seed + seedsMax; next++) {
    const broken = await brokenBy({ seed: next, ...plan, parts: mutant.parts() });
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
