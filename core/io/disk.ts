/**
 * The disk on the hot path: writes and syncs that do not block the event loop, and what the operating system
 * says of the disk, as faults. (`files.ts` is for set-up: small, rare and blocking.)
 */
import { renameSync, statfsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { type Fault, FaultError, fault } from "../model/faults.ts";
import { codeOf, secretFile } from "./files.ts";

/** ENOSPC and EDQUOT are a full disk; everything else is a disk in trouble. */
export const diskFault = (path: string, error: unknown): Fault => {
  if (error instanceof FaultError) return error.fault;
  const code = codeOf(error);
  if (code === "ENOSPC" || code === "EDQUOT")
    return fault("DISK_FULL", { path, freeBytes: freeBytesAt(path) ?? 0 });
  return fault("DISK_FAILED", { path, reason: error instanceof Error ? error.message : String(error) });
};

/** Bytes that this process may still write on the disk of `path`; null when that cannot be asked. */
export const freeBytesAt = (path: string): number | null => {
  try {
    const disk = statfsSync(path);
    return disk.bavail * disk.bsize;
  } catch {
    return null;
  }
};

/** Appends all of `chunk` at the file's position; a short write is continued. */
export const writeWhole = async (file: FileHandle, chunk: Uint8Array): Promise<void> => {
  let offset = 0;
  while (offset < chunk.length) {
    const { bytesWritten } = await file.write(chunk, offset, chunk.length - offset);
    offset += bytesWritten;
  }
};

/** The same for many pieces, in few calls. */
export const writeAll = async (file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> => {
  let left = pieces.filter((piece) => piece.length > 0);
  while (left.length > 0)
    left = piecesBehind(left, (await file.writev(left.slice(0, piecesMax))).bytesWritten);
};

/** The system takes at most 1024 (IOV_MAX). */
export const piecesMax = 1_000;

/** The pieces that are left when the first `bytes` are written; a short write is continued. */
export const piecesBehind = (pieces: readonly Uint8Array[], bytes: number): Uint8Array[] => {
  let skipped = bytes;
  return pieces.flatMap((piece) => {
    const cut = Math.min(skipped, piece.length);
    skipped -= cut;
    return cut === piece.length ? [] : [piece.subarray(cut)];
  });
};

/**
 * Puts `content` in the place of the file `path`, or makes it: after a crash the old or the new content is there, whole.
 * Not when `stillWanted` says no once it is on the disk; then the answer is false. For files of secrets.
 */
export const replaceFile = async (
  path: string,
  content: string | Uint8Array,
  stillWanted: () => boolean = () => true,
): Promise<boolean> => {
  const draft = `${path}.new`;
  const file = await open(draft, "w", secretFile);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  if (!stillWanted()) return false;
  renameSync(draft, path);
  await syncFolderSoon(dirname(path));
  return true;
};

/** Makes the names in a folder durable. Windows cannot open a folder to sync it; NTFS journals the names. */
export const syncFolderSoon = async (folder: string): Promise<void> => {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
