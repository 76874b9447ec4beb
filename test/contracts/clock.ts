/** What every `Clock` does, real or simulated. */
import { describe, expect, test } from "vitest";
import { after as inMs } from "../../core/model/units.ts";
import type { Clock } from "../../core/ports.ts";

export interface ClockBench {
  readonly clock: Clock;
  /** Lets time pass until `condition` holds. */
  until(condition: () => boolean): Promise<void>;
}

export const describeClock = (name: string, make: () => ClockBench): void => {
  describe(`clock: ${name}`, () => {
    test("it goes on, and never back", async () => {
      const { clock, until } = make();
      let last = clock.monotonic();
      const first = last;
      await until(() => {
        const now = clock.monotonic();
        expect(now).toBeGreaterThanOrEqual(last);
        last = now;
        return now > first + 5;
      });
      expect(last).toBeGreaterThan(first);
    });

    test("a wake comes once, and not before its time", async () => {
      const { clock, until } = make();
      const woken: number[] = [];
      const due = inMs(clock.monotonic(), 7.3);
      clock.at(due, () => woken.push(clock.monotonic()));
      await until(() => clock.monotonic() > due + 30);
      expect(woken).toHaveLength(1);
      expect(woken[0]).toBeGreaterThanOrEqual(due);
    });

    test("wakes come in the order of their times", async () => {
      const { clock, until } = make();
      const woken: string[] = [];
      const now = clock.monotonic();
      clock.at(inMs(now, 60), () => woken.push("late"));
      clock.at(inMs(now, 5), () => woken.push("early"));
      await until(() => woken.length === 2);
      expect(woken).toEqual(["early", "late"]);
    });

    test("a time that has passed wakes soon, but not within the call", async () => {
      const { clock, until } = make();
      let woken = false;
      clock.at(inMs(clock.monotonic(), -5), () => {
        woken = true;
      });
      expect(woken).toBe(false);
      await until(() => woken);
    });

    test("what is cancelled does not wake, and may be cancelled again", async () => {
      const { clock, until } = make();
      let woken = false;
      const due = inMs(clock.monotonic(), 5);
      const cancel = clock.at(due, () => {
        woken = true;
      });
      cancel();
      cancel();
      await until(() => clock.monotonic() > due + 20);
      expect(woken).toBe(false);
    });

    test("wall time moves with it", async () => {
      const { clock, until } = make();
      const wall = clock.wall();
      const due = inMs(clock.monotonic(), 10);
      await until(() => clock.monotonic() > due);
      expect(clock.wall()).toBeGreaterThan(wall);
    });
  });
};
