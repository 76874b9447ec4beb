/**
 * Tones to colours, and nodes to shapes.
 *
 * The colours are Okabe and Ito's, which people with any colour vision can tell apart (Color Universal Design,
 * 2008). They only repeat what a shape or a word already says, so that with NO_COLOR, where bold and dim are all
 * that is left, nothing is missing. Where a terminal has 256 colours or 16, each has its nearest there, chosen so
 * that no two of them become one.
 */

import type { Level } from "../core/model/events.ts";
import type { NodeId } from "../core/model/ids.ts";
import type { Line, Piece, Tone } from "./model/line.ts";
import type { Ink, Rgb } from "./model/picture.ts";
import { nearestOf256 } from "./pictures/half-blocks.ts";

/** How many colours the terminal has. */
export type Depth = "none" | "16" | "256" | "full";

export interface Theme {
  readonly depth: Depth;
}

/** The code of a colour as the foreground, by depth. */
type Color = Readonly<Record<Exclude<Depth, "none">, string>>;

const color = (hex: string, of256: number, of16: number): Color => {
  const value = Number.parseInt(hex.slice(1), 16);
  return {
    full: `38;2;${value >> 16};${(value >> 8) & 0xff};${value & 0xff}`,
    "256": `38;5;${of256}`,
    "16": String(of16),
  };
};

const skyBlue = color("#56B4E9", 74, 96);
const orange = color("#E69F00", 178, 33);
const bluishGreen = color("#009E73", 36, 32);
const yellow = color("#F0E442", 227, 93);
const reddishPurple = color("#CC79A7", 175, 95);
const vermillion = color("#D55E00", 166, 91);
/** Theirs is too dark on black; a little lighter it is still theirs. */
const blue = color("#4A90D9", 68, 94);

const colors: Readonly<Record<Exclude<Tone, "plain" | "dim">, Color>> = {
  good: bluishGreen,
  warn: orange,
  bad: vermillion,
  accent: skyBlue,
  node1: skyBlue,
  node2: orange,
  node3: reddishPurple,
  node4: bluishGreen,
  node5: yellow,
  node6: vermillion,
  node7: blue,
  node8: orange,
  node9: reddishPurple,
};

type Environment = Readonly<Record<string, string | undefined>>;

/** No colour where NO_COLOR is anything but empty (no-color.org) or the terminal says that it is dumb. */
export const themeOf = (env: Environment): Theme => ({ depth: depthOf(env) });

const depthOf = ({ NO_COLOR, COLORTERM, TERM }: Environment): Depth => {
  if ((NO_COLOR ?? "") !== "" || TERM === "dumb") return "none";
  if (COLORTERM === "truecolor" || COLORTERM === "24bit") return "full";
  return /256|direct|kitty|alacritty|ghostty|wezterm/.test(TERM ?? "") ? "256" : "16";
};

/** The codes that `piece` begins with; each piece ends with all of them taken back. */
const codesOf = ({ depth }: Theme, piece: Piece): readonly string[] => {
  const tone = piece.tone ?? "plain";
  const colored = tone !== "plain" && tone !== "dim" && depth !== "none";
  return [
    ...(piece.bold === true || (depth === "none" && tone === "bad") ? ["1"] : []),
    ...(tone === "dim" ? ["2"] : []),
    ...(piece.underline === true ? ["4"] : []),
    ...(colored ? [colors[tone][depth]] : []),
    ...(piece.ink !== undefined && (depth === "full" || depth === "256") ? [inkCode(piece.ink, depth)] : []),
  ];
};

/** An ink stays as long as the picture whose it is, and finding the nearest of 256 takes its time. */
const inkCodes = { full: new WeakMap<Ink, string>(), "256": new WeakMap<Ink, string>() };

const inkCode = (ink: Ink, depth: "full" | "256"): string => {
  const known = inkCodes[depth].get(ink);
  if (known !== undefined) return known;
  const { front, back } = ink;
  const code = `38;${rgbCode(front, depth)}${back === null ? "" : `;48;${rgbCode(back, depth)}`}`;
  inkCodes[depth].set(ink, code);
  return code;
};

const rgbCode = (color: Rgb, depth: "full" | "256"): string =>
  depth === "full" ? `2;${color.join(";")}` : `5;${nearestOf256(color)}`;

const codeStart = "\u001b[";

/** `line` as a terminal is told it. */
export const styled = (theme: Theme, line: Line): string =>
  line
    .map((piece) => {
      const codes = codesOf(theme, piece);
      return codes.length === 0 || piece.text === ""
        ? piece.text
        : `${codeStart}${codes.join(";")}m${piece.text}${codeStart}0m`;
    })
    .join("");

const shapes = ["●", "▲", "■", "◆", "▼", "○", "△", "□", "◇"] as const;
const nodeTones = [
  "node1",
  "node2",
  "node3",
  "node4",
  "node5",
  "node6",
  "node7",
  "node8",
  "node9",
] as const satisfies readonly Tone[];

export const nodeTone = (id: NodeId): Tone => nodeTones[id - 1] ?? "plain";
/** The node's own sign in its own colour. */
export const nodeMark = (id: NodeId): Piece => ({ text: shapes[id - 1] ?? "●", tone: nodeTone(id) });

export const levelTones: Readonly<Record<Level, Tone>> = {
  debug: "dim",
  info: "plain",
  warn: "warn",
  error: "bad",
};
