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
  const first = main("elections", "7", "--seconds", "5");
  expect(first.status).toBe(0);
  expect(first.text).toContain("I am the new leader (term 1)");
  expect(first.text).toContain("Every invariant held.");
  expect(main("elections", "7", "--seconds", "5").text).toBe(first.text);
});

test("a mutant's story ends with the law that it broke", () => {
  const { status, text } = main("elections", "1", "--mutant", "forgets-vote");
  expect(status).toBe(1);
  expect(text).toMatch(
    /BROKEN: seed 1, 3 nodes, at \d+ ms: nothing is said of a term or vote that is not on disk/,
  );
});

test("many seeds are counted", () => {
  const { status, text } = main("elections", "--seeds", "3", "--nodes", "2", "--seconds", "3");
  expect(status).toBe(0);
  expect(text).toContain("3 seeds from 1, 2 nodes, 0 broken");
  expect(text).toMatch(/\d+ crashes/);
});

test("a seed of whole nodes is told as a story too, and twice as the same", () => {
  const first = main("5");
  expect(first.status).toBe(0);
  expect(first.text).toContain("stored image");
  expect(first.text).toContain("Every promise was kept.");
  expect(main("5").text).toBe(first.text);
});

test("many seeds of whole nodes are counted, and one that breaks a promise is made small", () => {
  const { status, text } = main("--seeds", "2", "--nodes", "2");
  expect(status).toBe(0);
  expect(text).toContain("2 seeds from 1, 2 nodes, 0 broken");
  expect(text).toMatch(/\d+ uploads/);
  const mutant = main("--seeds", "1", "--mutant", "fresh-nonce");
  expect(mutant.status).toBe(1);
  expect(mutant.text).toContain("BROKEN: what is read under an id is what was uploaded under it");
  const smaller = /smaller: npm run sim -- (1 --nodes 3 --ms \d+ .*--mutant fresh-nonce)/;
  const [, words = ""] = smaller.exec(mutant.text) ?? [];
  const again = main(...words.split(" "));
  expect(again.status).toBe(1);
  expect(again.text).toContain("BROKEN: what is read under an id is what was uploaded under it");
});

test.for([
  [[]],
  [["x"]],
  [["3", "--nodes", "10"]],
  [["3", "--mutant", "none"]],
  [["3", "--faults", "none"]],
  [["3", "--without", "none"]],
  [["3", "--nonsense"]],
  [["elections"]],
  [["elections", "3", "--mutant", "none"]],
] as const)("%j is answered with how to ask", ([args]) => {
  const { status, text } = main(...args);
  expect(status).toBe(2);
  expect(text).toContain("npm run sim -- SEED");
});
