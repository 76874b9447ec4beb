import { describe, expect, test } from "vitest";
import { askAgainAt, askRules, pauseMsAfter } from "../../../core/decide/patience.ts";
import { type Fault, fault } from "../../../core/model/faults.ts";
import { monotonicMs } from "../../../core/model/units.ts";

const noQuorum = fault("NO_QUORUM", { live: 1, needed: 2 });
const since = monotonicMs(1_000);
const againAt = (problem: Fault, round: number, now: number) =>
  askAgainAt(problem, round, since, monotonicMs(now));

describe("patience", () => {
  test("asks again after pauses that double and do not grow for ever", () => {
    const rules = { pauseMsMin: 50, pauseMsMax: 500 };
    expect([1, 2, 3, 4, 5, 6, 1_000].map((attempt) => pauseMsAfter(attempt, rules))).toEqual([
      50, 100, 200, 400, 500, 500, 500,
    ]);
    expect(againAt(noQuorum, 3, 2_000)).toBe(2_000 + pauseMsAfter(3, askRules));
  });

  test("ends", () => {
    const end = since + askRules.patienceMs;
    expect(againAt(noQuorum, 9, end - 1)).toBe(end - 1 + askRules.pauseMsMax);
    expect(againAt(noQuorum, 9, end)).toBeNull();
  });

  test("is for what passes by itself", () => {
    expect(againAt(fault("BUSY", { what: "it" }), 1, 1_000)).not.toBeNull();
    for (const problem of [
      fault("NO_SERVER", { tried: [] }),
      fault("IMAGE_NOT_FOUND", { id: "1" }),
      fault("INTERRUPTED", {}),
    ])
      expect(againAt(problem, 1, 1_000)).toBeNull();
  });
});
