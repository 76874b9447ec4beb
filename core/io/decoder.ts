/**
 * Decoding in a thread of its own, seen from the thread that must not wait.
 *
 * The work itself is done in libuv's pool, but loading sharp and talking to it takes this long on the calling
 * thread, 100 ms and more at the first picture; on the node's own thread a heartbeat would wait for it. A
 * thread that dies takes its pictures with it: they stay stored, uninspected, and the next picture starts anew.
 */
import { Worker } from "node:worker_threads";
import type { Inspected } from "../ports.ts";

export interface Decoder {
  /** Takes `image` over: when it is the whole of its buffer it is moved to the thread, not copied. Never rejects. */
  decode(image: Uint8Array, pixelsMax: number): Promise<Inspected>;
  /** Loads the decoder now. Never rejects. */
  warmUp(): Promise<void>;
  close(): Promise<void>;
}

/** Without an image: only load the decoder. */
export interface DecodeJob {
  readonly ticket: number;
  readonly image: Uint8Array | null;
  readonly pixelsMax: number;
}

export interface DecodeAnswer {
  readonly ticket: number;
  readonly inspected: Inspected | null;
}

/** As it is, or a copy when others may look at the rest of its buffer. */
const wholeBuffer = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => {
  const { buffer } = bytes;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength;
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(bytes);
};

/** V8 gives a thread 48 MB for young objects; pictures are not among them. */
const youngMegabytes = 4;

const unknown: Inspected = { verdict: "unknown", thumbnail: null };
/** Beside this file, as source or as built. */
const isSource = import.meta.url.endsWith(".ts");
const program = new URL(isSource ? "./decode-worker.ts" : "./decode-worker.js", import.meta.url);

export const createDecoder = (): Decoder => {
  const waiting = new Map<number, (inspected: Inspected) => void>();
  let worker: Worker | null = null;
  let tickets = 0;

  const settle = (ticket: number, inspected: Inspected): void => {
    waiting.get(ticket)?.(inspected);
    waiting.delete(ticket);
    // A thread that waits for work must not keep the process alive; one that works may.
    if (waiting.size === 0) worker?.unref();
  };

  const start = (): Worker => {
    const started = new Worker(program, { resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes } });
    started.on("message", ({ ticket, inspected }: DecodeAnswer) => settle(ticket, inspected ?? unknown));
    started.on("error", () => undefined); // `exit` follows.
    started.on("exit", () => {
      if (worker === started) worker = null;
      for (const ticket of [...waiting.keys()]) settle(ticket, unknown);
    });
    return started;
  };

  const ask = (image: Uint8Array | null, pixelsMax: number): Promise<Inspected> =>
    new Promise((resolve) => {
      worker ??= start();
      worker.ref();
      const ticket = ++tickets;
      waiting.set(ticket, resolve);
      const moved = image === null ? null : wholeBuffer(image);
      const job: DecodeJob = { ticket, image: moved, pixelsMax };
      worker.postMessage(job, moved === null ? [] : [moved.buffer]);
    });

  return {
    decode: ask,
    warmUp: async () => {
      await ask(null, 0);
    },
    close: async () => {
      await worker?.terminate();
    },
  };
};
