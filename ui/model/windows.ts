/**
 * Which part of a list shows when it is longer than its pane: what is drawn and what is clicked on must agree.
 */
import { type ConsoleModel, shownNodes } from "./model.ts";
import { listedEvents, selectedEvent } from "./press-panes.ts";

/** The index of the uppermost node, with `rows` rows for nodes: the selected one is always among those that show. */
export const firstNodeShown = (model: ConsoleModel, rows: number): number => {
  const nodes = shownNodes(model);
  const at = model.selected === null ? 0 : nodes.indexOf(model.selected);
  return Math.max(0, Math.min(at - Math.floor(rows / 2), nodes.length - rows));
};

/** The same for events: the newest at the bottom, unless one has gone up further than a pane. */
export const firstEventShown = (model: ConsoleModel, rows: number): number => {
  const items = listedEvents(model);
  const selected = selectedEvent(model);
  const at = selected === undefined ? 0 : items.indexOf(selected);
  const newest = Math.max(0, items.length - rows);
  return at >= newest ? newest : Math.max(0, at - Math.floor(rows / 2));
};
