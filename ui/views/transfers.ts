/**
 * What is on its way: this client's uploads with their bars, what each node has in hand, and what came through last.
 */
import type { Transfer } from "../model/client.ts";
import { isLive } from "../model/cluster.ts";
import { cameThrough } from "../model/extent.ts";
import { bar, formatAge, formatBytes, formatClock, formatCount, formatPercent } from "../model/format.ts";
import { dim, displayWidth, type Line, lineWidth, plain, printable, tailText } from "../model/line.ts";
import { type ConsoleModel, shownCluster, shownLive } from "../model/model.ts";
import { nodeMark } from "../theme.ts";
import { dotted, type PaneContent, scrolledLines } from "./pane.ts";

/** `width` and `rows` are inside the borders. */
export const transfersPane = (model: ConsoleModel, width: number, rows: number): PaneContent => {
  const { transfers } = model.client;
  const inFlight = inFlightLine(model);
  const lately = latelyLines(model);
  const nothing: Line = [dim(" nothing has come through since this console looks")];
  const all = [
    ...transfers.map((transfer) => transferLine(transfer, width)),
    inFlight,
    ...(lately.length === 0 ? [nothing] : lately),
  ];
  const { lines, hint } = scrolledLines(all, model.scroll.transfers ?? 0, rows);
  const under = transfers.length === 0 ? [] : [plain(`${transfers.length} under way here`)];
  return { title: dotted([under, hint]), lines };
};

const barCells = 10;

/** `cat.jpg      ███████░░░   68%  1.2 MB/s  3.2 s`. */
export const transferLine = (transfer: Transfer, width: number): Line => {
  const { name, bytes, total, bytesPerSecond } = transfer;
  const share = total === 0 ? 0 : bytes / total;
  const leftMs = bytesPerSecond > 0 ? ((total - bytes) / bytesPerSecond) * 1_000 : null;
  const rate = `${formatBytes(bytesPerSecond)}/s`;
  const roomy = width >= 52;
  const tail: Line = [
    { text: `  ${bar(share, barCells)}`, tone: "accent" },
    plain(`  ${formatPercent(share).padStart(4)}  ${rate.padStart(8)} `),
    ...(roomy ? [dim(`${formatAge(leftMs)} left`.padStart(12)), plain(" ")] : []),
  ];
  const room = Math.max(0, width - lineWidth(tail) - 1);
  // The last part of a path, and of that the end: photographs differ in their numbers.
  const label = tailText(printable(name.slice(name.search(/[^/\\]*$/))), room);
  return [plain(` ${label}${" ".repeat(Math.max(0, room - displayWidth(label)))}`), ...tail];
};

const inFlightLine = (model: ConsoleModel): Line => {
  const nodes = shownCluster(model)?.nodes.filter((node) => isLive(node.state)) ?? [];
  return [
    dim(" in flight  "),
    ...nodes.flatMap(
      ({ view }): Line => [nodeMark(view.id), dim(` ${view.id}: `), plain(`${formatCount(view.inFlight)}  `)],
    ),
  ];
};

const latelyLines = (model: ConsoleModel): readonly Line[] =>
  cameThrough(shownLive(model).log).map((line) => {
    const mark: Line = line.node === null ? [] : [nodeMark(line.node)];
    const text = line.text.slice(line.text.indexOf(": ") + 2);
    return [dim(` ${formatClock(line.at).slice(0, -1)} `), ...mark, plain(` ${text}`)];
  });
