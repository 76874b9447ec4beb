/**
 * Uploads a second and how long they take: charts side by side where there is room, else a sparkline for each.
 *
 * The rate of the cluster is the sum of its nodes. Of times no sum makes sense: the median shown for all is that of
 * the busiest node, and the 99th percentile the worst of any.
 */
import type { NodeId } from "../../core/model/ids.ts";
import { type ClusterView, isLive } from "../model/cluster.ts";
import { formatFine, formatRate, sparkline } from "../model/format.ts";
import type { Metric } from "../model/history.ts";
import { chartRowsMin } from "../model/layout.ts";
import { dim, fitLine, type Line, type Piece, plain } from "../model/line.ts";
import { type ConsoleModel, shownCluster, shownLive } from "../model/model.ts";
import { nodeMark, nodeTone } from "../theme.ts";
import { legend } from "./load.ts";
import { dotted, type PaneContent, scrolledLines } from "./pane.ts";
import { chartLines, nodesOf, rangeName, rangeOf, roundMax, valuesOf, type Wanted } from "./series.ts";

const rate: Wanted = { metric: "uploads", how: "mean" };
const median: Wanted = { metric: "p50", how: "mean" };
const tail: Wanted = { metric: "p99", how: "highest" };

/** `width` and `rows` are inside the borders. */
export const trafficPane = (
  model: ConsoleModel,
  width: number,
  rows: number,
  colored: boolean,
): PaneContent => {
  const ids = nodesOf(shownLive(model).history);
  if (ids.length === 0) return { title: [], lines: [[dim("  nothing measured yet")]] };
  const summary = summaryLine(shownCluster(model));
  const range = dim(rangeName(rangeOf(model)));
  if (colored && rows >= chartRowsMin + headRows) {
    const lines = [summary, ...charts(model, ids, width, rows - 1)];
    return { title: dotted([legend(ids), [range]]), lines };
  }
  const shown = scrolledLines(sparklines(model, ids, width), model.scroll.traffic ?? 0, rows - 1);
  return { title: dotted([[range], shown.hint]), lines: [summary, ...shown.lines] };
};

/** The summary, and a heading above each chart. */
const headRows = 2;
/** A chart narrower than this says nothing. */
const chartCellsMin = 44;

const summaryLine = (cluster: ClusterView | null): Line => {
  const views = (cluster?.nodes ?? []).filter((node) => isLive(node.state)).map((node) => node.view);
  const total = views.reduce((sum, view) => sum + (view.uploadsPerSecond ?? 0), 0);
  const busiest = views.toSorted((a, b) => (b.uploadsPerSecond ?? 0) - (a.uploadsPerSecond ?? 0))[0];
  const worst = Math.max(...views.map((view) => view.uploadMsP99 ?? -1));
  const value = (text: string): Piece => ({ text, bold: true });
  return [
    plain(" "),
    value(formatRate(views.length === 0 ? null : total)),
    dim(" uploads · half within "),
    value(formatFine(busiest?.uploadMsP50 ?? null)),
    dim(" · 99 % within "),
    value(formatFine(worst < 0 ? null : worst)),
  ];
};

/** What is drawn must fit below the axis: milliseconds, or seconds once there are thousands. */
const msLabel = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)}` : `${(ms / 1_000).toFixed(0)}s`);

const charts = (
  model: ConsoleModel,
  ids: readonly NodeId[],
  width: number,
  rows: number,
): readonly Line[] => {
  const half = Math.floor(width / 2);
  const two = half >= chartCellsMin;
  const chart = (wanted: Wanted, least: number, cells: number, label: (value: number) => string) => {
    const values = ids.flatMap((id) => valuesOf(model, id, wanted, cells));
    return chartLines(model, {
      ...wanted,
      width: cells,
      rows: rows - 1,
      max: roundMax(values, least),
      label,
    });
  };
  const head = (text: string, cells: number): Line => fitLine([dim(` ${text}`)], cells);
  const left = two ? half : width;
  const uploads = [
    head("uploads a second", left),
    ...chart(rate, 4, left, (value) => `${Math.round(value)}`),
  ];
  if (!two) return uploads;
  const right = width - half;
  const times = [head("99 % within, ms", right), ...chart(tail, 20, right, msLabel)];
  return uploads.map((line, index) => [...line, ...(times[index] ?? [])]);
};

const rowNames: readonly (readonly [Wanted, string, (value: number | null) => string])[] = [
  [rate, "uploads", formatRate],
  [median, "median", formatFine],
  [tail, "99 %", formatFine],
];

/** Mark, number and name before a sparkline, the newest value after it. */
const nameCells = 16;
const valueCells = 9;

/** All nodes of one measure on one scale. */
const sparklines = (model: ConsoleModel, ids: readonly NodeId[], width: number): readonly Line[] => {
  const cells = Math.max(0, width - nameCells - valueCells);
  const views = shownCluster(model)?.nodes ?? [];
  const now = (id: NodeId, metric: Metric): number | null => {
    const view = views.find((node) => node.view.id === id && isLive(node.state))?.view;
    if (view === undefined) return null;
    return metric === "uploads"
      ? view.uploadsPerSecond
      : metric === "p50"
        ? view.uploadMsP50
        : view.uploadMsP99;
  };
  return rowNames.flatMap(([wanted, name, format]) => {
    const rows = ids.map((id) => ({ id, values: valuesOf(model, id, wanted, cells) }));
    const max = roundMax(
      rows.flatMap(({ values }) => values),
      4,
    );
    return rows.map(({ id, values }, index): Line => {
      const head: Line = [plain(" "), nodeMark(id), plain(` ${id}  `), dim(index === 0 ? name : "")];
      return [
        ...fitLine(head, nameCells),
        { text: sparkline(values, max, cells), tone: nodeTone(id) },
        plain(format(now(id, wanted.metric)).padStart(valueCells - 1)),
      ];
    });
  });
};
