/**
 * Frames over a socket, with a bound in both directions.
 *
 * Whoever sends waits while too much is unsent; what arrives faster than it is taken stops the socket from
 * reading, and so, through TCP, the peer. Nothing queues without limit, and a peer that stops moving is cut.
 *
 * A connection begins as a `Wire`, which speaks frames but knows nobody. After hello it is the same object
 * with a name: a `Connection`.
 */
import assert from "node:assert/strict";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { type Fault, FaultError, fault } from "../model/faults.ts";
import { inboundBytesMax, outboundBytesMax, sealedChunkBytesMax, stallMsMax } from "../model/limits.ts";
import { giveBack } from "../model/memory.ts";
import type { Hello, Message, Peer } from "../model/messages.ts";
import { decodeMessage, encodeMessage } from "../wire/codec.ts";
import {
  createFrameParser,
  encodeFrame,
  type FrameKind,
  type FrameParser,
  frameAround,
  roomForChunk,
} from "../wire/frame.ts";
import { allocateUnset } from "./bytes.ts";
import { Outbox } from "./outbox.ts";
import { sayPeer } from "./pki/identity.ts";

export type Incoming =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "chunk"; readonly bytes: Uint8Array };

export interface Wire {
  /** Address and port of the other end, for people. */
  readonly remote: string;
  /**
   * Resolves once at most `outboundBytesMax` bytes are unsent, at once when they are. Rejects with a FaultError:
   * CONNECTION_LOST, or TIMED_OUT when the peer takes nothing for `stallMsMax`. A rejection that nobody looks at
   * is no error: `receive` and `closed` tell the same.
   */
  send(message: Message): Promise<void>;
  /**
   * The same for 1 … `sealedChunkBytesMax` raw bytes, which must not be modified afterwards. They are copied, unless
   * they were made in `roomForChunk`. `onDone` is called when the bytes are not needed any more, unless the connection
   * is cut before.
   */
  sendChunk(bytes: Uint8Array, onDone?: () => void): Promise<void>;
  /**
   * The next frame, in order; one call at a time. What arrived before the connection closed is still delivered.
   * Rejects with a FaultError: CONNECTION_LOST; PROTOCOL_VIOLATION; TIMED_OUT when no byte came for `withinMs`,
   * which closes the connection too.
   */
  receive(options?: { readonly withinMs?: number }): Promise<Incoming>;
  /** Open, and nothing unread: it can serve another request. */
  readonly idle: boolean;
  /** Milliseconds since a byte arrived, or since the connection was opened. */
  readonly quietMs: number;
  /** Bytes that were given to `send` and not to the network yet. */
  readonly unsentBytes: number;
  /**
   * FIN after what was written. Nothing can be received any more; what still arrives is discarded until the
   * peer closes too, for at most `stallMsMax`, so that a last message is not lost to a reset.
   */
  close(): void;
  /**
   * A last message, and then as `close`, whatever was under way. Who was in the middle of a body and destroys it now
   * does not take the word away again.
   */
  dismiss(message: Message): void;
  /** At once, in both directions. `problem` is what a pending call rejects with and `closed` resolves to. */
  destroy(problem: Fault | null): void;
  /** Resolves when the socket is gone: to null when either side closed it in good order. Never rejects. */
  readonly closed: Promise<Fault | null>;
}

/** After hello: it is known who is at the other end. */
export interface Connection extends Wire {
  /** From its certificate. */
  readonly peer: Peer;
  /** What it said. */
  readonly hello: Hello;
}

/** Takes over a connected socket. Its errors are handled from here on. `stallMs`: see `stallMsMax`. */
export const openWire = (socket: Duplex, remote: string, stallMs: number = stallMsMax): Wire =>
  new SocketWire(socket, remote, stallMs);

/** The same wire, now that hello was said. */
export const introduce = (wire: Wire, peer: Peer, hello: Hello): Connection => {
  if (wire instanceof SocketWire) wire.label = `${sayPeer(peer)} (${wire.remote})`;
  return Object.assign(wire, { peer, hello });
};

/** What is read before others have their turn. */
const burstBytesMax = 262_144;

/** What a frame costs while it waits, besides its body: many tiny frames are bounded too. */
const frameCostBytes = 256;

interface Frame {
  readonly kind: FrameKind;
  readonly body: Uint8Array;
}

interface Receiver {
  readonly resolve: (incoming: Incoming) => void;
  readonly reject: (error: FaultError) => void;
  readonly timer: NodeJS.Timeout | null;
}

interface Sender {
  readonly resolve: () => void;
  readonly reject: (error: FaultError) => void;
}

const sent = Promise.resolve();

class SocketWire implements Wire {
  readonly remote: string;
  readonly closed: Promise<Fault | null>;
  /** How faults name the other end. */
  label: string;
  readonly #socket: Duplex;
  readonly #stallMs: number;
  readonly #parser: FrameParser;
  readonly #unread: Frame[] = [];
  #unreadBytes = 0;
  /** Read since it rested; and whether it does. */
  #burstBytes = 0;
  #resting = false;
  #receiver: Receiver | null = null;
  #lastReadAtMs = performance.now();
  readonly #outbox: Outbox;
  #senders: Sender[] = [];
  #sendTimer: NodeJS.Timeout | null = null;
  /** Why nothing more can be sent or will arrive; null while open. */
  #over: Fault | null = null;
  /** What `closed` will say. */
  #problem: Fault | null = null;
  #discarding = false;
  #dismissed = false;
  #destroyed = false;

  constructor(socket: Duplex, remote: string, stallMs: number) {
    this.#socket = socket;
    this.#stallMs = stallMs;
    this.remote = remote;
    this.label = remote;
    this.#parser = createFrameParser((kind, body) => this.#onFrame({ kind, body }), allocateUnset);
    this.#outbox = new Outbox(socket, this.#onFlushed);
    this.closed = new Promise((resolve) => {
      socket.once("close", () => {
        this.#end("the connection closed");
        resolve(this.#problem);
      });
    });
    socket.on("data", (bytes: Uint8Array) => this.#onData(bytes));
    socket.on("end", () =>
      this.#end(this.#parser.atBoundary ? "the peer closed it" : "it ended in the middle of a frame"),
    );
    socket.on("error", (error) => this.#fail(this.#lost(error.message)));
    if (socket.destroyed || socket.readableEnded) this.#end("it was closed already");
  }

  get idle(): boolean {
    return (
      this.#over === null && this.#unread.length === 0 && this.#receiver === null && this.#parser.atBoundary
    );
  }

  get quietMs(): number {
    return performance.now() - this.#lastReadAtMs;
  }

  get unsentBytes(): number {
    return this.#outbox.unsentBytes;
  }

  send(message: Message): Promise<void> {
    if (this.#over !== null) return rejected(this.#over);
    this.#outbox.push(encodeFrame("message", encodeMessage(message)));
    return this.#room();
  }

  sendChunk(bytes: Uint8Array, onDone?: () => void): Promise<void> {
    assert(bytes.length > 0 && bytes.length <= sealedChunkBytesMax, `a chunk of ${bytes.length} bytes`);
    if (this.#over !== null) return rejected(this.#over);
    const framed = frameAround(bytes);
    if (framed !== null) this.#outbox.push(framed, onDone);
    else {
      const room = roomForChunk(bytes.length, allocateUnset);
      room.set(bytes);
      const frame = new Uint8Array(room.buffer);
      this.#outbox.push(frame, () => giveBack(frame));
      onDone?.();
    }
    return this.#room();
  }

  receive(options: { readonly withinMs?: number } = {}): Promise<Incoming> {
    assert(this.#receiver === null, "one receive at a time");
    const frame = this.#unread.shift();
    if (frame !== undefined) {
      this.#unreadBytes -= costOf(frame);
      if (this.#unreadBytes <= inboundBytesMax / 2) this.#readOn();
      return new Promise((resolve, reject) => this.#deliver(frame, resolve, reject));
    }
    if (this.#over !== null) return rejected(this.#over);
    return new Promise((resolve, reject) => {
      const { withinMs } = options;
      const timer = withinMs === undefined ? null : this.#watchSilence(withinMs, performance.now());
      this.#receiver = { resolve, reject, timer };
    });
  }

  close(): void {
    if (this.#discarding || this.#socket.destroyed) return;
    this.#discarding = true;
    this.#forgetUnread();
    this.#end("it was closed here");
    const timer = setTimeout(() => this.#socket.destroy(), this.#stallMs).unref();
    this.#socket.once("close", () => clearTimeout(timer));
    this.#outbox.flushAll();
    this.#socket.end();
    this.#socket.resume();
    // What was written still goes out; the peer's own closing is not worth staying alive for.
    if (this.#socket instanceof Socket) this.#socket.unref();
  }

  dismiss(message: Message): void {
    void this.send(message);
    this.close();
    this.#dismissed = true;
  }

  destroy(problem: Fault | null): void {
    if (this.#destroyed || this.#dismissed) return;
    this.#destroyed = true;
    this.#discarding = true;
    this.#forgetUnread();
    this.#fail(problem);
    this.#socket.destroy();
  }

  #onData(bytes: Uint8Array): void {
    if (this.#discarding) return;
    this.#lastReadAtMs = performance.now();
    const violation = this.#parser.push(bytes);
    // Decrypted for us alone; whatever frames it was a part of were put together elsewhere.
    if (!this.#parser.lent && this.#socket instanceof TLSSocket) giveBack(bytes);
    if (violation !== null) this.destroy(violation);
    else if (this.#unreadBytes > inboundBytesMax) this.#socket.pause();
    else this.#letOthers(bytes.length);
  }

  /**
   * The system reads on as long as there is something to read, and with some fast senders neither a timer nor another
   * connection would have its turn for a long time. So each of them rests after a while, for one turn of everybody.
   */
  #letOthers(readBytes: number): void {
    this.#burstBytes += readBytes;
    if (this.#burstBytes < burstBytesMax || this.#resting) return;
    this.#resting = true;
    this.#burstBytes = 0;
    this.#socket.pause();
    setImmediate(() => {
      this.#resting = false;
      if (this.#unreadBytes <= inboundBytesMax) this.#readOn();
    });
  }

  #readOn(): void {
    if (!this.#resting && this.#socket.isPaused()) this.#socket.resume();
  }

  #onFrame(frame: Frame): void {
    if (this.#discarding) return;
    const receiver = this.#takeReceiver();
    if (receiver !== null) {
      this.#deliver(frame, receiver.resolve, receiver.reject);
      return;
    }
    this.#unread.push(frame);
    this.#unreadBytes += costOf(frame);
  }

  #deliver(frame: Frame, resolve: Receiver["resolve"], reject: Receiver["reject"]): void {
    if (frame.kind === "chunk") {
      resolve({ kind: "chunk", bytes: frame.body });
      return;
    }
    const message = decodeMessage(frame.body);
    if (message.ok) resolve({ kind: "message", message: message.value });
    else {
      reject(new FaultError(message.fault));
      // Another version must still read our hello, to say so at its end too.
      if (message.fault.code === "VERSION_MISMATCH") this.close();
      else this.destroy(message.fault);
    }
  }

  /** Bytes that arrive count, whole frames or not. */
  #watchSilence(withinMs: number, sinceMs: number): NodeJS.Timeout {
    const quietSince = Math.max(sinceMs, this.#lastReadAtMs);
    const leftMs = Math.max(1, quietSince + withinMs - performance.now());
    return setTimeout(() => {
      const receiver = this.#receiver;
      if (receiver === null) return;
      if (this.#lastReadAtMs > quietSince) {
        this.#receiver = { ...receiver, timer: this.#watchSilence(withinMs, sinceMs) };
        return;
      }
      this.destroy(fault("TIMED_OUT", { peer: this.label, what: "send what is due", ms: withinMs }));
    }, leftMs);
  }

  #takeReceiver(): Receiver | null {
    const receiver = this.#receiver;
    this.#receiver = null;
    if (receiver !== null && receiver.timer !== null) clearTimeout(receiver.timer);
    return receiver;
  }

  #room(): Promise<void> {
    if (this.unsentBytes <= outboundBytesMax) return sent;
    this.#sendTimer ??= setTimeout(
      () =>
        this.destroy(fault("TIMED_OUT", { peer: this.label, what: "take what was sent", ms: this.#stallMs })),
      this.#stallMs,
    );
    const room = new Promise<void>((resolve, reject) => this.#senders.push({ resolve, reject }));
    room.catch(ignore);
    return room;
  }

  readonly #onFlushed = (): void => {
    if (this.#sendTimer === null) return;
    if (this.unsentBytes > outboundBytesMax) {
      this.#sendTimer.refresh();
      return;
    }
    for (const sender of this.#takeSenders()) sender.resolve();
  };

  #takeSenders(): readonly Sender[] {
    const senders = this.#senders;
    this.#senders = [];
    if (this.#sendTimer !== null) clearTimeout(this.#sendTimer);
    this.#sendTimer = null;
    return senders;
  }

  #forgetUnread(): void {
    this.#unread.length = 0;
    this.#unreadBytes = 0;
  }

  /** In good order, unless something failed before. */
  #end(reason: string): void {
    if (this.#over === null) this.#stop(this.#lost(reason));
  }

  #fail(problem: Fault | null): void {
    this.#problem ??= problem;
    if (this.#over === null) this.#stop(problem ?? this.#lost("it was closed here"));
  }

  #stop(problem: Fault): void {
    this.#over = problem;
    const error = new FaultError(problem);
    this.#takeReceiver()?.reject(error);
    for (const sender of this.#takeSenders()) sender.reject(error);
  }

  #lost(reason: string): Fault {
    return fault("CONNECTION_LOST", { peer: this.label, reason });
  }
}

const costOf = (frame: Frame): number => frame.body.length + frameCostBytes;

const rejected = (problem: Fault): Promise<never> => {
  const promise = Promise.reject(new FaultError(problem));
  promise.catch(ignore);
  return promise;
};

const ignore = (): void => undefined;
