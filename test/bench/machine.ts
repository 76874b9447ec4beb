/**
 * On what a run was made: figures mean nothing without it.
 */
import { execFileSync } from "node:child_process";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median, nowMs } from "./figures.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Machine {
  readonly commit: string;
  readonly node: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  /** Writing 4 kB and syncing it where the fleets keep their data, median in ms. */
  readonly syncMs: number;
  /** How many processes wanted the processor in the last minute: far from 0, all is noise. */
  readonly load: number;
}

export const describeMachine = (): Machine => ({
  commit: commitOf(),
  node: process.version,
  system: `${process.platform} ${release()} ${process.arch}`,
  processor: cpus()[0]?.model.trim() ?? "unknown",
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 1e9),
  syncMs: Number(syncMs().toFixed(2)),
  load: Number((loadavg()[0] ?? 0).toFixed(1)),
});

export const sayMachine = (machine: Machine): string =>
  [
    `commit ${machine.commit}, Node ${machine.node}, ${machine.system}`,
    `${machine.cores} × ${machine.processor}, ${machine.memoryGb} GB; 4 kB to disk and synced in ${machine.syncMs} ms; load ${machine.load} before the run`,
  ].join("\n");

/** With `+` after it when files that git knows were changed since. */
const commitOf = (): string => {
  try {
    const git = (...words: readonly string[]): string =>
      execFileSync("git", words, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    const changed = git("status", "--porcelain", "--untracked-files=no") !== "";
    return `${git("rev-parse", "--short", "HEAD")}${changed ? "+" : ""}`;
  } catch {
    return "unknown";
  }
};

const syncMs = (): number => {
  const folder = mkdtempSync(join(tmpdir(), "distinsta-bench-"));
  const file = openSync(join(folder, "sync"), "w");
  try {
    const block = Buffer.alloc(4_096, 1);
    const times = Array.from({ length: 21 }, () => {
      const startedAtMs = nowMs();
      writeSync(file, block);
      fdatasyncSync(file);
      return nowMs() - startedAtMs;
    });
    return median(times);
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
};
