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

export class Lane {
  readonly #write: (chunk: Uint8Array) => Promise<void>;
  #queue: Uint8Array[] = [];
  #backlogBytes = 0;
  #pumping: Promise<void> | null = null;
  #fault: Fault | null = null;
  #waiters: (() => void)[] = [];

  constructor(write: (chunk: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  /** Why nothing more is written; null while all is well. */
  get fault(): Fault | null {
    return this.#fault;
  }

  get hasRoom(): boolean {
    return this.#fault !== null || this.#backlogBytes <= laneBytesMax;
  }

  push(chunk: Uint8Array): void {
    if (this.#fault !== null) return;
    this.#queue.push(chunk);
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
    for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift()) {
      try {
        await this.#write(chunk);
      } catch (error) {
        this.drop(
          error instanceof FaultError
            ? error.fault
            : fault("CONNECTION_LOST", { peer: "the receiver", reason: String(error) }),
        );
        break;
      }
      if (this.#fault !== null) break;
      this.#backlogBytes -= chunk.length;
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
