/**
 * What is listed in panes that have nothing to select, and so how far one can scroll in them.
 */
import type { LinkView } from "../../core/model/snapshot.ts";
import type { ClusterView } from "./cluster.ts";
import type { Log, LogLine } from "./log.ts";
import { type ConsoleModel, paneRows, shownCluster, shownLive } from "./model.ts";
import type { PaneId } from "./panes.ts";
import { diskItems } from "./timeline.ts";

/** Links between nodes that both live and over which nothing is heard. */
export const deafLinks = (cluster: ClusterView, electionTimeoutMs: number): readonly LinkView[] => {
  const live = cluster.nodes.filter(({ state }) => state !== "down").map(({ view }) => view.id);
  return cluster.links.filter(
    ({ from, to, silenceMs }) =>
      live.includes(from) && live.includes(to) && (silenceMs === null || silenceMs >= electionTimeoutMs),
  );
};

const passing: ReadonlySet<LogLine["kind"]> = new Set<LogLine["kind"]>([
  "image.stored",
  "image.refused",
  "copy.made",
]);
const cameThroughMax = 50;

/** What was stored, copied or refused last, newest first; each is a line of the log already. */
export const cameThrough = ({ lines }: Log): readonly LogLine[] => {
  const found: LogLine[] = [];
  for (let index = lines.length - 1; index >= 0 && found.length < cameThroughMax; index--) {
    const line = lines[index];
    if (line?.node != null && passing.has(line.kind)) found.push(line);
  }
  return found;
};

/** The legend below the beats, and the blank line above what is to be seen in them. */
const beatsExtraLines = 2;
const measures = 3;

/** How many lines there are to see in a pane, and how many of its rows they share with what does not scroll. */
const extentOf = (model: ConsoleModel, pane: PaneId): { readonly lines: number; readonly fixed: number } => {
  const cluster = shownCluster(model);
  const nodes = cluster?.nodes.length ?? 0;
  switch (pane) {
    case "beats": {
      const deaf = cluster === null ? [] : deafLinks(cluster, model.setup.timings.electionTimeoutMs);
      return { lines: nodes + beatsExtraLines + Math.max(1, deaf.length), fixed: 1 };
    }
    case "traffic":
      return { lines: measures * shownLive(model).history.nodes.size, fixed: 1 };
    case "risk": {
      const copies = cluster?.risk?.unreadable === 0 || cluster?.risk == null ? 1 : 2;
      const items = diskItems(shownLive(model).timeline).length;
      return { lines: 1 + copies + nodes + (items === 0 ? 0 : items + 1), fixed: 0 };
    }
    case "transfers": {
      const lately = Math.max(1, cameThrough(shownLive(model).log).length);
      return { lines: model.client.transfers.length + 1 + lately, fixed: 0 };
    }
    default:
      return { lines: 0, fixed: 0 };
  }
};

/** The furthest that one can scroll: the last line is in the last row. */
export const scrollMax = (model: ConsoleModel, pane: PaneId): number => {
  const { lines, fixed } = extentOf(model, pane);
  return Math.max(0, lines - (paneRows(model, pane) - fixed));
};
