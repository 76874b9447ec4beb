import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const main = (...args: readonly string[]): { readonly status: number | null; readonly text: string } => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, "main.ts"), ...args],
    {
      encoding: "utf8",
    },
  );
  return { status, text: stdout + stderr };
};

test("one seed is told as a story, and twice as the same", () => {
  const first = main("7", "--seconds", "5");
  expect(first.status).toBe(0);
  expect(first.text).toContain("I am the new leader (term 1)");
  expect(first.text).toContain("Every invariant held.");
  expect(main("7", "--seconds", "5").text).toBe(first.text);
});

test("a mutant's story ends with the law that it broke", () => {
  const { status, text } = main("1", "--mutant", "forgets-vote");
  expect(status).toBe(1);
  expect(text).toMatch(
    /BROKEN: seed 1, 3 nodes, at \d+ ms: nothing is said of a term or vote that is not on disk/,
  );
});

test("many seeds are counted", () => {
  const { status, text } = main("--seeds", "3", "--nodes", "2", "--seconds", "3");
  expect(status).toBe(0);
  expect(text).toContain("3 seeds from 1, 2 nodes, 0 broken");
  expect(text).toMatch(/\d+ crashes/);
});

test.for([
  [[]],
  [["x"]],
  [["3", "--nodes", "10"]],
  [["3", "--mutant", "none"]],
  [["3", "--nonsense"]],
] as const)("%j is answered with how to ask", ([args]) => {
  const { status, text } = main(...args);
  expect(status).toBe(2);
  expect(text).toContain("npm run sim -- SEED");
});
