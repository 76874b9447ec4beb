/**
 * A picture made smaller, so that one that was decoded once fits every room it is shown in.
 *
 * A pixel becomes the mean of all that it covers, each weighed by how much of it is covered and how opaque it is.
 */
import type { Pixels } from "../model/picture.ts";
import type { Size } from "./half-blocks.ts";

/** As large as the box allows, in its own proportions; what fits stays as it is. */
export const fitPixels = (pixels: Pixels, box: Size): Pixels => {
  const share = Math.min(1, box.width / pixels.width, box.height / pixels.height);
  const width = Math.max(1, Math.min(box.width, Math.round(pixels.width * share)));
  const height = Math.max(1, Math.min(box.height, Math.round(pixels.height * share)));
  if (width >= pixels.width && height >= pixels.height) return pixels;
  const rgba = new Uint8Array(width * height * 4);
  const [across, down] = [spansOf(pixels.width, width), spansOf(pixels.height, height)];
  for (const [y, rows] of down.entries())
    for (const [x, columns] of across.entries()) rgba.set(meanOf(pixels, columns, rows), (y * width + x) * 4);
  return { width, height, rgba };
};

interface Covered {
  readonly at: number;
  /** 0 … 1 */
  readonly share: number;
}

/** For each of `to` places, which of `from` it covers. */
const spansOf = (from: number, to: number): readonly (readonly Covered[])[] =>
  Array.from({ length: to }, (_, place) => {
    const [start, end] = [(place * from) / to, ((place + 1) * from) / to];
    const covered: Covered[] = [];
    for (let at = Math.floor(start); at < end && at < from; at++) {
      const share = Math.min(end, at + 1) - Math.max(start, at);
      if (share > 1e-9) covered.push({ at, share });
    }
    return covered;
  });

const meanOf = (
  { rgba, width }: Pixels,
  columns: readonly Covered[],
  rows: readonly Covered[],
): readonly number[] => {
  let [red, green, blue, opacity, area] = [0, 0, 0, 0, 0];
  for (const row of rows)
    for (const column of columns) {
      const at = (row.at * width + column.at) * 4;
      const share = row.share * column.share;
      const seen = share * (rgba[at + 3] ?? 255);
      red += seen * (rgba[at] ?? 0);
      green += seen * (rgba[at + 1] ?? 0);
      blue += seen * (rgba[at + 2] ?? 0);
      opacity += seen;
      area += share;
    }
  const mean = (sum: number): number => (opacity === 0 ? 0 : Math.round(sum / opacity));
  return [mean(red), mean(green), mean(blue), Math.round(opacity / area)];
};
