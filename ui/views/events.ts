/**
 * The story of the cluster, a line an event: when, what, and who told it. Panes show the cluster as it was at an event
 * after `←`; the line of that event is marked.
 */
import { formatClock, formatCount } from "../model/format.ts";
import { dim, fitLine, type Line, type Piece, plain, spreadLine } from "../model/line.ts";
import type { ConsoleModel } from "../model/model.ts";
import { listedEvents, selectedEvent } from "../model/press-panes.ts";
import type { Item } from "../model/timeline.ts";
import { firstEventShown } from "../model/windows.ts";
import { dotted, type PaneContent } from "./pane.ts";

/** `width` and `rows` are inside the borders. */
export const eventsPane = (model: ConsoleModel, width: number, rows: number): PaneContent => {
  const items = listedEvents(model);
  const shownUpTo = model.frozen?.item ?? Number.POSITIVE_INFINITY;
  const selected = selectedEvent(model);
  if (selected === undefined)
    return { title: [], lines: [[dim("  no election, no failure, no repair yet")]] };
  const first = firstEventShown(model, rows);
  const below = Math.max(0, items.length - first - rows);
  return {
    title: dotted([
      [dim(`${formatCount(items.length)} in the last hour`)],
      [dim("← → go there")],
      below > 0 ? [{ text: `${below} below: j`, tone: "warn" }] : [],
    ]),
    lines: items.slice(first, first + rows).map((item) => {
      const marked = item.number === shownUpTo || (model.focus === "events" && item === selected);
      const row = eventRow(item, marked, width);
      return item.number > shownUpTo ? row.map((piece) => dim(piece.text)) : row;
    }),
  };
};

/** Where there is too little width, who told it gives way. */
const tellerCells = 60;

/** An event in a line; the one that is meant has a mark. */
export const eventRow = (item: Item, selected: boolean, width: number): Line => {
  const { sign, tone, text, more } = item.told;
  const here: Piece = { text: selected ? "›" : " ", bold: true };
  const head: Line = [
    here,
    dim(`${formatClock(item.at).slice(0, -1)} `),
    { text: `${sign} `, tone, bold: true },
  ];
  const words: Line = [plain(text), dim(more)];
  if (width < tellerCells) return fitLine([...head, ...words], width);
  const teller = item.by.length === 0 ? "" : `by ${item.by.join(" ")} `;
  return spreadLine([...head, ...words], [dim(teller)], width);
};
