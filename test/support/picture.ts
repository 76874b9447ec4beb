/**
 * A screen as a picture: for the README, and for looking at one's own frames.
 *
 * Boxes, blocks and braille are drawn as shapes, because fonts leave seams between them; everything else is text
 * in a monospace font, one `<text>` for each word, set exactly on its cells.
 */
import sharp from "sharp";
import type { Cell, Screen } from "./screen.ts";

const cellWidth = 9;
const cellHeight = 19;
const baseline = 14.5;
const margin = 14;
const ink = "#d6dbe0";
const paper = "#14181d";

/** The screen's cells as an SVG document. */
export const screenSvg = (screen: Screen): string => {
  const width = screen.columns * cellWidth + 2 * margin;
  const height = screen.rows * cellHeight + 2 * margin;
  const body = screen.cells().flatMap((row, index) => rowSvg(row, margin + index * cellHeight));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" rx="8" fill="${paper}"/>`,
    `<g font-family="DejaVu Sans Mono, monospace" font-size="14.5">`,
    ...body,
    "</g></svg>",
  ].join("\n");
};

/** The same as PNG bytes, at twice the size for sharp text. */
export const screenPng = (screen: Screen): Promise<Buffer> =>
  sharp(Buffer.from(screenSvg(screen)), { density: 144 })
    .png({ palette: true, colours: 256, dither: 0, effort: 7 })
    .toBuffer();

interface Run {
  readonly text: string;
  readonly column: number;
  readonly cells: number;
  readonly style: Cell;
}

const rowSvg = (row: readonly Cell[], top: number): readonly string[] => {
  const parts: string[] = [];
  let run: Run | null = null;
  let column = 0;
  const flush = (): void => {
    if (run !== null) parts.push(textSvg(run, top));
    run = null;
  };
  for (const cell of row) {
    const x = margin + column * cellWidth;
    const back = cell.inverse ? (cell.foreground ?? ink) : cell.background;
    if (back !== null) {
      parts.push(
        `<rect x="${x}" y="${top}" width="${cell.width * cellWidth}" height="${cellHeight}" fill="${back}"/>`,
      );
    }
    const shape = shapeOf(cell.char, x, top);
    if (shape !== null) parts.push(`<g ${paint(cell)}>${shape}</g>`);
    run = grown(run, cell, shape === null && cell.char !== " ", column, flush);
    column += cell.width;
  }
  flush();
  return parts;
};

/** `run` with one more cell, or a new one after `flush`; a font's stand-in glyphs are of any width, so they are alone. */
const grown = (
  run: Run | null,
  cell: Cell,
  isText: boolean,
  column: number,
  flush: () => void,
): Run | null => {
  const ascii = cell.char <= "~";
  if (run !== null && isText && ascii && run.text <= "~" && sameStyle(run.style, cell)) {
    return { ...run, text: run.text + cell.char, cells: run.cells + cell.width };
  }
  flush();
  return isText ? { text: cell.char, column, cells: cell.width, style: cell } : null;
};

/** Not `opacity`, which would make the renderer compose a layer for each piece. */
const faint = ' fill-opacity="0.55" stroke-opacity="0.55"';

const colorOf = (cell: Cell): string =>
  cell.inverse ? (cell.background ?? paper) : (cell.foreground ?? ink);
const paint = (cell: Cell): string =>
  `fill="${colorOf(cell)}" stroke="${colorOf(cell)}"${cell.dim ? faint : ""}`;

const sameStyle = (one: Cell, other: Cell): boolean =>
  one.foreground === other.foreground &&
  one.background === other.background &&
  one.bold === other.bold &&
  one.dim === other.dim &&
  one.inverse === other.inverse &&
  one.underline === other.underline;

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const textSvg = ({ text, column, cells, style }: Run, top: number): string => {
  const style_ = [
    `fill="${colorOf(style)}"`,
    style.bold ? 'font-weight="bold"' : "",
    style.dim ? faint : "",
    style.underline ? 'text-decoration="underline"' : "",
  ]
    .filter((attribute) => attribute !== "")
    .join(" ");
  const x = margin + column * cellWidth;
  return `<text x="${x}" y="${top + baseline}" textLength="${cells * cellWidth}" lengthAdjust="spacingAndGlyphs" ${style_}>${escaped(text)}</text>`;
};

const round = (value: number): string => String(Math.round(value * 100) / 100);
const block = (x: number, y: number, width: number, height: number): string =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" stroke="none"/>`;

/** Null for characters that the font draws. */
const shapeOf = (char: string, x: number, y: number): string | null => {
  const code = char.codePointAt(0) ?? 0;
  if (code >= 0x2800 && code <= 0x28ff) return brailleSvg(code - 0x2800, x, y);
  if (code >= 0x2581 && code <= 0x2588) {
    const height = ((code - 0x2580) / 8) * cellHeight;
    return block(x, y + cellHeight - height, cellWidth, height);
  }
  if (char === "▀") return block(x, y, cellWidth, cellHeight / 2);
  if (char === "░") return `<g fill-opacity="0.22">${block(x, y, cellWidth, cellHeight)}</g>`;
  if (char === "▏") return block(x, y, 1.5, cellHeight);
  return boxSvg(char, x, y);
};

/** Unicode's dot numbers 1–8 as columns and rows of the cell. */
const dots: readonly (readonly [number, number])[] = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 0],
  [1, 1],
  [1, 2],
  [0, 3],
  [1, 3],
];
const dotSize = 2.4;
const brailleSvg = (mask: number, x: number, y: number): string => {
  const squares = dots
    .filter((_, bit) => (mask & (1 << bit)) !== 0)
    .map(([column, row]) => {
      const left = x + (column + 0.5) * (cellWidth / 2) - dotSize / 2;
      const top = y + (row + 0.5) * (cellHeight / 4) - dotSize / 2;
      return `M${round(left)} ${round(top)}h${dotSize}v${dotSize}h-${dotSize}z`;
    });
  return `<path d="${squares.join("")}" stroke="none"/>`;
};

const boxSvg = (char: string, x: number, y: number): string | null => {
  const [middle, centre] = [x + cellWidth / 2, y + cellHeight / 2];
  const [right, bottom] = [x + cellWidth, y + cellHeight];
  const path = (d: string): string => `<path d="${d}" fill="none" stroke-width="1.2"/>`;
  switch (char) {
    case "─":
      return path(`M${x} ${centre}H${right}`);
    case "│":
      return path(`M${middle} ${y}V${bottom}`);
    case "╭":
      return path(`M${right} ${centre}Q${middle} ${centre} ${middle} ${bottom}`);
    case "╮":
      return path(`M${x} ${centre}Q${middle} ${centre} ${middle} ${bottom}`);
    case "╰":
      return path(`M${middle} ${y}Q${middle} ${centre} ${right} ${centre}`);
    case "╯":
      return path(`M${middle} ${y}Q${middle} ${centre} ${x} ${centre}`);
    default:
      return null;
  }
};
