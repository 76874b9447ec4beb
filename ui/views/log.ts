/**
 * The log: time, whose line it is, how bad, and the sentence. Where a filter is set, what it found is marked.
 */

import { formatClock, formatCount, formatMoment } from "../model/format.ts";
import { dim, type Line, type Piece, plain, type Tone } from "../model/line.ts";
import type { LogLine, LogWindow } from "../model/log.ts";
import { logWindow } from "../model/log.ts";
import { type ConsoleModel, shownLive } from "../model/model.ts";
import { levelTones, nodeMark } from "../theme.ts";
import type { PaneContent } from "./pane.tsx";

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
  return { title, lines: window.lines.map((line) => logRow(line, model.logView.filter, width)) };
};

const logTitle = (model: ConsoleModel, window: LogWindow, total: number): Line => {
  const { levelMin, filter, node } = model.logView;
  const parts: readonly Line[] = [
    window.following
      ? [
          {
            text: model.frozen === null ? "following" : "paused",
            tone: model.frozen === null ? "good" : "warn",
          },
        ]
      : [{ text: `${formatCount(window.below)} below, f follows`, tone: "warn" }],
    [dim(levelMin === "error" ? "error" : levelMin === "debug" ? "all levels" : `${levelMin} and above`)],
    ...(node === null ? [] : [[plain("only "), nodeMark(node), plain(` ${node}`)]]),
    ...(filter === "" ? [] : [[{ text: `/${filter}`, tone: "accent" as const }]]),
    [
      dim(
        window.matching === total
          ? formatCount(total)
          : `${formatCount(window.matching)} of ${formatCount(total)}`,
      ),
    ],
  ];
  return parts.flatMap((part, index) => (index === 0 ? part : [dim(" · "), ...part]));
};

/** From this width on there is room for milliseconds. */
const roomyCells = 90;

const levelWords: Readonly<Record<LogLine["level"], string>> = {
  debug: "debug",
  info: "INFO ",
  warn: "WARN ",
  error: "ERROR",
};

const logRow = (line: LogLine, filter: string, width: number): Line => {
  const tone = levelTones[line.level];
  const when = width >= roomyCells ? formatMoment(line.at) : formatClock(line.at).slice(0, -1);
  return [
    dim(` ${when} `),
    line.node === null ? dim("·") : nodeMark(line.node),
    {
      text: ` ${levelWords[line.level]} `,
      tone: line.level === "info" ? "dim" : tone,
      bold: line.level === "error",
    },
    ...marked(line.text, filter, tone),
  ];
};

/** `text` with each occurrence of `filter` underlined, whatever its case. */
const marked = (text: string, filter: string, tone: Tone): Line => {
  const lower = text.toLowerCase();
  const wanted = filter.toLowerCase();
  if (wanted === "" || lower.length !== text.length) return [{ text, tone }];
  const pieces: Piece[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    if (at > from) pieces.push({ text: text.slice(from, at), tone });
    from = at + wanted.length;
    pieces.push({ text: text.slice(at, from), tone: "accent", bold: true, underline: true });
  }
  return from < text.length ? [...pieces, { text: text.slice(from), tone }] : pieces;
};
