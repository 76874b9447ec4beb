/**
 * A stream of bytes cut into frames.
 *
 * A frame is a length (4 bytes, big-endian, of what follows it), a kind (1 byte) and a body. The length is
 * judged before a byte of the body is kept, so a peer can make us hold one frame of the kind it announced and
 * no more. The first frame of a connection is a hello, or a refusal, and has a much smaller bound: whoever has
 * not said hello yet gets little memory.
 *
 * Bodies that arrive in one piece are handed on as views of what was read; only those that were split over
 * several reads are copied, once, into a buffer of their own.
 */
import { type Fault, fault } from "../model/faults.ts";
import { frameBytesMax, helloBytesMax, sealedChunkBytesMax } from "../model/limits.ts";

export type FrameKind = "message" | "chunk";

/** Length and kind, before the body. */
export const frameHeadBytes = 5;

const kindBytes = { message: 1, chunk: 2 } as const;

/** The 5 bytes that go before a body of `bodyBytes` bytes. */
export const frameHead = (kind: FrameKind, bodyBytes: number): Uint8Array => {
  const head = new Uint8Array(frameHeadBytes);
  writeHead(head, kind, bodyBytes);
  return head;
};

/**
 * Room for a chunk of `bodyBytes` in a buffer of its own, with its head already before it: a body made in such room
 * need not be copied to be sent. `allocate` as in `createFrameParser`.
 */
export const roomForChunk = (
  bodyBytes: number,
  allocate: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
): Uint8Array => {
  const frame = allocate(frameHeadBytes + bodyBytes);
  writeHead(frame, "chunk", bodyBytes);
  return frame.subarray(frameHeadBytes);
};

/** The frame in which `body` lies, when it was made in `roomForChunk`; null otherwise. */
export const frameAround = (body: Uint8Array): Uint8Array | null => {
  if (body.byteOffset !== frameHeadBytes || body.buffer.byteLength !== frameHeadBytes + body.length)
    return null;
  const frame = new Uint8Array(body.buffer);
  return frameHead("chunk", body.length).every((byte, at) => byte === frame[at]) ? frame : null;
};

/** Head and body in one piece: for messages, which are small. */
export const encodeFrame = (kind: FrameKind, body: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(frameHeadBytes + body.length);
  writeHead(frame, kind, body.length);
  frame.set(body, frameHeadBytes);
  return frame;
};

/** The longest body that may follow a head of this kind. */
export const bodyBytesMax = (kind: FrameKind, first: boolean): number => {
  if (first) return helloBytesMax;
  return kind === "chunk" ? sealedChunkBytesMax : frameBytesMax;
};

export interface FrameParser {
  /**
   * Takes the next bytes of the stream, however they were split, and calls `onFrame` for each frame that they
   * complete. Bodies are plain `Uint8Array`s; a view of `bytes`, which must not be written to afterwards, is one when
   * `lent` says so. Returns the PROTOCOL_VIOLATION that ends the stream, or null; after a violation nothing more
   * is parsed.
   */
  push(bytes: Uint8Array): Fault | null;
  /** No frame has begun that is not whole: the stream may end here. */
  readonly atBoundary: boolean;
  /** A body that was handed out by the last `push` is a view of what was pushed. */
  readonly lent: boolean;
}

/**
 * `allocate` makes the buffer for a body that arrives in pieces; its content does not matter, because it is
 * written over before anybody sees it.
 */
export const createFrameParser = (
  onFrame: (kind: FrameKind, body: Uint8Array) => void,
  allocate: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
): FrameParser => new IncrementalParser(onFrame, allocate);

class IncrementalParser implements FrameParser {
  readonly #onFrame: (kind: FrameKind, body: Uint8Array) => void;
  readonly #allocate: (bytes: number) => Uint8Array;
  readonly #head = new Uint8Array(frameHeadBytes);
  #headFilled = 0;
  #kind: FrameKind = "message";
  /** The body being collected; null while the head is not whole or the body has not begun. */
  #body: Uint8Array | null = null;
  #bodyBytes = 0;
  #bodyFilled = 0;
  #first = true;
  #violation: Fault | null = null;
  #lent = false;

  constructor(onFrame: (kind: FrameKind, body: Uint8Array) => void, allocate: (bytes: number) => Uint8Array) {
    this.#onFrame = onFrame;
    this.#allocate = allocate;
  }

  get lent(): boolean {
    return this.#lent;
  }

  get atBoundary(): boolean {
    return this.#headFilled === 0;
  }

  push(bytes: Uint8Array): Fault | null {
    let at = 0;
    this.#lent = false;
    while (at < bytes.length && this.#violation === null) {
      at = this.#headFilled < frameHeadBytes ? this.#takeHead(bytes, at) : this.#takeBody(bytes, at);
    }
    return this.#violation;
  }

  /** Returns where the head ends in `bytes`. */
  #takeHead(bytes: Uint8Array, from: number): number {
    let at = from;
    while (at < bytes.length && this.#headFilled < frameHeadBytes) {
      this.#head[this.#headFilled++] = bytes[at++] ?? 0;
    }
    if (this.#headFilled === frameHeadBytes) this.#judgeHead();
    return at;
  }

  #judgeHead(): void {
    const [a = 0, b = 0, c = 0, d = 0, kindByte = 0] = this.#head;
    const length = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
    const kind = kindOf(kindByte);
    if (kind === null) {
      this.#violation = violation(`frame of unknown kind ${kindByte}`);
      return;
    }
    const bodyBytes = length - 1;
    const bytesMax = bodyBytesMax(kind, this.#first);
    if (bodyBytes < 1) this.#violation = violation(`empty ${kind} frame`);
    else if (bodyBytes > bytesMax) {
      this.#violation = violation(`${kind} frame of ${bodyBytes} bytes, at most ${bytesMax} are allowed`);
    }
    this.#kind = kind;
    this.#bodyBytes = bodyBytes;
    this.#bodyFilled = 0;
    this.#first = false;
  }

  /** Returns where what was taken of the body ends in `bytes`. */
  #takeBody(bytes: Uint8Array, from: number): number {
    const wanted = this.#bodyBytes - this.#bodyFilled;
    const taken = Math.min(wanted, bytes.length - from);
    if (this.#body === null && taken === wanted) {
      this.#lent = true;
      this.#emit(plainView(bytes, from, taken));
      return from + taken;
    }
    this.#body ??= this.#allocate(this.#bodyBytes);
    this.#body.set(plainView(bytes, from, taken), this.#bodyFilled);
    this.#bodyFilled += taken;
    if (taken === wanted) this.#emit(this.#body);
    return from + taken;
  }

  #emit(body: Uint8Array): void {
    this.#headFilled = 0;
    this.#body = null;
    this.#onFrame(this.#kind, body);
  }
}

const kindOf = (byte: number): FrameKind | null => {
  switch (byte) {
    case kindBytes.message:
      return "message";
    case kindBytes.chunk:
      return "chunk";
    default:
      return null;
  }
};

const writeHead = (target: Uint8Array, kind: FrameKind, bodyBytes: number): void => {
  new DataView(target.buffer, target.byteOffset).setUint32(0, bodyBytes + 1);
  target[frameHeadBytes - 1] = kindBytes[kind];
};

/** Not `subarray`: that of a subclass makes the subclass. */
const plainView = (bytes: Uint8Array, from: number, length: number): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset + from, length);

const violation = (reason: string): Fault => fault("PROTOCOL_VIOLATION", { reason });
