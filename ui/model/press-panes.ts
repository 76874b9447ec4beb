/**
 * Keys within the panes: moving a selection, scrolling, and going from pane to pane.
 */
import { clientActed } from "./client.ts";
import { scrollMax } from "./extent.ts";
import type { Action } from "./keys.ts";
import { foundLine, logWindow, nextLevel, scrollLog } from "./log.ts";
import {
  type ConsoleModel,
  paneRows,
  type Range,
  shownCluster,
  shownLive,
  shownNodes,
  withFlash,
} from "./model.ts";
import { isDeckPane, type PaneId, panes } from "./panes.ts";
import type { Item } from "./timeline.ts";

/** To the client one goes in order to type. */
export const goTo = (model: ConsoleModel, focus: PaneId): ConsoleModel => {
  const [client] = focus === "client" ? clientActed(model.client, "type", 1) : [model.client];
  return { ...model, focus, client, deck: isDeckPane(focus) ? focus : model.deck };
};

export const movedFocus = (model: ConsoleModel, by: number): ConsoleModel => {
  const from = panes.findIndex((pane) => pane.id === model.focus);
  const focus = panes[(from + by + panes.length) % panes.length]?.id ?? model.focus;
  return { ...model, focus, deck: isDeckPane(focus) ? focus : model.deck };
};

const ranges: readonly Range[] = [60, 300, 3_600];
export const rangeNames: Readonly<Record<number, string>> = { 60: "1 min", 300: "5 min", 3600: "1 h" };

export const nextRange = (model: ConsoleModel): ConsoleModel => {
  const range = ranges[ranges.indexOf(model.range) + 1] ?? 60;
  return withFlash({ ...model, range }, `charts of ${rangeNames[range]}`, "plain");
};

/** What works on the log from everywhere, and in each pane its own. */
export const inPane = (model: ConsoleModel, action: Action): ConsoleModel => {
  switch (action) {
    case "follow":
    case "level":
    case "page-up":
    case "page-down":
    case "next-found":
    case "previous-found":
    case "next-event":
    case "previous-event":
    case "next-node":
      return inLog(model, action);
    case "copy-view":
      return { ...model, overlay: { kind: "copy", below: 0 } };
    case "only-this-node": {
      const node = model.logView.node === model.selected ? null : model.selected;
      return { ...model, logView: { ...model.logView, node, anchor: null } };
    }
    case "show-in-log":
      return showInLog(model);
    default:
      return moved(model, action);
  }
};

const moved = (model: ConsoleModel, action: Action): ConsoleModel => {
  switch (model.focus) {
    case "nodes":
      return inNodes(model, action);
    case "log":
      return inLog(model, action);
    case "events":
      return inEvents(model, action);
    case "beats":
    case "traffic":
    case "risk":
    case "transfers":
      return scrolled(model, action);
    case "load":
    case "client":
      return model;
  }
};

/** Where a list's selection goes; the list ends at both ends. */
const stepped = (from: number, action: Action, length: number): number => {
  const last = Math.max(0, length - 1);
  switch (action) {
    case "down":
      return Math.min(last, from + 1);
    case "up":
      return Math.max(0, from - 1);
    case "first":
      return 0;
    case "last":
      return last;
    default:
      return from;
  }
};

const inNodes = (model: ConsoleModel, action: Action): ConsoleModel => {
  const nodes = shownNodes(model);
  const from = model.selected === null ? -1 : nodes.indexOf(model.selected);
  return { ...model, selected: nodes[stepped(from, action, nodes.length)] ?? null };
};

const scrolled = (model: ConsoleModel, action: Action): ConsoleModel => {
  const length = scrollMax(model, model.focus) + 1;
  const from = Math.min(length - 1, model.scroll[model.focus] ?? 0);
  return { ...model, scroll: { ...model.scroll, [model.focus]: stepped(from, action, length) } };
};

/** While one looks at the past the list still has what came after, so that one sees where one is. */
export const listedEvents = (model: ConsoleModel): readonly Item[] =>
  (model.frozen?.kind === "past" ? model.live : shownLive(model)).timeline.items;

/** The newest is selected, until one has gone up; at the newest again it is that of whatever comes. */
export const selectedEvent = (model: ConsoleModel): Item | undefined => {
  const items = listedEvents(model);
  return items.find((item) => item.number === model.event) ?? items.at(-1);
};

const inEvents = (model: ConsoleModel, action: Action): ConsoleModel => {
  const items = listedEvents(model);
  const selected = selectedEvent(model);
  if (selected === undefined) return model;
  const to = stepped(items.indexOf(selected), action, items.length);
  return { ...model, event: to === items.length - 1 ? null : (items[to]?.number ?? null) };
};

/** All that hides lines is taken away, or the event's own line might be hidden. */
const showInLog = (model: ConsoleModel): ConsoleModel => {
  const item = selectedEvent(model);
  if (item === undefined) return model;
  const view = {
    ...model.logView,
    filter: { text: "", regex: false },
    node: null,
    levelMin: "info" as const,
  };
  return { ...goTo(model, "log"), logView: { ...view, anchor: item.sequence } };
};

const inLog = (model: ConsoleModel, action: Action): ConsoleModel => {
  const { log } = shownLive(model);
  const rows = paneRows(model, "log");
  const view = model.logView;
  const scroll = (delta: number): ConsoleModel => ({ ...model, logView: scrollLog(log, view, rows, delta) });
  switch (action) {
    case "down":
      return scroll(1);
    case "up":
      return scroll(-1);
    case "page-down":
      return scroll(rows);
    case "page-up":
      return scroll(-rows);
    case "first":
      return scroll(-log.lines.length);
    case "last":
      return { ...model, logView: { ...view, anchor: null } };
    case "follow":
      return { ...model, logView: { ...view, anchor: followToggled(model, rows) } };
    case "level":
      return { ...model, logView: { ...view, levelMin: nextLevel(view.levelMin), anchor: null } };
    case "next-found":
      return found(model, 1);
    case "previous-found":
      return found(model, -1);
    case "next-event":
      return toEvent(model, 1);
    case "previous-event":
      return toEvent(model, -1);
    case "next-node":
      return { ...model, logView: { ...view, node: nextNode(model), anchor: null } };
    default:
      return model;
  }
};

/** Stopping holds the line that is at the bottom now; with an empty log there is nothing to hold. */
const followToggled = (model: ConsoleModel, rows: number): number | null => {
  if (model.logView.anchor !== null) return null;
  return logWindow(shownLive(model).log, model.logView, rows).lines.at(-1)?.sequence ?? null;
};

export const found = (model: ConsoleModel, by: 1 | -1): ConsoleModel => {
  const { search } = model.logView;
  if (search === "") return withFlash(model, "nothing is searched for: s searches", "plain");
  const line = foundLine(shownLive(model).log, model.logView, by);
  if (line === null) return withFlash(model, `no line shows with "${search}"`, "warn");
  return { ...goTo(model, "log"), logView: { ...model.logView, anchor: line.sequence } };
};

const toEvent = (model: ConsoleModel, by: 1 | -1): ConsoleModel => {
  const { log, timeline } = shownLive(model);
  const from = model.logView.anchor ?? log.sequenceNext;
  const item =
    by === 1
      ? timeline.items.find(({ sequence }) => sequence > from)
      : timeline.items.findLast(({ sequence }) => sequence < from);
  if (item === undefined)
    return withFlash(model, by === 1 ? "no event after that" : "no event before that", "plain");
  return { ...model, event: item.number, logView: { ...model.logView, anchor: item.sequence } };
};

const nextNode = (model: ConsoleModel): ConsoleModel["logView"]["node"] => {
  const nodes = shownCluster(model)?.nodes.map(({ view }) => view.id) ?? [];
  const { node } = model.logView;
  return node === null ? (nodes[0] ?? null) : (nodes[nodes.indexOf(node) + 1] ?? null);
};
