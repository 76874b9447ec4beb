/**
 * Pictures as rows of a pane, drawn once for each room that they are shown in.
 *
 * A row is a piece for each colour, so that whoever cuts and joins rows needs to know nothing of pictures. Without
 * colours it is shades of grey blocks.
 */
import { dim, fitLine, type Line, plain, tailText } from "../model/line.ts";
import type { Ink, Picture, PictureTile, Pixels, Rgb } from "../model/picture.ts";
import type { Depth } from "../theme.ts";
import { contactSheet, drawnTile, type Sheet, sheetHolds, sheetIn } from "./contact-sheet.ts";
import { fitPixels } from "./fit-pixels.ts";
import type { Cells } from "./graphics.ts";
import { colorAt, pixelsIn, shadeLine } from "./half-blocks.ts";

/** The picture as large as there is room, never more than `cells`. */
export const pictureLines = (picture: Picture, cells: Cells, depth: Depth): readonly Line[] =>
  remembered(picture, `${cells.columns}x${cells.rows} ${depth}`, () => {
    const [only, ...others] = picture.tiles;
    if (only === undefined || cells.columns < 1 || cells.rows < 1) return [];
    if (others.length > 0) return sheetLines(picture.tiles, cells, depth);
    if (typeof only.pixels === "string") return [fitLine([dim(only.pixels)], cells.columns)];
    return pixelLines(fitPixels(only.pixels, pixelsIn(cells)), depth);
  });

/** Those that have no place any more are counted. */
const sheetLines = (tiles: readonly PictureTile[], cells: Cells, depth: Depth): readonly Line[] => {
  const whole = sheetIn(tiles.length, cells);
  if (tiles.length <= sheetHolds(whole, cells.rows)) return fieldLines(tiles, whole, depth);
  const rows = cells.rows - 1;
  const sheet = sheetIn(tiles.length, { columns: cells.columns, rows });
  const shown = Math.max(1, sheetHolds(sheet, rows));
  return [
    ...fieldLines(tiles.slice(0, shown), sheet, depth),
    fitLine([dim(`… and ${tiles.length - shown} more`)], cells.columns),
  ].slice(0, cells.rows);
};

const fieldLines = (tiles: readonly PictureTile[], sheet: Sheet, depth: Depth): readonly Line[] =>
  contactSheet(
    tiles.map(({ pixels, caption }) => ({
      picture:
        typeof pixels === "string"
          ? pixels
          : drawnTile(pixelLines(fitPixels(pixels, pixelsIn(sheet)), depth)),
      caption,
    })),
    sheet,
  );

/** The newest of `tiles` beside each other, as many as have room, each with the end of its name below. */
export const stripLines = (tiles: readonly PictureTile[], cells: Cells, depth: Depth): readonly Line[] =>
  remembered(tiles, `strip ${cells.columns}x${cells.rows} ${depth}`, () => {
    const rows = cells.rows - 1;
    const columns = Math.min(cells.columns, Math.round((rows * 8) / 3));
    const across = Math.max(1, Math.floor((cells.columns + stripGapColumns) / (columns + stripGapColumns)));
    const shown = tiles.slice(-across).map((tile) => ({ ...tile, caption: tailText(tile.caption, columns) }));
    return fieldLines(shown, { across, columns, rows }, depth);
  });

const stripGapColumns = 2;

/** Two rows of pixels a line. */
export const pixelLines = (pixels: Pixels, depth: Depth): readonly Line[] =>
  Array.from({ length: Math.ceil(pixels.height / 2) }, (_, row) =>
    depth === "full" || depth === "256" ? inkLine(pixels, row * 2) : [plain(shadeLine(pixels, row * 2))],
  );

const inkLine = (pixels: Pixels, y: number): Line => {
  const line: { text: string; ink: Ink }[] = [];
  for (let x = 0; x < pixels.width; x++) {
    const front = colorAt(pixels, x, y);
    const back = y + 1 < pixels.height ? colorAt(pixels, x, y + 1) : null;
    const last = line.at(-1);
    if (last !== undefined && sameColor(last.ink.front, front) && sameColor(last.ink.back, back))
      last.text += "▀";
    else line.push({ text: "▀", ink: { front, back } });
  }
  return line;
};

const sameColor = (one: Rgb | null, other: Rgb | null): boolean =>
  one === other || (one !== null && other !== null && one.every((value, index) => value === other[index]));

interface Drawing {
  readonly of: object;
  readonly room: string;
  readonly lines: readonly Line[];
}

/** The last used last. Rows weigh a hundred times what their pixels do, so only what shows at once is kept. */
let drawings: readonly Drawing[] = [];
/** A pane shows the end of one picture above another, and the newest uploads; one more is over the whole screen. */
const drawingsMax = 4;

const remembered = (of: object, room: string, make: () => readonly Line[]): readonly Line[] => {
  const known = drawings.find((drawing) => drawing.of === of && drawing.room === room);
  if (known !== undefined && known === drawings.at(-1)) return known.lines;
  const drawing = known ?? { of, room, lines: make() };
  drawings = [...drawings.filter((other) => other !== drawing), drawing].slice(-drawingsMax);
  return drawing.lines;
};
