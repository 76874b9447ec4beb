/**
 * blessed-contrib's line chart, drawn without a blessed screen.
 *
 * Its widgets paint braille on a canvas and only need a parent to answer to; a stand-in that does nothing is
 * enough, while a real `Screen` would take over signals and the keyboard. What comes out is text with colour
 * codes. Those numbers are only marks here: each is turned back into a tone, so that the console's theme decides
 * the colour and its rows stay ordinary rows.
 */
import { createRequire } from "node:module";
import { dim, fitLine, type Line, type Piece, plain, spreadLine, type Tone } from "../model/line.ts";

export interface LoadSeries {
  readonly tone: Tone;
  /** 0 … 1, oldest first, all series equally long; null leaves a gap. */
  readonly samples: readonly (number | null)[];
}

export interface ChartFrame {
  readonly width: number;
  readonly rows: number;
  /** What the two ends of the time axis are called. */
  readonly from: string;
  readonly to: string;
}

/** Exactly `rows` lines of `width` cells. */
export const loadChart = (series: readonly LoadSeries[], frame: ChartFrame): readonly Line[] => {
  const chart = chartOf(frame.width, frame.rows);
  chart.setData(
    series.map((one, index) => ({
      title: "",
      x: one.samples.map(() => " "),
      // The canvas draws nothing from or to a point that is not a number: that is the gap.
      y: one.samples.map((sample) => (sample === null ? Number.NaN : sample * 100)),
      style: { line: firstMark + index },
    })),
  );
  const rows = chart.ctx._canvas
    .frame()
    .split("\n")
    .slice(0, frame.rows - 1);
  const axis = spreadLine(
    [plain(" ".repeat(axisCells)), dim(frame.from)],
    [dim(`${frame.to} `)],
    frame.width,
  );
  return [...rows.map((row) => fitLine(pieces(row, series), frame.width)), axis];
};

interface Chart {
  emit(event: "attach"): void;
  setData(series: readonly object[]): void;
  readonly ctx: { readonly _canvas: { frame(): string } };
}
type ChartClass = new (options: object) => Chart;

/** Colour numbers of the 256 palette, used as marks for series, axes and labels. */
const firstMark = 100;
const axisMark = 240;
const labelMark = 250;
/** Where the time axis begins, after the percent labels. */
const axisCells = 4;
/** How much the widget takes off its own size for borders and labels. */
const widthOffset = 6;
/** And one row more, because its own row of time labels is cut off and ours takes that place. */
const rowsOffset = 3;

const noScreen = {
  on() {},
  off() {},
  once() {},
  removeListener() {},
  emit() {},
  setEffects() {},
  type: "screen",
};

let lastChart: { readonly width: number; readonly rows: number; readonly chart: Chart } | null = null;

/** One chart is kept for as long as its size stays: making one costs more than drawing it. */
const chartOf = (width: number, rows: number): Chart => {
  if (lastChart !== null && lastChart.width === width && lastChart.rows === rows) return lastChart.chart;
  // The deep path loads one widget; the package's own entry loads all of them, four times slower.
  const LineChart: ChartClass = createRequire(import.meta.url)("blessed-contrib/lib/widget/charts/line.js");
  const chart = new LineChart({
    screen: noScreen,
    width: width + widthOffset,
    height: rows + rowsOffset,
    minY: 0,
    maxY: 100,
    numYLabels: 4,
    xPadding: 2 * axisCells,
    wholeNumbersOnly: true,
    showLegend: false,
    style: { text: labelMark, baseline: axisMark },
  });
  chart.emit("attach");
  lastChart = { width, rows, chart };
  return chart;
};

const codeStart = "\u001b[";

/** A row of the canvas as pieces; neighbours of one colour become one piece. */
const pieces = (row: string, series: readonly LoadSeries[]): Line => {
  const line: Piece[] = [];
  let tone: Tone = "plain";
  row.split(codeStart).forEach((part, index) => {
    const codeEnd = index === 0 ? -1 : part.indexOf("m");
    tone = toneOfCode(part.slice(0, Math.max(0, codeEnd)), series) ?? tone;
    const text = part.slice(codeEnd + 1);
    const before = line.at(-1);
    if (before !== undefined && (before.tone === tone || text.trim() === "")) {
      line[line.length - 1] = { ...before, text: before.text + text };
    } else if (text !== "") {
      line.push({ text, tone });
    }
  });
  return line;
};

/** Null for codes that change no foreground colour. */
const toneOfCode = (code: string, series: readonly LoadSeries[]): Tone | null => {
  if (code === "39" || code === "0") return "plain";
  const number = /^38;5;(\d+)$/u.exec(code)?.[1];
  if (number === undefined) return null;
  return series[Number(number) - firstMark]?.tone ?? "dim";
};
