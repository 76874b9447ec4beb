/**
 * A line of text that is being typed, and where in it one is.
 *
 * The cursor stands between characters as people see them: a letter with its accents, or a whole emoji, is one.
 */
import { printable } from "./line.ts";

export interface Field {
  readonly text: string;
  /** Characters before it are `text.slice(0, cursor)`. */
  readonly cursor: number;
}

export const emptyField: Field = { text: "", cursor: 0 };
export const fieldTextMax = 4_096;

export const fieldOf = (text: string): Field => ({ text, cursor: text.length });

/** What is inserted is text and nothing else: line ends become blanks. */
export const inserted = ({ text, cursor }: Field, given: string): Field => {
  const added = printable(given.replace(/[\r\n]+/g, " "));
  if (text.length + added.length > fieldTextMax) return { text, cursor };
  return { text: text.slice(0, cursor) + added + text.slice(cursor), cursor: cursor + added.length };
};

const edits = ["left", "right", "first", "last", "erase", "erase-next", "erase-word", "erase-all"] as const;
export type Edit = (typeof edits)[number];
export const isEdit = (action: string): action is Edit => (edits as readonly string[]).includes(action);

export const edited = ({ text, cursor }: Field, edit: Edit): Field => {
  const before = text.slice(0, cursor);
  const after = text.slice(cursor);
  switch (edit) {
    case "left":
      return { text, cursor: withoutLast(before).length };
    case "right":
      return { text, cursor: cursor + firstOf(after).length };
    case "first":
      return { text, cursor: 0 };
    case "last":
      return fieldOf(text);
    case "erase": {
      const kept = withoutLast(before);
      return { text: kept + after, cursor: kept.length };
    }
    case "erase-next":
      return { text: before + after.slice(firstOf(after).length), cursor };
    case "erase-word": {
      const kept = before.replace(/\S*\s*$/u, "");
      return { text: kept + after, cursor: kept.length };
    }
    case "erase-all":
      return { text: after, cursor: 0 };
  }
};

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Whether a key is text: one character as people see it. The names of other keys are longer. */
export const isOneCharacter = (key: string): boolean => [...graphemes.segment(key)].length === 1;

const firstOf = (text: string): string => {
  for (const { segment } of graphemes.segment(text)) return segment;
  return "";
};

const withoutLast = (text: string): string => {
  const last = [...graphemes.segment(text)].at(-1);
  return last === undefined ? "" : text.slice(0, last.index);
};
