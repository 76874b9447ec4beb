/**
 * Tones to colours, and nodes to shapes.
 *
 * The colours are Okabe and Ito's, which people with any colour vision can tell apart (Color Universal Design,
 * 2008). They only repeat what a shape or a word already says, so that with NO_COLOR, where bold and dim are all
 * that is left, nothing is missing.
 */

import type { Level } from "../core/model/events.ts";
import type { NodeId } from "../core/model/ids.ts";
import type { Piece, Tone } from "./model/line.ts";

export interface Theme {
  readonly colored: boolean;
}

export interface TextStyle {
  readonly color?: string;
  readonly dimColor?: boolean;
  readonly bold?: boolean;
  readonly underline?: boolean;
}

const skyBlue = "#56B4E9";
const orange = "#E69F00";
const bluishGreen = "#009E73";
const yellow = "#F0E442";
const reddishPurple = "#CC79A7";
const vermillion = "#D55E00";

const colors: Readonly<Record<Exclude<Tone, "plain" | "dim">, string>> = {
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
  node7: skyBlue,
  node8: orange,
  node9: reddishPurple,
};

/** Colour unless NO_COLOR is set to anything but the empty string (no-color.org). */
export const themeOf = (env: Readonly<Record<string, string | undefined>>): Theme => ({
  colored: (env.NO_COLOR ?? "") === "",
});

export const styleOf = (theme: Theme, piece: Piece): TextStyle => {
  const tone = piece.tone ?? "plain";
  return {
    ...(theme.colored && tone !== "plain" && tone !== "dim" ? { color: colors[tone] } : {}),
    ...(tone === "dim" ? { dimColor: true } : {}),
    ...(piece.bold === true || (!theme.colored && tone === "bad") ? { bold: true } : {}),
    ...(piece.underline === true ? { underline: true } : {}),
  };
};

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
