/**
 * Everything the console knows and shows, as one value.
 *
 * `live` is what has come in; `frozen` is an earlier `live` that is looked at instead while the console is paused
 * (values never change, so keeping one costs nothing). The rest is where the person is: pane, selection, filter.
 */
import type { LogEntry } from "../../core/model/events.ts";
import type { NodeId } from "../../core/model/ids.ts";
import type { Snapshot } from "../../core/model/snapshot.ts";
import type { WallMs } from "../../core/model/units.ts";
import { type ClientPane, type FirstClient, firstClient } from "./client.ts";
import { type ClusterView, clusterOf, type Sources } from "./cluster.ts";
import type { PaneId, Room } from "./keys.ts";
import { borderRows, type Layout, layoutOf, type Size } from "./layout.ts";
import { emptyLog, firstLogView, type Log, type LogView } from "./log.ts";
import { type Notice, type NoticeCommands, noticesOf } from "./notices.ts";

/** What comes in from outside. Node numbers in it are of one cluster. */
export type ConsoleEvent =
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  | { readonly kind: "log"; readonly entry: LogEntry }
  | {
      readonly kind: "process";
      readonly node: NodeId;
      readonly state: "starting" | "running" | "exited";
      readonly pid: number | null;
      readonly reason: string | null;
    };

/** One sample a second; five minutes. */
export const loadSamplesMax = 300;

/** A node's load, 0 … 1, oldest first; null where it was not known. All nodes' rows end at the same second. */
export type LoadHistory = ReadonlyMap<NodeId, readonly (number | null)[]>;

export interface Live extends Sources {
  readonly log: Log;
  readonly loads: LoadHistory;
}

export interface ConsoleModel {
  readonly title: string;
  /** Who or what this console is for: a user's name, a node; "" for nothing. */
  readonly subtitle: string;
  readonly commands: NoticeCommands;
  readonly now: WallMs;
  readonly size: Size;
  readonly live: Live;
  readonly frozen: { readonly live: Live; readonly at: WallMs } | null;
  readonly focus: PaneId;
  readonly zoomed: boolean;
  /** The first line of the help that shows; null while it is closed. */
  readonly help: number | null;
  /** One of the nodes that show; null only while none does. */
  readonly selected: NodeId | null;
  readonly logView: LogView;
  /** The text of the filter field while it is open. */
  readonly typing: string | null;
  readonly client: ClientPane;
}

export interface FirstModel {
  readonly title: string;
  readonly subtitle: string;
  readonly commands: NoticeCommands;
  readonly now: WallMs;
  readonly size: Size;
  readonly client: FirstClient;
}

export const firstModel = ({ client, ...first }: FirstModel): ConsoleModel => ({
  ...first,
  client: firstClient(client),
  live: { snapshots: new Map(), processes: new Map(), log: emptyLog, loads: new Map() },
  frozen: null,
  focus: "nodes",
  zoomed: false,
  help: null,
  selected: null,
  logView: firstLogView,
  typing: null,
});

/** What the panes show: the present, or the moment at which the console was paused. */
export const shownLive = (model: ConsoleModel): Live => model.frozen?.live ?? model.live;
export const shownCluster = (model: ConsoleModel): ClusterView | null =>
  clusterOf(shownLive(model), model.frozen?.at ?? model.now);

/** What header and warnings show: always the present. */
export const liveCluster = (model: ConsoleModel): ClusterView | null => clusterOf(model.live, model.now);
export const liveNotices = (model: ConsoleModel): readonly Notice[] =>
  noticesOf(liveCluster(model), model.live.processes, model.commands);

/** The pane that has all the room: by `z`, or because there is no room for it beside the others. */
export const zoomedPane = (model: ConsoleModel): PaneId | null => {
  if (model.zoomed) return model.focus;
  const together = layoutOf(model.size, nodeCount(model), null, liveNotices(model).length);
  return together.kind === "panes" && together[model.focus] === 0 ? model.focus : null;
};

export const modelLayout = (model: ConsoleModel): Layout =>
  layoutOf(model.size, nodeCount(model), zoomedPane(model), liveNotices(model).length);

/** Log lines that show at once; at least 1. */
export const logRows = (model: ConsoleModel): number => {
  const layout = modelLayout(model);
  return layout.kind === "panes" ? Math.max(1, layout.log - borderRows) : 1;
};

/** Lines of the client that show at once; at least 1. */
export const clientRows = (model: ConsoleModel): number => {
  const layout = modelLayout(model);
  return layout.kind === "panes" ? Math.max(1, layout.client - borderRows - 1) : 1;
};

/** Where keys go now. */
export const currentRoom = (model: ConsoleModel): Exclude<Room, "everywhere"> => {
  if (model.typing !== null) return "field";
  if (model.help !== null) return "help";
  return model.focus === "client" && model.client.typing ? "prompt" : model.focus;
};

/** The ids of the nodes that show, ascending. */
export const shownNodes = (model: ConsoleModel): readonly NodeId[] =>
  shownCluster(model)?.nodes.map((node) => node.view.id) ?? [];

const nodeCount = (model: ConsoleModel): number => shownNodes(model).length;
