/**
 * A folder of the real disk, as a store needs it.
 *
 * A failed sync is always a failed disk, whatever the system calls it: what was written before may be lost, and a
 * second sync would say that all is well (Rebello et al., "Can applications recover from fsync failures?", 2020).
 */
import { type FileHandle, mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { FaultError, fault } from "../model/faults.ts";
import type { Disk, DiskFile } from "../ports.ts";
import {
  diskFault,
  freeBytesAt,
  piecesBehind,
  piecesMax,
  replaceFile,
  syncFolderSoon,
  writeWhole,
} from "./disk.ts";
import { codeOf, secretFile } from "./files.ts";

const zeros = Buffer.alloc(1_048_576);

/** Makes the folder if it is not there. Rejects with a FaultError as the port says. */
export const openFolderDisk = async (folder: string): Promise<Disk> => {
  await orFault(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }));
  return {
    list: () => orFault(folder, () => readdir(folder)),

    readSmall: (name) =>
      orFault(folder, async () => {
        try {
          return await readFile(join(folder, name));
        } catch (error) {
          if (codeOf(error) === "ENOENT") return null;
          throw error;
        }
      }),

    replaceSmall: (name, content) =>
      orFault(folder, async () => {
        await replaceFile(join(folder, name), content);
      }),

    create: async (name, bytes) => {
      const path = join(folder, name);
      // What has the name already is not ours to remove when this fails.
      const file = await orFault(path, () => open(path, "wx+", secretFile));
      try {
        for (let at = 0; at < bytes; at += zeros.length)
          await writeWhole(file, zeros.subarray(0, Math.min(zeros.length, bytes - at)));
        if (bytes > 0) await file.sync();
        await syncFolderSoon(folder);
        return new FolderFile(path, file, bytes);
      } catch (error) {
        await file.close().catch(() => undefined);
        await rm(path, { force: true }).catch(() => undefined);
        throw new FaultError(faultOf(path, error));
      }
    },

    open: (name) =>
      orFault(folder, async () => {
        const path = join(folder, name);
        const file = await open(path, "r+");
        try {
          return new FolderFile(path, file, (await file.stat()).size);
        } catch (error) {
          await file.close().catch(() => undefined);
          throw error;
        }
      }),

    remove: (name) =>
      orFault(folder, async () => {
        await rm(join(folder, name), { force: true });
        await syncFolderSoon(folder);
      }),

    freeBytes: () => freeBytesAt(folder) ?? 0,
  };
};

class FolderFile implements DiskFile {
  readonly #path: string;
  readonly #file: FileHandle;
  #bytes: number;

  constructor(path: string, file: FileHandle, bytes: number) {
    this.#path = path;
    this.#file = file;
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  read(at: number, length: number): Promise<Uint8Array> {
    return orFault(this.#path, async () => {
      const buffer = Buffer.allocUnsafeSlow(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await this.#file.read(buffer, filled, length - filled, at + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return buffer.subarray(0, filled);
    });
  }

  write(at: number, pieces: readonly Uint8Array[]): Promise<void> {
    return orFault(this.#path, async () => {
      let left = pieces.filter((piece) => piece.length > 0);
      let from = at;
      while (left.length > 0) {
        const { bytesWritten } = await this.#file.writev(left.slice(0, piecesMax), from);
        from += bytesWritten;
        this.#bytes = Math.max(this.#bytes, from);
        left = piecesBehind(left, bytesWritten);
      }
    });
  }

  async sync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new FaultError(fault("DISK_FAILED", { path: this.#path, reason }));
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

const orFault = async <Value>(path: string, act: () => Promise<Value>): Promise<Value> => {
  try {
    return await act();
  } catch (error) {
    throw new FaultError(faultOf(path, error));
  }
};

/** Too many open files say nothing of the disk, and pass. */
const faultOf = (path: string, error: unknown): ReturnType<typeof diskFault> => {
  const code = codeOf(error);
  return code === "EMFILE" || code === "ENFILE" || code === "ENOMEM"
    ? fault("BUSY", { what: `${code} at ${path}` })
    : diskFault(path, error);
};
