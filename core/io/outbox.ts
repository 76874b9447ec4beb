/**
 * Frames on their way to a socket, one write at a time. Small ones that wait go together; a large one goes alone, as
 * it is, because TLS copies what it is given in several pieces.
 */
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";

interface Outgoing {
  readonly bytes: Uint8Array;
  readonly onDone: (() => void) | undefined;
}

export class Outbox {
  readonly #socket: Duplex;
  readonly #onFlushed: () => void;
  /** TLS makes bytes of its own from what is written; others may pass on what they were given. */
  readonly #copies: boolean;
  #waiting: Outgoing[] = [];
  #waitingBytes = 0;
  #writing = false;
  #scheduled = false;

  constructor(socket: Duplex, onFlushed: () => void) {
    this.#socket = socket;
    this.#onFlushed = onFlushed;
    this.#copies = socket instanceof TLSSocket;
  }

  get unsentBytes(): number {
    return this.#waitingBytes + this.#socket.writableLength;
  }

  /** `onDone`: once nobody looks at `bytes` any more, if that can be known. */
  push(bytes: Uint8Array, onDone?: () => void): void {
    this.#waiting.push({ bytes, onDone });
    this.#waitingBytes += bytes.length;
    if (this.#writing || this.#scheduled) return;
    // What is sent in the same breath goes together.
    this.#scheduled = true;
    process.nextTick(() => {
      this.#scheduled = false;
      if (!this.#writing) this.#flush();
    });
  }

  /** All of it, to the socket's own queue. */
  flushAll(): void {
    for (const { bytes } of this.#waiting) this.#socket.write(bytes);
    this.#forget();
  }

  #forget(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #flush(): void {
    if (this.#socket.destroyed) this.#forget();
    if (this.#waiting.length === 0) return;
    const { bytes, onDone } = this.#next();
    this.#writing = true;
    this.#socket.write(bytes, () => {
      this.#writing = false;
      if (this.#copies) onDone?.();
      this.#flush();
      this.#onFlushed();
    });
  }

  #next(): Outgoing {
    let count = 0;
    let bytes = 0;
    for (const { bytes: frame } of this.#waiting) {
      if (count > 0 && bytes + frame.length > togetherBytesMax) break;
      bytes += frame.length;
      count++;
      if (bytes >= aloneBytesMin && count === 1) break;
    }
    const frames = this.#waiting.splice(0, count);
    this.#waitingBytes -= bytes;
    const [first] = frames;
    if (first !== undefined && count === 1) return first;
    const onDone = (): void => {
      for (const frame of frames) frame.onDone?.();
    };
    return { bytes: Buffer.concat(frames.map((frame) => frame.bytes)), onDone };
  }
}

const aloneBytesMin = 16_384;
const togetherBytesMax = 131_072;
