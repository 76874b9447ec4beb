/**
 * What happened, as a person would tell it: every election, hand-over, death, return and repair once.
 *
 * All nodes report what they see, so one death is told by many. What is about the same thing and comes soon after it
 * is put into one item, which says who told it. Each item keeps the state of the cluster when it was first told, so that
 * one can go back to it: what a late witness adds is not of that moment. Items are told in `tell.ts`; here they are put
 * together and bounded.
 */
import type { LogEntry } from "../../core/model/events.ts";
import type { NodeId } from "../../core/model/ids.ts";
import type { WallMs } from "../../core/model/units.ts";
import type { Sources } from "./cluster.ts";
import type { Leaderless } from "./leaderless.ts";
import { isOfDisks, type Told, tellingOf } from "./tell.ts";

export interface Item {
  /** 0 for the first of this console; one more for each. */
  readonly number: number;
  /** Wall time of the first report. */
  readonly at: number;
  readonly told: Told;
  /** Who reported it. */
  readonly by: readonly NodeId[];
  /** The log line of the first report. */
  readonly sequence: number;
  /** The cluster at the first report, and when that came, by this console's clock. */
  readonly sources: Sources;
  readonly seenAt: WallMs;
}

/** What is known when reports come. */
export interface Moment {
  /** By this console's clock. */
  readonly at: WallMs;
  /** The cluster once the reports have come in. */
  readonly sources: Sources;
  readonly leaderless: Leaderless | null;
}

export interface Timeline {
  /** Oldest first, at most `itemsMax`, none older than `itemMsMax`. */
  readonly items: readonly Item[];
  readonly numberNext: number;
  /** Of each node that has started while this console looked: when, by its clock, and whom it has heard since. */
  readonly newcomers: ReadonlyMap<NodeId, Newcomer>;
}

interface Newcomer {
  readonly at: number;
  readonly heard: readonly NodeId[];
}

export const emptyTimeline: Timeline = { items: [], numberNext: 0, newcomers: new Map() };
/** Each item keeps a snapshot; five hundred of nine nodes are some megabytes. */
export const itemsMax = 500;
export const itemMsMax = 3_600_000;
/** Reports of the same thing come within this. */
const sameMsMax = 10_000;
/** How far back an item that a report belongs to is looked for. */
const lookBackMax = 40;

export interface Report {
  readonly entry: LogEntry;
  readonly sequence: number;
}

export const withReports = (timeline: Timeline, reports: readonly Report[], moment: Moment): Timeline => {
  let next = timeline;
  for (const report of reports) {
    next = { ...next, newcomers: newcomersThen(next.newcomers, report.entry) };
    if (!isPrejudice(next.newcomers, report.entry)) next = withReport(next, report, moment);
  }
  const oldest = (reports.at(-1)?.entry.at ?? 0) - itemMsMax;
  const first = next.items[0];
  if (next.items.length <= itemsMax && (first === undefined || first.at >= oldest)) return next;
  return { ...next, items: next.items.filter(({ at }) => at >= oldest).slice(-itemsMax) };
};

const newcomersThen = (
  newcomers: Timeline["newcomers"],
  { at, node, event }: LogEntry,
): Timeline["newcomers"] => {
  const known = newcomers.get(node);
  if (event.kind === "node.started") return new Map([...newcomers, [node, { at, heard: [] }]]);
  if (event.kind !== "node.up" || known === undefined || known.heard.includes(event.peer)) return newcomers;
  return new Map([...newcomers, [node, { ...known, heard: [...known.heard, event.peer] }]]);
};

/** By then a node has heard everybody who is there. */
const newcomerMsMax = 10_000;

/** Who has just started and has not heard a node yet cannot know that it is down. */
const isPrejudice = (newcomers: Timeline["newcomers"], { at, node, event }: LogEntry): boolean => {
  const known = newcomers.get(node);
  if (event.kind !== "node.down" || known === undefined) return false;
  return at - known.at < newcomerMsMax && !known.heard.includes(event.peer);
};

const withReport = (timeline: Timeline, { entry, sequence }: Report, moment: Moment): Timeline => {
  const recent = timeline.items.slice(-lookBackMax);
  const telling = tellingOf(entry, recent, moment);
  if (telling === null) return timeline;
  const same = recent.findLast(
    ({ told, at }) => told.key === telling.key && Math.abs(entry.at - at) < (telling.lastsMs ?? sameMsMax),
  );
  if (same === undefined) {
    if (telling.kind === "more") return timeline;
    const item: Item = {
      number: timeline.numberNext,
      at: entry.at,
      told: telling.told,
      by: [entry.node],
      sequence,
      sources: moment.sources,
      seenAt: moment.at,
    };
    return { ...timeline, items: [...timeline.items, item], numberNext: timeline.numberNext + 1 };
  }
  const by = same.by.includes(entry.node) ? same.by : [...same.by, entry.node].sort();
  const merged: Item = { ...same, by, told: telling.merge(same.told) };
  const at = timeline.items.lastIndexOf(same);
  return { ...timeline, items: timeline.items.with(at, merged) };
};

const diskItemsMax = 20;

/** What was last told of copies and disks, newest first. */
export const diskItems = ({ items }: Timeline): readonly Item[] =>
  items
    .filter(({ told }) => isOfDisks(told))
    .slice(-diskItemsMax)
    .reverse();
