/**
 * What Tab makes of a line: commands, their options, paths, ids.
 *
 * It finds the word in which the cursor stands, asks what may stand there, and goes as far as all candidates
 * agree. It changes nothing that is already typed but the way a path is quoted.
 */
import { meaningOf, type Quote, type Reading, splitLine, type Word, writeWord } from "./split.ts";
import { type CommandEntry, commandEntries, commonOptions } from "./words.ts";

export interface Candidate {
  readonly word: string;
  /** As it is shown among others. */
  readonly label: string;
  /** A folder goes on; everything else is followed by a blank. */
  readonly goesOn: boolean;
}

export interface Completion {
  /** What stands from here to the cursor is replaced by `text`. */
  readonly from: number;
  readonly text: string;
  /** What to choose from when the text is not whole yet. */
  readonly choices: readonly string[];
  /** Each choice says more than its word: one a line. */
  readonly described: boolean;
}

/** What the machine and the cluster know. */
export interface Sources {
  /** Files and folders whose path, with the folder as in `typed`, begins so; `folder` is where to look. */
  paths(folder: string, beginning: string): Promise<readonly Candidate[]>;
  ids(): Promise<readonly Candidate[]>;
  /** Those that share something with the user, either way. */
  people(): Promise<readonly Candidate[]>;
}

/** `before` is the line up to the cursor, `entries` what may be said there. Null when nothing fits. */
export const completeLine = async (
  before: string,
  sources: Sources,
  reading: Reading,
  entries: readonly CommandEntry[] = commandEntries,
): Promise<Completion | null> => {
  const { words, open } = splitLine(before, reading);
  const last = words.at(-1);
  const nothing: Word = { text: "", from: before.length, to: before.length, quote: "" };
  const inWord = last !== undefined && (open !== "" || last.to === before.length);
  const current = inWord ? last : nothing;
  const earlier = (inWord ? words.slice(0, -1) : words).map((word) => word.text);
  const candidates = await candidatesFor(current, earlier, sources, reading, entries);
  return chosen(candidates, current, open, reading);
};

const candidatesFor = async (
  current: Word,
  earlier: readonly string[],
  sources: Sources,
  reading: Reading,
  entries: readonly CommandEntry[],
): Promise<readonly Candidate[]> => {
  const [name] = earlier;
  const names = entries.map((entry) => entry.name);
  if (name === undefined && !looksLikePath(current)) return starting(names, current.text);
  const entry = entries.find((known) => known.name === name);
  if (entry !== undefined && current.text.startsWith("-")) return starting(flagsOf(entry), current.text);
  switch (takenBy(entry, earlier.at(-1) ?? "")) {
    case "path":
      return pathsFor(current, sources, reading);
    case "id":
      return idsFor(await sources.ids(), current.text).filter(({ word }) => !earlier.includes(word));
    case "id, user":
      if (earlier.length === 1) return idsFor(await sources.ids(), current.text);
      if (earlier.length > 2) return [];
      return (await sources.people()).filter(({ word }) => word.startsWith(current.text));
    case "command":
      return earlier.length === 1 ? starting(names, current.text) : [];
    case null:
      return [];
  }
};

/** What an operand is, or the value of the option before it. A line without a command is a path to upload. */
const takenBy = (entry: CommandEntry | undefined, before: string): CommandEntry["completes"] => {
  if (entry === undefined) return "path";
  const option = entry.options.find(([flags]) => flags.split(/[ ,]+/).includes(before));
  const value = option === undefined ? undefined : /<(\w+)>/.exec(option[0])?.[1];
  if (value === undefined) return entry.completes;
  return value === "path" ? "path" : null;
};

const idsFor = (ids: readonly Candidate[], beginning: string): readonly Candidate[] =>
  ids.filter(({ word }) => word.startsWith(beginning.toLowerCase()));

const looksLikePath = ({ text, quote }: Word): boolean => quote !== "" || /^[~./]|[\\/]/.test(text);

const flagsOf = (entry: CommandEntry): readonly string[] =>
  [...entry.options, ...commonOptions("inside")].map(([flags]) => /--\w+/.exec(flags)?.[0] ?? flags);

const starting = (words: readonly string[], beginning: string): readonly Candidate[] =>
  words.filter((word) => word.startsWith(beginning)).map((word) => ({ word, label: word, goesOn: false }));

/** The folder is looked up as it is meant (`~`), and kept as it was typed. */
const pathsFor = async (current: Word, sources: Sources, reading: Reading): Promise<readonly Candidate[]> => {
  if (current.quote === "" && current.text === "~") return [{ word: "~/", label: "~/", goesOn: true }];
  const typed = current.text.startsWith("file:") ? meaningOf(current, reading) : current.text;
  const cut = Math.max(typed.lastIndexOf("/"), reading.escapes ? -1 : typed.lastIndexOf("\\")) + 1;
  const folder = typed.slice(0, cut);
  const meant = meaningOf({ text: folder, quote: current.quote }, reading);
  const found = await sources.paths(meant === "" ? "." : meant, typed.slice(cut));
  return found.map(({ word, ...rest }) => ({ ...rest, word: folder + word }));
};

const chosen = (
  candidates: readonly Candidate[],
  current: Word,
  open: Quote,
  reading: Reading,
): Completion | null => {
  const [only, ...others] = candidates;
  if (only === undefined) return null;
  const quote = open === "" ? "" : current.quote;
  if (others.length === 0) {
    const text = writeWord(only.word, quote, !only.goesOn, reading);
    return { from: current.from, text: only.goesOn ? text : `${text} `, choices: [], described: false };
  }
  const common = commonBeginning(candidates.map(({ word }) => word));
  return {
    from: current.from,
    text: writeWord(common, quote, false, reading),
    choices: candidates.map(({ label }) => label),
    described: candidates.some(({ word, label }) => word !== label),
  };
};

const commonBeginning = (words: readonly string[]): string => {
  const [first = ""] = words;
  let length = first.length;
  for (const word of words) while (!word.startsWith(first.slice(0, length))) length--;
  // Not half of a character that has two parts.
  return first.slice(0, length).replace(/[\ud800-\udbff]$/, "");
};
