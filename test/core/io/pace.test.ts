import fc from "fast-check";
import { expect, test } from "vitest";
import { createPace } from "../../../core/io/pace.ts";
import { ManualClock, turn } from "../../support/manual-clock.ts";

/** Tells whether a promise has come true, when everything that could has had its turn. */
const isDone = async (promise: Promise<unknown>): Promise<boolean> => {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await turn();
  return done;
};
const idle = (): boolean => false;
const always = (): boolean => true;

test("what was moved is waited for at the rate that was told", async () => {
  const clock = new ManualClock();
  const pace = createPace(clock, 1_000, idle, always);
  const moved = pace.moved(500);
  await clock.pass(499);
  expect(await isDone(moved)).toBe(false);
  await clock.pass(1);
  expect(await moved).toBe(true);
});

test("a tenth of it while there is other work", async () => {
  const clock = new ManualClock();
  const pace = createPace(clock, 1_000, always, always);
  const moved = pace.moved(500);
  await clock.pass(4_999);
  expect(await isDone(moved)).toBe(false);
  await clock.pass(1);
  expect(await moved).toBe(true);
});

test("time that went by between is not saved up for a burst", async () => {
  const clock = new ManualClock();
  const pace = createPace(clock, 1_000, idle, always);
  await clock.pass(60_000);
  const moved = pace.moved(100);
  expect(await isDone(moved)).toBe(false);
  await clock.pass(100);
  expect(await moved).toBe(true);
});

test("nothing costs nothing", async () => {
  expect(await createPace(new ManualClock(), 1_000, idle, always).moved(0)).toBe(true);
});

test("who has to end does not wait for the end of what is large", async () => {
  const clock = new ManualClock();
  let goesOn = true;
  const pace = createPace(clock, 1_000, always, () => goesOn);
  // Four gigabytes at this rate: more than a year.
  const moved = pace.moved(4_000_000_000);
  await clock.pass(5_000);
  expect(await isDone(moved)).toBe(false);
  goesOn = false;
  await clock.pass(1_000);
  expect(await isDone(moved)).toBe(true);
  expect(await moved).toBe(false);
});

test("on average never faster than told, however the pieces come", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(3_000), { minLength: 1, maxLength: 20 }), async (pieces) => {
      const clock = new ManualClock();
      const pace = createPace(clock, 1_000, idle, always);
      const from = clock.monotonic();
      let bytes = 0;
      for (const piece of pieces) {
        const moved = pace.moved(piece);
        bytes += piece;
        while (!(await isDone(moved))) await clock.pass((clock.dueAt ?? 0) - clock.monotonic());
        const passedMs = clock.monotonic() - from;
        expect(bytes).toBeLessThanOrEqual(passedMs + 1e-6);
        // Nor much slower: time does not get lost between the pieces.
        expect(passedMs).toBeLessThanOrEqual(bytes + 1e-6);
      }
    }),
    { numRuns: 50 },
  );
});
