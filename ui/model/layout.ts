/**
 * Which pane gets how many rows, from the terminal's size alone.
 *
 * Header, nodes, warnings and keys come first, because an operator in trouble reads those; the log takes what is
 * left, and the load gets a chart, a sparkline a node, or nothing, as room allows. The client stands beside a chart
 * that is wide enough for both; elsewhere it shows when it is gone to. The rows always add up to the terminal's
 * height, and a second warning takes its row from the log alone, so that nothing else jumps.
 */
import type { PaneId } from "./keys.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export const sizeMin: Size = { columns: 60, rows: 18 };

/** Rows of each part, borders included; 0 where a pane has no room now. */
export type Layout =
  | { readonly kind: "too-small" }
  | {
      readonly kind: "panes";
      readonly nodes: number;
      readonly load: number;
      readonly client: number;
      /** How wide the client is beside the load; 0 where it is not. */
      readonly clientColumns: number;
      readonly log: number;
      readonly notices: number;
    };

const headerRows = 1;
const footerRows = 1;
/** A pane's upper and lower border. */
export const borderRows = 2;
/** Borders and the line of column names. */
const nodesExtraRows = borderRows + 1;
/** Fewer and a log is not worth its borders: four lines. */
const logRowsMin = 6;
/** The same on a screen where the load is shown too: eight lines. */
const logRowsBesideLoad = 10;
/** Inside its borders a chart needs this many rows for its axes to be readable. */
export const chartRowsMin = 10;
const chartRowsMax = 18;
/** From this width on there is room for the client beside the chart, with this share of it. */
const columnsBeside = 100;
const clientShare = 0.37;
/** From this height on, several warnings may stand below each other. */
const tallRows = 30;
const noticesMax = 3;

/** `zoomed` gets all the room there is; `noticeCount` warnings want to show. */
export const layoutOf = (
  size: Size,
  nodeCount: number,
  zoomed: PaneId | null,
  noticeCount: number,
): Layout => {
  if (size.columns < sizeMin.columns || size.rows < sizeMin.rows) return { kind: "too-small" };
  const noticeRowsMax = size.rows >= tallRows ? noticesMax : 1;
  const notices = Math.min(Math.max(1, noticeCount), noticeRowsMax);
  const room = size.rows - headerRows - footerRows - notices;
  if (zoomed !== null) {
    const only = (pane: PaneId): number => (zoomed === pane ? room : 0);
    const panes = { nodes: only("nodes"), load: only("load"), client: only("client"), log: only("log") };
    return { kind: "panes", ...panes, clientColumns: 0, notices };
  }
  const nodes = Math.min(Math.max(1, nodeCount) + nodesExtraRows, room - logRowsMin);
  const load = loadRows(room + notices - noticeRowsMax - nodes, Math.max(1, nodeCount));
  const beside = size.columns >= columnsBeside && load >= chartRowsMin + borderRows;
  const clientColumns = beside ? Math.round(size.columns * clientShare) : 0;
  const log = room - nodes - load;
  return { kind: "panes", nodes, load, client: beside ? load : 0, clientColumns, log, notices };
};

/** How many of `left` rows, which it shares with the log, the load gets. */
const loadRows = (left: number, nodeCount: number): number => {
  const chart = Math.min(chartRowsMax + borderRows, Math.floor(left * 0.45));
  if (chart >= chartRowsMin + borderRows && left - chart >= logRowsBesideLoad) return chart;
  const sparklines = nodeCount + borderRows;
  return left - sparklines >= logRowsBesideLoad ? sparklines : 0;
};

/** Rows between header and warnings, which the help takes while it is open. */
export const roomOf = (layout: Extract<Layout, { kind: "panes" }>): number =>
  layout.nodes + Math.max(layout.load, layout.client) + layout.log;
