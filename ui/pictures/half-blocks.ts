/**
 * A picture as text: each cell of the terminal shows two pixels, one above the other, as the upper half block `▀` in
 * one colour on a background of another.
 *
 * It works wherever text does, through ssh and tmux too. With 24-bit colour a cell shows what the pixels are, with 256
 * colours the nearest of them; without any colour a cell is one of five shades, by the light of its two pixels.
 */
import type { Pixels, Rgb } from "../model/picture.ts";

/** How many colours a terminal shows; `plain`: none, or none are wanted. */
export type Depth = "truecolor" | "256" | "plain";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The pixels for which there is room in so many cells. */
export const pixelsIn = (cells: { readonly columns: number; readonly rows: number }): Size => ({
  width: Math.max(1, cells.columns),
  height: Math.max(1, cells.rows) * 2,
});

/** One line for every two rows of pixels, each as many cells wide as the picture, which leaves no colour set behind it. */
export const halfBlocks = (pixels: Pixels, depth: Depth): readonly string[] => {
  const draw = depth === "plain" ? shadeLine : colorLine;
  return Array.from({ length: Math.ceil(pixels.height / 2) }, (_, row) => draw(pixels, row * 2, depth));
};

/** What is transparent shows squares of two greys behind it, as people know them. */
const squarePixels = 4;
const squares: readonly [number, number] = [102, 153];

/** The colour at a place of the picture. */
export const colorAt = ({ rgba, width }: Pixels, x: number, y: number): Rgb => {
  const at = (y * width + x) * 4;
  const opacity = (rgba[at + 3] ?? 255) / 255;
  const behind = squares[(Math.floor(x / squarePixels) + Math.floor(y / squarePixels)) % 2] ?? 0;
  const over = (value = 0): number => Math.round(value * opacity + behind * (1 - opacity));
  return [over(rgba[at]), over(rgba[at + 1]), over(rgba[at + 2])];
};

/** Colours are said only where they change: most neighbours are alike after a while. */
const colorLine = (pixels: Pixels, y: number, depth: Depth): string => {
  let line = "";
  let upper = "";
  let lower = "";
  for (let x = 0; x < pixels.width; x++) {
    const front = codeOf(colorAt(pixels, x, y), depth, 38);
    const back = y + 1 < pixels.height ? codeOf(colorAt(pixels, x, y + 1), depth, 48) : "49";
    const news = [...(front === upper ? [] : [front]), ...(back === lower ? [] : [back])];
    if (news.length > 0) line += `\x1b[${news.join(";")}m`;
    line += "▀";
    upper = front;
    lower = back;
  }
  return `${line}\x1b[0m`;
};

const codeOf = (color: Rgb, depth: Depth, layer: 38 | 48): string =>
  depth === "truecolor" ? `${layer};2;${color.join(";")}` : `${layer};5;${nearestOf256(color)}`;

/** From dark to light, on the dark ground that most terminals have. */
const shades = " ░▒▓█";

/** The two rows of pixels from `y` on, without any colour. */
export const shadeLine = (pixels: Pixels, y: number): string => {
  let line = "";
  for (let x = 0; x < pixels.width; x++) {
    const above = lightOf(colorAt(pixels, x, y));
    const below = y + 1 < pixels.height ? lightOf(colorAt(pixels, x, y + 1)) : above;
    const shade = Math.floor(((above + below) / 2) * shades.length);
    line += shades[Math.min(shade, shades.length - 1)];
  }
  return line;
};

/** 0 … 1: what the eye makes of red, green and blue (ITU-R BT.709). */
const lightOf = ([red, green, blue]: Rgb): number => (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;

/** xterm's palette: 16 colours that people choose, a cube of 6 x 6 x 6, and 24 greys. */
const cubeLevels: readonly number[] = [0, 95, 135, 175, 215, 255];
const cubeStart = 16;
const greyStart = 232;
const greys = 24;

/** The number of the colour that is nearest, by the sum of squares, among cube and greys. */
export const nearestOf256 = ([red, green, blue]: Rgb): number => {
  const [r, g, b] = [levelOf(red), levelOf(green), levelOf(blue)];
  const inCube: Rgb = [cubeLevels[r] ?? 0, cubeLevels[g] ?? 0, cubeLevels[b] ?? 0];
  const grey = Math.min(greys - 1, Math.max(0, Math.round(((red + green + blue) / 3 - 8) / 10)));
  const value = 8 + 10 * grey;
  const color: Rgb = [red, green, blue];
  return distance(color, [value, value, value]) < distance(color, inCube)
    ? greyStart + grey
    : cubeStart + 36 * r + 6 * g + b;
};

const levelOf = (value: number): number =>
  cubeLevels.reduce((best: number, level, at) => {
    const known = cubeLevels[best] ?? 0;
    return Math.abs(level - value) < Math.abs(known - value) ? at : best;
  }, 0);

const distance = (a: Rgb, b: Rgb): number =>
  a.reduce((sum, value, at) => sum + (value - (b[at] ?? 0)) ** 2, 0);
