/**
 * What a key makes of the model: it is looked up in the key table, by the room that one is in, and its action done.
 *
 * The rooms that stand over the panes have files of their own: fields and the command line, questions about acts.
 */

import type { NodeId } from "../../core/model/ids.ts";
import type { ActName } from "./acts.ts";
import { type ClientPane, type ClientRequest, clientActed, clientTyped } from "./client.ts";
import { emptyField, fieldOf, isOneCharacter } from "./field.ts";
import { type Action, actionOf } from "./keys.ts";
import {
  type ConsoleModel,
  currentRoom,
  emptyCommand,
  modelLayout,
  paneRows,
  withFlash,
  zoomedPane,
} from "./model.ts";
import { panes } from "./panes.ts";
import { actedInMenu, actedInQuestion, opensMenu, pickedInMenu } from "./press-acts.ts";
import { actedInCommand, typedInCommand } from "./press-command.ts";
import { actedInField, typedInField } from "./press-field.ts";
import { actedInPage } from "./press-pages.ts";
import { goTo, inPane, movedFocus, nextRange } from "./press-panes.ts";
import { albumAsked, typedEarly, viewed } from "./press-pictures.ts";
import { earlier, later, toNow } from "./travel.ts";

/** What has to happen outside. */
export type Command =
  /** `background`: the node that runs as a child goes on. */
  | { readonly kind: "quit"; readonly background: boolean }
  | { readonly kind: "suspend" }
  | { readonly kind: "redraw" }
  | { readonly kind: "mouse"; readonly on: boolean }
  /** Give the terminal this, and wait for a key. */
  | { readonly kind: "show"; readonly text: string }
  | { readonly kind: "act"; readonly act: ActName; readonly node: NodeId }
  | ClientRequest;

export type Updated = readonly [ConsoleModel, readonly Command[]];

export const press = (before: ConsoleModel, key: string): Updated => {
  const model = before.flash === null ? before : { ...before, flash: null };
  const room = currentRoom(model);
  const action = actionOf(room, key);
  if (room === "picture" && action === null) return [{ ...model, overlay: null }, []];
  if (room === "prompt" && !model.client.ready && action !== "suspend")
    return [typedEarly(model, { kind: "key", key }, action), []];
  if (action !== null) return acted(model, action, key);
  if (!isOneCharacter(key)) return [model, []];
  switch (room) {
    case "prompt":
      return [withClient(model, clientTyped(model.client, key)), []];
    case "field":
      return [typedInField(model, key), []];
    case "command":
      return [typedInCommand(model, key), []];
    case "menu":
      return pickedInMenu(model, key);
    default:
      return [model, []];
  }
};

/** A paste goes where one types; where nobody does, to the client: a file that is dropped is to be uploaded. */
export const pasted = (model: ConsoleModel, text: string): ConsoleModel => {
  if (model.overlay?.kind === "field") return typedInField(model, text);
  if (model.overlay?.kind === "command") return typedInCommand(model, text);
  if (model.overlay !== null) return model;
  if (!model.client.ready) return typedEarly(model, { kind: "paste", text }, null);
  if (model.client.user === null) return model;
  return withClient({ ...model, focus: "client" }, clientTyped(model.client, text));
};

const withClient = (model: ConsoleModel, client: ClientPane): ConsoleModel => ({ ...model, client });

const acted = (model: ConsoleModel, action: Action, key: string): Updated => {
  if (action === "quit") return quit(model);
  if (action === "suspend") return [model, [{ kind: "suspend" }]];
  if (action === "redraw") return [model, [{ kind: "redraw" }]];
  switch (model.overlay?.kind) {
    case "field":
      return [actedInField(model, model.overlay, action), []];
    case "command":
      return actedInCommand(model, model.overlay, action);
    case "menu":
      return actedInMenu(model, model.overlay, action);
    case "ask":
    case "leave":
      return actedInQuestion(model, model.overlay, action);
    case "copy":
    case "help":
      return [actedInPage(model, model.overlay, action), []];
    case "picture":
      return [{ ...model, overlay: null }, []];
    case undefined:
      return actedOnPanes(model, action, key);
  }
};

/** A node that could go on without this console is asked about. */
const quit = (model: ConsoleModel): Updated =>
  model.setup.leaves === null
    ? [model, [{ kind: "quit", background: false }]]
    : [{ ...model, overlay: { kind: "leave" } }, []];

const actedOnPanes = (model: ConsoleModel, action: Action, key: string): Updated => {
  if (model.focus === "client" && (model.client.typing || clientActions.has(action)))
    return actedInClient(model, action);
  switch (action) {
    case "help":
      return [{ ...model, overlay: { kind: "help", from: 0 } }, []];
    case "command":
      return [{ ...model, overlay: emptyCommand }, []];
    case "filter": {
      const { filter } = model.logView;
      const field = fieldOf(filter.text);
      return [
        { ...withLog(model), overlay: { kind: "field", what: "filter", field, regex: filter.regex } },
        [],
      ];
    }
    case "search":
      return [
        { ...withLog(model), overlay: { kind: "field", what: "search", field: emptyField, regex: false } },
        [],
      ];
    case "menu":
      return [opensMenu(model), []];
    case "back":
      return [steppedBack(model), []];
    case "next-pane":
      return [movedFocus(model, 1), []];
    case "previous-pane":
      return [movedFocus(model, -1), []];
    case "go-to-pane":
      return [goTo(model, panes[Number(key) - 1]?.id ?? model.focus), []];
    case "zoom":
      return [{ ...model, zoomed: !model.zoomed }, []];
    case "pause":
      return [paused(model), []];
    case "earlier":
      return [earlier(model), []];
    case "later":
      return [later(model), []];
    case "range":
      return [nextRange(model), []];
    default:
      return [inPane(model, action), []];
  }
};

/** A filter and a search are of the log. */
const withLog = (model: ConsoleModel): ConsoleModel => goTo(model, "log");

const clientActions: ReadonlySet<Action> = new Set<Action>([
  "type",
  "down",
  "up",
  "first",
  "last",
  "page-up",
  "page-down",
  "view",
  "album",
]);

const actedInClient = (model: ConsoleModel, action: Action): Updated => {
  if (action === "view") return viewed(model);
  if (action === "album") return albumAsked(model);
  const page = Math.max(1, paneRows(model, "client") - 1);
  const [client, requests] = clientActed(model.client, action, page);
  return [withClient(model, client), requests];
};

const paused = (model: ConsoleModel): ConsoleModel => {
  if (model.frozen === null)
    return { ...model, frozen: { kind: "paused", live: model.live, at: model.now, item: null } };
  return toNow(model);
};

/** The nearest thing that one has gone into is left first. */
const steppedBack = (model: ConsoleModel): ConsoleModel => {
  if (model.frozen !== null) return toNow(model);
  if (model.zoomed) return { ...model, zoomed: false };
  if (zoomedPane(model) !== null && modelLayout(model).kind === "panes") return { ...model, focus: "nodes" };
  const { filter, search, node } = model.logView;
  if (search !== "") return { ...model, logView: { ...model.logView, search: "" } };
  if (filter.text !== "")
    return { ...model, logView: { ...model.logView, filter: { text: "", regex: false }, anchor: null } };
  if (node !== null) return { ...model, logView: { ...model.logView, node: null, anchor: null } };
  return withFlash(model, "nothing to go back from; q leaves", "plain");
};
