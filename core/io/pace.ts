/** Doing something large a little at a time, so that what people wait for goes first. */
import { after, type MonotonicMs } from "../model/units.ts";
import type { Clock } from "../ports.ts";

export interface Pace {
  /** So many bytes were moved: resolves when more may be, to whether to go on at all. */
  moved(bytes: number): Promise<boolean>;
}

/** A wait is cut into pieces, so that whoever has to end does so soon. */
const lookMs = 250;

/**
 * At most `bytesPerSecond` on average; while `busy` says so, a tenth of that. `goesOn` is asked now and then while it
 * waits, and after.
 */
export const createPace = (
  clock: Clock,
  bytesPerSecond: number,
  busy: () => boolean,
  goesOn: () => boolean,
): Pace => {
  let freeAt: MonotonicMs = clock.monotonic();
  return {
    moved: async (bytes) => {
      const now = clock.monotonic();
      const costMs = ((bytes * 1_000) / bytesPerSecond) * (busy() ? 10 : 1);
      freeAt = after(freeAt > now ? freeAt : now, costMs);
      while (clock.monotonic() < freeAt && goesOn()) {
        const at = Math.min(freeAt, after(clock.monotonic(), lookMs)) as MonotonicMs;
        await new Promise<void>((resolve) => clock.at(at, resolve));
      }
      return goesOn();
    },
  };
};
