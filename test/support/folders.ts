/** Folders that vanish after the test that made them, and disks of a few pages. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** An empty folder, removed when the present test has finished. */
export const testFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "distinsta-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** A disk of its own with room for `bytes`, gone when the present test has finished. Needs root. */
export const smallDisk = (bytes: number): string => {
  const folder = testFolder();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder]);
  if (mounted.status !== 0) throw new Error(`mount: ${mounted.stderr}`);
  // Before the folder is removed: what is registered last is done first.
  onTestFinished(() => {
    spawnSync("umount", ["--lazy", folder]);
  });
  return folder;
};
