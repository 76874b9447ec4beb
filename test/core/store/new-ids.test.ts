import { expect, test } from "vitest";
import type { ImageId } from "../../../core/model/ids.ts";
import { digestBucketMs, imageIdFrom } from "../../../core/model/image-id.ts";
import { wallMs } from "../../../core/model/units.ts";
import { NewIds } from "../../../core/store/new-ids.ts";

const at = (ms: number, seed = 0): ImageId => imageIdFrom(wallMs(ms), new Uint8Array(10).fill(seed));

test("an id is new when it is younger than all that was indexed, until something is known of it", () => {
  const ids = new NewIds([{ bucket: 5 }, { bucket: 3 }]);
  const youngest = 6 * digestBucketMs;
  expect(ids.isNew(at(youngest - 1))).toBe(false);
  expect(ids.isNew(at(youngest))).toBe(true);
  ids.note(at(youngest));
  expect(ids.isNew(at(youngest))).toBe(false);
  expect(ids.isNew(at(youngest, 1))).toBe(true);
});

test("in an empty store every id is new", () => {
  expect(new NewIds([]).isNew(at(1))).toBe(true);
});

test("with more than can be listed, only what is younger than all of them is new", () => {
  const ids = new NewIds([]);
  for (let ms = 1; ms <= 20_001; ms++) ids.note(at(ms));
  expect([1, 20_000, 20_001].map((ms) => ids.isNew(at(ms, 1)))).toEqual([false, false, false]);
  expect(ids.isNew(at(20_002))).toBe(true);
  ids.note(at(20_002));
  expect(ids.isNew(at(20_002))).toBe(false);
});
