/**
 * The console's pane as something to pin pictures on.
 *
 * It is given pixels, as many as the whole screen could show, and draws them itself whenever its room changes.
 */
import { readFile } from "node:fs/promises";
import { pixelsOf } from "../../core/io/pixels.ts";
import type { Picture, PictureTile } from "../../ui/model/picture.ts";
import type { Cells } from "../../ui/pictures/graphics.ts";
import { pixelsIn } from "../../ui/pictures/half-blocks.ts";

/** Its columns and rows are the screen's, up to a bound. */
export interface Board extends Cells {
  pin(picture: Picture): void;
  /** What was just uploaded from there; it is looked at when there is time, and waited for by nobody. */
  uploaded(path: string): void;
}

/** Larger screens show pictures in their middle: the pixels of six are kept. */
const columnsMax = 320;
const rowsMax = 120;

export const boardCells = ({ columns, rows }: Cells): Cells => ({
  columns: Math.min(columns, columnsMax),
  // One row says what it is.
  rows: Math.max(1, Math.min(rows - 1, rowsMax)),
});

/** Of a preview: it is no more than a mark to know an image by. */
const previewCells: Cells = { columns: 24, rows: 10 };

export interface Previews {
  /** That file was uploaded; it is shown when there is time, and nobody waits. */
  uploaded(path: string): void;
  /** Another command has begun: what is still to be looked at is of no interest any more. */
  forget(): void;
}

/**
 * Looks at one file at a time. While it does the newest waits and others are passed over: whoever uploads a thousand
 * files is shown some. What cannot be decoded has no preview; that it is no image the upload has said.
 */
export const openPreviews = (pixelsMax: number, show: (tile: PictureTile) => void): Previews => {
  let waiting: string | null = null;
  let busy = false;
  let turn = 0;
  const work = async (): Promise<void> => {
    busy = true;
    for (let path = waiting; path !== null; path = waiting) {
      waiting = null;
      const of = turn;
      const name = path.slice(path.search(/[^/\\]*$/));
      const file = await readFile(path).catch(() => null);
      const pixels = file === null ? null : await pixelsOf(file, pixelsIn(previewCells), pixelsMax, name);
      if (pixels?.ok === true && of === turn) show({ pixels: pixels.value, caption: name });
    }
    busy = false;
  };
  return {
    uploaded: (path) => {
      waiting = path;
      if (!busy) void work();
    },
    forget: () => {
      waiting = null;
      turn += 1;
    },
  };
};
