/**
 * AVIF, and its neighbours that are made of the same boxes (ISO 14496-12 and 23008-12): HEIC, videos, raw
 * files. The first box says by its brands which one it is. An AVIF's size stands in `ispe` boxes, four boxes
 * deep: meta, iprp, ipco, ispe.
 */
import type { Sniff } from "./answer.ts";
import { beyond, type Head, image, notAnImage, textAt, u32be, u64be } from "./head.ts";

export const sniffAvif = (head: Head): Sniff => {
  const { bytes } = head;
  const ftyp = boxAt(bytes, 0, Number.POSITIVE_INFINITY);
  if (ftyp === null || ftyp.end < 16) return notAnImage;
  const brands = brandsOf(bytes, ftyp);
  if (!brands.some((brand) => brand === "avif" || brand === "avis")) {
    return { kind: "refused", type: otherTypeOf(brands) };
  }
  return sizeOf(head, ftyp.end);
};

/** Walks the boxes of the file up to `meta`. */
const sizeOf = (head: Head, firstAt: number): Sniff => {
  const { bytes } = head;
  let at = firstAt;
  for (let boxes = 0; boxes < boxesMax; boxes++) {
    if (at + boxHeadBytes > bytes.length) return beyond(head, at + boxHeadBytes, "image/avif");
    const box = boxAt(bytes, at, Number.POSITIVE_INFINITY);
    if (box === null) return notAnImage;
    if (box.name === "meta") {
      if (box.end > bytes.length && Number.isFinite(box.end)) return beyond(head, box.end, "image/avif");
      return largestOf(bytes, box) ?? notAnImage;
    }
    if (!Number.isFinite(box.end)) return notAnImage;
    at = box.end;
  }
  return notAnImage;
};

/**
 * The greatest size in `meta`. A file also says the sizes of its thumbnail, its transparency and the tiles of a
 * grid, and none of these is greater than the picture.
 */
const largestOf = (bytes: Uint8Array, meta: Box): Sniff | null => {
  const properties = childOf(bytes, childOf(bytes, { ...meta, bodyAt: meta.bodyAt + 4 }, "iprp"), "ipco");
  if (properties === null) return null;
  let width = 0;
  let height = 0;
  for (const box of boxesIn(bytes, properties)) {
    if (box.name !== "ispe") continue;
    // Version and flags, then width and height.
    const boxWidth = u32be(bytes, box.bodyAt + 4);
    const boxHeight = u32be(bytes, box.bodyAt + 8);
    if (boxWidth * boxHeight > width * height) {
      width = boxWidth;
      height = boxHeight;
    }
  }
  return width === 0 ? null : image("image/avif", width, height);
};

interface Box {
  readonly name: string;
  readonly bodyAt: number;
  /** Past its last byte; Infinity when it goes on to the end of the file. */
  readonly end: number;
}

const boxHeadBytes = 16;
/** Real files have a handful at each level. */
const boxesMax = 1_024;

/** The box at `at`, or null when its length makes no sense within `end`. */
const boxAt = (bytes: Uint8Array, at: number, end: number): Box | null => {
  const name = textAt(bytes, at + 4, 4);
  const short = u32be(bytes, at);
  const long = short === 1;
  const length = long ? u64be(bytes, at + 8) : short;
  const bodyAt = at + (long ? 16 : 8);
  if (length === 0) return { name, bodyAt, end };
  const boxEnd = at + length;
  // Written so that NaN, for bytes that are not there, is refused too.
  return boxEnd >= bodyAt && boxEnd <= end ? { name, bodyAt, end: boxEnd } : null;
};

const boxesIn = (bytes: Uint8Array, parent: Box): readonly Box[] => {
  const boxes: Box[] = [];
  const end = Math.min(parent.end, bytes.length);
  let at = parent.bodyAt;
  while (at + 8 <= end && boxes.length < boxesMax) {
    const box = boxAt(bytes, at, end);
    if (box === null) break;
    boxes.push(box);
    at = box.end;
  }
  return boxes;
};

const childOf = (bytes: Uint8Array, parent: Box | null, name: string): Box | null =>
  parent === null ? null : (boxesIn(bytes, parent).find((box) => box.name === name) ?? null);

/** The major brand, then (past its version) the compatible ones. */
const brandsOf = (bytes: Uint8Array, ftyp: Box): readonly string[] => {
  const brands = [textAt(bytes, ftyp.bodyAt, 4)];
  const end = Math.min(ftyp.end, bytes.length, ftyp.bodyAt + 8 + 4 * brandsMax);
  for (let at = ftyp.bodyAt + 8; at + 4 <= end; at += 4) brands.push(textAt(bytes, at, 4));
  return brands;
};

const brandsMax = 64;

const otherTypeOf = (brands: readonly string[]): string => {
  for (const [type, known] of otherTypes) {
    if (brands.some((brand) => known.includes(brand))) return type;
  }
  return "an MP4 video";
};

const otherTypes: readonly (readonly [string, readonly string[]])[] = [
  ["a camera's raw file (CR3)", ["crx "]],
  ["HEIC", ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1"]],
  ["a QuickTime video", ["qt  "]],
  ["an audio file (M4A)", ["M4A ", "M4B "]],
];
