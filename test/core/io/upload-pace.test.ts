import { expect, test } from "vitest";
import { createUploadPace, paceWindowMs } from "../../../core/io/upload-pace.ts";
import { monotonicMs } from "../../../core/model/units.ts";

test("rate and times are of the last ten seconds, and nothing is known without uploads", () => {
  let now = 0;
  const pace = createUploadPace({ monotonic: () => monotonicMs(now) });
  expect(pace.figures()).toEqual({ uploadsPerSecond: 0, uploadMsP50: null, uploadMsP99: null });
  for (let ms = 1; ms <= 100; ms++) {
    now += 20;
    pace.add(ms);
  }
  expect(pace.figures()).toEqual({ uploadsPerSecond: 10, uploadMsP50: 50, uploadMsP99: 99 });
  now += paceWindowMs - 1_000;
  expect(pace.figures()).toEqual({ uploadsPerSecond: 5, uploadMsP50: 75, uploadMsP99: 100 });
  now += 1_000;
  expect(pace.figures().uploadsPerSecond).toBe(0);
});

test("a flood costs bounded memory, and the newest count", () => {
  let now = 0;
  const pace = createUploadPace({ monotonic: () => monotonicMs(now) });
  for (let turn = 0; turn < 50_000; turn++) {
    now += 0.1;
    pace.add(turn);
  }
  expect(pace.figures().uploadsPerSecond).toBe(1_000);
  expect(pace.figures().uploadMsP50).toBeGreaterThan(40_000);
});
