/**
 * The log as the console keeps it: the newest lines, bounded, each with a number that never changes.
 *
 * Where one looks is remembered as the number of the bottom line, not as a distance from the end, so that the
 * text under the eyes stays where it is while new lines arrive below. Following is the absence of such a number.
 */
import type { Level, LogEntry } from "../../core/model/events.ts";
import { sentenceOf } from "../../core/model/events.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { printable } from "./line.ts";

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
  /** Lines must contain it, whatever the case; "" shows all. */
  readonly filter: string;
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
export const firstLogView: LogView = { anchor: null, levelMin: "info", filter: "", node: null };

const levels: readonly Level[] = ["debug", "info", "warn", "error"];

/** The next stricter level, and from the strictest back to all. */
export const nextLevel = (level: Level): Level =>
  levels[(levels.indexOf(level) + 1) % levels.length] ?? "info";

export type Said = Omit<LogLine, "sequence">;

export const saidOf = (entry: LogEntry): Said => ({
  at: entry.at,
  node: entry.node,
  level: entry.level,
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

const matchingLines = (log: Log, view: LogView): readonly LogLine[] => {
  const levelMin = levels.indexOf(view.levelMin);
  const wanted = view.filter.toLowerCase();
  if (levelMin === 0 && wanted === "" && view.node === null) return log.lines;
  return log.lines.filter(
    (line) =>
      levels.indexOf(line.level) >= levelMin &&
      (view.node === null || line.node === view.node) &&
      (wanted === "" || line.text.toLowerCase().includes(wanted)),
  );
};

/** Index after the bottom line; never so small that the window's upper rows would be empty. */
const windowEnd = (matching: readonly LogLine[], anchor: number | null, rows: number): number => {
  if (anchor === null) return matching.length;
  let low = 0;
  let high = matching.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const line = matching[middle];
    if (line !== undefined && line.sequence <= anchor) low = middle + 1;
    else high = middle;
  }
  return Math.max(low, Math.min(rows, matching.length));
};
