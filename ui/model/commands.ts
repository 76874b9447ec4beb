/**
 * What can be typed after `:`, once: reading, completion, the help and the docs come from this table.
 *
 * Most of it is what keys do too; a command can be told over the telephone, and takes a node's number where a key
 * takes the selection.
 */
import { type NodeId, parseNodeId } from "../../core/model/ids.ts";
import { acts } from "./acts.ts";
import type { KeySection } from "./keys.ts";
import { levels } from "./log.ts";
import { type ConsoleModel, type Range, shownNodes, withFlash } from "./model.ts";
import { type PaneId, paneNumber, panes } from "./panes.ts";
import type { Updated } from "./press.ts";
import { wished } from "./press-acts.ts";
import { found, goTo } from "./press-panes.ts";
import { toNow, toTime } from "./travel.ts";

type Operand = "node" | "pane" | "level" | "range" | "switch" | "text" | "time" | null;

export interface CommandEntry {
  readonly name: string;
  readonly operand: Operand;
  /** For the help and the docs. */
  readonly says: string;
  /** `word` is the operand, "" when there is none. Null when it is not one. */
  readonly run: (model: ConsoleModel, word: string) => Updated | null;
}

const only = (model: ConsoleModel): Updated => [model, []];
const withView = (model: ConsoleModel, view: Partial<ConsoleModel["logView"]>): Updated =>
  only({ ...goTo(model, "log"), logView: { ...model.logView, anchor: null, ...view } });

const ranges: Readonly<Record<string, Range>> = { "1m": 60, "5m": 300, "1h": 3_600, auto: null };

const nodeOf = (word: string): NodeId | null => parseNodeId(Number(word));

const viewing: readonly CommandEntry[] = [
  {
    name: "go",
    operand: "pane",
    says: "to a pane",
    run: (model, word) => {
      const pane = panes.find(({ id }) => id === word || String(paneNumber(id)) === word);
      return pane === undefined ? null : only(goTo(model, pane.id));
    },
  },
  {
    name: "range",
    operand: "range",
    says: "what charts span: 1m, 5m, 1h, auto",
    run: (model, word) => {
      const range = ranges[word];
      return range === undefined ? null : only({ ...model, range });
    },
  },
  {
    name: "at",
    operand: "time",
    says: "the last event up to a time (UTC)",
    run: (model, word) => {
      const parts = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?Z?$/.exec(word);
      if (parts === null) return null;
      const [, hours, minutes, seconds = "59"] = parts;
      return only(
        toTime(model, ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000 + 999),
      );
    },
  },
  { name: "now", operand: null, says: "back to the present", run: (model) => only(toNow(model)) },
  {
    name: "mouse",
    operand: "switch",
    says: "mouse on or off",
    run: (model, word) => {
      if (word !== "on" && word !== "off") return null;
      const mouse = word === "on";
      return [{ ...model, mouse }, [{ kind: "mouse", on: mouse }]];
    },
  },
];

const logging: readonly CommandEntry[] = [
  {
    name: "level",
    operand: "level",
    says: "log lines of this level and above",
    run: (model, word) => {
      const levelMin = levels.find((level) => level === word);
      return levelMin === undefined ? null : withView(model, { levelMin });
    },
  },
  {
    name: "filter",
    operand: "text",
    says: "log lines with a text; !TEXT without",
    run: (model, word) => withView(model, { filter: { text: word, regex: false } }),
  },
  {
    name: "regex",
    operand: "text",
    says: "log lines that match; !REGEX that do not",
    run: (model, word) => withView(model, { filter: { text: word, regex: true } }),
  },
  {
    name: "search",
    operand: "text",
    says: "mark a text in the log and go to it",
    run: (model, word) => {
      const searching = { ...model, logView: { ...model.logView, search: word, anchor: null } };
      return only(word === "" ? searching : found(searching, -1));
    },
  },
  {
    name: "only",
    operand: "node",
    says: "only this node's log lines; none: all",
    run: (model, word) => {
      if (word === "") return withView(model, { node: null });
      const node = nodeOf(word);
      return node === null ? null : withView(model, { node });
    },
  },
];

const doing: readonly CommandEntry[] = acts.map(({ name, says }) => ({
  name,
  operand: "node",
  says,
  run: (model, word) => {
    const node = word === "" ? model.selected : nodeOf(word);
    return node === null ? null : wished(model, name, node);
  },
}));

const leaving: readonly CommandEntry[] = [
  {
    name: "help",
    operand: null,
    says: "keys and commands",
    run: (model) => only({ ...model, overlay: { kind: "help", from: 0 } }),
  },
  {
    name: "quit",
    operand: null,
    says: "leave the console",
    run: (model) =>
      model.setup.leaves === null
        ? [model, [{ kind: "quit", background: false }]]
        : only({ ...model, overlay: { kind: "leave" } }),
  },
];

export const commandEntries: readonly CommandEntry[] = [...viewing, ...logging, ...doing, ...leaving];

const operandNames: Readonly<Record<Exclude<Operand, null>, string>> = {
  node: "ID",
  pane: "PANE",
  level: "LEVEL",
  range: "SPAN",
  switch: "on|off",
  text: "TEXT",
  time: "HH:MM",
};

/** `kill ID`. */
export const usageOf = ({ name, operand }: CommandEntry): string =>
  operand === null ? name : `${name} ${operandNames[operand]}`;

/** Where the model says that they do not exist, they do not: acts that this console has not. */
const known = ({ setup }: ConsoleModel): readonly CommandEntry[] =>
  commandEntries.filter(({ name }) => {
    const act = acts.find((each) => each.name === name);
    return act === undefined || setup.acts.includes(act.name);
  });

/** Runs what was typed; what makes no sense is told, with what would. */
export const runCommand = (model: ConsoleModel, line: string): Updated => {
  const [, name = "", word = ""] = /^\s*(\S*)\s*(.*?)\s*$/.exec(line) ?? [];
  if (name === "") return only(model);
  const entry = commandEntries.find((each) => each.name === name) ?? theOneThatBegins(model, name);
  if (entry === null) return only(withFlash(model, `no command ${name}; :help tells them all`, "warn"));
  return entry.run(model, word) ?? only(withFlash(model, `say :${usageOf(entry)} (${entry.says})`, "warn"));
};

const theOneThatBegins = (model: ConsoleModel, name: string): CommandEntry | null => {
  const all = known(model).filter((each) => each.name.startsWith(name));
  return all.length === 1 ? (all[0] ?? null) : null;
};

/** What may stand where the line ends: its last word is the beginning of each. */
export const choicesFor = (model: ConsoleModel, line: string): readonly string[] => {
  const [, name = "", gap = "", word = ""] = /^\s*(\S*)(\s*)(.*)$/.exec(line) ?? [];
  if (gap === "") return known(model).flatMap((entry) => (entry.name.startsWith(name) ? [entry.name] : []));
  const entry = commandEntries.find((each) => each.name === name);
  return operandsOf(model, entry?.operand ?? null).filter((each) => each.startsWith(word));
};

const operandsOf = (model: ConsoleModel, operand: Operand): readonly string[] => {
  switch (operand) {
    case "node":
      return shownNodes(model).map(String);
    case "pane":
      return panes.map(({ id }: { readonly id: PaneId }) => id);
    case "level":
      return levels;
    case "range":
      return Object.keys(ranges);
    case "switch":
      return ["on", "off"];
    case "text":
    case "time":
    case null:
      return [];
  }
};

/** For the help and `docs/console.md`. */
export const commandHelp: KeySection = {
  title: "Commands, after a colon",
  rows: commandEntries.map((entry) => ({ keys: [`:${usageOf(entry)}`], says: entry.says })),
};
