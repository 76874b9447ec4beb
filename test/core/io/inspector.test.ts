import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createInspector } from "../../../core/io/inspector.ts";
import { thumbnailBytesMax } from "../../../core/model/limits.ts";
import { imageTypes } from "../../../core/model/records.ts";
import { payloadBytesOf } from "../../../core/seal/payload.ts";
import {
  cameraJpeg,
  noise,
  noisePicture,
  otherFiles,
  pictureOfBytes,
  refusedFiles,
  scratched,
  truncated,
} from "../../support/pictures.ts";

const pixelsMax = 100_000_000;
const inspector = createInspector({ backlogBytesMax: 1_000 });
/** What is inspected is taken over. */
const copied = (...pieces: readonly Uint8Array[]) => pieces.map((piece) => new Uint8Array(piece));

const inspect = (file: Uint8Array) => inspector.inspect(copied(file), pixelsMax);

describe("what the inspector says of a picture", () => {
  it.each(imageTypes)("a sound %s is ok and has a small WebP", async (type) => {
    const picture = await noisePicture(type, 600, 300);
    const { verdict, thumbnail } = await inspect(picture.bytes);
    expect(verdict).toBe("ok");
    expect(await sharp(thumbnail ?? []).metadata()).toMatchObject({
      format: "webp",
      width: 256,
      height: 128,
    });
  });

  it.each(imageTypes)("a %s that was cut off is damaged", async (type) => {
    const picture = await noisePicture(type, 300, 300);
    for (const share of [0.1, 0.5, 0.99]) {
      expect((await inspect(truncated(picture.bytes, share))).verdict).toBe("damaged");
    }
  });

  it("shows what is left of a damaged picture", async () => {
    const picture = await noisePicture("image/png", 300, 300);
    const { verdict, thumbnail } = await inspect(scratched(picture.bytes));
    expect(verdict).toBe("damaged");
    expect((await sharp(thumbnail ?? []).metadata()).width).toBe(256);
  });

  it("gives the same answer for a picture in many chunks", async () => {
    const { bytes } = await pictureOfBytes("image/png", 200_000);
    const chunks = [bytes.subarray(0, 65_536), bytes.subarray(65_536, 131_072), bytes.subarray(131_072)];
    expect(await inspector.inspect(copied(...chunks), pixelsMax)).toEqual(await inspect(bytes));
  });

  it("turns the thumbnail upright and does not enlarge it", async () => {
    const { thumbnail } = await inspect((await cameraJpeg(40, 30, 0)).bytes);
    const shown = await sharp(thumbnail ?? []).metadata();
    expect(shown).toMatchObject({ width: 30, height: 40 });
    expect(shown.exif).toBeUndefined();
  });

  it("keeps the sealed thumbnail within its bound, also for the worst of pictures", async () => {
    // Noise in the transparency as well, which WebP keeps without loss at every quality.
    const worst = await sharp(noise(256 * 256 * 4, 3), { raw: { width: 256, height: 256, channels: 4 } })
      .png()
      .toBuffer();
    const { verdict, thumbnail } = await inspect(worst);
    expect(verdict).toBe("ok");
    expect(payloadBytesOf(thumbnail?.length ?? 0)).toBeLessThanOrEqual(thumbnailBytesMax);
  });

  it("does not judge a picture with more pixels than it may decode", async () => {
    const { bytes } = await noisePicture("image/png", 20, 20);
    expect(await inspector.inspect(copied(bytes), 399)).toEqual({ verdict: "unknown", thumbnail: null });
    expect((await inspector.inspect(copied(bytes), 400)).verdict).toBe("ok");
  });

  it("never shows a file of another format, whatever libvips could do with it", async () => {
    for (const [what, file] of [...refusedFiles, ...otherFiles]) {
      const { verdict, thumbnail } = await inspect(file);
      expect([what, verdict, thumbnail]).toEqual([what, "damaged", null]);
    }
    expect(await inspector.inspect([], pixelsMax)).toEqual({ verdict: "damaged", thumbnail: null });
  });

  it("decodes a picture of 20 MB", async () => {
    const picture = await pictureOfBytes("image/png", 20_000_000);
    expect(picture.bytes.length).toBeGreaterThan(16_000_000);
    expect((await inspect(picture.bytes)).verdict).toBe("ok");
  });
});

describe("how much the inspector takes on", () => {
  it("counts pictures in decoding, and none when all are done", async () => {
    const one = createInspector({ backlogBytesMax: 1, atOnceMax: 1 });
    const { bytes } = await noisePicture("image/png", 50, 50);
    const answers = Promise.all(
      [bytes, truncated(bytes, 0.5), bytes].map((file) => one.inspect(copied(file), pixelsMax)),
    );
    expect(one.pending).toBe(3);
    expect((await answers).map(({ verdict }) => verdict)).toEqual(["ok", "damaged", "ok"]);
    expect(one.pending).toBe(0);
  });

  it("gives room up to its bound, and the rest in the order of asking", async () => {
    const { roomFor, whenRoom, granted, settle, held } = watched(100);
    const first = await whenRoom("first", 60);
    expect([roomFor(40), roomFor(41)]).toEqual([true, false]);

    const large = whenRoom("large", 41);
    const small = whenRoom("small", 10);
    await settle();
    expect(granted).toEqual(["first"]);
    // The small one would fit, and still waits behind the large one.
    expect(roomFor(10)).toBe(false);

    first.release();
    first.release();
    expect(held()).toBe(51);
    (await large).release();
    (await small).release();
    expect(granted).toEqual(["first", "large", "small"]);
    expect(held()).toBe(0);
  });

  it("lets a picture greater than the whole bound in, alone", async () => {
    const { roomFor, whenRoom, granted, settle } = watched(100);
    const small = await whenRoom("small", 1);
    expect(roomFor(500)).toBe(false);
    const huge = whenRoom("huge", 500);
    await settle();
    expect(granted).toEqual(["small"]);
    small.release();
    await huge;
    expect(roomFor(1)).toBe(false);
  });
});

const watched = (backlogBytesMax: number) => {
  const bounded = createInspector({ backlogBytesMax });
  const granted: string[] = [];
  return {
    granted,
    roomFor: bounded.roomFor,
    held: () => bounded.heldBytes,
    whenRoom: async (name: string, bytes: number) => {
      const room = await bounded.whenRoom(bytes);
      granted.push(name);
      return room;
    },
    /** Lets every promise that could go on do so. */
    settle: () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
};
