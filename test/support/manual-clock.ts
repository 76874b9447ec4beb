/** A clock that goes when the test says so. */
import { type MonotonicMs, monotonicMs, type WallMs, wallMs } from "../../core/model/units.ts";
import type { Clock } from "../../core/ports.ts";

interface Alarm {
  readonly at: MonotonicMs;
  readonly wake: () => void;
}

export class ManualClock implements Clock {
  #now: number;
  #wallAhead: number;
  #alarms: readonly Alarm[] = [];

  constructor(now = 1_000, wall = 1_763_000_000_000) {
    this.#now = now;
    this.#wallAhead = wall - now;
  }

  monotonic(): MonotonicMs {
    return monotonicMs(this.#now);
  }

  wall(): WallMs {
    return wallMs(this.#now + this.#wallAhead);
  }

  at(at: MonotonicMs, wake: () => void): () => void {
    const alarm = { at, wake };
    this.#alarms = [...this.#alarms, alarm];
    return () => {
      this.#alarms = this.#alarms.filter((other) => other !== alarm);
    };
  }

  /** When the next alarm is due; null when none is set. */
  get dueAt(): number | null {
    return this.#alarms.length === 0 ? null : Math.min(...this.#alarms.map(({ at }) => at));
  }

  /** Time goes on, alarm by alarm, each at its moment; what they begin is begun when this resolves. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await turn();
      const [next] = this.#alarms.toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > until) break;
      this.#now = Math.max(this.#now, next.at);
      this.#alarms = this.#alarms.filter((other) => other !== next);
      next.wake();
    }
    this.#now = until;
    await turn();
  }

  setWallBy(ms: number): void {
    this.#wallAhead += ms;
  }
}

/** Everything that waits for nothing but its turn has had it. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
