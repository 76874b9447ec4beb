/**
 * The command line: typing, history, completion, and running what was typed.
 */
import { choicesFor, runCommand } from "./commands.ts";
import { edited, fieldOf, inserted, isEdit } from "./field.ts";
import type { Action } from "./keys.ts";
import type { ConsoleModel, Overlay } from "./model.ts";
import type { Updated } from "./press.ts";

type CommandOverlay = Extract<Overlay, { readonly kind: "command" }>;

export const commandHistoryMax = 100;

export const typedInCommand = (model: ConsoleModel, text: string): ConsoleModel => {
  if (model.overlay?.kind !== "command") return model;
  return { ...model, overlay: { ...model.overlay, field: inserted(model.overlay.field, text), choices: [] } };
};

export const actedInCommand = (model: ConsoleModel, overlay: CommandOverlay, action: Action): Updated => {
  switch (action) {
    case "run":
      return ran({ ...model, overlay: null }, overlay.field.text);
    case "complete":
      return [{ ...model, overlay: completed(model, overlay) }, []];
    case "older":
      return [{ ...model, overlay: recalled(model, overlay, 1) }, []];
    case "newer":
      return [{ ...model, overlay: recalled(model, overlay, -1) }, []];
    case "drop-field":
      return [{ ...model, overlay: null }, []];
    case "erase":
      // Erasing nothing leaves, as in every editor that has such a line.
      if (overlay.field.text === "") return [{ ...model, overlay: null }, []];
      return [{ ...model, overlay: { ...overlay, field: edited(overlay.field, "erase"), choices: [] } }, []];
    default:
      return [
        isEdit(action) ? { ...model, overlay: { ...overlay, field: edited(overlay.field, action) } } : model,
        [],
      ];
  }
};

const ran = (model: ConsoleModel, line: string): Updated => {
  if (line.trim() === "") return [model, []];
  const known = model.commandHistory.at(-1) === line ? model.commandHistory : [...model.commandHistory, line];
  return runCommand({ ...model, commandHistory: known.slice(-commandHistoryMax) }, line);
};

/** As far as all choices agree; the one that is left is followed by a blank. */
const completed = (model: ConsoleModel, overlay: CommandOverlay): CommandOverlay => {
  const { text, cursor } = overlay.field;
  const before = text.slice(0, cursor);
  const choices = choicesFor(model, before);
  const [first, ...others] = choices;
  if (first === undefined) return { ...overlay, choices: [] };
  const word = /\S*$/.exec(before)?.[0] ?? "";
  const common = others.reduce((shared, each) => commonStart(shared, each), first);
  const grown = `${common.slice(word.length)}${others.length === 0 ? " " : ""}`;
  return { ...overlay, field: inserted(overlay.field, grown), choices: others.length === 0 ? [] : choices };
};

const commonStart = (one: string, other: string): string => {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length++;
  return one.slice(0, length);
};

const recalled = (model: ConsoleModel, overlay: CommandOverlay, by: 1 | -1): CommandOverlay => {
  const to = Math.min(model.commandHistory.length - 1, Math.max(-1, (overlay.recalled ?? -1) + by));
  const text = to < 0 ? "" : (model.commandHistory.at(-1 - to) ?? "");
  return { ...overlay, recalled: to < 0 ? null : to, field: fieldOf(text), choices: [] };
};
