/**
 * blessed-contrib's line chart, drawn without a blessed screen.
 *
 * Its widgets paint braille on a canvas and only need a parent to answer to; a stand-in that does nothing is
 * enough, while a real `Screen` would take over signals and the keyboard. What comes out is text with colour
 * codes. Those numbers are only marks here: each is turned back into a tone, so that the console's theme decides
 * the colour and its rows stay ordinary rows. The labels beside the axis are ours, because the widget sets its own
 * unevenly and draws its highest value above the picture.
 */
import { createRequire } from "node:module";
import { cutText, dim, fitLine, type Line, type Piece, plain, spreadLine, type Tone } from "../model/line.ts";

export interface ChartSeries {
  readonly tone: Tone;
  /** From 0 to the chart's `max`, oldest first, all series equally long; NaN leaves a gap. */
  readonly samples: readonly number[];
}

export interface ChartFrame {
  readonly width: number;
  readonly rows: number;
  /** The value at the upper edge, and what a value is called beside the axis: at most four cells. */
  readonly max: number;
  readonly label: (value: number) => string;
  /** What the two ends of the time axis are called. */
  readonly from: string;
  readonly to: string;
}

/** Exactly `rows` lines of `width` cells. */
export const lineChart = (series: readonly ChartSeries[], frame: ChartFrame): readonly Line[] => {
  const drawn = frame.rows - axisRows;
  const { chart, height } = chartOf(frame.width, frame.rows, frame.max);
  chart.setData(
    series.map((one, index) => ({
      title: "",
      x: one.samples.map(() => " "),
      // The canvas draws nothing from or to a point that is not a number: that is the gap.
      y: one.samples,
      style: { line: firstMark + index },
    })),
  );
  const labels = labelsOf(height, drawn, frame);
  const rows = chart.ctx._canvas
    .frame()
    .split("\n")
    .slice(0, drawn)
    .map((row, index) => [
      dim((labels.get(index) ?? "").padStart(labelCells).padEnd(axisCells)),
      ...withoutStart(pieces(row, series), axisCells),
    ]);
  const axis = spreadLine(
    [plain(" ".repeat(axisCells)), dim(frame.from)],
    [dim(`${frame.to} `)],
    frame.width,
  );
  return [...rows.map((row) => fitLine(row, frame.width)), axis];
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
/** Labels, and where the axis stands after them. */
const labelCells = 4;
const axisCells = 5;
/** Our own row for the ends of the time axis. */
const axisRows = 1;
/** How much the widget takes off its own size for borders and labels. */
const widthOffset = 6;
const heightOffset = 2;
/** Below its baseline the widget keeps room for labels of its own: that much, and from there to the lowest value. */
const baselinePixels = 11;
const liftPixels = 2;
const pixelsPerRow = 4;

const noScreen = {
  on() {},
  off() {},
  once() {},
  removeListener() {},
  emit() {},
  setEffects() {},
  type: "screen",
};

interface Made {
  readonly key: string;
  readonly chart: Chart;
  /** Of the canvas, pixels. */
  readonly height: number;
}

/** Those of one screen are kept for as long as their sizes stay: making one costs more than drawing it. */
const made: Made[] = [];
const madeMax = 4;

const chartOf = (width: number, rows: number, max: number): Made => {
  const key = `${width} ${rows} ${max}`;
  const known = made.find((each) => each.key === key);
  if (known !== undefined) return known;
  // Its two lowest rows are for labels of time, which are cut off: ours take that place.
  const height = (rows + 1) * pixelsPerRow;
  // The deep path loads one widget; the package's own entry loads all of them, four times slower.
  const LineChart: ChartClass = createRequire(import.meta.url)("blessed-contrib/lib/widget/charts/line.js");
  const chart = new LineChart({
    screen: noScreen,
    width: width + widthOffset,
    height: rows + 1 + heightOffset,
    minY: 0,
    // So that the highest value is drawn in the uppermost pixel, not above it.
    maxY: (max * (height - baselinePixels)) / (height - baselinePixels - liftPixels),
    numYLabels: 1,
    xPadding: 2 * axisCells,
    wholeNumbersOnly: true,
    showLegend: false,
    style: { text: labelMark, baseline: axisMark },
  });
  chart.emit("attach");
  const one: Made = { key, chart, height };
  made.push(one);
  if (made.length > madeMax) made.shift();
  return one;
};

/** Quarters where there is room for them, else halves; each beside the row in which its value is drawn. */
const labelsOf = (height: number, rows: number, { max, label }: ChartFrame): ReadonlyMap<number, string> => {
  const parts = rows >= 13 ? 4 : 2;
  const span = height - baselinePixels - liftPixels;
  return new Map(
    Array.from({ length: parts + 1 }, (_, index) => {
      const share = index / parts;
      return [Math.floor((span * (1 - share)) / pixelsPerRow), cutText(label(max * share), labelCells)];
    }),
  );
};

const codeStart = "\u001b[";

/** A row of the canvas as pieces; neighbours of one colour become one piece. */
const pieces = (row: string, series: readonly ChartSeries[]): Line => {
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

/** Every character of a canvas is one cell. */
const withoutStart = (line: Line, cells: number): Line => {
  let left = cells;
  return line.flatMap((piece) => {
    const text = piece.text.slice(left);
    left = Math.max(0, left - piece.text.length);
    return text === "" ? [] : [{ ...piece, text }];
  });
};

/** Null for codes that change no foreground colour. */
const toneOfCode = (code: string, series: readonly ChartSeries[]): Tone | null => {
  if (code === "39" || code === "0") return "plain";
  const number = /^38;5;(\d+)$/u.exec(code)?.[1];
  if (number === undefined) return null;
  return series[Number(number) - firstMark]?.tone ?? "dim";
};
