/**
 * Keys in what is read like a page: the help, and the log as it is copied from.
 */
import { commandHelp } from "./commands.ts";
import type { Action } from "./keys.ts";
import { keySections } from "./keys.ts";
import { borderRows } from "./layout.ts";
import { matchingLines } from "./log.ts";
import { type ConsoleModel, modelLayout, type Overlay, shownLive } from "./model.ts";

type Page = Extract<Overlay, { readonly kind: "help" | "copy" }>;

export const actedInPage = (model: ConsoleModel, page: Page, action: Action): ConsoleModel => {
  if (action === "back" || action === "no") return { ...model, overlay: null };
  return page.kind === "help"
    ? { ...model, overlay: { ...page, from: helpMoved(model, page.from, action) } }
    : { ...model, overlay: { ...page, below: copyMoved(model, page.below, action) } };
};

const byOf = (action: Action, rows: number): number => {
  switch (action) {
    case "down":
      return 1;
    case "up":
      return -1;
    case "page-down":
      return rows;
    case "page-up":
      return -rows;
    default:
      return 0;
  }
};

/** Lines of the help: a title for each section, its rows, and a blank line between sections. */
export const helpLines = [...keySections, commandHelp].reduce(
  (lines, section) => lines + section.rows.length + 2,
  -1,
);

/** How many of them show. */
export const helpRows = (model: ConsoleModel): number => {
  const layout = modelLayout(model);
  return layout.kind === "panes" ? layout.room - borderRows : 1;
};

/** Never past the last line: the help's bottom stays at the bottom of its room. */
const helpMoved = (model: ConsoleModel, from: number, action: Action): number => {
  const rows = helpRows(model);
  return Math.max(0, Math.min(from + byOf(action, rows), helpLines - rows));
};

/** Counted in log lines, of which a long one takes several rows. */
const copyMoved = (model: ConsoleModel, below: number, action: Action): number => {
  const count = matchingLines(shownLive(model).log, model.logView).length;
  if (action === "first") return Math.max(0, count - 1);
  if (action === "last") return 0;
  const rows = Math.max(1, model.size.rows - 1);
  return Math.max(0, Math.min(count - 1, below - byOf(action, rows)));
};
