/**
 * One at a time: `npm start` and `npm test` in two terminals of a fresh clone must not install over each other.
 *
 * The lock is a folder that holds its owner's process id. It is filled before it gets its name, and renaming
 * onto a folder that is not empty fails, so whoever has the name has the lock and nobody sees it half made.
 * An owner that died is noticed by its process id.
 */
import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { complain } from "./runtime.js";

const pollMs = 100;
/** A slow first install takes minutes; what lasts longer has died in a way that we do not see. */
const waitMsMax = 900_000;
const tellAfterMs = 1_000;
/** How renaming onto a folder that is not empty fails; Windows has its own word for it. */
const takenCodes = process.platform === "win32" ? ["EPERM", "EACCES"] : ["ENOTEMPTY", "EEXIST"];

/** Does `task` while holding the lock `path`; gives what the task gives, or 1 when the lock never came free. */
export const withLock = async (path, task) => {
  if (!(await take(path))) return 1;
  try {
    return await task();
  } finally {
    release(path);
  }
};

const take = async (path) => {
  for (let waitedMs = 0; waitedMs < waitMsMax; waitedMs += pollMs) {
    if (tryTake(path)) return true;
    breakIfStale(path);
    if (waitedMs === tellAfterMs) process.stderr.write("distinsta: waiting for another set-up to finish\n");
    await sleep(pollMs);
  }
  complain(`another set-up (process ${holderOf(path)}) does not finish`, `stop it, or remove ${path}`);
  return false;
};

const tryTake = (path) => {
  const draft = `${path}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, "pid"), String(process.pid));
  try {
    renameSync(draft, path);
    return true;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (takenCodes.includes(error.code)) return false;
    throw error;
  }
};

const release = (path) => {
  const discarded = `${path}.${process.pid}`;
  renameSync(path, discarded);
  rmSync(discarded, { recursive: true, force: true });
};

const holderOf = (path) => {
  try {
    return Number(readFileSync(join(path, "pid"), "utf8"));
  } catch {
    return null;
  }
};

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
};

/**
 * Removes the lock of a dead owner. Two who notice it at once must not both remove it, or the second would
 * remove the first one's new lock: only who makes the guard folder looks again and acts.
 */
const breakIfStale = (path) => {
  const isStale = () => {
    const holder = holderOf(path);
    return holder !== null && !isAlive(holder);
  };
  if (!isStale()) return;
  const guard = `${path}.breaking`;
  try {
    mkdirSync(guard);
  } catch {
    return;
  }
  try {
    if (isStale()) release(path);
  } finally {
    rmdirSync(guard);
  }
};
