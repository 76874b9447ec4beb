import { expect, test } from "vitest";
import { systemClock } from "../../core/io/clock.ts";
import { after } from "../../core/model/units.ts";
import { createScheduler } from "../sim/scheduler.ts";
import { createSimClock, type SimClock } from "../sim/sim-clock.ts";
import { type ClockBench, describeClock } from "./clock.ts";

describeClock("the system's", () => ({
  clock: systemClock(),
  until: async (condition) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
  },
}));

const simulated = (rate: number): ClockBench & { readonly clock: SimClock } => {
  const scheduler = createScheduler();
  return {
    clock: createSimClock(scheduler, rate, 1_000),
    until: async (condition) => {
      while (!condition()) scheduler.run(scheduler.now() + 0.5);
    },
  };
};
describeClock("simulated", () => simulated(1));
describeClock("simulated, two percent fast", () => simulated(1.02));

test("while a simulated machine sleeps its monotonic clock stands still and its wall clock goes on", async () => {
  const { clock, until } = simulated(1);
  const before = { now: clock.monotonic(), wall: clock.wall() };
  let wokenAt: number | null = null;
  clock.at(after(before.now, 20), () => {
    wokenAt = clock.wall();
  });
  clock.sleep(100);
  await until(() => clock.wall() >= before.wall + 100);
  expect(clock.monotonic()).toBe(before.now);
  await until(() => wokenAt !== null);
  expect(wokenAt).toBeCloseTo(before.wall + 120, 3);
});
