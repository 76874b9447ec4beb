import { describe, expect, test } from "vitest";
import { type ChartFrame, type ChartSeries, lineChart } from "../../../ui/charts/line.ts";
import { lineText, lineWidth } from "../../../ui/model/line.ts";

const frame: ChartFrame = {
  width: 70,
  rows: 12,
  max: 1,
  label: (value) => `${Math.round(value * 100)}%`,
  from: "1 min ago",
  to: "now",
};
const level = (value: number) => Array<number>(60).fill(value);
const unknown = Number.NaN;
const rowOf = (series: ChartSeries, changes: Partial<ChartFrame> = {}): number =>
  lineChart([series], { ...frame, ...changes }).findIndex((line) =>
    line.some((piece) => piece.tone === series.tone && piece.text.trim() !== ""),
  );

describe("a chart", () => {
  test("has exactly its size, whatever that is, and its axis named at both ends", () => {
    for (const [width, rows] of [
      [58, 10],
      [70, 12],
      [118, 11],
      [199, 31],
    ] as const) {
      const lines = lineChart([{ tone: "node1", samples: level(0.5) }], { ...frame, width, rows });
      expect(lines.length).toBe(rows);
      for (const line of lines) expect(lineWidth(line)).toBe(width);
      expect(lineText(lines.at(-1) ?? [])).toMatch(/^ {5}1 min ago +now $/);
    }
  });

  test("draws each node in its own tone, the higher value higher", () => {
    const high = rowOf({ tone: "node1", samples: level(0.9) });
    expect(high).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThan(rowOf({ tone: "node2", samples: level(0.1) }));
  });

  test("draws what is at an end or in the middle of the scale beside its label", () => {
    for (const rows of [10, 12, 14, 19, 24])
      for (const share of [0, 0.5, 1]) {
        const series = { tone: "node1", samples: level(share * 40) } as const;
        const lines = lineChart([series], { ...frame, rows, max: 40, label: (value) => `${value}` });
        const row = rowOf(series, { rows, max: 40 });
        expect(lineText(lines[row] ?? [])).toMatch(new RegExp(`^ *${share * 40} `));
      }
  });

  test("labels stand at even distances", () => {
    const lines = lineChart([{ tone: "node1", samples: level(0) }], { ...frame, rows: 18 }).map(lineText);
    const rows = lines.flatMap((line, row) => (/^ *\d+%/.test(line) ? [row] : []));
    const gaps = rows.slice(1).map((row, index) => row - (rows[index] ?? 0));
    expect(rows).toHaveLength(5);
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
  });

  test("leaves a gap where nothing was known, and never an old line", () => {
    const drawn = (samples: readonly number[]) =>
      lineChart([{ tone: "node3", samples }], frame)
        .flat()
        .filter((piece) => piece.tone === "node3")
        .map((piece) => piece.text.replaceAll(" ", "").length)
        .reduce((sum, cells) => sum + cells, 0);
    const whole = drawn(level(0.5));
    const half = drawn([...level(unknown).slice(0, 30), ...level(0.5).slice(0, 30)]);
    expect(whole).toBeGreaterThan(50);
    expect(half).toBeGreaterThan(whole * 0.4);
    expect(half).toBeLessThan(whole * 0.6);
    expect(drawn(level(unknown))).toBe(0);
  });
});
