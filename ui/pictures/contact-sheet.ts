/**
 * Several pictures at once, each in a field of its own with its caption under it, as photographers lay out a film.
 *
 * The pictures come drawn already, as lines of which only the width is known; a field that has none says why.
 */
import { dim, fitLine, type Line, lineWidth, plain, printable } from "../model/line.ts";
import type { Cells } from "./graphics.ts";

export interface Tile {
  /** Its lines, each `columns` cells wide; or, where there is nothing to see, words for it. */
  readonly picture: Drawn | string;
  readonly caption: string;
}

export interface Drawn {
  readonly lines: readonly Line[];
  readonly columns: number;
}

export const drawnTile = (lines: readonly Line[]): Drawn => ({ lines, columns: lineWidth(lines[0] ?? []) });

export interface Sheet {
  /** Fields beside each other. */
  readonly across: number;
  /** Of one field, in cells, the caption's row not counted. */
  readonly columns: number;
  readonly rows: number;
}

/** Between fields. */
const gapColumns = 2;
/** A field of fewer cells shows no more than blots, one of more belongs on a sheet of its own. */
const fieldColumnsMin = 24;
const fieldColumnsMax = 40;

/** How `count` pictures are laid out where there are so many columns: as many beside each other as stay recognizable. */
export const sheetFor = (count: number, columns: number): Sheet => {
  const most = Math.max(1, Math.floor((columns + gapColumns) / (fieldColumnsMin + gapColumns)));
  return fieldsAcross(Math.max(1, Math.min(count, most)), columns);
};

/** Smaller, a picture is no longer known by whoever took it. */
const fieldColumnsLeast = 12;

/**
 * How `count` pictures are laid out so that all of them, and their captions, fit in `cells`; in the smallest fields when
 * they do not.
 */
export const sheetIn = (count: number, cells: Cells): Sheet => {
  const most = Math.max(
    1,
    Math.floor((cells.columns + gapColumns) / (Math.min(fieldColumnsLeast, cells.columns) + gapColumns)),
  );
  let sheet = fieldsAcross(1, cells.columns);
  for (let across = 1; across <= most; across++) {
    sheet = fieldsAcross(across, cells.columns);
    if (count <= sheetHolds(sheet, cells.rows)) break;
  }
  return { ...sheet, rows: Math.max(1, Math.min(sheet.rows, cells.rows - 1)) };
};

/** How many pictures there is room for. */
export const sheetHolds = ({ across, rows }: Sheet, rowsInAll: number): number =>
  across * Math.max(0, Math.floor((rowsInAll + 1) / (rows + 2)));

const fieldsAcross = (across: number, columns: number): Sheet => {
  const room = Math.floor((columns - gapColumns * (across - 1)) / across);
  const field = Math.max(1, Math.min(fieldColumnsMax, room));
  // Three to four, as most pictures are, of cells that are twice as high as wide.
  return { across, columns: field, rows: Math.max(1, Math.round((field * 3) / 8)) };
};

/** The lines of the sheet; none is wider than `across` fields with their gaps. */
export const contactSheet = (tiles: readonly Tile[], sheet: Sheet): readonly Line[] => {
  const rows: Line[] = [];
  for (let from = 0; from < tiles.length; from += sheet.across) {
    if (from > 0) rows.push([]);
    const fields = tiles.slice(from, from + sheet.across).map((tile) => fieldOf(tile, sheet));
    for (let row = 0; row <= sheet.rows; row++)
      rows.push(
        fields.flatMap((field, index) => [
          ...(index === 0 ? [] : [plain(" ".repeat(gapColumns))]),
          ...(field[row] ?? []),
        ]),
      );
  }
  return rows;
};

/** Picture in the middle, caption below, every line `columns` wide. */
const fieldOf = ({ picture, caption }: Tile, { columns, rows }: Sheet): readonly Line[] => {
  const blank: Line = [plain(" ".repeat(columns))];
  const drawn =
    typeof picture === "string"
      ? [fitLine([dim(printable(picture))], columns)]
      : picture.lines.slice(0, rows).map((line) => centered(line, picture.columns, columns));
  const above = Math.floor((rows - drawn.length) / 2);
  const below = rows - drawn.length - above;
  return [
    ...Array.from({ length: above }, () => blank),
    ...drawn,
    ...Array.from({ length: below }, () => blank),
    fitLine([plain(printable(caption))], columns),
  ];
};

const centered = (line: Line, width: number, columns: number): Line => {
  const left = Math.max(0, Math.floor((columns - width) / 2));
  return [plain(" ".repeat(left)), ...line, plain(" ".repeat(Math.max(0, columns - width - left)))];
};
