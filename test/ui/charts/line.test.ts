import { describe, expect, test } from "vitest";
import { loadChart } from "../../../ui/charts/line.ts";
import { lineText, lineWidth } from "../../../ui/model/line.ts";

const frame = { width: 70, rows: 12, from: "1 min ago", to: "now" };
const level = (value: number | null) => Array<number | null>(60).fill(value);

describe("the load chart", () => {
  test("has exactly its size, whatever that is, and its axis named at both ends", () => {
    for (const [width, rows] of [
      [58, 10],
      [70, 12],
      [118, 11],
      [199, 31],
    ] as const) {
      const lines = loadChart([{ tone: "node1", samples: level(0.5) }], { ...frame, width, rows });
      expect(lines.length).toBe(rows);
      for (const line of lines) expect(lineWidth(line)).toBe(width);
      expect(lineText(lines.at(-1) ?? [])).toMatch(/^ {4}1 min ago +now $/);
    }
  });

  test("draws each node in its own tone, the higher load higher", () => {
    const lines = loadChart(
      [
        { tone: "node1", samples: level(0.9) },
        { tone: "node2", samples: level(0.1) },
      ],
      frame,
    );
    const rowOf = (tone: string) => lines.findIndex((line) => line.some((piece) => piece.tone === tone));
    expect(rowOf("node1")).toBeGreaterThanOrEqual(0);
    expect(rowOf("node1")).toBeLessThan(rowOf("node2"));
  });

  test("keeps its scale: half a load is in the middle, however quiet the rest", () => {
    const middle = loadChart([{ tone: "node1", samples: level(0.5) }], frame);
    const row = middle.findIndex((line) => line.some((piece) => piece.tone === "node1"));
    expect(lineText(middle[row] ?? [])).toMatch(/^ 50 /);
  });

  test("leaves a gap where nothing was known, and never an old line", () => {
    const drawn = (samples: readonly (number | null)[]) =>
      loadChart([{ tone: "node3", samples }], frame)
        .flat()
        .filter((piece) => piece.tone === "node3")
        .map((piece) => piece.text.replaceAll(" ", "").length)
        .reduce((sum, cells) => sum + cells, 0);
    const whole = drawn(level(0.5));
    const half = drawn([...level(null).slice(0, 30), ...level(0.5).slice(0, 30)]);
    expect(whole).toBeGreaterThan(50);
    expect(half).toBeGreaterThan(whole * 0.4);
    expect(half).toBeLessThan(whole * 0.6);
    expect(drawn(level(null))).toBe(0);
  });
});
