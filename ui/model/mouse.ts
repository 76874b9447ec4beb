/**
 * What the mouse does, where somebody has switched it on: a click goes to a pane and selects in it, the wheel scrolls
 * the pane under it. Everything that it does, a key does too.
 */
import { borderRows, type Place } from "./layout.ts";
import { type ConsoleModel, modelLayout, paneRows, shownNodes } from "./model.ts";
import type { PaneId } from "./panes.ts";
import { goTo, inPane, listedEvents } from "./press-panes.ts";
import { firstEventShown, firstNodeShown } from "./windows.ts";

/** `column` and `row` count from 0, at the upper left. */
export interface MouseDeed {
  readonly what: "press" | "wheel-up" | "wheel-down";
  readonly column: number;
  readonly row: number;
}

const headerRows = 1;
const wheelLines = 3;

export const moused = (model: ConsoleModel, deed: MouseDeed): ConsoleModel => {
  if (model.overlay !== null) return model;
  const place = placeUnder(model, deed);
  if (place === null) return model;
  const focused = model.focus === place.pane ? model : gone(model, place.pane);
  if (deed.what !== "press") {
    const action = deed.what === "wheel-up" ? "up" : "down";
    return Array.from({ length: wheelLines }).reduce<ConsoleModel>((next) => inPane(next, action), focused);
  }
  return picked(focused, place, deed.row - headerRows - place.top - 1);
};

/** With the mouse one looks at the client; to type one presses Enter. */
const gone = (model: ConsoleModel, pane: PaneId): ConsoleModel =>
  pane === "client" ? { ...model, focus: "client" } : goTo(model, pane);

const placeUnder = (model: ConsoleModel, { column, row }: MouseDeed): Place | null => {
  const layout = modelLayout(model);
  if (layout.kind !== "panes") return null;
  const at = row - headerRows;
  return (
    layout.places.find(
      ({ left, top, width, rows }) => column >= left && column < left + width && at >= top && at < top + rows,
    ) ?? null
  );
};

/** `line` counts from 0 inside the borders. */
const picked = (model: ConsoleModel, place: Place, line: number): ConsoleModel => {
  if (line < 0 || line >= place.rows - borderRows) return model;
  if (place.pane === "nodes") {
    const node = shownNodes(model)[firstNodeShown(model, place.rows - borderRows - 1) + line - 1];
    return line === 0 || node === undefined ? model : { ...model, selected: node };
  }
  if (place.pane === "events") {
    const items = listedEvents(model);
    const item = items[firstEventShown(model, paneRows(model, "events")) + line];
    return item === undefined ? model : { ...model, event: item === items.at(-1) ? null : item.number };
  }
  return model;
};
