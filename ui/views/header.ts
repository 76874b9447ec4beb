/**
 * The top line: the state of the cluster in one glance, always of the present, even while the panes are held or show
 * the past; and at the right whose console it is and what the panes show.
 *
 * When it is too narrow for everything, the least important part goes first, never half a word.
 */
import type { ClusterView } from "../model/cluster.ts";
import { formatAge, formatClock } from "../model/format.ts";
import { dim, type Line, lineWidth, type Piece, plain, spreadLine } from "../model/line.ts";
import { type ConsoleModel, liveCluster } from "../model/model.ts";
import { placeInTime } from "../model/travel.ts";

interface Part {
  readonly line: Line;
  /** The lowest goes first. */
  readonly worth: number;
  readonly side: "left" | "right";
}

export const headerLine = (model: ConsoleModel): Line => {
  const cluster = liveCluster(model);
  const width = model.size.columns;
  let kept = [...stateParts(model, cluster), ...asideParts(model, cluster)];
  while (kept.length > 0 && lineWidth(leftOf(model, kept)) + lineWidth(rightOf(kept)) > width) {
    const least = Math.min(...kept.map((part) => part.worth));
    kept = kept.filter((part) => part.worth !== least);
  }
  return spreadLine(leftOf(model, kept), rightOf(kept), width);
};

const leftOf = (model: ConsoleModel, parts: readonly Part[]): Line => [
  plain(" "),
  { text: model.setup.title, bold: true, tone: "accent" },
  plain("  "),
  ...joined(parts, "left"),
  plain("  "),
];

const rightOf = (parts: readonly Part[]): Line => [...joined(parts, "right"), plain(" ")];

const joined = (parts: readonly Part[], side: Part["side"]): Line =>
  parts
    .filter((part) => part.side === side)
    .flatMap((part, index) => (index === 0 ? part.line : [dim(" · "), ...part.line]));

const stateParts = (model: ConsoleModel, cluster: ClusterView | null): readonly Part[] => {
  const part = (worth: number, ...line: Piece[]): Part => ({ line, worth, side: "left" });
  if (cluster === null) return [part(10, { text: startingText(model), tone: "warn" })];
  const total = cluster.nodes.length;
  const up = cluster.nodes.filter((node) => node.state === "up").length;
  const { quorum, tolerance } = cluster;
  return [
    part(9, {
      text: `${up}/${total} up`,
      tone: up === total ? "good" : quorum.ok ? "warn" : "bad",
      bold: true,
    }),
    cluster.leader === null
      ? part(9, { text: "no leader", tone: "warn", bold: true })
      : part(9, { text: `★ node ${cluster.leader}`, bold: true }),
    ...(cluster.term === null ? [] : [part(7, plain(`term ${cluster.term}`))]),
    part(
      6,
      quorum.ok
        ? { text: "quorum OK", tone: "good" }
        : { text: `NO QUORUM ${quorum.live}/${quorum.needed}`, tone: "bad", bold: true },
    ),
    part(4, { text: `tolerates ${tolerance}`, ...(tolerance === 0 ? { tone: "warn" as const } : {}) }),
    part(1, plain("TLS")),
  ];
};

const startingText = (model: ConsoleModel): string => {
  const processes = [...model.live.processes.values()];
  const running = processes.filter((process) => process.state === "running").length;
  return processes.length === 0
    ? "waiting for the nodes"
    : `starting: ${running}/${processes.length} running`;
};

const asideParts = (model: ConsoleModel, cluster: ClusterView | null): readonly Part[] => {
  const part = (worth: number, ...line: Piece[]): Part => ({ line, worth, side: "right" });
  const { subtitle, readOnly } = model.setup;
  return [
    ...(subtitle === "" ? [] : [part(2, plain(subtitle))]),
    ...(readOnly ? [part(5, dim("read-only"))] : []),
    part(3, plain(formatClock(model.now))),
    ...liveness(model, cluster).map(({ line, worth }) => part(worth, ...line)),
  ];
};

/** What the panes show stays when everything else has gone: an old state must never be taken for the present. */
const liveness = (
  model: ConsoleModel,
  cluster: ClusterView | null,
): readonly { readonly line: Line; readonly worth: number }[] => {
  const { frozen } = model;
  const strong = (text: string, tone: "warn" | "bad"): Line => [{ text, tone, bold: true }];
  if (frozen?.kind === "paused")
    return [{ line: strong(`paused at ${formatClock(frozen.at)}`, "warn"), worth: 11 }];
  if (frozen?.kind === "past") {
    const ago = `${formatAge(model.now - frozen.at)} ago, ${placeInTime(model)}`;
    return [
      { line: [{ text: ago, tone: "warn" }], worth: 2 },
      { line: strong(`PAST ${formatClock(frozen.at)}`, "warn"), worth: 11 },
    ];
  }
  if (cluster === null) return [{ line: [dim("no news")], worth: 8 }];
  if (cluster.stale) return [{ line: strong(`${formatAge(cluster.ageMs)} old`, "bad"), worth: 11 }];
  return [{ line: [{ text: "live", tone: "good" }], worth: 8 }];
};
