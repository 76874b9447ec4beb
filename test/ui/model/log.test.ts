import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeId } from "../../../core/model/ids.ts";
import {
  appendLog,
  emptyLog,
  firstLogView,
  type Log,
  type LogView,
  logLinesMax,
  logTextMax,
  logWindow,
  nextLevel,
  type Said,
  saidOf,
  scrollLog,
} from "../../../ui/model/log.ts";
import type { Filter } from "../../../ui/model/log-filter.ts";
import { storyEntries } from "../scenes.ts";

const said = (text: string, changes: Partial<Said> = {}): Said => ({
  at: 0,
  node: nodeId(1),
  level: "info",
  kind: null,
  text,
  ...changes,
});
const plain = (text: string): Filter => ({ text, regex: false });
const numbered = (count: number): Log =>
  appendLog(
    emptyLog,
    Array.from({ length: count }, (_, index) => said(`line ${index}`)),
  );
const textOf = (log: Log, view: LogView, rows: number): readonly string[] =>
  logWindow(log, view, rows).lines.map((line) => line.text);

describe("the log's bounds", () => {
  test("the newest lines stay, however they come, and their numbers go on", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4_000), { maxLength: 8 }), (sizes) => {
        const all = sizes.flatMap((size, batch) => [
          Array.from({ length: size }, (_, i) => said(`${batch} ${i}`)),
        ]);
        const log = all.reduce(appendLog, emptyLog);
        const total = sizes.reduce((sum, size) => sum + size, 0);
        expect(log.lines.length).toBe(Math.min(total, logLinesMax));
        expect(log.sequenceNext).toBe(total);
        expect(log.lines.at(-1)?.sequence ?? -1).toBe(total - 1);
        expect(log.lines[0]?.sequence ?? 0).toBe(Math.max(0, total - logLinesMax));
        expect(log.lines.at(-1)?.text).toBe(all.flat().at(-1)?.text);
      }),
      { numRuns: 30 },
    );
  });

  test("a batch larger than the log leaves its end", () => {
    const log = numbered(logLinesMax + 5);
    expect(log.lines.length).toBe(logLinesMax);
    expect(log.lines[0]?.text).toBe("line 5");
  });

  test("a sentence is cut, and loses what a terminal would obey", () => {
    const log = appendLog(emptyLog, [said(`\u001b]0;x${"y".repeat(2 * logTextMax)}`)]);
    expect(log.lines[0]?.text.length).toBe(logTextMax);
    expect(log.lines[0]?.text.startsWith("�]0;xy")).toBe(true);
  });
});

describe("looking at the log", () => {
  test("while following, the newest lines show", () => {
    expect(textOf(numbered(9), firstLogView, 3)).toEqual(["line 6", "line 7", "line 8"]);
    expect(logWindow(numbered(9), firstLogView, 3)).toMatchObject({ following: true, matching: 9, below: 0 });
  });

  test("scrolling up stops following, and new lines move nothing", () => {
    const before = numbered(20);
    const view = scrollLog(before, firstLogView, 5, -3);
    const shown = textOf(before, view, 5);
    expect(shown.at(-1)).toBe("line 16");
    const after = appendLog(before, [said("new"), said("newer")]);
    expect(textOf(after, view, 5)).toEqual(shown);
    expect(logWindow(after, view, 5)).toMatchObject({ following: false, below: 5 });
  });

  test("scrolling down to the end follows again, and a log that fits cannot be scrolled", () => {
    const log = numbered(20);
    const up = scrollLog(log, firstLogView, 5, -3);
    expect(scrollLog(log, up, 5, 3).anchor).toBeNull();
    expect(scrollLog(numbered(4), firstLogView, 5, -1).anchor).toBeNull();
  });

  test("when the line that one looked at has left the log, the oldest ones show", () => {
    const log = numbered(20);
    const view = scrollLog(log, firstLogView, 5, -100);
    const flooded = appendLog(
      log,
      Array.from({ length: logLinesMax }, (_, index) => said(`flood ${index}`)),
    );
    expect(textOf(flooded, view, 5)).toEqual(["flood 0", "flood 1", "flood 2", "flood 3", "flood 4"]);
  });

  test("level, node and text together choose the lines", () => {
    const log = appendLog(emptyLog, [
      said("Upload one", { level: "debug" }),
      said("upload two", { level: "warn" }),
      said("download", { level: "error" }),
      said("UPLOAD three", { level: "error", node: nodeId(2) }),
    ]);
    const shown = (view: Partial<LogView>) => textOf(log, { ...firstLogView, ...view }, 10);
    expect(shown({})).toEqual(["upload two", "download", "UPLOAD three"]);
    expect(shown({ levelMin: "debug", filter: plain("upload") })).toEqual([
      "Upload one",
      "upload two",
      "UPLOAD three",
    ]);
    expect(shown({ levelMin: "error" })).toEqual(["download", "UPLOAD three"]);
    expect(shown({ node: nodeId(2), filter: plain("LOAD") })).toEqual(["UPLOAD three"]);
  });

  test("whatever is scrolled, filtered and added, the window is as full as it can be", () => {
    const step = fc.record({
      delta: fc.integer({ min: -30, max: 30 }),
      rows: fc.integer({ min: 1, max: 12 }),
      add: fc.nat(6),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), fc.constantFrom("", "1", "line 3"), (steps, filter) => {
        let log = numbered(25);
        let view: LogView = { ...firstLogView, filter: plain(filter) };
        for (const { delta, rows, add } of steps) {
          view = scrollLog(log, view, rows, delta);
          log = appendLog(
            log,
            Array.from({ length: add }, (_, index) => said(`line ${log.sequenceNext + index}`)),
          );
          const window = logWindow(log, view, rows);
          expect(window.lines.length).toBe(Math.min(rows, window.matching));
          expect(window.below).toBeGreaterThanOrEqual(0);
          if (window.following) expect(window.below).toBe(0);
        }
      }),
    );
  });
});

test("levels go round, and none is left out", () => {
  const seen = [1, 2, 3, 4].reduce((levels) => [...levels, nextLevel(levels.at(-1) ?? "info")], ["info"] as (
    | "info"
    | "debug"
    | "warn"
    | "error"
  )[]);
  expect(seen).toEqual(["info", "warn", "error", "debug", "info"]);
});

test("an entry's line is its sentence", () => {
  const [entry] = storyEntries;
  expect(entry && saidOf(entry)).toMatchObject({
    node: 1,
    level: "info",
    text: expect.stringMatching(/^Node 1: started/),
  });
});
