/**
 * Real pixels, in the terminals that can show them, each in its own language.
 *
 * Whether a terminal can is taken from what it announces in its environment. Inside tmux and screen, which know
 * neither language, and everywhere else, half blocks do.
 */
import { fitLine, lineText, plain, printable } from "../model/line.ts";
import type { Size } from "./half-blocks.ts";

/** kitty's graphics protocol, or iTerm2's inline images. */
export type Graphics = "kitty" | "iterm2";

type Environment = Readonly<Record<string, string | undefined>>;

/** What the terminal can show; null: text. */
export const graphicsOf = (env: Environment): Graphics | null => {
  const has = (name: string): boolean => (env[name] ?? "") !== "";
  if (has("TMUX") || has("STY") || /^(screen|tmux|dumb)/.test(env.TERM ?? "")) return null;
  if (has("KITTY_WINDOW_ID") || env.TERM === "xterm-kitty") return "kitty";
  if (env.TERM === "xterm-ghostty" || env.TERM_PROGRAM === "ghostty") return "kitty";
  if (env.TERM_PROGRAM === "iTerm.app" || env.TERM_PROGRAM === "WezTerm") return "iterm2";
  return env.LC_TERMINAL === "iTerm2" ? "iterm2" : null;
};

export interface Cells {
  readonly columns: number;
  readonly rows: number;
}

/** What a cell measures is not asked for; most are near this. */
export const cellPixels: Size = { width: 8, height: 16 };

/** The pixels for which there is room in so many cells. */
export const graphicsPixelsIn = ({ columns, rows }: Cells): Size => ({
  width: Math.max(1, columns) * cellPixels.width,
  height: Math.max(1, rows) * cellPixels.height,
});

/** The cells that a picture of that many pixels takes. */
export const cellsOf = ({ width, height }: Size): Cells => ({
  columns: Math.max(1, Math.ceil(width / cellPixels.width)),
  rows: Math.max(1, Math.ceil(height / cellPixels.height)),
});

/** A PNG in base 64, as what makes the terminal show it in these cells. */
export const graphicsText = (graphics: Graphics, pngBase64: string, cells: Cells): string =>
  graphics === "kitty" ? kittyText(pngBase64, cells) : iterm2Text(pngBase64, cells);

/** The protocol's largest piece (https://sw.kovidgoyal.net/kitty/graphics-protocol/, "Remote client"). */
const pieceCharacters = 4_096;

/** `f=100`: PNG; `a=T`: show it at once; `q=2`: answer nothing, which would be read as keys; `m=1`: more pieces follow. */
const kittyText = (pngBase64: string, { columns, rows }: Cells): string => {
  let text = "";
  for (let from = 0; from === 0 || from < pngBase64.length; from += pieceCharacters) {
    const more = from + pieceCharacters < pngBase64.length ? 1 : 0;
    const keys = from === 0 ? `a=T,f=100,q=2,c=${columns},r=${rows},m=${more}` : `m=${more}`;
    text += `\x1b_G${keys};${pngBase64.slice(from, from + pieceCharacters)}\x1b\\`;
  }
  return text;
};

/** The same in the middle of a screen of so many cells, with the caption in the row below it. */
export const graphicsScreen = (
  graphics: Graphics,
  pngBase64: string,
  cells: Cells,
  room: Cells,
  caption: string,
): string => {
  const top = Math.max(0, Math.floor((room.rows - cells.rows) / 2));
  const left = Math.max(0, Math.floor((room.columns - cells.columns) / 2));
  const words = lineText(fitLine([plain(` ${printable(caption)} · any key leads back`)], room.columns));
  return `${at(top, left)}${graphicsText(graphics, pngBase64, cells)}${at(room.rows, 0)}${words}`;
};

const at = (row: number, column: number): string => `\x1b[${row + 1};${column + 1}H`;

/** Takes away what was shown: kitty keeps pictures apart from the text that is drawn over them. */
export const graphicsGone = (graphics: Graphics): string =>
  graphics === "kitty" ? "\x1b_Ga=d,q=2\x1b\\" : "";

/** https://iterm2.com/documentation-images.html */
const iterm2Text = (pngBase64: string, { columns, rows }: Cells): string =>
  `\x1b]1337;File=inline=1;width=${columns};height=${rows};preserveAspectRatio=1:${pngBase64}\x07`;
