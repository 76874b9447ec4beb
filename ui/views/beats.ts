/**
 * Who hears whom: a row for each node that listens, a column for each that speaks. A cell says for how long nothing
 * was heard and how long a message takes there and back, because a link may fail in one direction only and shows
 * nowhere else.
 */
import type { NodeId } from "../../core/model/ids.ts";
import type { LinkView } from "../../core/model/snapshot.ts";
import type { ClusterView } from "../model/cluster.ts";
import { deafLinks } from "../model/extent.ts";
import { formatAge, formatFine, unknown } from "../model/format.ts";
import { dim, displayWidth, type Line, type Piece, plain } from "../model/line.ts";
import { type ConsoleModel, shownCluster } from "../model/model.ts";
import { nodeMark } from "../theme.ts";
import { dotted, type PaneContent, scrolledLines } from "./pane.ts";

const headCells = 12;
/** A cell with both numbers, and one with the silence alone. */
const bothCells = 18;
const cellMax = 24;
/** From this width on a remark can say what it means. */
const roomyCells = 76;

/** `width` and `rows` are inside the borders. */
export const beatsPane = (model: ConsoleModel, width: number, rows: number): PaneContent => {
  const cluster = shownCluster(model);
  if (cluster === null) return { title: [], lines: [[dim("  no node has said anything yet")]] };
  const ids = cluster.nodes.map(({ view }) => view.id);
  const cell = Math.min(cellMax, Math.floor((width - headCells - 1) / Math.max(1, ids.length)));
  const both = cell >= bothCells;
  const head: Line = [
    dim(" hears  →  ".padEnd(headCells)),
    ...ids.flatMap((id): Line => [plain(" ".repeat(Math.max(0, cell - 4))), nodeMark(id), plain(` ${id} `)]),
  ];
  const all = cluster.nodes.map(({ view, state }): Line => {
    // A node that is down says nothing new of what it hears.
    const row = ids.map((to) => cellOf(model, cluster, view.id, to, both, state === "down"));
    return [
      plain(" "),
      nodeMark(view.id),
      plain(` ${view.id}`.padEnd(headCells - 2)),
      ...row.map((piece) => aligned(piece, cell)),
    ];
  });
  const shown = scrolledLines([...all, ...remarks(model, cluster, width)], model.scroll.beats ?? 0, rows - 1);
  const title = dotted([[dim(both ? "silence / round trip" : "silence")], shown.hint]);
  return { title, lines: [head, ...shown.lines] };
};

/** What a person should see in the table, and what its signs mean. */
const remarks = (model: ConsoleModel, cluster: ClusterView, width: number): readonly Line[] => {
  const { heartbeatMs, electionTimeoutMs } = model.setup.timings;
  const deaf = deafLinks(cluster, electionTimeoutMs);
  const hears = (from: NodeId, to: NodeId): boolean =>
    !deaf.some((link) => link.from === from && link.to === to);
  const verdicts = deaf.map(({ from, to }): Line => {
    const other = hears(to, from) && width >= roomyCells ? ", who hears it: one way only" : "";
    const text = ` node ${from} does not hear node ${to}${other}`;
    return [{ text, tone: "bad" }, plain(" — "), { text: model.setup.commands.doctor, bold: true }];
  });
  const well: Line = [{ text: " everybody who lives hears everybody else", tone: "good" }];
  const late = formatAge(suspectBeats * heartbeatMs);
  const legend = ` ! no beat for ${late}   ✗ for ${formatAge(electionTimeoutMs)}   ${unknown} not known`;
  return [[], ...(verdicts.length === 0 ? [well] : verdicts), [dim(legend)]];
};

const aligned = (piece: Piece, cells: number): Piece => ({
  ...piece,
  text: `${" ".repeat(Math.max(1, cells - 1 - displayWidth(piece.text)))}${piece.text} `,
});

const cellOf = (
  model: ConsoleModel,
  cluster: ClusterView,
  from: NodeId,
  to: NodeId,
  both: boolean,
  gone: boolean,
): Piece => {
  if (from === to) return dim("·");
  const link = cluster.links.find((each) => each.from === from && each.to === to);
  if (link === undefined || gone) return dim(unknown);
  const { silenceMs, roundTripMs } = link;
  if (silenceMs === null) return { text: "never", tone: "warn" };
  const sign = signOf(model, link);
  const silence = `${sign.text}${formatAge(silenceMs)}`;
  const text = both ? `${silence} / ${formatFine(roundTripMs)}` : silence;
  return { ...sign, text };
};

/** As the nodes judge it: suspect after three beats, down after an election timeout. */
const suspectBeats = 3;

const signOf = ({ setup }: ConsoleModel, { silenceMs }: LinkView): Piece => {
  const { heartbeatMs, electionTimeoutMs } = setup.timings;
  if (silenceMs === null || silenceMs >= electionTimeoutMs) return { text: "✗ ", tone: "bad", bold: true };
  return silenceMs >= suspectBeats * heartbeatMs ? { text: "! ", tone: "warn", bold: true } : { text: "" };
};
