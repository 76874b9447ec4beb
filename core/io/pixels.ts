/**
 * A picture, decoded to be looked at here: upright, in sRGB, made to fit.
 *
 * It is decoded by the same bounded decoders as on the nodes (`decode.ts`): what was sealed may have come from anybody.
 * A damaged picture is shown as far as it goes.
 */
import type { Sharp } from "sharp";
import { bad, fault, good, type Result } from "../model/faults.ts";
import { loadDecoder } from "./decode.ts";

interface Box {
  readonly width: number;
  readonly height: number;
}

/** Four bytes a pixel, red, green, blue, opacity, row by row. */
export interface Raw extends Box {
  readonly rgba: Uint8Array;
}
export interface Png extends Box {
  readonly png: Uint8Array;
}

/** `name` is for the fault: NOT_VIEWABLE. A picture smaller than the box stays as small as it is. */
export const pixelsOf = (file: Uint8Array, box: Box, pixelsMax: number, name: string): Promise<Result<Raw>> =>
  decoded(file, box, pixelsMax, name, async (picture) => {
    const { data, info } = await picture.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, rgba: new Uint8Array(data) };
  });

/** The same as a PNG. */
export const pngOf = (file: Uint8Array, box: Box, pixelsMax: number, name: string): Promise<Result<Png>> =>
  decoded(file, box, pixelsMax, name, async (picture) => {
    const { data, info } = await picture.png().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, png: new Uint8Array(data) };
  });

/** A picture that takes longer was made to. */
const decodeSecondsMax = 30;

const decoded = async <Value>(
  file: Uint8Array,
  box: Box,
  pixelsMax: number,
  name: string,
  take: (picture: Sharp) => Promise<Value>,
): Promise<Result<Value>> => {
  const open = await loadDecoder();
  if (open === null)
    return bad(fault("NOT_VIEWABLE", { name, reason: "this machine has no decoder for pictures" }));
  try {
    const picture = open(file, { limitInputPixels: Math.max(1, pixelsMax), failOn: "none" })
      .autoOrient()
      .toColourspace("srgb")
      .resize(box.width, box.height, { fit: "inside", withoutEnlargement: true })
      .timeout({ seconds: decodeSecondsMax });
    return good(await take(picture));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const reason = /pixel limit/i.test(words) ? "it has too many pixels" : "it cannot be decoded";
    return bad(fault("NOT_VIEWABLE", { name, reason }));
  }
};
