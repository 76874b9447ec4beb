/**
 * A typed line as words: the part of a shell that a path with spaces needs.
 *
 * Terminals write a dropped file as its path in quotes, with backslashes, or as a `file://` address; people type
 * `~`. All of them mean the same file here. There are no variables, no substitution, and patterns are left to
 * whoever reads the words.
 */
import { bad, fault, good, type Result } from "../../core/model/faults.ts";

export interface Word {
  /** Without quotes and backslashes. */
  readonly text: string;
  /** Where it begins in the line; it ends before `to`. */
  readonly from: number;
  readonly to: number;
  /** The quote it begins with, or none. */
  readonly quote: Quote;
}

export type Quote = "" | "'" | '"';

export interface Split {
  readonly words: readonly Word[];
  /** The quote that is still open at the end. */
  readonly open: Quote;
}

/** How lines are read on this machine. */
export interface Reading {
  /** What `~` is. */
  readonly home: string;
  /** Whether `\` takes the meaning of the next character away; on Windows it is part of paths. */
  readonly escapes: boolean;
}

export const splitLine = (line: string, { escapes }: Reading): Split => {
  const words: Word[] = [];
  let open: Quote = "";
  let text = "";
  let from = -1;
  let quote: Quote = "";
  const begin = (at: number): void => {
    if (from < 0) from = at;
  };
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? "";
    if (open === "" && /\s/.test(character)) {
      if (from >= 0) words.push({ text, from, to: at, quote });
      text = "";
      from = -1;
      quote = "";
      continue;
    }
    if (open !== "" ? character === open : character === "'" || character === '"') {
      if (open === "" && from < 0) quote = character as Quote;
      begin(at);
      open = open === "" ? (character as Quote) : "";
      continue;
    }
    begin(at);
    const next = line[at + 1];
    if (escapes && character === "\\" && next !== undefined && isEscaped(open, next)) {
      text += next;
      at++;
    } else text += character;
  }
  if (from >= 0) words.push({ text, from, to: line.length, quote });
  return { words, open };
};

/** Between `'` nothing is special, between `"` only what could end or escape (POSIX shell, 2.2). */
const isEscaped = (open: Quote, next: string): boolean =>
  open === "" || (open === '"' && (next === '"' || next === "\\"));

/** The words as a program would get them. USAGE when a quote is open. */
export const wordsOf = (line: string, reading: Reading): Result<readonly string[]> => {
  const { words, open } = splitLine(line, reading);
  if (open === "") return good(words.map((word) => meaningOf(word, reading)));
  const hint = `close it with another ${open}${reading.escapes ? `, or write \\${open}` : ""}`;
  return bad(fault("USAGE", { message: `a ${open} is open at the end of the line`, hint }));
};

/** What a word stands for: `~` and `file://` become paths. */
export const meaningOf = ({ text, quote }: Pick<Word, "text" | "quote">, { home }: Reading): string => {
  if (quote === "" && (text === "~" || text.startsWith("~/"))) return home + text.slice(1);
  const address = /^file:\/\/(?:localhost)?(\/.*)$/.exec(text)?.[1];
  if (address === undefined) return text;
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
};

/** `text` written so that it is read as this word; in a `quote`, which is closed when the word is `whole`. */
export const writeWord = (text: string, quote: Quote, whole: boolean, { escapes }: Reading): string => {
  const within = quote === "'" && text.includes("'") ? "" : quote;
  if (within === "" && escapes) return text.replace(/[\s'"\\]/g, "\\$&");
  if (within === "" && !/[\s']/.test(text)) return text;
  const around = within === "" ? '"' : within;
  const inner = around === '"' && escapes ? text.replace(/["\\]/g, "\\$&") : text;
  return around + inner + (whole ? around : "");
};
