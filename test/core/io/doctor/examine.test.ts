import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeVersionMin } from "../../../../core/io/doctor/examine.ts";

test("the oldest runtime that the doctor accepts is the one that package.json asks for", () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "../../../../package.json"), "utf8"));
  expect(`>=${nodeVersionMin}`).toBe(`${manifest.engines.node}.0`);
});
