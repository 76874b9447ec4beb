/**
 * The lines that were typed, kept between runs in one file that every prompt of the same user shares.
 *
 * A line is appended when it is entered, so that two prompts at once lose nothing of each other; a file that has
 * grown is cut to its newest lines when it is opened. It is a comfort: where it cannot be written, nothing else
 * suffers.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { readText, secretFile, writeFileAtomically } from "../../core/io/files.ts";
import { userFolder } from "../../core/io/pki/places.ts";
import type { UserName } from "../../core/model/ids.ts";

export const historyLinesMax = 1_000;
const lineCharactersMax = 4_096;
const fileBytesMax = 32_000_000;

export interface History {
  /** Oldest first, at most `historyLinesMax`. */
  readonly lines: readonly string[];
  /** Blank lines, endless ones, and the same line again are not kept. */
  add(line: string): void;
}

export const historyPath = (data: string, user: UserName): string => join(userFolder(data, user), "history");

export const openHistory = (path: string): History => {
  const text = readText(path, fileBytesMax);
  const known = text.ok ? text.value.split("\n").filter((line) => line !== "") : [];
  let lines = known.slice(-historyLinesMax);
  let fileLines = known.length;
  const shorten = (): void => {
    if (fileLines <= 2 * historyLinesMax) return;
    writeFileAtomically(path, lines.map((line) => `${line}\n`).join(""), secretFile);
    fileLines = lines.length;
  };
  shorten();
  return {
    get lines() {
      return lines;
    },
    add: (line) => {
      if (line.trim() === "" || line === lines.at(-1)) return;
      if (line.length > lineCharactersMax || /\p{Cc}/u.test(line)) return;
      lines = [...lines, line].slice(-historyLinesMax);
      try {
        appendFileSync(path, `${line}\n`, { mode: secretFile });
        fileLines++;
      } catch {
        return; // It is kept for this run.
      }
      shorten();
    },
  };
};
