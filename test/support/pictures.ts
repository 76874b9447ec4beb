/**
 * Pictures to try things with: real ones of every accepted format and of any size, damaged ones, and files that
 * only look like something. Noise does not compress, so that sizes can be chosen; it is made from a seed, so
 * that the same test sees the same bytes each time.
 */
import { createCipheriv } from "node:crypto";
import sharp, { type Sharp } from "sharp";
import type { ImageType } from "../../core/model/records.ts";

export interface Picture {
  readonly name: string;
  readonly type: ImageType;
  readonly width: number;
  readonly height: number;
  readonly bytes: Buffer;
}

/** A picture of noise, `width` x `height` pixels in three colors. */
export const noisePicture = async (
  type: ImageType,
  width: number,
  height: number,
  seed = 1,
): Promise<Picture> => {
  const image = sharp(noise(width * height * 3, seed), { raw: { width, height, channels: 3 } });
  const bytes = await encoded(image, type).toBuffer();
  return { name: `noise-${width}x${height}-${seed}.${extensionOf(type)}`, type, width, height, bytes };
};

/** A square of noise with a file of about `bytes` bytes: within a fifth, from 1 kB up. */
export const pictureOfBytes = (type: ImageType, bytes: number, seed = 1): Promise<Picture> => {
  const { headerBytes, bytesPerPixel } = density[type];
  const side = Math.max(8, Math.round(Math.sqrt((bytes - headerBytes) / bytesPerPixel)));
  return noisePicture(type, side, side, seed);
};

/** `bytes` bytes that no one can compress, the same for the same seed. */
export const noise = (bytes: number, seed: number): Buffer => {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed);
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
};

/** The first `share` (0 to 1) of a file, as when a copy was interrupted. */
export const truncated = (file: Uint8Array, share: number): Buffer =>
  Buffer.from(file.subarray(0, Math.floor(file.length * share)));

/** 64 bytes in the middle of a file overwritten, as by a bad sector. */
export const scratched = (file: Uint8Array): Buffer => {
  const copy = Buffer.from(file);
  copy.fill(0x55, copy.length / 2, copy.length / 2 + 64);
  return copy;
};

/** A JPEG as a camera writes it: turned by its EXIF, and `previewBytes` of other segments before its size. */
export const cameraJpeg = async (width: number, height: number, previewBytes: number): Promise<Picture> => {
  const plain = await sharp(noise(width * height * 3, 7), { raw: { width, height, channels: 3 } })
    .jpeg()
    .withMetadata({ orientation: 6 })
    .toBuffer();
  const segments: Buffer[] = [];
  for (let left = previewBytes; left > 0; left -= 60_000)
    segments.push(segment(0xe2, Math.min(left, 60_000)));
  const bytes = Buffer.concat([plain.subarray(0, 2), ...segments, plain.subarray(2)]);
  return { name: "camera.jpg", type: "image/jpeg", width, height, bytes };
};

/** Files that are refused by name: what `sniff` should call them, and their first bytes. */
export const refusedFiles: readonly (readonly [string, Buffer])[] = [
  [
    "SVG",
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>1</script></svg>'),
  ],
  ["SVG", Buffer.from('\ufeff<?xml version="1.0"?>\n<!-- a <b> -->\n<svg:svg width="9"/>')],
  ["HEIC", box("ftyp", "heic\0\0\0\0mif1heic")],
  ["HEIC", box("ftyp", "mif1\0\0\0\0mif1heic")],
  ["an MP4 video", box("ftyp", "isom\0\0\x02\0isomiso2avc1mp41")],
  ["a QuickTime video", box("ftyp", "qt  \0\0\0\0qt  ")],
  ["an audio file (M4A)", box("ftyp", "M4A \0\0\0\0M4A mp42")],
  ["a camera's raw file (CR3)", box("ftyp", "crx \0\0\0\x01crx isom")],
  ["a camera's raw file (CR2)", latin1("II*\0\x10\0\0\0CR\x02\0\0\0\0\0")],
  ["PDF", latin1("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")],
  ["BMP", latin1("BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x02\0\0\0\x02\0\0\0\x01\0\x18\0")],
  ["ICO", latin1("\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0\x68\x04\0\0\x16\0\0\0")],
  ["PSD", latin1("8BPS\0\x01\0\0\0\0\0\0\0\x03")],
  ["JPEG XL", latin1("\xff\x0a\xfa\x1f")],
  ["JPEG XL", latin1("\0\0\0\x0cJXL \r\n\x87\n")],
  ["JPEG 2000", latin1("\0\0\0\x0cjP  \r\n\x87\n")],
  ["PNM", latin1("P6\n# made by hand\n2 2\n255\n")],
  ["QOI", latin1("qoif\0\0\0\x02\0\0\0\x02\x03\0")],
  ["OpenEXR", latin1("\x76\x2f\x31\x01\x02\0\0\0")],
  ["an AVI video", latin1("RIFF\x10\0\0\0AVI LIST")],
  ["a Matroska or WebM video", latin1("\x1a\x45\xdf\xa3\x9f\x42\x86\x81")],
  ["an age file, sealed already", latin1("age-encryption.org/v1\n-> X25519 x\n")],
];

/** Files that are nothing of the kind. */
export const otherFiles: readonly (readonly [string, Buffer])[] = [
  ["nothing", Buffer.alloc(0)],
  ["one byte", latin1("\x89")],
  ["zeros", Buffer.alloc(5_000)],
  ["text", Buffer.from("BMW, P6 and other words that begin like a picture.\n")],
  ["a web page with a drawing", Buffer.from("<!doctype html><html><body><svg></svg></body></html>")],
  ["a program", latin1("\x7fELF\x02\x01\x01\0")],
  ["an archive", latin1("PK\x03\x04\x14\0\0\0")],
  ["a sound", latin1("RIFF\x24\0\0\0WAVEfmt ")],
  ["a PNG's signature alone", latin1("\x89PNG\r\n\x1a\n")],
  ["a PNG's signature before text", latin1("\x89PNG\r\n\x1a\nand then nothing of the kind")],
  ["a JPEG that ends before its picture", latin1("\xff\xd8\xff\xe0\0\x04ab\xff\xd9")],
];

/** Bytes per pixel of noise, and about what comes before the first pixel. */
const density: Readonly<Record<ImageType, { readonly headerBytes: number; readonly bytesPerPixel: number }>> =
  {
    "image/png": { headerBytes: 100, bytesPerPixel: 3.15 },
    "image/jpeg": { headerBytes: 400, bytesPerPixel: 0.65 },
    "image/webp": { headerBytes: 500, bytesPerPixel: 0.7 },
    "image/gif": { headerBytes: 800, bytesPerPixel: 1.37 },
    "image/avif": { headerBytes: 320, bytesPerPixel: 0.53 },
    "image/tiff": { headerBytes: 300, bytesPerPixel: 3 },
  };

const encoded = (image: Sharp, type: ImageType): Sharp => {
  switch (type) {
    case "image/png":
      return image.png({ compressionLevel: 1 });
    case "image/jpeg":
      return image.jpeg();
    case "image/webp":
      return image.webp({ effort: 0 });
    case "image/gif":
      return image.gif({ effort: 1, dither: 0 });
    case "image/avif":
      return image.avif({ effort: 0 });
    case "image/tiff":
      return image.tiff({ compression: "none" });
  }
};

const extensionOf = (type: ImageType): string =>
  type === "image/jpeg" ? "jpg" : type.slice("image/".length);

function latin1(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function box(name: string, body: string): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(8 + body.length);
  return Buffer.concat([head, latin1(name + body)]);
}

/** A JPEG segment of `bytes` bytes after its marker. */
const segment = (marker: number, bytes: number): Buffer => {
  const whole = Buffer.alloc(2 + bytes, 0x20);
  whole.writeUInt16BE(0xff00 + marker);
  whole.writeUInt16BE(bytes, 2);
  return whole;
};
