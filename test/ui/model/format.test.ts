import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bar,
  formatAge,
  formatBytes,
  formatClock,
  formatCount,
  formatFine,
  formatMoment,
  formatPercent,
  formatRate,
  formatSeconds,
  sparkline,
} from "../../../ui/model/format.ts";
import { displayWidth } from "../../../ui/model/line.ts";

describe("numbers for people", () => {
  test.each([
    [null, "–"],
    [-3, "0 ms"],
    [32.4, "32 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [4_230, "4.2 s"],
    [9_960, "10 s"],
    [59_400, "59 s"],
    [59_600, "1m 00s"],
    [185_000, "3m 05s"],
    [7_440_000, "2h 04m"],
    [187_200_000, "2d 4h"],
    [8_636_400_000, "99d 23h"],
    [11_268_000_000, "130 d"],
  ])("an age of %s ms is %s", (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });

  test("a sentence counts whole seconds, and never shows one that has not passed", () => {
    expect(formatSeconds(999)).toBe("<1 s");
    expect(formatSeconds(12_999)).toBe("12 s");
    expect(formatSeconds(80_000)).toBe("1m 20s");
    expect(formatSeconds(null)).toBe("–");
  });

  test.each([
    [null, "–"],
    [0, "0 B"],
    [812, "812 B"],
    [999.6, "1.0 kB"],
    [38_400, "38 kB"],
    [1_240_000, "1.2 MB"],
    [9_960_000, "10 MB"],
    [38e9, "38 GB"],
    [5e18, "5000 PB"],
  ])("%s bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test("a share is a whole percentage, whatever arrives", () => {
    expect([0, 0.404, 1, 1.7, Number.NaN, null].map(formatPercent)).toEqual([
      "0%",
      "40%",
      "100%",
      "100%",
      "0%",
      "–",
    ]);
  });

  test("thousands are set apart", () => {
    expect([7, 1_204, 1_234_567, null].map(formatCount)).toEqual(["7", "1,204", "1,234,567", "–"]);
  });

  test("times are UTC, with milliseconds in the log", () => {
    const at = Date.UTC(2026, 2, 4, 10, 10, 49, 7);
    expect(formatClock(at)).toBe("10:10:49Z");
    expect(formatMoment(at)).toBe("10:10:49.007");
    expect(formatClock(-1)).toBe("23:59:59Z");
  });

  test("a column that was made for ages is wide enough for every age", () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 3e10, noNaN: true }), (ms) => formatAge(ms).length <= 7));
  });
});

describe("bars and sparklines", () => {
  test("a bar has its length, and anything above nothing shows", () => {
    expect(bar(0.4, 10)).toBe("▆▆▆▆▁▁▁▁▁▁");
    expect(bar(0.001, 10)).toBe("▆▁▁▁▁▁▁▁▁▁");
    expect(bar(0, 4)).toBe("▁▁▁▁");
    fc.assert(
      fc.property(fc.double(), fc.nat(40), (value, cells) => bar(value, cells + 1).length === cells + 1),
    );
  });

  test("a sparkline keeps its scale, leaves gaps, and has the newest at the right", () => {
    expect(sparkline([0, 0.5, Number.NaN, 1], 1, 6)).toBe("  ▁▅ █");
    expect(sparkline([0, 0.5, Number.NaN, 1], 1, 2)).toBe(" █");
    expect(sparkline([0.02, 0.04, 0.03], 1, 3)).toBe("▁▁▁");
    expect(sparkline([10, 20], 40, 2)).toBe("▃▅");
    expect(sparkline([1], 1, 0)).toBe("");
  });

  test("a sparkline is as wide as it should be", () => {
    const samples = fc.array(fc.double(), { maxLength: 50 });
    fc.assert(
      fc.property(
        samples,
        fc.nat(60),
        (values, cells) => displayWidth(sparkline(values, 1, cells)) === cells,
      ),
    );
  });

  test("what is short has a decimal, and a rate too while it is small", () => {
    expect([0.42, 9.9, 12, null].map(formatFine)).toEqual(["0.4 ms", "9.9 ms", "12 ms", "–"]);
    expect([0, 0.2, 9.96, 38.4, null].map(formatRate)).toEqual(["0/s", "0.2/s", "10/s", "38/s", "–"]);
  });
});
