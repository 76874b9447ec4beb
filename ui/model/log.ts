/**
 * The log as the console keeps it: the newest lines, bounded, each with a number that never changes.
 *
 * Where one looks is remembered as the number of the bottom line, not as a distance from the end, so that the
 * text under the eyes stays where it is while new lines arrive below. Following is the absence of such a number.
 */
import type { Event, Level, LogEntry } from "../../core/model/events.ts";
import { sentenceOf } from "../../core/model/events.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { printable } from "./line.ts";
import { type Filter, isFiltering, matcherOf, noFilter } from "./log-filter.ts";

export const logLinesMax = 10_000;
/** Longer sentences are cut when they arrive: no screen shows them, and 10,000 of them must stay small. */
export const logTextMax = 500;

export interface LogLine {
  /** 0 for the first line of this console; one more for each. */
  readonly sequence: number;
  /** Wall time, milliseconds. */
  readonly at: number;
  /** Null for what the console itself has to say. */
  readonly node: NodeId | null;
  readonly level: Level;
  /** Of the event that it tells; null for what is none. */
  readonly kind: Event["kind"] | null;
  readonly text: string;
}

export interface Log {
  /** Oldest first, at most `logLinesMax`. */
  readonly lines: readonly LogLine[];
  readonly sequenceNext: number;
}

export interface LogView {
  /** The sequence of the line at the bottom; null while following. */
  readonly anchor: number | null;
  readonly levelMin: Level;
  readonly filter: Filter;
  /** Marked, and gone to; hides nothing. */
  readonly search: string;
  /** Only what this node says; null shows all. */
  readonly node: NodeId | null;
}

export interface LogWindow {
  readonly lines: readonly LogLine[];
  readonly following: boolean;
  /** How many lines pass the filters, and how many of them are below the window. */
  readonly matching: number;
  readonly below: number;
}

export const emptyLog: Log = { lines: [], sequenceNext: 0 };
export const firstLogView: LogView = {
  anchor: null,
  levelMin: "info",
  filter: noFilter,
  search: "",
  node: null,
};

export const levels: readonly Level[] = ["debug", "info", "warn", "error"];

/** The next stricter level, and from the strictest back to all. */
export const nextLevel = (level: Level): Level =>
  levels[(levels.indexOf(level) + 1) % levels.length] ?? "info";

export type Said = Omit<LogLine, "sequence">;

export const saidOf = (entry: LogEntry): Said => ({
  at: entry.at,
  node: entry.node,
  level: entry.level,
  kind: entry.event.kind,
  text: sentenceOf(entry.node, entry.event),
});

export const appendLog = (log: Log, said: readonly Said[]): Log => {
  if (said.length === 0) return log;
  const added = said.map((line, index) => ({
    ...line,
    text: printable(line.text.slice(0, logTextMax)),
    sequence: log.sequenceNext + index,
  }));
  const keep = Math.max(0, logLinesMax - added.length);
  const kept = log.lines.length > keep ? log.lines.slice(log.lines.length - keep) : log.lines;
  return {
    lines: [...kept, ...added.slice(-logLinesMax)],
    sequenceNext: log.sequenceNext + added.length,
  };
};

/** The log as it was before line `sequence` came. */
export const logBefore = (log: Log, sequence: number): Log => {
  const end = endUpTo(log.lines, sequence - 1);
  return end === log.lines.length ? log : { lines: log.lines.slice(0, end), sequenceNext: sequence };
};

/** What of the log shows in `rows` rows. */
export const logWindow = (log: Log, view: LogView, rows: number): LogWindow => {
  const matching = matchingLines(log, view);
  const end = windowEnd(matching, view.anchor, rows);
  return {
    lines: matching.slice(Math.max(0, end - rows), end),
    following: view.anchor === null,
    matching: matching.length,
    below: matching.length - end,
  };
};

/** The view moved by `delta` lines; `rows` is the window's height. Coming to the end follows again. */
export const scrollLog = (log: Log, view: LogView, rows: number, delta: number): LogView => {
  const matching = matchingLines(log, view);
  const end = windowEnd(matching, view.anchor, rows);
  const moved = Math.min(matching.length, Math.max(Math.min(rows, matching.length), end + delta));
  const bottom = matching[moved - 1];
  return { ...view, anchor: bottom === undefined || moved === matching.length ? null : bottom.sequence };
};

/** The nearest line in that direction whose text is searched for, or the first or last of all when there is none. */
export const foundLine = (log: Log, view: LogView, by: 1 | -1): LogLine | null => {
  if (view.search === "") return null;
  const { lets } = matcherOf({ text: view.search, regex: false });
  const found = matchingLines(log, view).filter((line) => lets(line.text));
  const from = view.anchor ?? log.sequenceNext - 1;
  const next =
    by === 1
      ? found.find((line) => line.sequence > from)
      : found.findLast((line) => line.sequence < from || (view.anchor === null && line.sequence === from));
  return next ?? (by === 1 ? found[0] : found.at(-1)) ?? null;
};

interface Matched {
  readonly lines: readonly LogLine[];
  readonly view: LogView;
  readonly result: readonly LogLine[];
}
/** A frame asks several times for the same lines, and filtering ten thousand costs milliseconds. */
let matched: Matched | null = null;

/** The lines that pass level, node and filter. */
export const matchingLines = (log: Log, view: LogView): readonly LogLine[] => {
  const { levelMin, filter, node } = view;
  if (levelMin === "debug" && !isFiltering(filter) && node === null) return log.lines;
  const known = matched;
  if (
    known !== null &&
    known.lines === log.lines &&
    known.view.levelMin === levelMin &&
    known.view.filter === filter &&
    known.view.node === node
  )
    return known.result;
  const lowest = levels.indexOf(levelMin);
  const { lets } = matcherOf(filter);
  const result = log.lines.filter(
    (line) =>
      levels.indexOf(line.level) >= lowest && (node === null || line.node === node) && lets(line.text),
  );
  matched = { lines: log.lines, view, result };
  return result;
};

/** Index after the bottom line; never so small that the window's upper rows would be empty. */
const windowEnd = (matching: readonly LogLine[], anchor: number | null, rows: number): number =>
  anchor === null ? matching.length : Math.max(endUpTo(matching, anchor), Math.min(rows, matching.length));

/** Index after the last line whose number is at most `sequence`. */
const endUpTo = (lines: readonly LogLine[], sequence: number): number => {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const line = lines[middle];
    if (line !== undefined && line.sequence <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
};
