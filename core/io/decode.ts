/**
 * Decodes a picture for real, with libvips through sharp: is it sound, and what does it look like in small?
 *
 * The bytes come from strangers. Only the decoders of the accepted formats are switched on, pixels and seconds
 * are bounded, and what libvips says becomes a verdict, never an exception.
 */
import type { Sharp, SharpOptions } from "sharp";
import { thumbnailBytesMax } from "../model/limits.ts";
import type { Inspected } from "../ports.ts";
import { payloadBytesOf } from "../seal/payload.ts";

const thumbnailPixelsPerSide = 256;
/** So that the sealed thumbnail keeps `thumbnailBytesMax`. */
const webpBytesMax = thumbnailBytesMax - (payloadBytesOf(0) + 16);
/** A picture that takes longer was made to. */
const decodeSecondsMax = 30;

/** The first frame or page stands for all of them. Never rejects. */
export const decode = async (file: Uint8Array, pixelsMax: number): Promise<Inspected> => {
  const open = await loadDecoder();
  if (open === null) return { verdict: "unknown", thumbnail: null };
  const options = { limitInputPixels: Math.max(1, pixelsMax), sequentialRead: true } as const;
  try {
    return {
      verdict: "ok",
      thumbnail: await thumbnailOf(() => open(file, { ...options, failOn: "warning" })),
    };
  } catch (error) {
    if (!saysDamaged(error)) return { verdict: "unknown", thumbnail: null };
  }
  try {
    // What can be seen of a damaged picture helps its owner to decide.
    return {
      verdict: "damaged",
      thumbnail: await thumbnailOf(() => open(file, { ...options, failOn: "none" })),
    };
  } catch {
    return { verdict: "damaged", thumbnail: null };
  }
};

/** Upright, in sRGB, without metadata. Fewer bytes are worth more here than fine detail. */
const thumbnailOf = async (open: () => Sharp): Promise<Uint8Array | null> => {
  for (const quality of [75, 40, 10]) {
    const webp = await open()
      .autoOrient()
      .resize(thumbnailPixelsPerSide, thumbnailPixelsPerSide, { fit: "inside", withoutEnlargement: true })
      .webp({ quality })
      .timeout({ seconds: decodeSecondsMax })
      .toBuffer();
    if (webp.length <= webpBytesMax) return new Uint8Array(webp.buffer, webp.byteOffset, webp.length);
  }
  return null;
};

/** Not decoding for want of means (a bound, a rare compression) says nothing about the picture. */
const saysDamaged = (error: unknown): boolean => {
  const message = error instanceof Error ? error.message : "";
  return !/pixel limit|timeout|compression|not implemented|not supported|out of memory|no such operation/i.test(
    message,
  );
};

type Open = (file: Uint8Array, options: SharpOptions) => Sharp;

let loading: Promise<Open | null> | null = null;

/** Null on a machine for which sharp has no libvips: images are stored there all the same, uninspected. */
export const loadDecoder = (): Promise<Open | null> => {
  loading ??= load().catch(() => null);
  return loading;
};

const load = async (): Promise<Open> => {
  const { default: sharp } = await import("sharp");
  sharp.cache(false);
  sharp.concurrency(1);
  // Everything off (SVG would be on), then what is accepted. These are libvips' names.
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: [...loaders] });
  return (file, options) => sharp(file, options);
};

const loaders = [
  "VipsForeignLoadPng",
  "VipsForeignLoadJpeg",
  "VipsForeignLoadWebp",
  "VipsForeignLoadNsgif",
  "VipsForeignLoadHeif",
  "VipsForeignLoadTiff",
] as const;
