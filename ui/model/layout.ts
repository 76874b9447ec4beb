/**
 * Which pane is where, from the terminal's size alone.
 *
 * Header, nodes, warnings and keys come first, because an operator in trouble reads those; what is left goes to the
 * deck, and the load gets a chart, a sparkline a node, or nothing, as room allows. The client stands beside a chart
 * that is wide enough for both; elsewhere it shows when it is gone to. On a large screen every pane has a place.
 * The places always fill the screen exactly, and a second row of warnings, or of a question, takes its row from the lowest
 * ones alone, so that nothing else jumps.
 */
import type { DeckPane, PaneId } from "./panes.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export const sizeMin: Size = { columns: 60, rows: 18 };

/** A pane with its borders; `top` counts from the first row below the header. */
export interface Place {
  readonly pane: PaneId;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly rows: number;
}

export type Layout =
  | { readonly kind: "too-small" }
  | {
      readonly kind: "panes";
      readonly places: readonly Place[];
      /** The rows between header and warnings, which all places fill together. */
      readonly room: number;
      readonly notices: number;
    };

export interface LayoutWish {
  readonly nodeCount: number;
  /** Rows that the warnings want. */
  readonly noticeRows: number;
  /** Rows that a question wants; 1 when there is none. */
  readonly questionRows: 1 | 2;
  /** Gets all the room there is. */
  readonly zoomed: PaneId | null;
  readonly deck: DeckPane;
}

const headerRows = 1;
const footerRows = 1;
/** A pane's upper and lower border. */
export const borderRows = 2;
/** Borders and the line of column names. */
const nodesExtraRows = borderRows + 1;
/** Fewer and a log is not worth its borders: four lines. */
const deckRowsMin = 6;
/** The same on a screen where the load is shown too: eight lines. */
const deckRowsBesideLoad = 10;
/** Inside its borders a chart needs this many rows for its axes to be readable. */
export const chartRowsMin = 10;
const chartRowsMax = 18;
/** From this width on there is room for the client beside the chart, with this share of it. */
const columnsBeside = 100;
const clientShare = 0.37;
/** From this size on every pane has a place. */
const wideSize: Size = { columns: 160, rows: 46 };
/** From this height on, several warnings may stand below each other. */
export const tallRows = 30;
export const noticeRowsMax = { tall: 3, small: 2 } as const;

export const layoutOf = (size: Size, wish: LayoutWish): Layout => {
  if (size.columns < sizeMin.columns || size.rows < sizeMin.rows) return { kind: "too-small" };
  const tall = size.rows >= tallRows;
  const notices = Math.min(Math.max(1, wish.noticeRows), tall ? noticeRowsMax.tall : noticeRowsMax.small);
  const room = size.rows - headerRows - wish.questionRows - notices;
  const steady = size.rows - headerRows - footerRows - (tall ? noticeRowsMax.tall : 1);
  return { kind: "panes", room, notices, places: placesOf(size, wish, room, steady) };
};

/** `steady` is the room that there always is, or hardly ever less: what must not jump is measured by it. */
const placesOf = (size: Size, wish: LayoutWish, room: number, steady: number): readonly Place[] => {
  const { columns } = size;
  const { zoomed, nodeCount } = wish;
  if (zoomed !== null) return [{ pane: zoomed, left: 0, top: 0, width: columns, rows: room }];
  const nodes = Math.min(Math.max(1, nodeCount) + nodesExtraRows, room - deckRowsMin);
  const top: Place = { pane: "nodes", left: 0, top: 0, width: columns, rows: nodes };
  if (columns >= wideSize.columns && size.rows >= wideSize.rows)
    return [top, ...widePlaces(columns, nodes, room - nodes, steady - nodes, nodeCount)];
  const load = loadRows(steady - nodes, Math.max(1, nodeCount));
  const beside = columns >= columnsBeside && load >= chartRowsMin + borderRows;
  const client = beside ? Math.round(columns * clientShare) : 0;
  const middle: Place = { pane: "load", left: 0, top: nodes, width: columns - client, rows: load };
  const deckTop = nodes + load;
  return [
    top,
    ...(load > 0 ? [middle] : []),
    ...(beside ? [{ ...middle, pane: "client" as const, left: columns - client, width: client }] : []),
    { pane: wish.deck, left: 0, top: deckTop, width: columns, rows: room - deckTop },
  ];
};

/** How many of `left` rows, which it shares with the deck, the load gets. */
const loadRows = (left: number, nodeCount: number): number => {
  const chart = Math.min(chartRowsMax + borderRows, Math.floor(left * 0.45));
  if (chart >= chartRowsMin + borderRows && left - chart >= deckRowsBesideLoad) return chart;
  const sparklines = nodeCount + borderRows;
  return left - sparklines >= deckRowsBesideLoad ? sparklines : 0;
};

const transfersRows = 7;
/** Below the table of beats: what to see in it. */
const remarkRows = 3;
const riskExtraRows = 3;
const loadShare = 0.36;
const trafficShare = 0.3;
const logShare = 0.62;

/** Charts and client in the middle; below them the log, and beside it what is looked at less often. */
const widePlaces = (
  columns: number,
  top: number,
  left: number,
  steady: number,
  nodeCount: number,
): readonly Place[] => {
  const middle = Math.min(chartRowsMax + borderRows + 2, Math.max(16, Math.floor(steady * 0.4)));
  const load = Math.round(columns * loadShare);
  const traffic = Math.round(columns * trafficShare);
  const client = columns - load - traffic;
  const low = top + middle;
  const lowRows = left - middle;
  const log = Math.round(columns * logShare);
  const side = { left: log, width: columns - log };
  // Who hears whom is wanted before what is at risk, because warnings tell of the risk anyway.
  const beats = nodeCount + nodesExtraRows + remarkRows;
  const risk = nodeCount + riskExtraRows + borderRows;
  const hasBeats = lowRows - beats >= deckRowsMin;
  const hasRisk = hasBeats && lowRows - beats - risk >= deckRowsMin;
  const events = lowRows - (hasBeats ? beats : 0) - (hasRisk ? risk : 0);
  return [
    { pane: "load", left: 0, top, width: load, rows: middle },
    { pane: "traffic", left: load, top, width: traffic, rows: middle },
    { pane: "client", left: load + traffic, top, width: client, rows: middle - transfersRows },
    {
      pane: "transfers",
      left: load + traffic,
      top: top + middle - transfersRows,
      width: client,
      rows: transfersRows,
    },
    { pane: "log", left: 0, top: low, width: log, rows: lowRows },
    { pane: "events", ...side, top: low, rows: events },
    ...(hasBeats ? [{ pane: "beats" as const, ...side, top: low + events, rows: beats }] : []),
    ...(hasRisk ? [{ pane: "risk" as const, ...side, top: low + events + beats, rows: risk }] : []),
  ];
};

/** Where `pane` is, or null where it has no room now. */
export const placeOf = (layout: Layout, pane: PaneId): Place | null =>
  layout.kind === "panes" ? (layout.places.find((place) => place.pane === pane) ?? null) : null;
