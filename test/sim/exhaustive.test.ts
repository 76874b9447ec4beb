import { expect, test } from "vitest";
import { realMachine } from "../../core/io/driver.ts";
import { type SearchResult, search } from "./exhaustive.ts";
import { mutants } from "./mutants.ts";
import type { Invariant } from "./oracle.ts";

const searchWith = (machine: typeof realMachine, crashesMax: number, handovers: boolean): SearchResult =>
  search({ machine, nodes: 3, termMax: 2, crashesMax, handovers, statesMax: 1_000_000 });

test("no order of messages, timeouts, hand-overs and two crashes makes two leaders in a term", () => {
  const result = searchWith(realMachine, 2, true);
  expect(result.broken).toBeNull();
  // A search that got smaller by accident would prove less.
  expect(result.states).toBeGreaterThan(100_000);
  expect(result.steps).toBeGreaterThan(1_000_000);
});

test("nor does a third crash", () => {
  const result = searchWith(realMachine, 3, false);
  expect(result.broken).toBeNull();
  expect(result.states).toBeGreaterThan(50_000);
});

/** What rests on votes, terms and the disk alone is found here, with the shortest way there. */
const found: readonly (readonly [string, Invariant])[] = [
  ["quorum-too-small", "oneLeader"],
  ["votes-twice", "voteStays"],
  ["forgets-vote", "voteStays"],
  ["forgets-term", "termGrows"],
  ["sends-first", "termGrows"],
  ["accepts-lower-term", "termGrows"],
  ["counts-old-votes", "oneLeader"],
];

test.for(found)("the mutant %s breaks %s in some order", ([name, invariant]) => {
  const mutant = mutants.find((candidate) => candidate.name === name);
  const result = searchWith(mutant?.machine ?? realMachine, 2, true);
  expect(result.broken?.invariant).toBe(invariant);
  expect(result.broken?.path.length).toBeLessThanOrEqual(8);
});
