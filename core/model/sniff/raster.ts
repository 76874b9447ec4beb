/**
 * The formats that say their size at a fixed place: PNG (W3C PNG, "IHDR"), GIF (GIF89a, "Logical Screen
 * Descriptor") and WebP (RFC 9649, §2.5 to §2.7, and RFC 6386, §9.1 for its lossy frame).
 */
import type { Sniff } from "./answer.ts";
import { beyond, type Head, image, notAnImage, startsWith, u8, u16le, u24le, u32be, u32le } from "./head.ts";

/** Signature (8), then IHDR must be the first chunk: length, name, width, height. */
export const sniffPng = (head: Head): Sniff => {
  const { bytes } = head;
  if (bytes.length < 24) return beyond(head, 24, "image/png");
  if (!startsWith(bytes, 12, "IHDR")) return notAnImage;
  return image("image/png", u32be(bytes, 16), u32be(bytes, 20));
};

export const sniffGif = (head: Head): Sniff => {
  const { bytes } = head;
  if (bytes.length < 10) return beyond(head, 10, "image/gif");
  return image("image/gif", u16le(bytes, 6), u16le(bytes, 8));
};

/** RIFF, size, WEBP, then the first chunk's name and length (20 bytes) and what it begins with. */
export const sniffWebp = (head: Head): Sniff => {
  const { bytes } = head;
  if (bytes.length < 30) return beyond(head, 30, "image/webp");
  switch (bytes[15]) {
    // "VP8 ": a frame tag of 3 bytes, the start code, then 14 bits each and 2 of scaling.
    case 0x20:
      return startsWith(bytes, 23, "\x9d\x01\x2a")
        ? image("image/webp", u16le(bytes, 26) & 0x3fff, u16le(bytes, 28) & 0x3fff)
        : notAnImage;
    // "VP8L": one byte of signature, then 14 bits each, less one.
    case 0x4c: {
      if (u8(bytes, 20) !== 0x2f) return notAnImage;
      const bits = u32le(bytes, 21);
      return image("image/webp", (bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
    }
    // "VP8X": four bytes of flags, then the canvas in 24 bits each, less one.
    case 0x58:
      return image("image/webp", u24le(bytes, 24) + 1, u24le(bytes, 27) + 1);
    default:
      return notAnImage;
  }
};
