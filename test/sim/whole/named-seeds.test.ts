import { expect, test } from "vitest";
import { namedSeeds } from "./named-seeds.ts";
import { faultNames } from "./whole-faults.ts";
import { runWholeSeed } from "./whole-run.ts";

test("what is kept can be run", () => {
  for (const { name, nodes, without } of namedSeeds()) {
    expect(name).not.toBe("");
    expect(nodes).toBeGreaterThan(0);
    expect(faultNames).toEqual(expect.arrayContaining([...without]));
  }
});

test("runs that once broke a promise keep them all", async () => {
  for (const { seed, nodes, durationMs, without } of namedSeeds())
    await expect(runWholeSeed({ seed, nodes, durationMs, without })).resolves.toMatchObject({});
});
