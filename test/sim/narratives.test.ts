import { expect, test } from "vitest";
import { election, failOver, partition } from "./narratives.ts";

test.for([
  ["an-election", election],
  ["a-fail-over", failOver],
  ["a-partition", partition],
] as const)("the story of %s is as it was told", async ([name, tell]) => {
  await expect(tell()).toMatchFileSnapshot(`../golden/${name}.golden.txt`);
});
