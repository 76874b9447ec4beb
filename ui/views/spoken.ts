/**
 * The console in sentences: for screen readers, and where the output is no terminal.
 *
 * Nothing is drawn over; what has changed is said once, a line each. So a state is said when it becomes another,
 * a warning when it appears and not while it counts seconds, an event when it happens, and a pane when one goes to
 * it. Bars and charts are left out: the numbers beside them say the same.
 */
import { type ClusterNode, isStarting } from "../model/cluster.ts";
import { formatAge, formatBytes, formatCount, formatPercent } from "../model/format.ts";
import { lineText } from "../model/line.ts";
import type { LogLine } from "../model/log.ts";
import { matchingLines } from "../model/log.ts";
import { type ConsoleModel, liveCluster, liveNotices, shownCluster, shownLive } from "../model/model.ts";
import { type PaneId, paneName } from "../model/panes.ts";
import type { Item } from "../model/timeline.ts";
import { beatsPane } from "./beats.ts";
import { footerLines } from "./footer.ts";
import { helpText } from "./help.ts";
import { copyText } from "./log.ts";
import { menuPane } from "./questions.ts";
import { riskPane } from "./risk.ts";
import { trafficPane } from "./traffic.ts";
import { transfersPane } from "./transfers.ts";

/** `everything`: every log line too, for a file or a pipe; a person is told events and what is worse than usual. */
export type Manner = "everything" | "to-a-person";

/** What `after` has to say that `before` had not; `before` is null at the start. */
export const spokenLines = (
  before: ConsoleModel | null,
  after: ConsoleModel,
  manner: Manner,
): readonly string[] => [
  ...changedState(before, after),
  ...newNotices(before, after),
  ...newWords(before, after, manner),
  ...newClientWords(before, after),
  ...changedPlace(before, after),
  ...(after.flash !== null && after.flash !== before?.flash ? [after.flash.text] : []),
];

/** Longer bursts are counted instead. */
const wordsMax = 30;

const changedState = (before: ConsoleModel | null, after: ConsoleModel): readonly string[] => {
  const now = stateSentence(after);
  return now === "" || (before !== null && stateSentence(before) === now) ? [] : [now];
};

/** Nothing while no node has said anything: a warning tells that. */
const stateSentence = (model: ConsoleModel): string => {
  const cluster = liveCluster(model);
  if (cluster === null) return "";
  const up = cluster.nodes.filter((node) => node.state === "up").length;
  const leads = cluster.leader === null ? "no leader" : `node ${cluster.leader} leads term ${cluster.term}`;
  const quorum = cluster.quorum.ok
    ? "quorum"
    : `NO QUORUM, ${cluster.quorum.live} of ${cluster.quorum.needed}`;
  return `${up} of ${cluster.nodes.length} nodes up, ${leads}, ${quorum}, ${cluster.tolerance} more may stop`;
};

/** The same warning while it counts: without its numbers of seconds and bytes. */
const keyOf = (text: string): string => text.replace(/\d[\d.,]*( ?(ms|s|m|h|d|B|kB|MB|GB|%))+/g, "#");

const newNotices = (before: ConsoleModel | null, after: ConsoleModel): readonly string[] => {
  const known = new Set(before === null ? [] : liveNotices(before).map(({ text }) => keyOf(text)));
  return liveNotices(after).flatMap(({ tone, text, command }) => {
    if (known.has(keyOf(text))) return [];
    const level = tone === "bad" ? "PROBLEM" : tone === "warn" ? "warning" : "well";
    return [`${level}: ${text}${command === null ? "" : ` — ${command}`}`];
  });
};

const newWords = (before: ConsoleModel | null, after: ConsoleModel, manner: Manner): readonly string[] => {
  const from = before?.live.log.sequenceNext ?? 0;
  const lines = matchingLines(after.live.log, after.logView).filter(({ sequence }) => sequence >= from);
  if (manner === "everything") return lines.map(copyText);
  const words = [...newItems(before, after).map(itemText), ...lines.filter(isBad).map(copyText)];
  const left = words.length - wordsMax;
  return left > 0 ? [`… ${left} more lines`, ...words.slice(-wordsMax)] : words;
};

const isBad = ({ level }: LogLine): boolean => level === "error";

const newItems = (before: ConsoleModel | null, after: ConsoleModel): readonly Item[] => {
  const from = before?.live.timeline.numberNext ?? 0;
  return after.live.timeline.items.filter(({ number }) => number >= from);
};

const itemText = ({ told }: Item): string => `event: ${told.text}${told.more}`;

const newClientWords = (before: ConsoleModel | null, after: ConsoleModel): readonly string[] => {
  const { output } = after.client;
  if (before === null || output === before.client.output) return [];
  // The list is cut at its beginning, so what was last before is looked for from the end.
  const last = before.client.output.at(-1);
  const from = last === undefined ? 0 : output.lastIndexOf(last) + 1;
  return output.slice(from).map(lineText);
};

const changedPlace = (before: ConsoleModel | null, after: ConsoleModel): readonly string[] => {
  if (before === null)
    return [`${after.setup.title} ${after.setup.subtitle}: 1 to 9 read a pane, ? the keys, q leaves`];
  const { overlay } = after;
  if (overlay !== before.overlay && overlay !== null) {
    switch (overlay.kind) {
      case "help":
        return before.overlay?.kind === "help" ? [] : helpText.map(lineText);
      case "menu": {
        const line = menuPane(after, overlay).lines[overlay.at];
        return [`node ${overlay.node}: ${line === undefined ? "" : lineText(line).trim()}`];
      }
      case "ask":
      case "leave":
        return footerLines({ ...after, size: { columns: 400, rows: 24 } }).map((line) =>
          lineText(line).trim(),
        );
      case "picture":
        return [`picture: ${overlay.picture.caption}; any key leads back`];
      case "field":
      case "command":
      case "copy":
        return [];
    }
  }
  if (after.frozen?.item !== before.frozen?.item) return travelled(after);
  if (after.focus !== before.focus) return paneSentences(after, after.focus);
  const moved = before.selected !== null && after.selected !== before.selected;
  if (moved && after.focus === "nodes") return selectedNode(after);
  return [];
};

const travelled = (model: ConsoleModel): readonly string[] => {
  if (model.frozen === null) return ["back to now"];
  const item = model.live.timeline.items.find(({ number }) => number === model.frozen?.item);
  return [`as it was: ${item === undefined ? "paused" : item.told.text}`, ...paneSentences(model, "nodes")];
};

const selectedNode = (model: ConsoleModel): readonly string[] => {
  const node = shownCluster(model)?.nodes.find(({ view }) => view.id === model.selected);
  return node === undefined ? [] : [nodeSentence(node)];
};

const nodeSentence = (node: ClusterNode): string => {
  const { view, state, leads } = node;
  if (isStarting(node)) return `node ${view.id} is starting`;
  if (state === "down") return `node ${view.id} is DOWN, last heard ${formatAge(node.silentMs)} ago`;
  const role = leads ? "leader" : view.role;
  const aside = [view.drained === true ? "drained, " : "", view.readOnly === true ? "read-only, " : ""].join(
    "",
  );
  return [
    `node ${view.id} is ${state}, ${aside}${role}, heard ${formatAge(view.heartbeatMs)} ago`,
    `load ${formatPercent(view.load)}, cpu ${formatPercent(view.cpu)}, memory ${formatPercent(view.memory)}`,
    `lag ${formatAge(view.lagMs)}, ${formatCount(view.inFlight)} in flight, ${formatCount(view.images)} images`,
    `${formatBytes(view.payloadBytes)} stored, ${formatBytes(view.diskFreeBytes)} free, up ${formatAge(view.uptimeMs)}`,
  ].join(", ");
};

const wide = 160;
const tall = 60;
const drawnSigns = /[█░▁▂▃▄▅▆▇\u2800-\u28ff]+/g;

const paneSentences = (model: ConsoleModel, pane: PaneId): readonly string[] => [
  `${paneName(pane)}:`,
  ...sentencesOf(model, pane).map((text) => text.replace(drawnSigns, "").trim()),
];

const sentencesOf = (model: ConsoleModel, pane: PaneId): readonly string[] => {
  switch (pane) {
    case "nodes":
    case "load":
      return (shownCluster(model)?.nodes ?? []).map(nodeSentence);
    case "client":
      return model.client.output.slice(-5).map(lineText);
    case "log":
      return matchingLines(shownLive(model).log, model.logView).slice(-10).map(copyText);
    case "events":
      return shownLive(model).timeline.items.slice(-10).map(itemText);
    case "beats":
      return beatsPane(model, wide, tall).lines.map(lineText);
    case "traffic":
      return trafficPane(model, wide, tall, false).lines.map(lineText);
    case "risk":
      return riskPane(model, wide, tall).lines.map(lineText);
    case "transfers":
      return transfersPane(model, wide, tall).lines.map(lineText);
  }
};

/** What one is typing, for the line where one types; "" where one does not. */
export const promptText = (model: ConsoleModel): string => {
  const { overlay, client } = model;
  if (overlay?.kind === "command") return `:${overlay.field.text}`;
  if (overlay?.kind === "field") return `${overlay.what}: ${overlay.field.text}`;
  return model.focus === "client" && client.typing && overlay === null
    ? `${client.user ?? ""}> ${client.field.text}`
    : "";
};
