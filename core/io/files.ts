/**
 * Small files that must never be found half-written.
 *
 * A crash may come between any two instructions. So a file is written beside its place, synced, and renamed
 * onto it; the folder is synced so that the rename itself survives. A folder of files that belong together
 * (a key and its certificate) appears the same way, as one, onto a name that does not exist yet: of several
 * processes that try at once exactly one succeeds, and the others learn that they lost.
 *
 * These block; they are for set-up and other small, rare writes.
 */
import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import type { WallMs } from "../model/units.ts";

/** A file of a folder to publish: its plain name, its content, and its permissions (before the umask). */
export interface NewFile {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly mode: number;
}

/** Readable by everybody, readable by the owner only; the same for folders. */
export const publicFile = 0o644;
export const secretFile = 0o600;
export const secretFolder = 0o700;

/** What a maker that crashed leaves behind is swept after this; a maker that lives needs far less. */
export const leftoverMsMax = 600_000;
const leftoverPrefix = ".making-";

/**
 * Replaces `path` by `content`, or makes it: after a crash the old or the new content is there, whole.
 * Faults: DISK_FULL, FILE_UNWRITABLE.
 */
export const writeFileAtomically = (
  path: string,
  content: string | Uint8Array,
  mode: number = publicFile,
): Result<void> => {
  const draft = join(dirname(path), draftName());
  try {
    writeSynced(draft, content, mode);
    renameSync(draft, path);
    syncFolder(dirname(path));
    return good(undefined);
  } catch (error) {
    rmSync(draft, { force: true });
    return bad(unwritable(path, error));
  }
};

/**
 * Makes the file `path`, whole and synced, unless something has that name: then it is untouched, and `existed`.
 * Faults: DISK_FULL, FILE_UNWRITABLE.
 */
export const writeFileOnce = (
  path: string,
  content: string | Uint8Array,
  mode: number = publicFile,
): Result<"made" | "existed"> => {
  const draft = join(dirname(path), draftName());
  try {
    writeSynced(draft, content, mode);
    // Unlike a rename, a second name for a file is never given over an old one.
    linkSync(draft, path);
    syncFolder(dirname(path));
    return good("made");
  } catch (error) {
    return codeOf(error) === "EEXIST" ? good("existed") : bad(unwritable(path, error));
  } finally {
    rmSync(draft, { force: true });
  }
};

/** Makes a folder and those above it. One that exists keeps its permissions. Faults: DISK_FULL, FILE_UNWRITABLE. */
export const makeFolder = (relativePath: string, mode = 0o755): Result<void> => {
  const path = resolve(relativePath);
  try {
    const first = mkdirSync(path, { recursive: true, mode });
    if (first !== undefined) {
      // Every new name, from the deepest folder up to the one that was there before.
      for (let folder = path; folder.length >= first.length; folder = dirname(folder))
        syncFolder(dirname(folder));
    }
    return good(undefined);
  } catch (error) {
    return bad(unwritable(path, error));
  }
};

/** The folder itself, or the nearest above it that exists. */
export const nearestFolder = (path: string): string => {
  let folder = resolve(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
};

/**
 * Why nothing could be made in `folder`, which need not exist yet; null when it could. A read-only disk says no to
 * everybody, root included. Fault: FILE_UNWRITABLE.
 */
export const unwritableFolder = (folder: string): Fault | null => {
  const nearest = nearestFolder(folder);
  try {
    accessSync(nearest, constants.W_OK | constants.X_OK);
    if (statSync(nearest).isDirectory()) return null;
    return fault("FILE_UNWRITABLE", { path: folder, reason: `${nearest} is not a folder` });
  } catch (error) {
    return fault("FILE_UNWRITABLE", { path: folder, reason: reasonOf(error) });
  }
};

/**
 * Makes the folder `target` with `files` in it, all or nothing. `made`: it is there, synced, and ours; an empty
 * folder may have been in its place. `existed`: something was there already, perhaps made a moment ago by another process;
 * it is untouched. Faults: DISK_FULL, FILE_UNWRITABLE.
 */
export const publishFolder = (
  target: string,
  files: readonly NewFile[],
  mode: number = secretFolder,
): Result<"made" | "existed"> => {
  if (isOccupied(target)) return good("existed");
  const draft = join(dirname(target), draftName());
  try {
    mkdirSync(draft, { mode });
    for (const file of files) writeSynced(join(draft, file.name), file.content, file.mode);
    syncFolder(draft);
    renameSync(draft, target);
    syncFolder(dirname(target));
    return good("made");
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // A rename onto a folder with something in it fails; systems disagree on the code, so look instead.
    return isOccupied(target) ? good("existed") : bad(unwritable(target, error));
  }
};

/** Removes what crashed makers left in `folder` (a private key, perhaps), once it is older than `leftoverMsMax`. */
export const sweepLeftovers = (folder: string, now: WallMs): void => {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const path = join(folder, name);
    if (!name.startsWith(leftoverPrefix)) continue;
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (changed !== undefined && now - changed > leftoverMsMax)
      rmSync(path, { recursive: true, force: true });
  }
};

/** The text of a file of at most `bytesMax` bytes. Faults: FILE_NOT_FOUND, FILE_UNREADABLE. */
export const readText = (path: string, bytesMax: number): Result<string> => {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    const status = fstatSync(descriptor);
    if (!status.isFile()) return bad(fault("FILE_UNREADABLE", { path, reason: "it is not a file" }));
    if (status.size > bytesMax) {
      const reason = `it has ${status.size} bytes, ${bytesMax} at most are expected`;
      return bad(fault("FILE_UNREADABLE", { path, reason }));
    }
    return good(readFileSync(descriptor, "utf8"));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return bad(fault("FILE_NOT_FOUND", { path }));
    return bad(fault("FILE_UNREADABLE", { path, reason: reasonOf(error) }));
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
};

/** The system's name of an error (`ENOENT`), or null. */
export const codeOf = (error: unknown): string | null =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;

const draftName = (): string => `${leftoverPrefix}${randomBytes(8).toString("hex")}`;

/** Whether something is there that a rename would not replace: anything but an empty folder. */
const isOccupied = (path: string): boolean => {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return false;
  return !status.isDirectory() || readdirSync(path).length > 0;
};

const writeSynced = (path: string, content: string | Uint8Array, mode: number): void => {
  const descriptor = openSync(path, "wx", mode);
  try {
    writeFileSync(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/** Makes names that were added to or removed from a folder durable. Windows has no such call, and no need. */
export const syncFolder = (path: string): void => {
  if (process.platform === "win32") return;
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

/** What the system says, for people. */
export const reasonOf = (error: unknown): string => {
  const code = codeOf(error);
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  if (code === "EROFS") return "its disk is mounted read-only";
  return code ?? (error instanceof Error ? error.message : String(error));
};

const unwritable = (path: string, error: unknown): Fault => {
  if (codeOf(error) === "ENOSPC") return fault("DISK_FULL", { path, freeBytes: freeBytesAt(dirname(path)) });
  return fault("FILE_UNWRITABLE", { path, reason: reasonOf(error) });
};

const freeBytesAt = (folder: string): number => {
  try {
    const status = statfsSync(folder);
    return status.bavail * status.bsize;
  } catch {
    return 0;
  }
};
