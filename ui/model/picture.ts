/**
 * Pictures as the console keeps them: few pixels, decoded elsewhere, and the words below them.
 *
 * They are kept as pixels, no larger than the screen was, and not as rows of text: so a pane that is enlarged shows
 * more of them, and a dozen weigh less than the log.
 */

export type Rgb = readonly [red: number, green: number, blue: number];

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Red, green, blue and opacity, 0 … 255 each; row by row from the top left. */
  readonly rgba: Uint8Array;
}

/** The colours of one cell's upper and lower half; a `back` of null leaves the terminal's own. */
export interface Ink {
  readonly front: Rgb;
  readonly back: Rgb | null;
}

export interface PictureTile {
  /** Or, where there is nothing to see, words for it. */
  readonly pixels: Pixels | string;
  readonly caption: string;
}

/** One image, or a sheet of several. */
export interface Picture {
  /** The image that can be asked for in more pixels; null for a sheet. */
  readonly id: string | null;
  readonly tiles: readonly PictureTile[];
  readonly caption: string;
}

/** In what the client has said; of older ones the words stay. */
export const picturesMax = 6;
/** Beside an upload. */
export const previewsMax = 8;
