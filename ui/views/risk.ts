/**
 * What could be lost: how many more nodes may stop, which images have too few copies, and for each disk whether it is
 * being refilled, checked, full, or set aside.
 */
import type { RebuildView, RiskView, ScrubView } from "../../core/model/snapshot.ts";
import type { ClusterNode, ClusterView } from "../model/cluster.ts";
import { bar, formatAge, formatBytes, formatCount, formatPercent } from "../model/format.ts";
import { dim, type Line, type Piece, plain } from "../model/line.ts";
import { type ConsoleModel, shownCluster, shownLive } from "../model/model.ts";
import { diskItems } from "../model/timeline.ts";
import { nodeMark } from "../theme.ts";
import { eventRow } from "./events.ts";
import { type PaneContent, scrolledLines } from "./pane.ts";

/** `width` and `rows` are inside the borders. */
export const riskPane = (model: ConsoleModel, width: number, rows: number): PaneContent => {
  const cluster = shownCluster(model);
  if (cluster === null) return { title: [], lines: [[dim("  no node has said anything yet")]] };
  const all = [
    toleranceLine(cluster),
    ...copiesLines(cluster.risk, width),
    ...cluster.nodes.map((node) => diskLine(node, width)),
    ...latelyLines(model, width),
  ];
  const { lines, hint } = scrolledLines(all, model.scroll.risk ?? 0, rows);
  return { title: hint, lines };
};

const latelyLines = (model: ConsoleModel, width: number): readonly Line[] => {
  const items = diskItems(shownLive(model).timeline);
  return items.length === 0 ? [] : [[dim(" lately")], ...items.map((item) => eventRow(item, false, width))];
};

const name = (text: string): Piece => dim(` ${text.padEnd(11)}`);
const strong = (text: string, tone: Piece["tone"] = "plain"): Piece => ({ text, bold: true, tone });

const toleranceLine = ({ tolerance, quorum }: ClusterView): Line => {
  const live = `${quorum.live} live, ${quorum.needed} needed`;
  if (!quorum.ok)
    return [name("tolerance"), strong("NO QUORUM", "bad"), plain(`, nothing is written: ${live}`)];
  if (tolerance === 0) return [name("tolerance"), strong("none may stop", "warn"), plain(`: ${live}`)];
  return [name("tolerance"), strong(`${tolerance} more may stop`, "good"), plain(`: ${live}`)];
};

const count = (images: number | null): string =>
  `${formatCount(images)} ${images === 1 ? "image" : "images"}`;

const copiesLines = (risk: RiskView | null, width: number): readonly Line[] => {
  if (risk === null) return [[name("copies"), dim("not counted by the node that one sees this of")]];
  const { underReplicated, unreadable, missingBytes, safeInMs } = risk;
  const copies: Line =
    underReplicated === 0
      ? [name("copies"), strong("every image has its copies", "good")]
      : [
          name("copies"),
          strong(`${count(underReplicated)} with too few`, "warn"),
          plain(safeInMs === null ? ", end not known yet" : `, safe in ${formatAge(safeInMs)}`),
          plain(width >= roomyCells + 10 ? `, ${formatBytes(missingBytes)} to copy` : ""),
        ];
  const lost: readonly Line[] =
    unreadable === 0
      ? []
      : [[name("unreadable"), strong(count(unreadable), "bad"), plain(" on no node that lives")]];
  return [copies, ...lost];
};

const barCells = 10;
/** From this width on there is room for what is free. */
const roomyCells = 56;
const roomiestCells = 90;

const diskLine = (node: ClusterNode, width: number): Line => {
  const { view, state } = node;
  const head: Line = [plain(" "), nodeMark(view.id), plain(` ${view.id}  `)];
  if (state === "down") return [...head, strong("DOWN", "bad"), plain(": its copies do not count")];
  const stored = `${count(view.images)}, ${formatBytes(view.payloadBytes)}`.padStart(24);
  const freed: Line =
    width >= roomyCells ? [dim(`${formatBytes(view.diskFreeBytes)} free  `.padStart(15))] : [];
  const free: Line = [...freed, ...(width >= roomiestCells ? [dim(`${stored}  `)] : [])];
  if (state === "rebuilding")
    return [...head, ...(width >= roomiestCells ? freed : []), ...rebuildWords(view.rebuild, width)];
  const flags: Line = [
    ...(view.readOnly === true ? [strong("read-only: no room or a failed disk  ", "bad")] : []),
    ...(view.drained === true ? [strong("drained  ", "warn")] : []),
  ];
  return [...head, ...free, ...flags, ...scrubWords(view.scrub, width >= roomyCells + 10)];
};

const rebuildWords = (rebuild: RebuildView | null, width: number): Line => {
  if (rebuild === null) return [strong("rebuilding", "warn")];
  const { phase, imagesLeft, doneBytes, totalBytes, bytesPerSecond, etaMs, waitingFor } = rebuild;
  if (phase === "waiting")
    return [strong("refill waits", "bad"), plain(` for node ${waitingFor.join(", ") || "?"}`)];
  const share = totalBytes === 0 ? 0 : doneBytes / totalBytes;
  return [
    strong(`refill: ${phase} ${formatPercent(share)} `, "warn"),
    { text: bar(share, barCells), tone: "accent" },
    plain(etaMs === null ? "" : ` ${formatAge(etaMs)} left`),
    plain(width < roomiestCells ? "" : `, ${count(imagesLeft)}`),
    plain(width < roomyCells + 10 ? "" : `, ${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}`),
    plain(bytesPerSecond === null || width < roomiestCells ? "" : `, ${formatBytes(bytesPerSecond)}/s`),
  ];
};

const scrubWords = (scrub: ScrubView | null, roomy: boolean): Line => {
  if (scrub === null) return [dim("no background check")];
  const { state, share, checked, bad, repaired, unrepairable } = scrub;
  const progress: Line =
    state === "idle"
      ? [plain(`checked ${count(checked)}`)]
      : [
          plain(
            `${state === "paused" ? "check paused at" : "checking"} ${formatPercent(share).padStart(4)} `,
          ),
          { text: bar(share, barCells), tone: "accent" },
        ];
  if (bad === 0) return roomy ? [...progress, dim(", none damaged")] : progress;
  const worst: Line = unrepairable > 0 ? [strong(`, ${unrepairable} beyond repair`, "bad")] : [];
  return [...progress, strong(`, ${bad} damaged, ${repaired} repaired`, "warn"), ...worst];
};
