import { expect, test } from "vitest";
import { mutants } from "./mutants.ts";
import { type Invariant, Violation } from "./oracle.ts";
import { runSeed } from "./run.ts";

interface Death {
  readonly seed: number;
  readonly invariant: Invariant;
}

const seedsMax = 100;
const nodeCounts = [3, 5];

/** The first seed, by number of nodes, in which a mutant breaks something. */
const firstDeath = (name: string, byHarmAlone: boolean): Death | null => {
  const mutant = mutants.find((candidate) => candidate.name === name);
  if (mutant === undefined) throw new RangeError(`no mutant ${name}`);
  for (let seed = 1; seed <= seedsMax; seed++) {
    for (const nodes of nodeCounts) {
      try {
        runSeed({ seed, nodes, machine: mutant.machine, byHarmAlone });
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        return { seed, invariant: error.invariant };
      }
    }
  }
  return null;
};

/** Which law each is caught breaking. `counts-old-votes` needs an order so rare that only the search finds it. */
const caught: Readonly<Record<string, readonly Invariant[]>> = {
  "quorum-too-small": ["oneLeader", "leaseHeld", "notPushed"],
  "votes-twice": ["voteStays"],
  "forgets-vote": ["onDiskFirst"],
  "forgets-term": ["onDiskFirst"],
  "sends-first": ["onDiskFirst"],
  "ignores-lease": ["leaseHeld"],
  "self-preempts": ["notPushed", "highestLeads"],
  "accepts-lower-term": ["termGrows"],
  "acts-after-freeze": ["leaseHeld"],
  "sleeps-over-lease": ["leaseHeld"],
  "votes-after-restart": ["silence"],
  "keeps-leading": ["higherTermWins"],
  "believes-hearsay": ["promise"],
  "handover-hangs": ["elects"],
  "leads-on": ["handedOver"],
  "breaks-promise": ["promise"],
  "skips-pre-vote": ["notPushed"],
};

test("the ledger names every mutant", () => {
  const names = mutants.map(({ name }) => name).filter((name) => name !== "counts-old-votes");
  expect(Object.keys(caught).sort()).toEqual(names.sort());
});

test.for(Object.entries(caught))(`the mutant %s dies within ${seedsMax} seeds`, ([name, invariants]) => {
  expect(firstDeath(name, false)?.invariant).toBeOneOf([...invariants]);
});

/** The faults are foul enough for these to do harm, not only to break a law that prevents it. */
const harmful: readonly string[] = [
  "quorum-too-small",
  "votes-twice",
  "forgets-term",
  "sends-first",
  "ignores-lease",
  "self-preempts",
  "accepts-lower-term",
  "acts-after-freeze",
  "sleeps-over-lease",
  "handover-hangs",
];

test.for(harmful)("the mutant %s does harm that is seen without knowing the law", (name) => {
  expect(firstDeath(name, true)).not.toBeNull();
});
