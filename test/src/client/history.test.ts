import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { historyLinesMax, openHistory } from "../../../src/client/history.ts";

const folder = mkdtempSync(join(tmpdir(), "distinsta-history-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const read = (path: string): readonly string[] => readFileSync(path, "utf8").split("\n").filter(Boolean);

test("lines are kept for the next run, for nobody else's eyes", () => {
  const path = join(folder, "kept");
  const history = openHistory(path);
  history.add("upload cat.png");
  history.add("list");
  expect(openHistory(path).lines).toEqual(["upload cat.png", "list"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("blank lines, repetitions, endless lines and control characters are not kept", () => {
  const path = join(folder, "clean");
  const history = openHistory(path);
  for (const line of ["", "  ", "list", "list", "x".repeat(5_000), "a\u001b[2Jb", "status", "list"])
    history.add(line);
  expect(read(path)).toEqual(["list", "status", "list"]);
});

test("two prompts at once keep each other's lines", () => {
  const path = join(folder, "shared");
  const [one, two] = [openHistory(path), openHistory(path)];
  one.add("list");
  two.add("status");
  one.add("get 5f3a9c01");
  expect(openHistory(path).lines).toEqual(["list", "status", "get 5f3a9c01"]);
});

test("the file is bounded: when it has grown, only the newest lines stay", () => {
  const path = join(folder, "long");
  const many = Array.from({ length: 2 * historyLinesMax + 1 }, (_, index) => `get ${index}`);
  writeFileSync(path, `${many.join("\n")}\n`);
  const history = openHistory(path);
  expect(read(path)).toEqual(many.slice(-historyLinesMax));
  for (let index = 0; index <= historyLinesMax; index++) history.add(`upload ${index}`);
  expect(read(path)).toHaveLength(historyLinesMax);
  expect(read(path).at(-1)).toBe(`upload ${historyLinesMax}`);
  expect(history.lines).toHaveLength(historyLinesMax);
});

test("where it cannot be written, it is kept for the run", () => {
  const history = openHistory(join(folder, "no", "such", "folder"));
  history.add("list");
  expect(history.lines).toEqual(["list"]);
});
