/**
 * A node's own two clocks, made from the world's true time: they run a little fast or slow, start anywhere, the
 * wall clock may be set, and the monotonic one stands still while the machine is asleep.
 */
import { monotonicMs, wallMs } from "../../core/model/units.ts";
import type { Clock } from "../../core/ports.ts";
import type { Scheduler } from "./scheduler.ts";

export interface SimClock extends Clock {
  /** The machine falls asleep for this long; true and wall time go on. */
  sleep(durationMs: number): void;
  /** It wakes before its time. */
  wake(): void;
  readonly isAsleep: boolean;
  /** Somebody sets the wall clock. */
  setWallBy(durationMs: number): void;
  /** Wakes come through this gate, so that a frozen or dead process gets none. */
  gate: (wake: () => void) => void;
}

/** A wait always moves time, however floating point rounds. */
const leastMs = 1e-6;

/** `rate`: this clock's milliseconds per true millisecond. */
export const createSimClock = (scheduler: Scheduler, rate: number, startMs: number): SimClock => {
  let asleepMs = 0;
  let asleepUntil = 0;
  let wallOffsetMs = 1_700_000_000_000;
  /** True milliseconds that the monotonic clock has seen: all but those asleep, up to now. */
  const seenMs = (): number => scheduler.now() - (asleepMs - Math.max(0, asleepUntil - scheduler.now()));
  const monotonic = (): ReturnType<Clock["monotonic"]> => monotonicMs(startMs + seenMs() * rate);
  const clock: SimClock = {
    monotonic,
    wall: () => wallMs(Math.floor(wallOffsetMs + scheduler.now() * rate)),
    at: (at, wake) => {
      let cancelled = false;
      const wait = (): void => {
        scheduler.at(scheduler.now() + Math.max(leastMs, (at - monotonic()) / rate), () => {
          if (cancelled) return;
          clock.gate(() => {
            if (cancelled) return;
            // Rounding, or a clock that stood still meanwhile.
            if (monotonic() < at) wait();
            else wake();
          });
        });
      };
      wait();
      return () => {
        cancelled = true;
      };
    },
    sleep: (durationMs) => {
      asleepMs += durationMs;
      asleepUntil = scheduler.now() + durationMs;
    },
    wake: () => {
      asleepMs -= Math.max(0, asleepUntil - scheduler.now());
      asleepUntil = scheduler.now();
    },
    get isAsleep() {
      return asleepUntil > scheduler.now();
    },
    setWallBy: (durationMs) => {
      wallOffsetMs += durationMs;
    },
    gate: (wake) => wake(),
  };
  return clock;
};
