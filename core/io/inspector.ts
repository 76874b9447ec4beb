/**
 * Decodes pictures for real, with libvips through sharp: is this a sound picture, and what does it look like
 * in small?
 *
 * Decoding costs more than everything else that an upload does, so it runs beside the upload and never holds
 * up an acknowledgement. Two bounds keep it from holding up the rest. Only a few pictures are decoded at a
 * time: each one takes a thread of the pool that also syncs files. And the plain pictures that are kept for it
 * have a bound in bytes; when that is reached, new uploads wait for room before they are let in.
 *
 * The bytes come from strangers. Only the decoders of the accepted formats are switched on, pixels and seconds
 * are bounded, and what libvips says becomes a verdict, never an exception. The first frame or page stands for
 * all of them.
 */
import { availableParallelism } from "node:os";
import type { Sharp, SharpOptions } from "sharp";
import { thumbnailBytesMax } from "../model/limits.ts";
import type { Verdict } from "../model/records.ts";
import type { Inspector } from "../ports.ts";
import { payloadBytesOf } from "../seal/payload.ts";

/** Room for one plain picture; held from admission until it is decoded or given up. */
export interface Room {
  /** Gives it back. Safe to call twice. */
  release(): void;
}

export interface SharpInspector extends Inspector {
  /** Whether `whenRoom(bytes)` would be granted at once. */
  roomFor(bytes: number): boolean;
  /**
   * Resolves when `bytes` more bytes of plaintext may be held, in the order of asking. A picture greater than
   * the whole bound gets its turn alone. The room is the caller's until released. How many may wait is bounded
   * by the uploads that the caller lets in.
   */
  whenRoom(bytes: number): Promise<Room>;
  /** Loads the decoder, so that the first picture does not have to wait for it. Never rejects. */
  warmUp(): Promise<void>;
  /** Bytes of plaintext for which there is room given out. */
  readonly heldBytes: number;
  /** Pictures that are being decoded or wait for it. */
  readonly pending: number;
}

export interface InspectorOptions {
  /** `limits.inspectionBacklogBytesMax` of the configuration. */
  readonly backlogBytesMax: number;
  /** Pictures decoded at once; by default as many as there are cores, and at most half of the thread pool. */
  readonly atOnceMax?: number;
}

/** sharp is loaded when the first picture comes. */
export const createInspector = (options: InspectorOptions): SharpInspector => {
  const backlog = createBacklog(options.backlogBytesMax);
  const turns = createTurns(options.atOnceMax ?? Math.min(availableParallelism(), threadPoolSize() / 2));
  return {
    roomFor: backlog.roomFor,
    whenRoom: backlog.whenRoom,
    warmUp: async () => {
      await opener();
    },
    get heldBytes() {
      return backlog.heldBytes;
    },
    get pending() {
      return turns.pending;
    },
    inspect: (image, pixelsMax) => turns.run(() => decode(image, pixelsMax)),
  };
};

interface Inspected {
  readonly verdict: Verdict;
  readonly thumbnail: Uint8Array | null;
}

const thumbnailPixelsPerSide = 256;
/** So that the sealed thumbnail keeps `thumbnailBytesMax`. */
const webpBytesMax = thumbnailBytesMax - (payloadBytesOf(0) + 16);
/** A picture that takes longer was made to. */
const decodeSecondsMax = 30;

const decode = async (image: readonly Uint8Array[], pixelsMax: number): Promise<Inspected> => {
  const open = await opener();
  if (open === null) return { verdict: "unknown", thumbnail: null };
  // libvips wants the file in one piece; there is one such piece per picture being decoded, not per waiting one.
  const file = image.length === 1 && image[0] !== undefined ? image[0] : Buffer.concat(image);
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
const opener = (): Promise<Open | null> => {
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

/** libuv's own default, and the variable by which an operator changes it. */
const threadPoolSize = (): number => Number(process.env.UV_THREADPOOL_SIZE) || 4;

interface Turns {
  run<Value>(work: () => Promise<Value>): Promise<Value>;
  readonly pending: number;
}

/** At most `atOnceMax` at a time, first come first served. */
const createTurns = (atOnceMax: number): Turns => {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    run: async (work) => {
      if (running >= Math.max(1, Math.floor(atOnceMax))) {
        // Whoever ends passes the turn on, so that `running` stays.
        await new Promise<void>((resolve) => waiting.push(resolve));
      } else {
        running++;
      }
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === undefined) running--;
        else next();
      }
    },
    get pending() {
      return running + waiting.length;
    },
  };
};

interface Backlog {
  roomFor(bytes: number): boolean;
  whenRoom(bytes: number): Promise<Room>;
  readonly heldBytes: number;
}

const createBacklog = (bytesMax: number): Backlog => {
  const waiting: { readonly bytes: number; readonly grant: (room: Room) => void }[] = [];
  let heldBytes = 0;

  const fits = (bytes: number): boolean => heldBytes === 0 || heldBytes + bytes <= bytesMax;

  const take = (bytes: number): Room => {
    let held = bytes;
    heldBytes += held;
    return {
      release: () => {
        heldBytes -= held;
        held = 0;
        grantNext();
      },
    };
  };

  const grantNext = (): void => {
    for (let next = waiting[0]; next !== undefined && fits(next.bytes); next = waiting[0]) {
      waiting.shift();
      next.grant(take(next.bytes));
    }
  };

  // Nobody overtakes: a large picture would otherwise wait for as long as small ones keep coming.
  const roomFor = (bytes: number): boolean => waiting.length === 0 && fits(bytes);

  return {
    roomFor,
    whenRoom: (bytes) =>
      roomFor(bytes)
        ? Promise.resolve(take(bytes))
        : new Promise<Room>((grant) => waiting.push({ bytes, grant })),
    get heldBytes() {
      return heldBytes;
    },
  };
};
