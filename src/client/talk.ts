/**
 * How a client command speaks: to a script in JSON lines, or to a person in sentences. Both at once never.
 */
import { isAbsolute, relative } from "node:path";
import type { Fault } from "../../core/model/faults.ts";
import { printable } from "../../ui/model/line.ts";
import { failureOf, note, outputColumns, printLine, wordHere } from "../output.ts";
import type { Board } from "./board.ts";
import { createProgress, type Progress } from "./progress.ts";
import type { Screen } from "./screen.ts";

export interface Talk {
  readonly json: boolean;
  /** The cells of a row, as far as it is known. */
  readonly columns: number;
  /** One finished item: the object for scripts, the line or lines for people. */
  item(forScripts: object, forPeople: string | readonly string[]): void;
  /** One item that failed: complaint on standard error, and for scripts an object with `about` in it. */
  failure(about: object, problem: Fault): void;
  /** A remark for people only. */
  remark(line: string): void;
  /** A page that was asked for, in every case as it is. */
  page(text: string): void;
  readonly progress: Progress;
  /** Asks a question that yes or no answers; null where there is nobody to ask. */
  readonly confirm: Confirm | null;
  /** Where pictures can be drawn; null where they cannot. */
  readonly screen: Screen | null;
  /** Where they can be pinned, in the console; elsewhere null. */
  readonly board: Board | null;
}

/** `y` or `yes`; everything else is no. */
export const isYes = (answer: string): boolean => /^\s*y(es)?\s*$/i.test(answer);

export type Confirm = (question: string) => Promise<boolean>;

/** Where words go, a line at a time: results, and what stands beside them. */
export interface Voice {
  /** What is typed before a command of the client: `distinsta client alice `; nothing where one is inside the client. */
  readonly before?: string;
  readonly columns?: number;
  result(line: string): void;
  aside(line: string): void;
  complaint(what: string, hint: string): void;
  readonly progress: Progress;
}

/**
 * Names come from other people, and a terminal obeys some characters: sentences are made harmless here. A line end within
 * a line is one of those; it must not look as if something else had been said.
 */
export const talkTo = (
  { before = "", columns = Number.POSITIVE_INFINITY, result, aside, complaint, progress }: Voice,
  json: boolean,
  confirm: Confirm | null = null,
  screen: Screen | null = null,
  board: Board | null = null,
): Talk => {
  const say = (to: (line: string) => void, lines: readonly string[]): void => {
    progress.clear();
    for (const line of lines) to(printable(line));
  };
  return {
    json,
    columns,
    item: (forScripts, forPeople) => {
      if (!json) return say(result, typeof forPeople === "string" ? [forPeople] : forPeople);
      progress.clear();
      result(JSON.stringify(forScripts));
    },
    failure: (about, problem) => {
      const worded = wordHere(problem);
      const { what } = worded;
      const hint = typedHere(worded.hint, before);
      progress.clear();
      complaint(what, hint);
      if (json) result(JSON.stringify({ ...about, ...failureOf(problem), hint }));
    },
    remark: (line) => {
      if (!json) say(aside, [line]);
    },
    page: (text) => say(result, text.replace(/\n$/, "").split("\n")),
    progress,
    confirm: json ? null : confirm,
    screen: json ? null : screen,
    board: json ? null : board,
  };
};

/** A hint with the client's commands as they are typed here. */
export const typedHere = (hint: string, before: string): string =>
  hint.replaceAll("distinsta client USER ", before).replace(/^see: distinsta --help$/, `see: ${before}help`);

/** On standard output and standard error. */
export const talkFor = (
  json: boolean,
  before = "",
  confirm: Confirm | null = null,
  screen: Screen | null = null,
): Talk => {
  const complaint = (what: string, hint: string): void => note(`error: ${what}\nhint: ${hint}`);
  const progress = createProgress(process.stderr);
  const columns = outputColumns();
  return talkTo(
    { before, columns, result: printLine, aside: note, complaint, progress },
    json,
    confirm,
    screen,
  );
};

/** A path as short as people would type it: relative when it is below the working directory. */
export const fromHere = (path: string): string => {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") || isAbsolute(short) ? path : short;
};
