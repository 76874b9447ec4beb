/**
 * The nodes: one row each, with as many columns as there is width for.
 *
 * A node that is gone has no numbers worth showing, so its row says instead since when, and why if that is known.
 */
import type { NodeView } from "../../core/model/snapshot.ts";
import type { WallMs } from "../../core/model/units.ts";
import { type ClusterNode, isStarting } from "../model/cluster.ts";
import {
  bar,
  formatAge,
  formatBytes,
  formatClock,
  formatCount,
  formatFine,
  formatPercent,
  formatRate,
  formatSeconds,
  unknown,
} from "../model/format.ts";
import {
  dim,
  displayWidth,
  fitLine,
  type Line,
  lineWidth,
  type Piece,
  plain,
  type Tone,
} from "../model/line.ts";
import { type ConsoleModel, shownAt, shownCluster } from "../model/model.ts";
import { firstNodeShown } from "../model/windows.ts";
import { nodeMark, nodeTone } from "../theme.ts";
import { dotted, type PaneContent } from "./pane.ts";

/** `width` and `rows` are inside the borders. */
export const nodesPane = (model: ConsoleModel, width: number, rows: number): PaneContent => {
  const cluster = shownCluster(model);
  if (cluster === null) {
    return { title: [], lines: [[dim("  no node has said anything yet")]] };
  }
  const columns = columnsThatFit(width);
  const body = rows - 1;
  const first = firstNodeShown(model, body);
  const shown = cluster.nodes.slice(first, first + body);
  const hidden = cluster.nodes.length - shown.length;
  return {
    title: dotted([
      [dim(`as node ${cluster.observer} sees them`)],
      ...(hidden > 0 ? [[dim(`${hidden} more: j k`)]] : []),
    ]),
    lines: [
      [dim("    "), ...columns.map((column) => dim(aligned(column, column.title)))],
      ...shown.map((node) => nodeRow(node, columns, node.view.id === model.selected, width, shownAt(model))),
    ],
  };
};

interface Column {
  readonly title: string;
  readonly width: number;
  readonly align: "left" | "right";
  /** The highest gets room first. */
  readonly worth: number;
  readonly cell: (node: ClusterNode) => Piece;
}

const right = (title: string, width: number, worth: number, cell: (view: NodeView) => string): Column => ({
  title,
  width,
  align: "right",
  worth,
  cell: (node) => plain(cell(node.view)),
});

const barColumn = (cells: number): Column => ({
  title: "",
  width: cells + 2,
  align: "left",
  worth: 9,
  cell: ({ view }) => ({
    text: `  ${bar(view.load ?? 0, cells)}`,
    tone: nodeTone(view.id),
  }),
});
const barCellsMin = 10;
const barCellsMax = 30;

const columns: readonly Column[] = [
  {
    title: "id",
    width: 4,
    align: "left",
    worth: 20,
    cell: ({ view }) => ({ text: String(view.id), bold: true }),
  },
  { title: "state", width: 11, align: "left", worth: 19, cell: (node) => stateCell(node) },
  { title: "  role", width: 12, align: "left", worth: 18, cell: (node) => roleCell(node) },
  right("beat", 7, 17, (view) => formatAge(view.heartbeatMs)),
  barColumn(barCellsMin),
  right("load", 6, 16, (view) => formatPercent(view.load)),
  right("cpu", 6, 10, (view) => formatPercent(view.cpu)),
  right("mem", 6, 8, (view) => formatPercent(view.memory)),
  right("in flight", 11, 15, (view) => formatCount(view.inFlight)),
  right("lag", 8, 7, (view) => formatAge(view.lagMs)),
  right("images", 9, 14, (view) => formatCount(view.images)),
  right("stored", 9, 6, (view) => formatBytes(view.payloadBytes)),
  right("free", 8, 11, (view) => formatBytes(view.diskFreeBytes)),
  right("up", 9, 13, (view) => formatAge(view.uptimeMs)),
  right("uploads", 9, 3, (view) => formatRate(view.uploadsPerSecond)),
  right("round trip", 12, 2, (view) => formatFine(view.roundTripMs)),
  { title: "  address", width: 24, align: "left", worth: 1, cell: ({ view }) => dim(`  ${view.address}`) },
];

/** Selection, shape, and the blanks around them; and one blank at the right edge. */
const prefixCells = 4;
const edgeCells = 1;

/** The worthiest first, each if there is still room for it; what is left over goes to the bar. */
const columnsThatFit = (width: number): readonly Column[] => {
  let left = width - prefixCells - edgeCells;
  const kept = new Set<Column>();
  for (const column of columns.toSorted((one, other) => other.worth - one.worth)) {
    if (column.width > left) continue;
    kept.add(column);
    left -= column.width;
  }
  const spare = Math.min(left, barCellsMax - barCellsMin);
  return columns
    .filter((column) => kept.has(column))
    .map((column) => (column.title === "" ? barColumn(barCellsMin + spare) : column));
};

const aligned = (column: Column, text: string): string => {
  const blanks = " ".repeat(Math.max(0, column.width - displayWidth(text)));
  return column.align === "left" ? text + blanks : blanks + text;
};

const nodeRow = (
  node: ClusterNode,
  shown: readonly Column[],
  selected: boolean,
  width: number,
  now: WallMs,
): Line => {
  const prefix: Line = [{ text: selected ? "›" : " ", bold: true }, nodeMark(node.view.id), plain("  ")];
  if (node.state !== "down") {
    return [...prefix, ...shown.map((column) => cellOf(column, node))];
  }
  const named = shown.filter((column) => column.title === "id" || column.title === "state");
  const known: Line = [...prefix, ...named.map((column) => cellOf(column, node)), plain("  ")];
  const tone = isStarting(node) ? "warn" : "bad";
  return fitLine([...known, { text: lastSeen(node, now, width - lineWidth(known)), tone }], width);
};

const cellOf = (column: Column, node: ClusterNode): Piece => {
  const piece = column.cell(node);
  return { ...piece, text: aligned(column, piece.text) };
};

const stateTones: Readonly<Record<ClusterNode["state"], Tone>> = {
  up: "good",
  suspect: "warn",
  down: "bad",
  rebuilding: "warn",
};

/** A node that is up and yet takes no images is not just up. */
const stateCell = (node: ClusterNode): Piece => {
  const { drained, readOnly, rebuild } = node.view;
  if (isStarting(node)) return { text: "starting", tone: "warn", bold: true };
  if (node.state === "down") return { text: "DOWN", tone: "bad", bold: true };
  if (node.state === "rebuilding" && rebuild !== null && rebuild.totalBytes > 0)
    return {
      text: `refill ${formatPercent(rebuild.doneBytes / rebuild.totalBytes)}`,
      tone: "warn",
      bold: true,
    };
  if (node.state !== "up") return { text: node.state, tone: stateTones[node.state], bold: true };
  if (readOnly === true) return { text: "read-only", tone: "bad", bold: true };
  if (drained === true) return { text: "drained", tone: "warn", bold: true };
  return { text: "up", tone: "good" };
};

const roleCell = (node: ClusterNode): Piece => {
  if (node.leads) return { text: "★ LEADER", bold: true };
  return plain(`  ${node.view.role === "leader" ? unknown : node.view.role}`);
};

/** `last seen 12 s ago, at 10:10:37Z: exited with code 1`; where there is too little room, without the time. */
const lastSeen = (node: ClusterNode, now: WallMs, room: number): string => {
  if (node.silentMs === null)
    return isStarting(node) ? "not heard yet" : "never seen since this console looks";
  const ago = `last seen ${formatSeconds(node.silentMs)} ago`;
  const why = whyGone(node);
  const whole = `${ago}, at ${formatClock(now - node.silentMs)}${why}`;
  return displayWidth(whole) <= room ? whole : `${ago}${why}`;
};

const whyGone = ({ exit, process }: ClusterNode): string => {
  if (exit !== null) return `: ${exit}`;
  if (process?.state === "frozen") return ": frozen";
  return process?.cut === true ? ": its network is cut" : "";
};
