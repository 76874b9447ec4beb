import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../../core/io/clock.ts";
import type { Decoder } from "../../../core/io/decoder.ts";
import { createInspector } from "../../../core/io/inspector.ts";
import {
  inspectionsBehindMax,
  inspectionsWaitingMax,
  letInMsMax,
  thumbnailBytesMax,
} from "../../../core/model/limits.ts";
import { imageTypes } from "../../../core/model/records.ts";
import type { Inspected } from "../../../core/ports.ts";
import { payloadBytesOf } from "../../../core/seal/payload.ts";
import { ManualClock, turn } from "../../support/manual-clock.ts";
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
const inspector = createInspector({ clock: systemClock(), backlogBytesMax: 1_000 });

const inspect = (file: Uint8Array, most = pixelsMax): Promise<Inspected> =>
  new Promise((resolve) => {
    inspector.inspect({
      bytes: file.length,
      pixelsMax: most,
      // What is inspected is taken over.
      read: async () => new Uint8Array(file),
      tell: async (inspected) => resolve(inspected),
    });
  });

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
    expect(await inspect(bytes, 399)).toEqual({ verdict: "unknown", thumbnail: null });
    expect((await inspect(bytes, 400)).verdict).toBe("ok");
  });

  it("never shows a file of another format, whatever libvips could do with it", async () => {
    for (const [what, file] of [...refusedFiles, ...otherFiles]) {
      const { verdict, thumbnail } = await inspect(file);
      expect([what, verdict, thumbnail]).toEqual([what, "damaged", null]);
    }
    expect(await inspect(new Uint8Array(0))).toEqual({ verdict: "damaged", thumbnail: null });
  });

  it("decodes a picture of 20 MB", async () => {
    const picture = await pictureOfBytes("image/png", 20_000_000);
    expect(picture.bytes.length).toBeGreaterThan(16_000_000);
    expect((await inspect(picture.bytes)).verdict).toBe("ok");
  });
});

describe("how much the inspector takes on", () => {
  it("has as many pictures in memory at once as it may, and the others in their order", async () => {
    const { add, finish, read, plainBytes, pending } = scripted({ backlogBytesMax: 100, atOnceMax: 2 });
    for (const [name, bytes] of [
      ["a", 60],
      ["b", 41],
      ["c", 10],
      ["d", 10],
    ] as const)
      add(name, bytes);
    await turn();
    // The third would fit beside the first, and still waits behind the second.
    expect([read, plainBytes(), pending()]).toEqual([["a"], 60, 4]);
    await finish("a");
    expect([read, plainBytes(), pending()]).toEqual([["a", "b", "c"], 51, 3]);
    await finish("c");
    expect([read, plainBytes()]).toEqual([["a", "b", "c", "d"], 51]);
    await finish("b");
    await finish("d");
    expect([plainBytes(), pending()]).toEqual([0, 0]);
  });

  it("takes a picture greater than its whole bound, alone", async () => {
    const { add, finish, read, plainBytes } = scripted({ backlogBytesMax: 100, atOnceMax: 2 });
    for (const [name, bytes] of [
      ["small", 1],
      ["huge", 500],
      ["later", 1],
    ] as const)
      add(name, bytes);
    await turn();
    expect(read).toEqual(["small"]);
    await finish("small");
    expect([read, plainBytes()]).toEqual([["small", "huge"], 500]);
    await finish("huge");
    expect([read, plainBytes()]).toEqual([["small", "huge", "later"], 1]);
  });

  it("says nothing of a picture that cannot be read, and goes on", async () => {
    const { add, finish, told, pending } = scripted({ backlogBytesMax: 100, atOnceMax: 1 });
    add("gone", 1, null);
    add("next", 1);
    await turn();
    await finish("next");
    expect(told).toEqual([
      ["gone", "unknown"],
      ["next", "ok"],
    ]);
    expect(pending()).toBe(0);
  });

  it("leaves pictures without a verdict when too many wait, and goes on with the others", async () => {
    const { add, finish, told, pending } = scripted({ backlogBytesMax: 1e9, atOnceMax: 1 });
    for (let count = 0; count <= inspectionsWaitingMax; count++) add(`${count}`, 1);
    expect([told, pending()]).toEqual([[], inspectionsWaitingMax + 1]);
    add("too many", 1);
    await turn();
    expect(told).toEqual([["too many", "unknown"]]);
    await finish("0");
    add("one more", 1);
    await turn();
    expect(told).toEqual([
      ["too many", "unknown"],
      ["0", "ok"],
    ]);
  });
});

describe("when uploads are let in", () => {
  it("at once, while no more waits for decoding than its bound", async () => {
    const { add, enter, entered } = scripted({ backlogBytesMax: 100, atOnceMax: 1 });
    add("in its turn", 1_000);
    add("waits", 100);
    enter("one");
    enter("two");
    await turn();
    expect(entered).toEqual(["one", "two"]);
  });

  it("one for each picture that has its turn, when more waits; all when that is over", async () => {
    const { add, finish, enter, entered } = scripted({ backlogBytesMax: 100, atOnceMax: 1 });
    for (const name of ["a", "b", "c", "d"]) add(name, 60);
    for (const name of ["1", "2", "3", "4"]) enter(name);
    await turn();
    expect(entered).toEqual([]);
    await finish("a");
    expect(entered).toEqual(["1"]);
    await finish("b");
    expect(entered).toEqual(["1", "2", "3", "4"]);
  });

  it("after a while in any case, though not a picture was decoded meanwhile", async () => {
    const { add, enter, entered, clock } = scripted({ backlogBytesMax: 1e9, atOnceMax: 1 });
    for (let count = 0; count <= inspectionsBehindMax + 1; count++) add(`${count}`, 1);
    enter("patient");
    await clock.pass(letInMsMax - 1);
    expect(entered).toEqual([]);
    await clock.pass(1);
    expect(entered).toEqual(["patient"]);
    expect(clock.dueAt).toBeNull();
  });
});

describe("an inspector that ends", () => {
  it("has told of every picture when it has, and keeps nobody waiting", async () => {
    const { inspector, add, enter, entered, told, clock } = scripted({ backlogBytesMax: 100, atOnceMax: 1 });
    for (const name of ["in its turn", "waits", "waits, too"]) add(name, 90);
    enter("at the door");
    await turn();
    expect([told, entered]).toEqual([[], []]);
    await inspector.close();
    expect(told).toEqual([
      ["waits", "unknown"],
      ["waits, too", "unknown"],
      ["in its turn", "unknown"],
    ]);
    expect([entered, inspector.pending, inspector.plainBytes]).toEqual([["at the door"], 0, 0]);
    expect(clock.dueAt).toBeNull();
    add("late", 1);
    await turn();
    expect(told.at(-1)).toEqual(["late", "unknown"]);
  });

  it("ends also while a picture is being decoded for real", async () => {
    const real = createInspector({ clock: systemClock(), backlogBytesMax: 1e9, atOnceMax: 1 });
    const { bytes } = await noisePicture("image/png", 2_000, 2_000);
    const told: string[] = [];
    for (const name of ["first", "second"])
      real.inspect({
        bytes: bytes.length,
        pixelsMax,
        read: async () => new Uint8Array(bytes),
        tell: async () => {
          told.push(name);
        },
      });
    await real.close();
    expect(told.toSorted()).toEqual(["first", "second"]);
  });
});

/** An inspector whose pictures are decoded when the test says so. */
const scripted = (bounds: { readonly backlogBytesMax: number; readonly atOnceMax: number }) => {
  const clock = new ManualClock();
  const decoding = new Map<string, (inspected: Inspected) => void>();
  const [read, entered]: [string[], string[]] = [[], []];
  const told: [string, string][] = [];
  const decoder: Decoder = {
    decode: (image) => new Promise((resolve) => decoding.set(Buffer.from(image).toString(), resolve)),
    warmUp: async () => undefined,
    close: async () => {
      for (const resolve of decoding.values()) resolve({ verdict: "unknown", thumbnail: null });
    },
  };
  const inspector = createInspector({ clock, decoder, ...bounds });
  const add = (name: string, bytes: number, content: Uint8Array | null = Buffer.from(name)): void =>
    inspector.inspect({
      bytes,
      pixelsMax,
      read: async () => {
        read.push(name);
        return content;
      },
      tell: async ({ verdict }) => {
        // It takes a moment to write down.
        await turn();
        told.push([name, verdict]);
      },
    });
  const finish = async (name: string): Promise<void> => {
    decoding.get(name)?.({ verdict: "ok", thumbnail: null });
    for (let turns = 0; turns < 3; turns++) await turn();
  };
  const enter = (name: string): void => void inspector.whenLetIn().then(() => entered.push(name));
  return {
    clock,
    inspector,
    add,
    finish,
    enter,
    entered,
    read,
    told,
    plainBytes: () => inspector.plainBytes,
    pending: () => inspector.pending,
  };
};
