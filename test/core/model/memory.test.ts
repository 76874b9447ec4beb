import { expect, test } from "vitest";
import { giveBack } from "../../../core/model/memory.ts";

test("bytes that are all of their buffer are given back, with every view of them", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const view = bytes.subarray(1);
  giveBack(bytes);
  expect([bytes.length, view.length, bytes.buffer.byteLength]).toEqual([0, 0, 0]);
});

test("a part of a buffer is left alone: others may look at the rest", () => {
  const bytes = new Uint8Array([1, 2, 3]);
  giveBack(bytes.subarray(1));
  expect([...bytes]).toEqual([1, 2, 3]);
});
