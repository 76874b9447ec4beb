/**
 * The console's one decision: what a message makes of the model, and what is to be done about it.
 *
 * Nothing here knows a terminal, a clock or a socket. Keys are looked up in the key table and come here as
 * actions; what has to happen outside is returned as commands.
 */
import type { Level } from "../../core/model/events.ts";
import type { NodeId } from "../../core/model/ids.ts";
import type { WallMs } from "../../core/model/units.ts";
import { clusterOf, isLive, type ProcessState, type Received } from "./cluster.ts";
import { type Action, actionOf, helpLines, panes } from "./keys.ts";
import { borderRows, roomOf, type Size } from "./layout.ts";
import { printable } from "./line.ts";
import { appendLog, firstLogView, logWindow, nextLevel, type Said, saidOf, scrollLog } from "./log.ts";
import {
  type ConsoleEvent,
  type ConsoleModel,
  currentRoom,
  type Live,
  type LoadHistory,
  loadSamplesMax,
  logRows,
  modelLayout,
  shownLive,
  shownNodes,
  zoomedPane,
} from "./model.ts";

export type Message =
  /** What came in since the last such message, oldest first. */
  | { readonly kind: "news"; readonly at: WallMs; readonly events: readonly ConsoleEvent[] }
  /** Once a second. */
  | { readonly kind: "tick"; readonly at: WallMs }
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "paste"; readonly text: string }
  | { readonly kind: "resize"; readonly size: Size }
  /** What this process itself would have printed. */
  | { readonly kind: "said"; readonly at: WallMs; readonly level: Level; readonly text: string };

export type Command = { readonly kind: "quit" } | { readonly kind: "suspend" };

export type Updated = readonly [ConsoleModel, readonly Command[]];

/** A filter is a word or two. */
export const filterTextMax = 80;

export const update = (model: ConsoleModel, message: Message): Updated => {
  const [next, commands] = decided(model, message);
  return [withSelection(next), commands];
};

const decided = (model: ConsoleModel, message: Message): Updated => {
  switch (message.kind) {
    case "news":
      return [heard(model, message.at, message.events), []];
    case "tick":
      return [ticked(model, message.at), []];
    case "said":
      return [withLog(model, [{ at: message.at, node: null, level: message.level, text: message.text }]), []];
    case "resize":
      return [{ ...model, size: message.size }, []];
    case "paste":
      return [model.typing === null ? model : typed(model, model.typing + message.text), []];
    case "key":
      return pressed(model, message.key);
  }
};

const heard = (model: ConsoleModel, at: WallMs, events: readonly ConsoleEvent[]): ConsoleModel => {
  const snapshots = new Map<NodeId, Received>(model.live.snapshots);
  const processes = new Map<NodeId, ProcessState>(model.live.processes);
  const said: Said[] = [];
  for (const event of events) {
    switch (event.kind) {
      case "snapshot":
        snapshots.set(event.snapshot.observer, { snapshot: event.snapshot, at });
        break;
      case "process":
        processes.set(event.node, {
          state: event.state,
          pid: event.pid,
          reason: event.reason === null ? null : printable(event.reason),
          since: at,
        });
        break;
      case "log":
        said.push(saidOf(event.entry));
        break;
    }
  }
  // Nodes report one after the other; what happened first is read first.
  const inOrder = said.toSorted((one, other) => one.at - other.at);
  const live = { ...model.live, snapshots, processes, log: appendLog(model.live.log, inOrder) };
  return { ...model, now: at, live };
};

const ticked = (model: ConsoleModel, at: WallMs): ConsoleModel => ({
  ...model,
  now: at,
  live: { ...model.live, loads: sampled(model.live, at) },
});

/** One more sample for each node, and none for nodes that left the cluster. */
const sampled = (live: Live, at: WallMs): LoadHistory => {
  const cluster = clusterOf(live, at);
  if (cluster === null) return live.loads;
  const known = Math.max(0, ...[...live.loads.values()].map((samples) => samples.length));
  return new Map(
    cluster.nodes.map((node) => {
      const before = live.loads.get(node.view.id) ?? Array<null>(known).fill(null);
      const load = isLive(node.state) && !cluster.stale ? node.view.load : null;
      return [node.view.id, [...before, load].slice(-loadSamplesMax)];
    }),
  );
};

const withLog = (model: ConsoleModel, said: readonly Said[]): ConsoleModel => ({
  ...model,
  live: { ...model.live, log: appendLog(model.live.log, said) },
});

/**
 * The selection stays on a node that shows: the first when it has gone. Any message can take it away, because time
 * alone can change whose view shows.
 */
const withSelection = (model: ConsoleModel): ConsoleModel => {
  const nodes = shownNodes(model);
  if (model.selected !== null && nodes.includes(model.selected)) return model;
  return { ...model, selected: nodes[0] ?? null };
};

const pressed = (model: ConsoleModel, key: string): Updated => {
  if (model.typing !== null) return pressedInField(model, model.typing, key);
  const action = actionOf(currentRoom(model), key);
  return action === null ? [model, []] : acted(model, action, key);
};

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
const typed = (model: ConsoleModel, text: string): ConsoleModel => {
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
      return [{ ...model, focus: panes[Number(key) - 1]?.id ?? model.focus }, []];
    case "zoom":
      return [{ ...model, zoomed: !model.zoomed }, []];
    case "pause":
      return [paused(model), []];
    case "filter":
      return [{ ...model, typing: model.logView.filter, focus: "log" }, []];
    case "page-up":
    case "page-down":
    case "follow":
    case "level":
      return [inLog(model, action), []];
    default:
      return [inRoom(model, action), []];
  }
};

const inRoom = (model: ConsoleModel, action: Action): ConsoleModel => {
  if (model.help !== null)
    return { ...model, help: helpMoved(model, model.help, action === "down" ? 1 : -1) };
  return model.focus === "log" ? inLog(model, action) : inNodes(model, action);
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
  if (model.logView.anchor !== null) return firstLogView.anchor;
  return logWindow(shownLive(model).log, model.logView, rows).lines.at(-1)?.sequence ?? null;
};
