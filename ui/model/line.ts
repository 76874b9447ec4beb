/**
 * One row of the screen as plain data: pieces of text, each with a tone.
 *
 * Panes are built of such rows without knowing a terminal, so that what a row says, how it is cut and how it is
 * padded is decided (and tested) here; a theme turns tones into colours, or into none.
 */

import type { Ink } from "./picture.ts";

/** What a piece means. The theme knows the colour; the words and shapes must say it as well. */
export type Tone =
  | "plain"
  | "dim"
  | "good"
  | "warn"
  | "bad"
  | "accent"
  | "node1"
  | "node2"
  | "node3"
  | "node4"
  | "node5"
  | "node6"
  | "node7"
  | "node8"
  | "node9";

export interface Piece {
  readonly text: string;
  readonly tone?: Tone;
  readonly bold?: boolean;
  readonly underline?: boolean;
  /** Of a picture, instead of a tone. */
  readonly ink?: Ink;
}
export type Line = readonly Piece[];

export const plain = (text: string): Piece => ({ text });
export const dim = (text: string): Piece => ({ text, tone: "dim" });

export const lineText = (line: Line): string => line.map((piece) => piece.text).join("");

export const lineWidth = (line: Line): number =>
  line.reduce((width, piece) => width + displayWidth(piece.text), 0);

/** `line` in exactly `width` cells: padded with blanks, or cut with `…` as its last cell. */
export const fitLine = (line: Line, width: number): Line => {
  const have = lineWidth(line);
  if (have === width) return line;
  if (have < width) return [...line, plain(" ".repeat(width - have))];
  if (width <= 0) return [];
  const kept: Piece[] = [];
  let left = width - 1;
  for (const piece of line) {
    const text = cutText(piece.text, left);
    if (text !== "") kept.push({ ...piece, text });
    left -= displayWidth(text);
    if (text !== piece.text) break;
  }
  return [...kept, dim(`…${" ".repeat(left)}`)];
};

/** `left` at the left edge and `right` at the right edge of `width` cells; `left` gives way. */
export const spreadLine = (left: Line, right: Line, width: number): Line => {
  const rightWidth = lineWidth(right);
  return rightWidth >= width ? fitLine(right, width) : [...fitLine(left, width - rightWidth), ...right];
};

export const sameLine = (one: Line, other: Line): boolean =>
  one === other ||
  (one.length === other.length &&
    one.every((piece, index) => {
      const twin = other[index];
      return (
        twin !== undefined &&
        piece.text === twin.text &&
        piece.tone === twin.tone &&
        piece.bold === twin.bold &&
        piece.underline === twin.underline &&
        piece.ink === twin.ink
      );
    }));

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
/** Below U+0300 every character but the controls takes one cell; so do the few signs that the console draws. */
const simple = /^[ -~ -˿–—…․-‧•→←↑↓─-◿★⚠›⠀-⣿]*$/u;
const zeroWide = /^[\p{Mark}\p{Cf}\p{Cc}]/u;
const doubleWide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const emoji = /\p{Emoji_Presentation}|\ufe0f/u;

const graphemeWidth = (grapheme: string): number => {
  if (zeroWide.test(grapheme)) return 0;
  return doubleWide.test(grapheme) || emoji.test(grapheme) ? 2 : 1;
};

/** How many cells `text` takes (Unicode Standard Annex #11, wide and full-width as two). */
export const displayWidth = (text: string): number => {
  if (simple.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
};

/** The longest beginning of `text` that takes at most `width` cells; never half a character. */
export const cutText = (text: string, width: number): string => {
  if (displayWidth(text) <= width) return text;
  let used = 0;
  let cut = "";
  for (const { segment } of graphemes.segment(text)) {
    used += graphemeWidth(segment);
    if (used > width) break;
    cut += segment;
  }
  return cut;
};

/** `text` in `width` cells; what is too long ends in `…` between two words, unless a word is very long. */
export const cutWords = (text: string, width: number): string => {
  if (displayWidth(text) <= width) return text;
  const cut = cutText(text, width - 1);
  const end = text[cut.length] === " " ? cut.length : cut.lastIndexOf(" ");
  const kept = end * 2 > cut.length ? cut.slice(0, end) : cut;
  return `${kept.replace(/[:, ]+$/, "")}…`;
};

/** The last `width` cells of `text`, `…` before them when something is missing. */
export const tailText = (text: string, width: number): string => {
  if (displayWidth(text) <= width) return text;
  let left = width - 1;
  let tail = "";
  for (const { segment } of [...graphemes.segment(text)].reverse()) {
    left -= graphemeWidth(segment);
    if (left < 0) break;
    tail = segment + tail;
  }
  return width <= 0 ? "" : `…${tail}`;
};

/**
 * `text` without anything that a terminal would obey or that turns the reading direction: names and addresses
 * come from strangers. Each such character becomes `�`; a tab becomes a blank.
 */
export const printable = (text: string): string =>
  text.replaceAll("\t", " ").replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "�");
