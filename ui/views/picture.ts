/** A picture over the whole screen: in the middle, and below it what it is and how to leave it. */

import type { Size } from "../model/layout.ts";
import { dim, fitLine, type Line, lineWidth, plain, printable, spreadLine } from "../model/line.ts";
import type { Picture } from "../model/picture.ts";
import { pictureLines } from "../pictures/picture-lines.ts";
import type { Depth } from "../theme.ts";

/** Exactly as many lines as the screen has rows. */
export const pictureScreen = (picture: Picture, { columns, rows }: Size, depth: Depth): readonly Line[] => {
  const drawn = pictureLines(picture, { columns, rows: rows - 1 }, depth);
  const above = Math.floor((rows - 1 - drawn.length) / 2);
  const blank: Line = [plain(" ".repeat(columns))];
  return [
    ...Array.from({ length: above }, () => blank),
    ...drawn.map((line) => centered(line, columns)),
    ...Array.from({ length: rows - 1 - drawn.length - above }, () => blank),
    spreadLine([plain(` ${printable(picture.caption)}`)], [dim("  any key leads back ")], columns),
  ];
};

const centered = (line: Line, columns: number): Line => {
  const left = Math.max(0, Math.floor((columns - lineWidth(line)) / 2));
  return fitLine([plain(" ".repeat(left)), ...line], columns);
};
