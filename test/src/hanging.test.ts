import { expect, test } from "vitest";
import { hanging } from "../../src/hanging.ts";

test("a long message hangs behind its beginning, and says the same", () => {
  const text = "✗ quorum  1 of 3 nodes live, 2 are needed: nothing can be written";
  const rows = hanging(text, 10, 30);
  expect(rows).toEqual([
    "✗ quorum  1 of 3 nodes live, 2",
    "          are needed: nothing",
    "          can be written",
  ]);
  expect(hanging(text, 10, Number.POSITIVE_INFINITY)).toEqual([text]);
  expect(hanging("a verylongwordwithoutanyblank b", 2, 10)).toEqual([
    "a",
    "  verylongwordwithoutanyblank",
    "  b",
  ]);
});
