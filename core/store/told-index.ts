/**
 * The index as the store uses it: told of each batch that counts, without waiting, and asked only for what is whole.
 *
 * What is durable is so whether the index has heard of it or not. On a full disk it hears of it later, and answers
 * nothing until then. When it cannot take a batch for any other reason, it takes none after that one either, and is asked
 * no more: it reads on when the store is opened again.
 */
import { type Fault, FaultError } from "../model/faults.ts";
import type { Index, IndexChange, IndexStep } from "../ports.ts";
import { isFurther, type LogPlace, noteLogStart } from "./log-start.ts";
import type { wholeAnswers } from "./whole-answers.ts";

export class ToldIndex {
  /** For questions: an answer has all that is durable, or is a fault. */
  readonly asked: Index;
  readonly #index: Index;
  readonly #onFault: (problem: Fault) => void;
  /** Why it does not know yet what is durable; it passes when there is room again. */
  #behind: Fault | null = null;
  /** Why it lacks a batch, and all later ones. */
  #lacks: Fault | null = null;
  /** It has taken what it was told, or it is known that it has not. */
  #telling: Promise<void> = Promise.resolve();
  /** Where the last batch is that it was told of, and where the last one that was noted. */
  #log: LogPlace | null = null;
  #noted: LogPlace | null = null;

  /** `onFault` is called with what does not pass. */
  constructor(index: Index, answers: typeof wholeAnswers, onFault: (problem: Fault) => void) {
    this.#index = index;
    this.#onFault = onFault;
    this.asked = answers(index, () => this.#allTold());
  }

  /** Why it may lack something that is durable; null while it does not. */
  get fault(): Fault | null {
    return this.#lacks ?? this.#behind;
  }

  /** The batch that stands at `log` says this. Nobody waits for it. */
  tell(changes: readonly IndexChange[], step: IndexStep, log: LogPlace): void {
    const taken = this.#index.apply(changes, step).catch((error) => {
      const problem = faultIn(error);
      if (problem.code !== "DISK_FULL") this.#lacks ??= problem;
      this.#fail(problem);
    });
    this.#telling = this.#telling.then(() => taken);
    this.#log = log;
    if (!isFurther(this.#noted, log)) return;
    this.#noted = log;
    noteLogStart(this.#index, log).catch((error) => this.#fail(faultIn(error)));
  }

  /** Whether it has caught up, when it had no room. Never rejects. */
  async lookAgain(): Promise<void> {
    if (this.#behind === null) return;
    try {
      await this.#index.position();
      this.#behind = null;
    } catch (error) {
      this.#fail(faultIn(error));
    }
  }

  /** After the last batch: from there the log is read at the next start. Never rejects. */
  async noteEnd(): Promise<void> {
    if (this.#log !== null) await noteLogStart(this.#index, this.#log).catch(() => undefined);
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await this.#index.close().catch(() => undefined);
  }

  async #allTold(): Promise<void> {
    await this.#telling;
    if (this.#lacks !== null) throw new FaultError(this.#lacks);
  }

  #fail(problem: Fault): void {
    if (problem.code === "DISK_FULL") this.#behind ??= problem;
    else this.#onFault(problem);
  }
}

/** What is not a fault is a bug of ours and is thrown on. */
export const faultIn = (error: unknown): Fault => {
  if (error instanceof FaultError) return error.fault;
  throw error;
};
