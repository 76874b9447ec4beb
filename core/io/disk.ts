/**
 * The disk on the hot path: writes and syncs that do not block the event loop, and what the operating system
 * says of the disk, as faults. (`files.ts` is for set-up: small, rare and blocking.)
 */
import { statfsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { type Fault, FaultError, fault } from "../model/faults.ts";
import { codeOf } from "./files.ts";

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
