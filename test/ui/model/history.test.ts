import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nodeId } from "../../../core/model/ids.ts";
import {
  emptyHistory,
  type History,
  historySecondsMax,
  lengthOf,
  type Sample,
  samplesOf,
  stretchesOf,
  withSamples,
} from "../../../ui/model/history.ts";

const one = nodeId(1);
const two = nodeId(2);
const sample = (load: number): Sample => ({ load, uploads: 1, p50: 2, p99: 3 });
const only = (load: number) => new Map([[one, sample(load)]]);
const filled = (from: number, to: number, before: History = emptyHistory): History => {
  let history = before;
  for (let second = from; second <= to; second++) history = withSamples(history, second, only(second));
  return history;
};
const last = (history: History, seconds: number, end = history.second ?? 0) =>
  samplesOf(history, one, "load", seconds, end);
const unknown = Number.NaN;

describe("an hour of samples", () => {
  test("keeps the newest hour, to a minute, and no more however long it runs", () => {
    const history = filled(1, 3 * historySecondsMax + 7);
    expect(lengthOf(history)).toBeLessThanOrEqual(historySecondsMax);
    expect(lengthOf(history)).toBeGreaterThan(historySecondsMax - 60);
    expect(last(history, 3)).toEqual([10_805, 10_806, 10_807]);
  });

  test("a sample copies a minute, not the hour", () => {
    const before = filled(1, 1_000);
    const after = withSamples(before, 1_001, only(0));
    expect(after.nodes.get(one)?.load.whole).toBe(before.nodes.get(one)?.load.whole);
  });

  test("seconds that nobody measured are gaps, and one that is there is left alone", () => {
    const history = withSamples(filled(1, 3), 6, only(6));
    expect(last(history, 6)).toEqual([1, 2, 3, unknown, unknown, 6]);
    expect(withSamples(history, 6, only(9))).toBe(history);
    expect(last(withSamples(history, 99_999, only(5)), 2)).toEqual([unknown, 5]);
  });

  test("a node that comes later has gaps before, and one that left is forgotten", () => {
    const both = withSamples(filled(1, 3), 4, new Map([...only(4), [two, sample(8)]]));
    expect(samplesOf(both, two, "load", 4, 4)).toEqual([unknown, unknown, unknown, 8]);
    expect([...withSamples(both, 5, new Map([[two, sample(9)]])).nodes.keys()]).toEqual([two]);
  });

  test("any window is exactly as long as asked, of any time", () => {
    const history = filled(100, 250);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 50, max: 300 }), (seconds, end) => {
        const window = samplesOf(history, one, "load", seconds, end);
        expect(window).toHaveLength(seconds);
        window.forEach((value, index) => {
          const second = end - seconds + 1 + index;
          expect(value).toBe(second >= 100 && second <= 250 ? second : unknown);
        });
      }),
    );
  });
});

describe("as many values as there are cells", () => {
  const stretches = (end: number, count: number, how: "mean" | "highest" = "mean") =>
    stretchesOf(filled(1, end), one, "load", { seconds: 6, end, count, how });

  test("each is the mean of a stretch, or its peak, and there are never more than asked", () => {
    expect(stretches(11, 6)).toEqual([6, 7, 8, 9, 10, 11]);
    expect(stretches(11, 3)).toEqual([6.5, 8.5, 10.5]);
    expect(stretches(11, 3, "highest")).toEqual([7, 9, 11]);
    expect(stretches(11, 4)).toEqual([6.5, 8.5, 10.5]);
  });

  test("a second later all but the newest are the same: nothing shimmers", () => {
    expect(stretches(12, 3).slice(0, 2)).toEqual([8.5, 10.5]);
    expect(stretches(13, 3)).toEqual([8.5, 10.5, 12.5]);
  });

  test("what was not known stays unknown, and hides nothing that was", () => {
    const gap = withSamples(filled(1, 4), 9, only(9));
    const of = (count: number) => stretchesOf(gap, one, "load", { seconds: 10, end: 9, count, how: "mean" });
    expect(of(5)).toEqual([1, 2.5, 4, unknown, 9]);
  });
});
