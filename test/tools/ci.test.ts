/** What CI installs is what tests say they need, and the closing line counts what it should. */
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, expect, test, vi } from "vitest";
import { because, needs, packageOf } from "../support/skip.ts";

const root = join(import.meta.dirname, "..", "..");

afterEach(() => vi.unstubAllEnvs());

test(".ci/run installs the package of every program that a test may need", async () => {
  const script = await readFile(join(root, ".ci", "run"), "utf8");
  const declared = /package_of=\(([^)]*)\)/.exec(script)?.[1] ?? "";
  const installed = Object.fromEntries(
    [...declared.matchAll(/\[([\w-]+)\]=([\w-]+)/g)].map(([, program, debian]) => [program, debian]),
  );
  expect(installed).toEqual(packageOf);
});

test("a lack is a reason to skip, and an error where skips are forbidden", () => {
  vi.stubEnv("PATH", "/nowhere");
  vi.stubEnv("DISTINSTA_FORBID_SKIPS", "");
  expect(needs("age", "nft")).toBe("needs age (Debian package age), needs nft (Debian package nftables)");
  expect(because(needs("age"))).toBe(" (skipped: needs age (Debian package age))");
  vi.stubEnv("DISTINSTA_FORBID_SKIPS", "1");
  expect(() => needs("age")).toThrow("may not be skipped here, but it needs age");
});

/** Runs vitest with our reporter on a file of `source`; gives its exit code and what it printed. */
const runOf = async (source: string, forbidSkips = "") => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "distinsta-reporter-"));
  const reporter = join(root, "test", "support", "closing-line-reporter.ts");
  const config = { test: { globals: true, reporters: [reporter], passWithNoTests: true } };
  await writeFile(join(folder.path, "vitest.config.mjs"), `export default ${JSON.stringify(config)}`);
  if (source !== "") await writeFile(join(folder.path, "some.test.js"), source);
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const ended = await execa(process.execPath, [vitest, "run", "--root", folder.path], {
    reject: false,
    env: { DISTINSTA_FORBID_SKIPS: forbidSkips },
  });
  return { exitCode: ended.exitCode, lines: ended.stdout.trim().split("\n") };
};

const good = 'test("good", () => {});';
const wrong = 'test("wrong", () => { throw new Error("wrong"); });';

test.for([
  ["passes and failures", good + wrong, "1 passed, 1 failed", 1],
  ["only passes", good, "1 passed, 0 failed", 0],
  ["a skip where it is allowed", `${good} test.skip("later", () => {});`, "1 passed, 0 failed", 0],
  ["a file that does not load", 'throw new Error("at once");', "0 passed, 1 failed", 1],
  ["a stray rejection", `${good} Promise.reject(new Error("stray"));`, "1 passed, 1 failed", 1],
  ["no test at all", "", "0 passed, 0 failed", 1],
] as const)("the closing line counts %s", async ([, source, line, exitCode]) => {
  const ended = await runOf(source);
  expect(ended.lines.at(-1)).toBe(line);
  expect(ended.exitCode).toBe(exitCode);
});

test("where skips are forbidden a skipped test is named and fails the run", async () => {
  const ended = await runOf(`${good} test.skip("later", () => {});`, "1");
  expect(ended.lines.at(-2)).toMatch(/^skipped, but skips are forbidden here: .*some\.test\.js > later$/);
  expect(ended.lines.at(-1)).toBe("1 passed, 1 failed");
  expect(ended.exitCode).toBe(1);
});
