/**
 * One receiver of a stream that has several: this disk, another home, the client.
 *
 * Chunks are pushed without waiting and written in order. Each lane knows how far it is behind, so that the
 * sender can wait for a little, and drop the one that lags instead of making everybody wait for it.
 */
import { type Fault, FaultError, fault } from "../model/faults.ts";

/** A lane that is further behind than this makes the sender wait. */
export const laneBytesMax = 1_048_576;
/** How long the sender waits before it drops a lane that it can do without. */
export const laneLagMsMax = 200;

/** Resolves when there is room for more; `onDone` is for when `chunk` is not needed any more. */
type Write = (chunk: Uint8Array, onDone?: () => void) => Promise<void>;

interface Item {
  readonly chunk: Uint8Array;
  readonly onDone: (() => void) | undefined;
}

export class Lane {
  readonly #write: Write;
  #queue: Item[] = [];
  #backlogBytes = 0;
  #pumping: Promise<void> | null = null;
  #fault: Fault | null = null;
  #waiters: (() => void)[] = [];

  constructor(write: Write) {
    this.#write = write;
  }

  /** Why nothing more is written; null while all is well. */
  get fault(): Fault | null {
    return this.#fault;
  }

  get hasRoom(): boolean {
    return this.#fault !== null || this.#backlogBytes <= laneBytesMax;
  }

  /** `onDone` is called when the receiver needs `chunk` no more, unless something goes wrong. */
  push(chunk: Uint8Array, onDone?: () => void): void {
    if (this.#fault !== null) {
      onDone?.();
      return;
    }
    this.#queue.push({ chunk, onDone });
    this.#backlogBytes += chunk.length;
    this.#pumping ??= this.#pump();
  }

  /** Resolves when there is room again, or the lane has failed. */
  whenRoom(): Promise<void> {
    return this.hasRoom ? Promise.resolve() : new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Resolves when everything pushed was written, to null; or to why not. */
  async finish(): Promise<Fault | null> {
    await this.#pumping;
    return this.#fault;
  }

  /** Forgets what is queued and takes no more. The first reason stays. */
  drop(problem: Fault): void {
    this.#fault ??= problem;
    this.#queue = [];
    this.#backlogBytes = 0;
    this.#wakeAll();
  }

  async #pump(): Promise<void> {
    for (let item = this.#queue.shift(); item !== undefined; item = this.#queue.shift()) {
      const { chunk, onDone } = item;
      // It may be gone when it is written.
      const { length } = chunk;
      try {
        await this.#write(chunk, onDone);
      } catch (error) {
        this.drop(
          error instanceof FaultError
            ? error.fault
            : fault("CONNECTION_LOST", { peer: "the receiver", reason: String(error) }),
        );
        break;
      }
      if (this.#fault !== null) break;
      this.#backlogBytes -= length;
      if (this.hasRoom) this.#wakeAll();
    }
    this.#pumping = null;
  }

  #wakeAll(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }
}
