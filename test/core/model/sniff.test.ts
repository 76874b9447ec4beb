import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { imageTypes } from "../../../core/model/records.ts";
import type { Sniff } from "../../../core/model/sniff/answer.ts";
import { checkBytes, checkPicture, sniff, sniffBytesMax } from "../../../core/model/sniff.ts";
import { cameraJpeg, noisePicture, otherFiles, type Picture, refusedFiles } from "../../support/pictures.ts";

const limits = { imageBytesMax: 1_000, imagePixelsMax: 100 };

/** As a caller does it: gives what is asked for until there is an answer; counts how often. */
const sniffFile = (file: Uint8Array): { readonly answer: Sniff; readonly rounds: number } => {
  let wanted = 1;
  for (let rounds = 1; ; rounds++) {
    const answer = sniff(file.subarray(0, wanted), wanted >= file.length);
    if (answer.kind !== "more") return { answer, rounds };
    if (answer.bytesWanted <= wanted) throw new Error("asks for what it has");
    wanted = answer.bytesWanted;
  }
};

const image = (type: string, width: number, height: number) => ({
  kind: "image",
  type,
  dimensions: { width, height },
});

describe("sniffing real pictures", () => {
  it.each(imageTypes)("tells the type and the dimensions of %s", async (type) => {
    for (const [width, height] of [
      [33, 57],
      [300, 20],
    ] as const) {
      const picture = await noisePicture(type, width, height);
      const { answer } = sniffFile(picture.bytes);
      // libvips writes the directory of a TIFF behind the pixels; this one is short enough to be read whole.
      expect(answer).toEqual(image(type, width, height));
    }
  });

  it("tells the stored dimensions of a turned JPEG behind a large preview", async () => {
    const picture = await cameraJpeg(40, 30, 130_000);
    expect(sniffFile(picture.bytes).answer).toEqual(image("image/jpeg", 40, 30));
  });

  it("believes a JPEG whose dimensions stand too far behind", async () => {
    const picture = await cameraJpeg(40, 30, 2 * sniffBytesMax);
    expect(sniffFile(picture.bytes).answer).toEqual({ kind: "image", type: "image/jpeg", dimensions: null });
  });

  it("believes a TIFF whose directory stands at the far end", async () => {
    const picture = await noisePicture("image/tiff", 400, 400);
    expect(picture.bytes.length).toBeGreaterThan(sniffBytesMax);
    const { answer } = sniffFile(picture.bytes);
    expect(answer).toEqual({ kind: "image", type: "image/tiff", dimensions: null });
  });

  it("holds a picture that ends before its dimensions for none", async () => {
    const picture = await noisePicture("image/tiff", 40, 40);
    expect(sniff(picture.bytes.subarray(0, 1_000), true)).toEqual({ kind: "not-an-image" });
    expect(sniff(picture.bytes.subarray(0, 1_000), false).kind).toBe("more");
  });
});

describe("sniffing bytes made by hand", () => {
  const bytes = (text: string) => Buffer.from(text, "latin1");

  it("reads a lossless and an extended WebP", () => {
    // 14 bits each, less one: 10 x 20 is 9 | 19 << 14.
    const lossless = bytes("RIFF\x20\0\0\0WEBPVP8L\x10\0\0\0\x2f\x09\xc0\x04\0\0\0\0\0\0");
    const extended = bytes("RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\x09\0\0\x13\0\0");
    expect(sniff(lossless, true)).toEqual(image("image/webp", 10, 20));
    expect(sniff(extended, true)).toEqual(image("image/webp", 10, 20));
  });

  it("reads a big-endian TIFF with short and with long values", () => {
    const tiff = bytes(
      "MM\0*\0\0\0\x08\0\x02" + "\x01\0\0\x03\0\0\0\x01\0\x0a\0\0" + "\x01\x01\0\x04\0\0\0\x01\0\0\0\x14",
    );
    expect(sniff(tiff, true)).toEqual(image("image/tiff", 10, 20));
  });

  it("reads a BigTIFF", () => {
    const entry = (tag: string, value: string) => `${tag}\x01\x04\0\x01\0\0\0\0\0\0\0${value}\0\0\0\0\0\0\0`;
    const tiff = bytes(
      `II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0${entry("\0", "\x0a")}${entry("\x01", "\x14")}`,
    );
    expect(sniff(tiff, true)).toEqual(image("image/tiff", 10, 20));
  });

  it("takes the greatest size that an AVIF names: its tiles and thumbnail are smaller", () => {
    const box = (name: string, body: string) =>
      `${String.fromCharCode(0, 0, (8 + body.length) >> 8, (8 + body.length) & 255)}${name}${body}`;
    const ispe = (width: string, height: string) => box("ispe", `\0\0\0\0\0\0\0${width}\0\0\0${height}`);
    const ipco = box("ipco", ispe("\x02", "\x02") + ispe("\x0a", "\x14") + ispe("\x05", "\x05"));
    const avif = box("ftyp", "mif1\0\0\0\0avifmif1") + box("meta", `\0\0\0\0${box("iprp", ipco)}`);
    expect(sniff(bytes(avif), true)).toEqual(image("image/avif", 10, 20));
  });

  it("passes by what a JPEG may have before its frame: fill bytes, tables, markers without a length", () => {
    const frame = "\xff\xc2\0\x0b\x08\0\x14\0\x0a\x01";
    const before = ["", "\xff\xff", "\xff\xc4\0\x06\0\x01\0\x01", "\xff\xcc\0\x02", "\xff\x01"];
    for (const part of before) {
      expect(sniff(bytes(`\xff\xd8${part}${frame}`), true)).toEqual(image("image/jpeg", 10, 20));
    }
  });

  it("finds no image in a JPEG whose segments make no sense", () => {
    const frame = "\xff\xc2\0\x0b\x08\0\x14\0\x0a\x01";
    for (const part of ["\xff\xe1\0\0", "\xff\xe1\0\x02\0", "\xff\xda\0\x02", "\xff\xe1\xff"]) {
      expect(sniff(bytes(`\xff\xd8${part}${frame}`), true)).toEqual({ kind: "not-an-image" });
    }
  });

  it("finds no image in boxes that are shorter than their own head", () => {
    const ispe = "\0\0\0\x14ispe\0\0\0\0\0\0\0\x0a\0\0\0\x14";
    const meta = (length: string) => `\0\0\0${length}meta\0\0\0\0\0\0\0\x24iprp\0\0\0\x1cipco${ispe}`;
    const ftyp = "\0\0\0\x10ftypavif\0\0\0\0";
    expect(sniff(bytes(ftyp + meta("\x30")), true)).toEqual(image("image/avif", 10, 20));
    // A length of 0 means: to the end of the file.
    expect(sniff(bytes(ftyp + meta("\0")), true)).toEqual(image("image/avif", 10, 20));
    for (const length of ["\x02", "\x07", "\x31"]) {
      expect(sniff(bytes(ftyp + meta(length)), true)).toEqual({ kind: "not-an-image" });
    }
    expect(sniff(bytes(`${ftyp}\0\0\0\x04free${meta("\x30")}`), true)).toEqual({ kind: "not-an-image" });
  });

  it("knows no dimensions of a GIF that leaves its screen empty", () => {
    expect(sniff(bytes("GIF89a\0\0\0\0\0\0\0"), true)).toEqual({
      kind: "image",
      type: "image/gif",
      dimensions: null,
    });
  });

  it.each(refusedFiles.map(([type, file]) => ({ type, file })))("names $type", ({ type, file }) => {
    expect(sniff(file, true)).toEqual({ kind: "refused", type });
    expect(sniff(Buffer.concat([file, Buffer.alloc(5_000, "\n")]), false)).toEqual({ kind: "refused", type });
  });

  it.each(otherFiles.map(([what, file]) => ({ what, file })))("finds no image in $what", ({ file }) => {
    expect(sniff(file, true)).toEqual({ kind: "not-an-image" });
  });
});

describe("sniffing hostile bytes", () => {
  let seeds: readonly Picture[] = [];
  beforeAll(async () => {
    seeds = [
      ...(await Promise.all(imageTypes.map((type) => noisePicture(type, 12, 9)))),
      await cameraJpeg(12, 9, 70_000),
    ];
  });

  it("answers for any bytes, and asks a bounded number of times", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 6_000 }), (file) => {
        expect(sniffFile(file).rounds).toBeLessThan(20);
      }),
    );
  });

  it("answers for damaged pictures, and the same however the bytes come", () => {
    const hits = fc.array(fc.tuple(fc.nat({ max: 600 }), fc.integer({ min: 0, max: 255 })), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.nat({ max: 6 }),
        hits,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (which, list, share) => {
          const file = Buffer.from(seeds[which]?.bytes ?? []);
          for (const [at, value] of list) if (at < file.length) file[at] = value;
          const cut = file.subarray(0, Math.ceil(file.length * share));
          const { answer, rounds } = sniffFile(cut);
          expect(rounds).toBeLessThan(20);
          expect(sniff(cut, true)).toEqual(answer);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("walks a JPEG of the tiniest segments in a bounded number of rounds", () => {
    const segments = Buffer.alloc(2 * sniffBytesMax, Buffer.from([0xff, 0xe1, 0, 2]));
    const { answer, rounds } = sniffFile(Buffer.concat([Buffer.from([0xff, 0xd8]), segments]));
    expect(answer).toEqual({ kind: "image", type: "image/jpeg", dimensions: null });
    expect(rounds).toBeGreaterThan(10);
    expect(rounds).toBeLessThan(20);
  });

  it("never asks for more when it has the most that it may ask for", () => {
    const starts = [
      "\xff\xd8\xff\xff",
      "II*\0\xff\xff\xff\xff",
      "II+\0\x08\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
    ];
    for (const start of [...starts, "\0\0\0\x10ftypavif\0\0\0\0\xff\xff\xff\xfffree"]) {
      const file = Buffer.alloc(sniffBytesMax, 0xff);
      file.write(start, "latin1");
      expect(sniff(file, false).kind).not.toBe("more");
    }
  });
});

describe("checking a picture before it is uploaded", () => {
  const png = (width: number, height: number) => ({
    kind: "image" as const,
    type: "image/png" as const,
    dimensions: { width, height },
  });

  it("lets pass what keeps the limits, and what does not say its dimensions", () => {
    expect(checkPicture("a.png", png(10, 10), 1_000, limits)).toBeNull();
    expect(checkPicture("a.png", { ...png(1, 1), dimensions: null }, 1_000, limits)).toBeNull();
  });

  it("says what is wrong, by name and number", () => {
    const check = (sniffed: Parameters<typeof checkPicture>[1], bytes: number) =>
      checkPicture("a", sniffed, bytes, limits);
    expect(check({ kind: "not-an-image" }, 0)).toMatchObject({ code: "IMAGE_EMPTY", name: "a" });
    expect(check({ kind: "not-an-image" }, 9_999)).toMatchObject({ code: "NOT_AN_IMAGE", name: "a" });
    expect(check({ kind: "refused", type: "SVG" }, 9)).toMatchObject({
      code: "IMAGE_TYPE_REFUSED",
      type: "SVG",
    });
    expect(check(png(1, 1), 1_001)).toMatchObject({ code: "IMAGE_TOO_LARGE", bytes: 1_001, bytesMax: 1_000 });
    expect(check(png(11, 10), 9)).toMatchObject({
      code: "TOO_MANY_PIXELS",
      width: 11,
      height: 10,
      pixelsMax: 100,
    });
  });

  it("checks an offer by its length alone", () => {
    expect(checkBytes("a", 1_000, limits)).toBeNull();
    expect(checkBytes("a", 0, limits)?.code).toBe("IMAGE_EMPTY");
    expect(checkBytes("a", 1_001, limits)?.code).toBe("IMAGE_TOO_LARGE");
  });
});
