/**
 * The log: time, whose line it is, how bad, and the sentence. What a filter or a search found is marked.
 */

import { formatClock, formatCount, formatMoment } from "../model/format.ts";
import { dim, fitLine, type Line, type Piece, plain, type Tone } from "../model/line.ts";
import type { LogLine, LogView, LogWindow } from "../model/log.ts";
import { logWindow, matchingLines } from "../model/log.ts";
import { matcherOf, type Span } from "../model/log-filter.ts";
import { type ConsoleModel, shownLive } from "../model/model.ts";
import { levelTones, nodeMark } from "../theme.ts";
import { wrapped } from "./client.ts";
import { dotted, type PaneContent } from "./pane.ts";

/** `width` and `rows` are inside the borders. */
export const logPane = (model: ConsoleModel, width: number, rows: number): PaneContent => {
  const { log } = shownLive(model);
  const window = logWindow(log, model.logView, rows);
  const title = logTitle(model, window, log.lines.length);
  if (window.lines.length === 0) {
    const why =
      log.lines.length === 0
        ? "nothing has happened yet"
        : "no line passes: Esc shows more, l lowers the level";
    return { title, lines: [[dim(`  ${why}`)]] };
  }
  return { title, lines: window.lines.map((line) => logRow(line, model.logView, width)) };
};

const logTitle = (model: ConsoleModel, window: LogWindow, total: number): Line => {
  const { levelMin, filter, node, search } = model.logView;
  const { problem } = matcherOf(filter);
  return dotted([
    window.following
      ? [model.frozen === null ? { text: "following", tone: "good" } : { text: "held", tone: "warn" }]
      : [{ text: `${formatCount(window.below)} below, f follows`, tone: "warn" }],
    [dim(levelMin === "error" ? "error" : levelMin === "debug" ? "all levels" : `${levelMin} and above`)],
    node === null ? [] : [plain("only "), nodeMark(node), plain(` ${node}`)],
    filter.text === "" ? [] : [{ text: `${filter.regex ? "regex " : "/"}${filter.text}`, tone: "accent" }],
    problem === null ? [] : [{ text: problem, tone: "warn" }],
    search === "" ? [] : [{ text: `"${search}": n N`, tone: "accent" }],
    [
      dim(
        window.matching === total
          ? formatCount(total)
          : `${formatCount(window.matching)} of ${formatCount(total)}`,
      ),
    ],
  ]);
};

/** From this width on there is room for milliseconds. */
const roomyCells = 90;
/** Below this one the sign must say which node it is, and a letter the level. */
const narrowCells = 70;

const levelWords: Readonly<Record<LogLine["level"], string>> = {
  debug: "debug",
  info: "INFO ",
  warn: "WARN ",
  error: "ERROR",
};

const logRow = (line: LogLine, view: LogView, width: number): Line => {
  const tone = levelTones[line.level];
  const when = width >= roomyCells ? formatMoment(line.at) : formatClock(line.at).slice(0, -1);
  // The bottom line is where one is: a mark keeps the eye there after a jump.
  const here: Piece = line.sequence === view.anchor ? { text: "›", bold: true, tone: "accent" } : plain(" ");
  const narrow = width < narrowCells;
  const word = levelWords[line.level];
  const text = narrow ? withoutSpeaker(line.text) : line.text;
  return [
    here,
    dim(`${when} `),
    line.node === null ? dim("·") : nodeMark(line.node),
    {
      text: ` ${narrow ? (narrowLevels[line.level] ?? "") : `${word} `}`,
      tone: line.level === "info" ? "dim" : tone,
      bold: line.level === "error",
    },
    ...marked(text, spansIn(text, view), tone),
  ];
};

/** Most lines are information, and need no letter. */
const narrowLevels: Readonly<Partial<Record<LogLine["level"], string>>> = {
  warn: "W ",
  error: "E ",
  debug: "d ",
};

const spansIn = (text: string, { filter, search }: LogView): readonly Span[] => {
  const found = matcherOf(filter).spans(text);
  if (search === "") return found;
  const searched = matcherOf({ text: search, regex: false }).spans(text);
  return [...found, ...searched].toSorted(([one], [other]) => one - other);
};

/** `text` with each of `spans` underlined; where two overlap the first wins. */
const marked = (text: string, spans: readonly Span[], tone: Tone): Line => {
  const pieces: Piece[] = [];
  let at = 0;
  for (const [from, to] of spans) {
    if (from < at) continue;
    if (from > at) pieces.push({ text: text.slice(at, from), tone });
    pieces.push({ text: text.slice(from, to), tone: "accent", bold: true, underline: true });
    at = to;
  }
  return at < text.length ? [...pieces, { text: text.slice(at), tone }] : pieces;
};

/**
 * The log as it is copied from: no borders, whole lines over as many rows as they take, dates and words instead of
 * signs. Exactly `rows` lines; the last one says how to go on.
 */
export const copyLines = (
  model: ConsoleModel,
  below: number,
  width: number,
  rows: number,
): readonly Line[] => {
  const all = matchingLines(shownLive(model).log, model.logView);
  const end = Math.max(0, all.length - below);
  const kept: Line[] = [];
  for (let index = end - 1; index >= 0 && kept.length < rows - 1; index--) {
    const line = all[index];
    if (line !== undefined) kept.unshift(...wrapped([plain(copyText(line))], width));
  }
  const shown = kept.slice(Math.max(0, kept.length - (rows - 1)));
  const blank: readonly Line[] = Array.from({ length: rows - 1 - shown.length }, () => []);
  const foot: Line = [
    dim(` ${formatCount(end)} of ${formatCount(all.length)} · j k PgUp PgDn scroll · `),
    { text: "c", bold: true },
    dim(" closes"),
  ];
  return [...shown, ...blank, fitLine(foot, width)];
};

/** Who says it stands once: `2026-03-04T10:10:49.000Z info  node1   listening on 127.0.0.1:8001`. */
export const copyText = ({ at, node, level, text }: LogLine): string => {
  const who = node === null ? "console" : `node${node}`;
  return `${isoTime(at)} ${level.padEnd(5)} ${who.padEnd(7)} ${node === null ? text : withoutSpeaker(text)}`;
};

/** A sentence begins with its speaker, which stands before it already. */
const withoutSpeaker = (text: string): string => text.replace(/^Node \d+:? /, "");

/** `2026-03-04T10:10:49.000Z`. */
const isoTime = (at: number): string => new Date(at).toISOString();
