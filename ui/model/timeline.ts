/**
 * What happened, as a person would tell it: every election, hand-over, death, return and repair once.
 *
 * All nodes report what they see, so one death is told by many. What is about the same thing and comes soon after it
 * is put into one item, which says who told it. Each item keeps the state of the cluster at that moment, so that one
 * can go back to it. Items are told in `tell.ts`; here they are put together and bounded.
 */
import type { LogEntry } from "../../core/model/events.ts";
import type { NodeId } from "../../core/model/ids.ts";
import type { Sources } from "./cluster.ts";
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
  /** The cluster at that moment. */
  readonly sources: Sources;
}

export interface Timeline {
  /** Oldest first, at most `itemsMax`, none older than `itemMsMax`. */
  readonly items: readonly Item[];
  readonly numberNext: number;
}

export const emptyTimeline: Timeline = { items: [], numberNext: 0 };
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

/** `sources`: the cluster once these reports have come in. */
export const withReports = (timeline: Timeline, reports: readonly Report[], sources: Sources): Timeline => {
  let next = timeline;
  for (const report of reports) next = withReport(next, report, sources);
  const oldest = (reports.at(-1)?.entry.at ?? 0) - itemMsMax;
  const first = next.items[0];
  if (next.items.length <= itemsMax && (first === undefined || first.at >= oldest)) return next;
  return { ...next, items: next.items.filter(({ at }) => at >= oldest).slice(-itemsMax) };
};

const withReport = (timeline: Timeline, { entry, sequence }: Report, sources: Sources): Timeline => {
  const recent = timeline.items.slice(-lookBackMax);
  const telling = tellingOf(entry, recent);
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
      sources,
    };
    return { items: [...timeline.items, item], numberNext: timeline.numberNext + 1 };
  }
  const by = same.by.includes(entry.node) ? same.by : [...same.by, entry.node].sort();
  const merged: Item = { ...same, by, told: telling.merge(same.told), sources };
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
