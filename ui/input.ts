/**
 * From what Ink reports to the names of the key table.
 *
 * Fast typing arrives in one piece: `/e`, then `ror` and Return together, as one report without a Return flag.
 * So text is taken apart here, character by character, and what a terminal sends for Return, Tab and the
 * control keys is recognised inside it too.
 */
import type { Key } from "ink";

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

const named: readonly (readonly [keyof Key, string])[] = [
  ["upArrow", "up"],
  ["downArrow", "down"],
  ["leftArrow", "left"],
  ["rightArrow", "right"],
  ["pageUp", "pageup"],
  ["pageDown", "pagedown"],
  ["home", "home"],
  ["end", "end"],
  ["return", "enter"],
  ["escape", "escape"],
  ["backspace", "backspace"],
  ["delete", "delete"],
];

/** The keys of one report, in the order in which they were pressed. */
export const keysOf = (input: string, key: Key): readonly string[] => {
  if (key.tab) return [key.shift ? "shift-tab" : "tab"];
  const name = named.find(([flag]) => key[flag] === true);
  if (name !== undefined) return [name[1]];
  if (key.ctrl) return input === "" ? [] : [`ctrl-${input.toLowerCase()}`];
  if (key.meta) return [];
  return [...graphemes.segment(input)].flatMap(({ segment }) => keyOfText(segment));
};

const keyOfText = (text: string): readonly string[] => {
  const code = text.codePointAt(0) ?? 0;
  if (text === "\r\n" || text === "\r" || text === "\n") return ["enter"];
  if (text === "\t") return ["tab"];
  if (text === "\u001b") return ["escape"];
  if (text === "\u007f" || text === "\b") return ["backspace"];
  if (code < 0x20) return [`ctrl-${String.fromCharCode(code + 0x60)}`];
  return [text];
};
