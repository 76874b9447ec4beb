/** Time, from the operating system. The monotonic clock may or may not go on while the machine sleeps. */
import { monotonicMs, type WallMs, wallMs } from "../model/units.ts";
import type { Clock } from "../ports.ts";

/** What one timer can wait: longer waits are taken in pieces. */
const timerMsMax = 2 ** 31 - 1;

export const systemClock = (): Clock => {
  const monotonic = (): ReturnType<Clock["monotonic"]> => monotonicMs(performance.now());
  return {
    monotonic,
    wall: wallNow,
    at: (at, wake) => {
      let timer: NodeJS.Timeout | undefined;
      // Timers count whole milliseconds from a clock of their own and may fire a little early.
      const wait = (): void => {
        const leftMs = at - monotonic();
        if (leftMs > 0) timer = setTimeout(wait, Math.min(Math.ceil(leftMs), timerMsMax));
        else wake();
      };
      timer = setTimeout(wait, Math.min(Math.max(0, Math.ceil(at - monotonic())), timerMsMax));
      return () => clearTimeout(timer);
    },
  };
};

/** Wall time now, for set-up and for people. */
export const wallNow = (): WallMs => wallMs(Date.now());
