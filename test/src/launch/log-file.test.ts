import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openLogFile } from "../../../src/launch/log-file.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "log-file-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("the file is there before the first line, and keeps what was in it", () => {
  const path = join(folder, "node1.log");
  openLogFile(path);
  expect(readFileSync(path, "utf8")).toBe("");
  openLogFile(path).add("one");
  openLogFile(path).add("two");
  expect(readFileSync(path, "utf8")).toBe("one\ntwo\n");
});

test("a long file is begun anew, and the one before stays", () => {
  const path = join(folder, "node1.log");
  const log = openLogFile(path, 5);
  for (const line of ["first", "second", "third"]) log.add(line);
  expect(readFileSync(`${path}.old`, "utf8")).toBe("second\n");
  expect(readFileSync(path, "utf8")).toBe("third\n");
});

test("where nothing can be written nothing fails", () => {
  const path = join(folder, "gone", "node1.log");
  openLogFile(path).add("one");
  expect(existsSync(path)).toBe(false);
});
