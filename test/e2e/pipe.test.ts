import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { testFolder } from "../support/folders.ts";

test("who reads no further ends a command in silence", () => {
  const program = join(import.meta.dirname, "../../bin/distinsta.js");
  const command = `"${process.execPath}" "${program}" doctor --json --data "${testFolder()}" | true; echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", command], { encoding: "utf8" });
  expect(stderr).not.toContain("EPIPE");
  expect(Number(stdout)).toBeLessThan(2);
});
