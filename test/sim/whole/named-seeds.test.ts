import { expect, test } from "vitest";
import { namedSeeds } from "./named-seeds.ts";
import { faultNames } from "./whole-faults.ts";
import { runWholeSeed } from "./whole-run.ts";

test("what is kept can be run", () => {
  for (const { name, nodes, faults } of namedSeeds()) {
    expect(name).not.toBe("");
    expect(nodes).toBeGreaterThan(0);
    expect(faultNames).toEqual(expect.arrayContaining([...faults]));
  }
});

test("runs that once broke a promise keep them all", async () => {
  for (const { seed, nodes, durationMs, faults } of namedSeeds())
    await expect(runWholeSeed({ seed, nodes, durationMs, faults })).resolves.toMatchObject({});
});
