/** The load of each node over time, always on a scale from 0 to 100 %. */
import type { NodeId } from "../../core/model/ids.ts";
import { isLive } from "../model/cluster.ts";
import { formatPercent, sparkline } from "../model/format.ts";
import { chartRowsMin } from "../model/layout.ts";
import { dim, type Line, plain } from "../model/line.ts";
import { type ConsoleModel, shownCluster, shownLive } from "../model/model.ts";
import { nodeMark, nodeTone } from "../theme.ts";
import { dotted, type PaneContent } from "./pane.ts";
import { chartLines, nodesOf, rangeName, rangeOf, valuesOf, type Wanted } from "./series.ts";

const load: Wanted = { metric: "load", how: "mean" };

/** `width` and `rows` are inside the borders. */
export const loadPane = (model: ConsoleModel, width: number, rows: number, colored: boolean): PaneContent => {
  const ids = nodesOf(shownLive(model).history);
  if (ids.length === 0) return { title: [], lines: [[dim("  nothing measured yet")]] };
  const chart = colored && rows >= chartRowsMin;
  const title = dotted([legend(ids), [dim(`% · ${rangeName(rangeOf(model))}`)]]);
  return {
    title,
    lines: chart
      ? chartLines(model, { ...load, width, rows, max: 1, label: (value) => formatPercent(value) })
      : sparklines(model, ids, width),
  };
};

export const legend = (ids: readonly NodeId[]): Line =>
  ids.flatMap((id, index): Line => [plain(index === 0 ? "" : "  "), nodeMark(id), plain(` ${id}`)]);

/** Mark and number before a sparkline, percent after it. */
const sparkExtraCells = 14;

const sparklines = (model: ConsoleModel, ids: readonly NodeId[], width: number): readonly Line[] => {
  const cluster = shownCluster(model);
  const loadNow = (id: NodeId): number | null =>
    cluster?.nodes.find((node) => node.view.id === id && isLive(node.state))?.view.load ?? null;
  const cells = width - sparkExtraCells;
  return ids.map((id) => [
    plain(" "),
    nodeMark(id),
    plain(`  ${id}  `),
    { text: sparkline(valuesOf(model, id, load, cells), 1, cells), tone: nodeTone(id) },
    plain(`${formatPercent(loadNow(id)).padStart(6)} `),
  ]);
};
