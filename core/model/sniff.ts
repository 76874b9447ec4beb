/**
 * What a file is, from its first bytes; its name is not asked.
 *
 * A wrong file should be refused at once: by the client before it sends anything, and by the node before it
 * has read much. Every accepted format says in its first bytes what it is, and soon after how large the
 * picture is. Only that is read here; whether the rest can be decoded is the inspector's work. The bytes come
 * from strangers: every step is bounded, nothing throws, and the answer depends on the bytes alone.
 */
import { type Fault, fault } from "./faults.ts";
import type { Dimensions, Sniff } from "./sniff/answer.ts";
import { sniffAvif } from "./sniff/avif.ts";
import { type Head, startsWith } from "./sniff/head.ts";
import { sniffJpeg } from "./sniff/jpeg.ts";
import { sniffGif, sniffPng, sniffWebp } from "./sniff/raster.ts";
import { refusedType } from "./sniff/refused.ts";
import { sniffTiff } from "./sniff/tiff.ts";

/** No more than this of a file is ever asked for. A picture whose size is said further behind has unknown dimensions. */
export const sniffBytesMax = 262_144;

/**
 * Decides by `head`, the first bytes of a file; `ended` when the file has no others. Never `more` when `ended`,
 * nor when `head` has `sniffBytesMax` bytes; each `more` wants at least a step of `sniffStepBytes` beyond the last.
 */
export const sniff = (head: Uint8Array, ended: boolean): Sniff => {
  if (!ended && head.length < signatureBytesMax) return { kind: "more", bytesWanted: signatureBytesMax };
  const bounded: Head = { bytes: head, ended, bytesMax: sniffBytesMax };
  for (const { matches, read } of formats) {
    if (matches(head)) return read(bounded);
  }
  const refused = refusedType(head);
  return refused === null ? { kind: "not-an-image" } : { kind: "refused", type: refused };
};

export interface PictureLimits {
  readonly imageBytesMax: number;
  readonly imagePixelsMax: number;
}

/** Why a file may not be uploaded, or null. `bytes` is its length, `name` how people call it. */
export const checkPicture = (
  name: string,
  sniffed: Exclude<Sniff, { readonly kind: "more" }>,
  bytes: number,
  limits: PictureLimits,
): Fault | null => {
  if (bytes === 0) return fault("IMAGE_EMPTY", { name });
  switch (sniffed.kind) {
    case "not-an-image":
      return fault("NOT_AN_IMAGE", { name });
    case "refused":
      return fault("IMAGE_TYPE_REFUSED", { name, type: sniffed.type });
    case "image":
      return checkBytes(name, bytes, limits) ?? checkPixels(name, sniffed.dimensions, limits);
  }
};

/** The part of `checkPicture` that needs no bytes of the file: for an offer. */
export const checkBytes = (name: string, bytes: number, limits: PictureLimits): Fault | null => {
  if (bytes === 0) return fault("IMAGE_EMPTY", { name });
  const { imageBytesMax: bytesMax } = limits;
  return bytes > bytesMax ? fault("IMAGE_TOO_LARGE", { name, bytes, bytesMax }) : null;
};

const checkPixels = (name: string, dimensions: Dimensions | null, limits: PictureLimits): Fault | null => {
  if (dimensions === null) return null;
  const { width, height } = dimensions;
  const pixelsMax = limits.imagePixelsMax;
  return width * height > pixelsMax ? fault("TOO_MANY_PIXELS", { name, width, height, pixelsMax }) : null;
};

/** Enough to tell every format from the others. (An SVG behind a longer comment is then just no image.) */
const signatureBytesMax = 4_096;

interface Format {
  readonly matches: (head: Uint8Array) => boolean;
  readonly read: (head: Head) => Sniff;
}

const formats: readonly Format[] = [
  { matches: (head) => startsWith(head, 0, "\x89PNG\r\n\x1a\n"), read: sniffPng },
  { matches: (head) => startsWith(head, 0, "\xff\xd8\xff"), read: sniffJpeg },
  { matches: (head) => startsWith(head, 0, "GIF87a") || startsWith(head, 0, "GIF89a"), read: sniffGif },
  { matches: (head) => startsWith(head, 0, "RIFF") && startsWith(head, 8, "WEBPVP8"), read: sniffWebp },
  { matches: (head) => startsWith(head, 4, "ftyp"), read: sniffAvif },
  {
    matches: (head) => ["II*\0", "MM\0*", "II+\0", "MM\0+"].some((magic) => startsWith(head, 0, magic)),
    read: sniffTiff,
  },
];
