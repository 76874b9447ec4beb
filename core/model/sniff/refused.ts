/**
 * Names for what people try to upload and what is not accepted, so that the refusal can say more than "not an
 * image". Some of these are pictures with risks (SVG runs scripts), some are documents, some just rare.
 */
import { startsWith, textAt, u16le, u32le } from "./head.ts";

/** What `head` is, for people to read, or null when it is nothing that is known here. */
export const refusedType = (head: Uint8Array): string | null => {
  const found = signatures.find(([, at, magic]) => startsWith(head, at, magic));
  if (found !== undefined) return found[0];
  if (isBmp(head)) return "BMP";
  if (isIcon(head)) return "ICO";
  if (isNetpbm(head)) return "PNM";
  return isSvg(head) ? "SVG" : null;
};

/** Name, offset, the bytes as Latin-1. */
const signatures: readonly (readonly [string, number, string])[] = [
  ["PDF", 0, "%PDF-"],
  ["PostScript", 0, "%!PS"],
  ["PSD", 0, "8BPS"],
  ["XCF", 0, "gimp xcf "],
  ["JPEG XL", 0, "\xff\x0a"],
  ["JPEG XL", 0, "\0\0\0\x0cJXL \r\n\x87\n"],
  ["JPEG 2000", 0, "\0\0\0\x0cjP  \r\n\x87\n"],
  ["JPEG 2000", 0, "\xff\x4f\xff\x51"],
  ["JPEG XR", 0, "II\xbc\x01"],
  ["MNG", 0, "\x8aMNG\r\n\x1a\n"],
  ["JNG", 0, "\x8bJNG\r\n\x1a\n"],
  ["OpenEXR", 0, "\x76\x2f\x31\x01"],
  ["Radiance HDR", 0, "#?RADIANCE"],
  ["Radiance HDR", 0, "#?RGBE"],
  ["FITS", 0, "SIMPLE  ="],
  ["DDS", 0, "DDS "],
  ["QOI", 0, "qoif"],
  ["DjVu", 0, "AT&TFORM"],
  ["a camera's raw file (RAF)", 0, "FUJIFILMCCD-RAW"],
  ["a camera's raw file (ORF)", 0, "IIRO"],
  ["a camera's raw file (RW2)", 0, "IIU\0"],
  ["an AVI video", 8, "AVI LIST"],
  ["a Matroska or WebM video", 0, "\x1a\x45\xdf\xa3"],
  ["an MPEG video", 0, "\0\0\x01\xba"],
  ["an age file, sealed already", 0, "age-encryption.org/v1\n"],
];

/** Two letters are too few: the length of the second header must be one that exists. */
const isBmp = (head: Uint8Array): boolean =>
  startsWith(head, 0, "BM") && [12, 16, 40, 52, 56, 64, 108, 124].includes(u32le(head, 14));

/** Icon or cursor, with a few pictures, the first of them past the directory. */
const isIcon = (head: Uint8Array): boolean => {
  const count = u16le(head, 4);
  return (
    (startsWith(head, 0, "\0\0\x01\0") || startsWith(head, 0, "\0\0\x02\0")) &&
    count >= 1 &&
    count <= 256 &&
    head[9] === 0 &&
    u32le(head, 18) >= 6 + 16 * count
  );
};

const isNetpbm = (head: Uint8Array): boolean =>
  /^P[1-7][ \t\r\n](#[^\n]*\n|[ \t\r\n])*[0-9W]/.test(textAt(head, 0, 256));

/** Text that begins with markup and names the element soon: there may be a declaration and comments before it. */
const isSvg = (head: Uint8Array): boolean => {
  const text = textAt(head, 0, 4_096).replaceAll("\0", "");
  return (
    /^(\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*</.test(text) &&
    /<(\w+:)?svg[\s>]/.test(text) &&
    !/<html/i.test(text)
  );
};
