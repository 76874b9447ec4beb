/**
 * Everything the console knows and shows, as one value.
 *
 * `live` is what has come in; `frozen` is an earlier state that is looked at instead, because the console is paused
 * or one has gone back in time (values never change, so keeping one costs nothing). The rest is where the person is:
 * pane, selection, filter, question.
 */
import type { LogEntry } from "../../core/model/events.ts";
import type { NodeId } from "../../core/model/ids.ts";
import type { Snapshot } from "../../core/model/snapshot.ts";
import type { WallMs } from "../../core/model/units.ts";
import type { ActName } from "./acts.ts";
import { type ClientPane, type FirstClient, firstClient } from "./client.ts";
import { type ClusterView, clusterOf, type ProcessState, type Sources } from "./cluster.ts";
import { emptyField, type Field } from "./field.ts";
import { emptyHistory, type History } from "./history.ts";
import type { Room } from "./keys.ts";
import { borderRows, type Layout, layoutOf, placeOf, type Size } from "./layout.ts";
import type { Leaderless } from "./leaderless.ts";
import type { Tone } from "./line.ts";
import { emptyLog, firstLogView, type Log, type LogView } from "./log.ts";
import { type Notice, type NoticeCommands, noticesOf } from "./notices.ts";
import type { DeckPane, PaneId } from "./panes.ts";
import type { Picture } from "./picture.ts";
import { emptyTimeline, type Timeline } from "./timeline.ts";
import { type Asked, askedBy, type PlannedNotice, planNotices, questionRows } from "./wording.ts";

/** What comes in from outside. Node numbers in it are of one cluster. */
export type ConsoleEvent =
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  | { readonly kind: "log"; readonly entry: LogEntry }
  /** Log lines of that node which this console did not get. */
  | { readonly kind: "skipped"; readonly node: NodeId; readonly lines: number }
  | ({ readonly kind: "process"; readonly node: NodeId } & Omit<ProcessState, "since" | "bornAt">)
  /** Why nothing is heard of that node directly; null when it is. */
  | { readonly kind: "link"; readonly node: NodeId; readonly problem: Problem | null }
  /** An act is over: null when it was done. */
  | {
      readonly kind: "acted";
      readonly act: ActName;
      readonly node: NodeId;
      readonly problem: Problem | null;
    };

export interface Problem {
  readonly what: string;
  readonly hint: string;
}

export interface Live extends Sources {
  readonly log: Log;
  readonly history: History;
  readonly timeline: Timeline;
  /** The last time without a leader that this console has seen; null when there was none. */
  readonly leaderless: Leaderless | null;
}

/** What the caller of the console has settled. */
export interface Setup {
  readonly title: string;
  /** Who or what this console is for: a user's name, a node; "" for nothing. */
  readonly subtitle: string;
  readonly commands: NoticeCommands;
  /** What silence means. */
  readonly timings: { readonly heartbeatMs: number; readonly electionTimeoutMs: number };
  /** What can be done to nodes from here; nothing when one may only look. */
  readonly acts: readonly ActName[];
  readonly readOnly: boolean;
  /** The node that runs as a child of this console and could go on without it; null when leaving needs no word. */
  readonly leaves: NodeId | null;
}

/** What stands over the panes and takes the keys. */
export type Overlay =
  | { readonly kind: "help"; readonly from: number }
  | {
      readonly kind: "field";
      readonly what: "filter" | "search";
      readonly field: Field;
      readonly regex: boolean;
    }
  | {
      readonly kind: "command";
      readonly field: Field;
      /** Which line of the history is in the field, from the newest (0); null for one's own. */
      readonly recalled: number | null;
      readonly choices: readonly string[];
    }
  | { readonly kind: "menu"; readonly node: NodeId; readonly at: number }
  | { readonly kind: "ask"; readonly act: ActName; readonly node: NodeId }
  | { readonly kind: "leave" }
  /** `below`: lines under what shows. */
  | { readonly kind: "copy"; readonly below: number }
  | { readonly kind: "picture"; readonly picture: Picture };

export interface Frozen {
  readonly kind: "paused" | "past";
  readonly live: Live;
  readonly at: WallMs;
  /** The item of the timeline that one has gone back to; null while paused. */
  readonly item: number | null;
}

/** A word about what one has just done; gone after `flashMsMax` or at the next key. */
export interface Flash {
  readonly text: string;
  readonly tone: Tone;
  readonly at: WallMs;
}
export const flashMsMax = 6_000;

/** Of the charts, in seconds; null for what suits how much is known. */
export type Range = 60 | 300 | 3_600 | null;

export interface ConsoleModel {
  readonly setup: Setup;
  readonly now: WallMs;
  readonly size: Size;
  readonly live: Live;
  readonly frozen: Frozen | null;
  readonly focus: PaneId;
  /** Whose turn it is in the lowest place. */
  readonly deck: DeckPane;
  readonly zoomed: boolean;
  readonly overlay: Overlay | null;
  /** One of the nodes that show; null only while none does. */
  readonly selected: NodeId | null;
  readonly logView: LogView;
  /** The number of the event that is selected; null for the newest, whatever comes. */
  readonly event: number | null;
  /** How far down the panes are that have nothing to select. */
  readonly scroll: Partial<Readonly<Record<PaneId, number>>>;
  readonly range: Range;
  readonly mouse: boolean;
  readonly commandHistory: readonly string[];
  readonly flash: Flash | null;
  readonly client: ClientPane;
}

export interface FirstModel {
  readonly setup: Setup;
  readonly now: WallMs;
  readonly size: Size;
  readonly mouse: boolean;
  /** Null when it comes later. */
  readonly client: FirstClient | null;
}

export const emptyLive: Live = {
  snapshots: new Map(),
  processes: new Map(),
  links: new Map(),
  heard: new Map(),
  log: emptyLog,
  history: emptyHistory,
  timeline: emptyTimeline,
  leaderless: null,
};

export const firstModel = ({ client, ...first }: FirstModel): ConsoleModel => ({
  ...first,
  client: firstClient(client),
  live: emptyLive,
  frozen: null,
  focus: "nodes",
  deck: "log",
  zoomed: false,
  overlay: null,
  selected: null,
  logView: firstLogView,
  event: null,
  scroll: {},
  range: null,
  commandHistory: [],
  flash: null,
});

export const emptyCommand: Extract<Overlay, { readonly kind: "command" }> = {
  kind: "command",
  field: emptyField,
  recalled: null,
  choices: [],
};

/** What the panes show: the present, or the moment that one looks at instead. */
export const shownLive = (model: ConsoleModel): Live => model.frozen?.live ?? model.live;
/** The moment that the panes show. */
export const shownAt = (model: ConsoleModel): WallMs => model.frozen?.at ?? model.now;
export const shownCluster = (model: ConsoleModel): ClusterView | null =>
  clusterOf(shownLive(model), shownAt(model));

/** What header and warnings show: always the present. */
export const liveCluster = (model: ConsoleModel): ClusterView | null => clusterOf(model.live, model.now);
export const liveNotices = (model: ConsoleModel): readonly Notice[] =>
  noticesOf(liveCluster(model), model.live, model.setup.commands);

/** The pane that has all the room: by `z`, or because there is no room for it beside the others. */
export const zoomedPane = (model: ConsoleModel): PaneId | null => {
  if (model.zoomed) return model.focus;
  const together = layoutOf(model.size, { ...wishOf(model), zoomed: null });
  return together.kind === "panes" && placeOf(together, model.focus) === null ? model.focus : null;
};

export const modelLayout = (model: ConsoleModel): Layout =>
  layoutOf(model.size, { ...wishOf(model), zoomed: zoomedPane(model) });

const wishOf = (model: ConsoleModel) => ({
  nodeCount: shownNodes(model).length,
  noticeRows: plannedNotices(model).reduce((sum, { rows }) => sum + rows, 0),
  questionRows: questionRowsOf(model),
  deck: model.deck,
});

/** The warnings that there is room for. */
export const plannedNotices = (model: ConsoleModel): readonly PlannedNotice[] =>
  planNotices(liveNotices(model), model.size);

/** What the last lines ask; null when they ask nothing. */
export const askedNow = (model: ConsoleModel): Asked | null =>
  model.overlay?.kind === "ask" || model.overlay?.kind === "leave"
    ? askedBy(model.overlay, liveCluster(model), model.setup.leaves)
    : null;

const questionRowsOf = (model: ConsoleModel): 1 | 2 => {
  const asked = askedNow(model);
  return asked === null ? 1 : questionRows(asked, model.size.columns);
};

/** Lines that a pane shows at once; at least 1. */
export const paneRows = (model: ConsoleModel, pane: PaneId): number =>
  Math.max(1, (placeOf(modelLayout(model), pane)?.rows ?? 0) - borderRows);

/** Where keys go now. */
export const currentRoom = (model: ConsoleModel): Exclude<Room, "everywhere"> => {
  if (model.overlay !== null) return model.overlay.kind;
  return model.focus === "client" && model.client.typing ? "prompt" : model.focus;
};

/** The ids of the nodes that show, ascending. */
export const shownNodes = (model: ConsoleModel): readonly NodeId[] =>
  shownCluster(model)?.nodes.map((node) => node.view.id) ?? [];

/** The word of the moment, while it is fresh. */
export const shownFlash = ({ flash, now }: ConsoleModel): Flash | null =>
  flash !== null && now - flash.at < flashMsMax ? flash : null;

export const withFlash = (model: ConsoleModel, text: string, tone: Tone): ConsoleModel => ({
  ...model,
  flash: { text, tone, at: model.now },
});
