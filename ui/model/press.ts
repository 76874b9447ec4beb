/**
 * What a key makes of the model: it is looked up in the key table, by the room that one is in, and its action done.
 */
import { type ClientPane, type ClientRequest, clientActed, clientTyped } from "./client.ts";
import { type Action, actionOf, helpLines, panes } from "./keys.ts";
import { borderRows, roomOf } from "./layout.ts";
import { printable } from "./line.ts";
import { logWindow, nextLevel, scrollLog } from "./log.ts";
import {
  type ConsoleModel,
  clientRows,
  currentRoom,
  logRows,
  modelLayout,
  shownLive,
  shownNodes,
  zoomedPane,
} from "./model.ts";

/** What has to happen outside. */
export type Command = { readonly kind: "quit" } | { readonly kind: "suspend" } | ClientRequest;

export type Updated = readonly [ConsoleModel, readonly Command[]];

/** A filter is a word or two. */
export const filterTextMax = 80;

export const press = (model: ConsoleModel, key: string): Updated => {
  if (model.typing !== null) return pressedInField(model, model.typing, key);
  const room = currentRoom(model);
  const action = actionOf(room, key);
  if (action !== null) return acted(model, action, key);
  const isText = room === "prompt" && [...graphemes.segment(key)].length === 1;
  return [isText ? withClient(model, clientTyped(model.client, key)) : model, []];
};
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** A paste goes where one types; where nobody does, to the client: a file that is dropped is to be uploaded. */
export const pasted = (model: ConsoleModel, text: string): ConsoleModel => {
  if (model.typing !== null) return typed(model, model.typing + text);
  if (model.help !== null || model.client.user === null) return model;
  return withClient({ ...model, focus: "client" }, clientTyped(model.client, text));
};

const withClient = (model: ConsoleModel, client: ClientPane): ConsoleModel => ({ ...model, client });

const pressedInField = (model: ConsoleModel, text: string, key: string): Updated => {
  const action = actionOf("field", key);
  if (action === null) return [[...key].length === 1 ? typed(model, text + key) : model, []];
  switch (action) {
    case "quit":
      return [model, [{ kind: "quit" }]];
    case "keep-filter":
      return [{ ...model, typing: null }, []];
    case "drop-filter":
      return [{ ...typed(model, ""), typing: null }, []];
    case "erase":
      return [typed(model, [...text].slice(0, -1).join("")), []];
    case "erase-word":
      return [typed(model, text.replace(/\S*\s*$/u, "")), []];
    default:
      return [typed(model, ""), []];
  }
};

/** The filter works while it is typed; it shows the newest lines that match. */
export const typed = (model: ConsoleModel, text: string): ConsoleModel => {
  const filter = [...printable(text)].slice(0, filterTextMax).join("");
  return { ...model, typing: filter, logView: { ...model.logView, filter, anchor: null } };
};

const acted = (model: ConsoleModel, action: Action, key: string): Updated => {
  switch (action) {
    case "quit":
      return [model, [{ kind: "quit" }]];
    case "suspend":
      return [model, [{ kind: "suspend" }]];
    case "help":
      return [{ ...model, help: 0 }, []];
    case "back":
      return [steppedBack(model), []];
    case "next-pane":
      return [movedFocus(model, 1), []];
    case "previous-pane":
      return [movedFocus(model, -1), []];
    case "go-to-pane":
      return [wentTo(model, Number(key)), []];
    case "zoom":
      return [{ ...model, zoomed: !model.zoomed }, []];
    case "pause":
      return [paused(model), []];
    case "filter":
      return [{ ...model, typing: model.logView.filter, focus: "log" }, []];
    case "follow":
    case "level":
      return [inLog(model, action), []];
    default:
      return inRoom(model, action);
  }
};

const inRoom = (model: ConsoleModel, action: Action): Updated => {
  if (model.help !== null)
    return [{ ...model, help: helpMoved(model, model.help, action === "down" ? 1 : -1) }, []];
  if (model.focus === "client") {
    const [client, requests] = clientActed(model.client, action, clientRows(model));
    return [withClient(model, client), requests];
  }
  const paging = action === "page-up" || action === "page-down";
  return [model.focus === "log" || paging ? inLog(model, action) : inNodes(model, action), []];
};

/** To the client one goes in order to type. */
const wentTo = (model: ConsoleModel, number: number): ConsoleModel => {
  const focus = panes[number - 1]?.id ?? model.focus;
  const [client] = focus === "client" ? clientActed(model.client, "type", 1) : [model.client];
  return { ...model, focus, client };
};

/** Never past the last line: the help's bottom stays at the bottom of its room. */
const helpMoved = (model: ConsoleModel, from: number, by: number): number => {
  const layout = modelLayout(model);
  const rows = layout.kind === "panes" ? roomOf(layout) - borderRows : 0;
  return Math.max(0, Math.min(helpLines - rows, from + by));
};

const steppedBack = (model: ConsoleModel): ConsoleModel => {
  if (model.help !== null) return { ...model, help: null };
  if (model.zoomed) return { ...model, zoomed: false };
  if (zoomedPane(model) !== null) return { ...model, focus: "nodes" };
  if (model.logView.filter !== "")
    return { ...model, logView: { ...model.logView, filter: "", anchor: null } };
  return { ...model, logView: { ...model.logView, node: null } };
};

const movedFocus = (model: ConsoleModel, by: number): ConsoleModel => {
  const from = panes.findIndex((pane) => pane.id === model.focus);
  return { ...model, focus: panes[(from + by + panes.length) % panes.length]?.id ?? model.focus };
};

const paused = (model: ConsoleModel): ConsoleModel => ({
  ...model,
  frozen: model.frozen === null ? { live: model.live, at: model.now } : null,
});

const inNodes = (model: ConsoleModel, action: Action): ConsoleModel => {
  const nodes = shownNodes(model);
  const from = model.selected === null ? -1 : nodes.indexOf(model.selected);
  const select = (index: number): ConsoleModel => ({
    ...model,
    selected: nodes[Math.min(nodes.length - 1, Math.max(0, index))] ?? null,
  });
  switch (action) {
    case "down":
      return select(from + 1);
    case "up":
      return select(from - 1);
    case "first":
      return select(0);
    case "last":
      return select(nodes.length - 1);
    case "only-this-node": {
      const node = model.logView.node === model.selected ? null : model.selected;
      return { ...model, logView: { ...model.logView, node, anchor: null } };
    }
    default:
      return model;
  }
};

const inLog = (model: ConsoleModel, action: Action): ConsoleModel => {
  const { log } = shownLive(model);
  const rows = logRows(model);
  const scroll = (delta: number): ConsoleModel => ({
    ...model,
    logView: scrollLog(log, model.logView, rows, delta),
  });
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
      return { ...model, logView: { ...model.logView, anchor: null } };
    case "follow":
      return { ...model, logView: { ...model.logView, anchor: followToggled(model, rows) } };
    case "level":
      return {
        ...model,
        logView: { ...model.logView, levelMin: nextLevel(model.logView.levelMin), anchor: null },
      };
    default:
      return model;
  }
};

/** Stopping holds the line that is at the bottom now; with an empty log there is nothing to hold. */
const followToggled = (model: ConsoleModel, rows: number): number | null => {
  if (model.logView.anchor !== null) return null;
  return logWindow(shownLive(model).log, model.logView, rows).lines.at(-1)?.sequence ?? null;
};
