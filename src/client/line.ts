/**
 * A line that was typed, or read from a script, as the command that it asks for.
 */
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { bad, good, type Result } from "../../core/model/faults.ts";
import { type Reading, wordsOf } from "./split.ts";
import { commandEntries, parseWords, type Spoken } from "./words.ts";

/** A person may give a path alone; a script says what it means. */
export type Speaker = "person" | "script";

export const readingHere = (): Reading => ({ home: homedir(), escapes: process.platform !== "win32" });

/** Null for a line that asks for nothing: blank, or a `#` remark. Errors: USAGE, UNKNOWN_COMMAND. */
export const readLine = (line: string, speaker: Speaker): Result<Spoken | null> => {
  if (/^\s*(#|$)/.test(line)) return good(null);
  const words = wordsOf(line, readingHere());
  if (!words.ok) return bad(words.fault);
  const [first = ""] = words.value;
  if (first === "exit") return parseWords(["quit", ...words.value.slice(1)], "inside");
  const known = commandEntries.some((entry) => entry.name === first);
  const dropped = speaker === "person" && !known && words.value.every(isThere);
  return parseWords(dropped ? ["upload", ...words.value] : words.value, "inside");
};

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;
