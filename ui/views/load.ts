/**
 * Load over time: a chart where there is room for its axes, else a sparkline for each node.
 *
 * Both have the same fixed scale from 0 to 100 %, so that two nodes, and two moments, can be compared. Without
 * colour the chart's lines could not be told apart, so then it is sparklines too.
 */
import type { NodeId } from "../../core/model/ids.ts";
import { loadChart } from "../charts/line.ts";
import { formatPercent, sparkline } from "../model/format.ts";
import { chartRowsMin } from "../model/layout.ts";
import { dim, type Line, plain } from "../model/line.ts";
import {
  type ConsoleModel,
  type LoadHistory,
  loadSamplesMax,
  shownCluster,
  shownLive,
} from "../model/model.ts";
import { nodeMark, nodeTone } from "../theme.ts";
import type { PaneContent } from "./pane.tsx";

/** `width` and `rows` are inside the borders. */
export const loadPane = (model: ConsoleModel, width: number, rows: number, colored: boolean): PaneContent => {
  const { loads } = shownLive(model);
  const ids = [...loads.keys()];
  if (ids.length === 0) return { title: [], lines: [[dim("  nothing measured yet")]] };
  const chart = colored && rows >= chartRowsMin;
  const span = spanOf(loads);
  const legend = ids.flatMap((id): Line => [nodeMark(id), plain(` ${id}  `)]);
  const title: Line = chart ? [...legend, dim(span.name)] : [dim("of 100 % · a second a cell")];
  return { title, lines: chart ? chartLines(loads, span, width, rows) : sparklines(model, loads, width) };
};

interface Span {
  readonly seconds: number;
  readonly name: string;
}
/** A young console has the whole width for what it knows. */
const spans: readonly Span[] = [
  { seconds: 20, name: "20 s" },
  { seconds: 60, name: "1 min" },
];
const longestSpan: Span = { seconds: loadSamplesMax, name: "5 min" };

const spanOf = (loads: LoadHistory): Span => {
  const known = Math.max(0, ...[...loads.values()].map((samples) => samples.length));
  return spans.find((span) => known <= span.seconds) ?? longestSpan;
};

/** The last chart, because the screen is drawn several times for each new sample. */
let drawn: {
  readonly loads: LoadHistory;
  readonly width: number;
  readonly rows: number;
  readonly lines: readonly Line[];
} | null = null;

const chartLines = (
  loads: LoadHistory,
  { seconds, name }: Span,
  width: number,
  rows: number,
): readonly Line[] => {
  if (drawn?.loads === loads && drawn.width === width && drawn.rows === rows) return drawn.lines;
  const lines = loadChart(
    [...loads].map(([id, samples]) => ({
      tone: nodeTone(id),
      samples: [...Array<null>(Math.max(0, seconds - samples.length)).fill(null), ...samples.slice(-seconds)],
    })),
    { width, rows, from: `${name} ago`, to: "now" },
  );
  drawn = { loads, width, rows, lines };
  return lines;
};

/** Mark and number before a sparkline, percent after it. */
const sparkExtraCells = 14;

const sparklines = (model: ConsoleModel, loads: LoadHistory, width: number): readonly Line[] => {
  const cluster = shownCluster(model);
  const loadNow = (id: NodeId): number | null =>
    cluster?.nodes.find((node) => node.view.id === id && node.state === "up")?.view.load ?? null;
  return [...loads].map(([id, samples]) => [
    plain(" "),
    nodeMark(id),
    plain(`  ${id}  `),
    { text: sparkline(samples, width - sparkExtraCells), tone: nodeTone(id) },
    plain(`${formatPercent(loadNow(id)).padStart(6)} `),
  ]);
};
