/**
 * When pictures are decoded: beside their upload, so that decoding never holds up an acknowledgement, though it
 * costs more than everything else that an upload does.
 *
 * Two bounds keep it from holding up the rest. Only a few pictures are decoded at a time: each one takes a
 * thread of the pool that also syncs files. And the plain pictures that are kept for it have a bound in bytes;
 * when that is reached, new uploads wait for room before they are let in.
 */
import { availableParallelism } from "node:os";
import type { Inspector } from "../ports.ts";
import { createDecoder, type Decoder } from "./decoder.ts";

/** Room for one plain picture; held from admission until it is decoded or given up. */
export interface Room {
  /** Gives it back. Safe to call twice. */
  release(): void;
}

export interface WaitingInspector extends Inspector {
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
  /** Ends the decoder; pictures that were waiting for it are `unknown`. */
  close(): Promise<void>;
  /** Bytes of plaintext for which there is room given out. */
  readonly heldBytes: number;
  /** Pictures that are being decoded or wait for it. */
  readonly pending: number;
}

export interface InspectorOptions {
  /** `limits.inspectionBacklogBytesMax` of the configuration. */
  readonly backlogBytesMax: number;
  /** The thread that decodes; a new one when left out. */
  readonly decoder?: Decoder;
  /** Pictures decoded at once; by default as many as there are cores, and at most half of the thread pool. */
  readonly atOnceMax?: number;
}

/** The decoder is loaded when the first picture comes, or by `warmUp`. */
export const createInspector = (options: InspectorOptions): WaitingInspector => {
  const decoder = options.decoder ?? createDecoder();
  const backlog = createBacklog(options.backlogBytesMax);
  const turns = createTurns(options.atOnceMax ?? Math.min(availableParallelism(), threadPoolSize() / 2));
  return {
    roomFor: backlog.roomFor,
    whenRoom: backlog.whenRoom,
    warmUp: decoder.warmUp,
    close: decoder.close,
    get heldBytes() {
      return backlog.heldBytes;
    },
    get pending() {
      return turns.pending;
    },
    inspect: (image, pixelsMax) => turns.run(() => decoder.decode(image, pixelsMax)),
  };
};

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
