/**
 * One process at a time speaks for a node.
 *
 * `lock` in the node's folder holds the process id of who does; a lock whose process is gone is a crash's, and
 * taken over. Nobody else has spoken for the node since, so the silence that it owes after a restart is counted from
 * there. That is why the lock is taken first, while most of the program is still to be loaded, and why this file
 * needs so little of it.
 */
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { bad, fault, good, type Result } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import type { MonotonicMs } from "../model/units.ts";
import { systemClock } from "./clock.ts";
import { codeOf, makeFolder, reasonOf, secretFile, secretFolder } from "./files.ts";

export interface NodeLock {
  readonly since: MonotonicMs;
  /** Lets another process have it. Safe to call twice. */
  release(): void;
}

export const nodeFolderOf = (data: string, id: NodeId): string => join(data, "nodes", String(id));

/** Makes the folder if there is none. Errors: DATA_IN_USE, FILE_UNWRITABLE, DISK_FULL. */
export const lockNode = (data: string, id: NodeId): Result<NodeLock> => {
  const folder = nodeFolderOf(data, id);
  const made = makeFolder(folder, secretFolder);
  if (!made.ok) return made;
  const lock = join(folder, "lock");
  const taken = takeLock(lock, folder);
  if (!taken.ok) return taken;
  const since = systemClock().monotonic();
  let held = true;
  const release = (): void => {
    if (held) rmSync(lock, { force: true });
    held = false;
  };
  return good({ since, release });
};

/** The same of a node that was here before; null of one that was not, for which a mistyped id leaves no folder. */
export const lockKnownNode = (data: string, id: NodeId): Result<NodeLock | null> =>
  existsSync(nodeFolderOf(data, id)) ? lockNode(data, id) : good(null);

/** Two tries: the second after removing a lock whose holder is gone. */
const takeLock = (lock: string, folder: string): Result<void> => {
  for (const last of [false, true]) {
    try {
      const descriptor = openSync(lock, "wx", secretFile);
      writeSync(descriptor, `${process.pid}\n`);
      closeSync(descriptor);
      return good(undefined);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") {
        return bad(fault("FILE_UNWRITABLE", { path: lock, reason: reasonOf(error) }));
      }
      const holder = holderOf(lock);
      if (last || (holder !== null && isAlive(holder))) {
        return bad(
          fault("DATA_IN_USE", { path: folder, holder: holder === null ? null : `process ${holder}` }),
        );
      }
      rmSync(lock, { force: true });
    }
  }
  return bad(fault("DATA_IN_USE", { path: folder, holder: null }));
};

const holderOf = (lock: string): number | null => {
  try {
    const pid = Number.parseInt(readFileSync(lock, "utf8"), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
};

const isAlive = (pid: number): boolean => {
  if (pid === process.pid) return false; // A container's restart may give us our own old number.
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
};
