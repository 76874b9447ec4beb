/**
 * A little room that a node keeps for itself on its disk, for the few numbers that it must be able to save when others
 * have filled it to the last byte. Without it a full disk would end its votes: a vote that is not on disk must not be
 * spoken of.
 *
 * A small file that is replaced as a whole needs room for the old and the new one for a moment. So a file of nothing
 * lies beside them. When there is no room it gives way, a piece at a time, and takes the room back afterwards: the old
 * file has left as much as the new one took.
 */
import { randomBytes } from "node:crypto";
import { appendFileSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "../model/faults.ts";
import { secretFile } from "./files.ts";

export interface SpareRoom {
  /** What `write` gives; while that is DISK_FULL it is called again with a little more room, as long as there is some. */
  save(write: () => Result<void>): Result<void>;
}

/** Enough for several drafts, if somebody else is quicker to take what is given. */
const spareBytes = 65_536;
/** More than the largest of the small files takes. */
const pieceBytes = 16_384;

/** Takes the room at once, as far as there is some. */
export const openSpareRoom = (folder: string): SpareRoom => {
  const path = join(folder, "spare");
  let isWhole = false;

  const take = (): void => {
    try {
      // Noise, because some file systems keep zeros in no room at all.
      for (let bytes = bytesOf(path); bytes < spareBytes; bytes += pieceBytes)
        appendFileSync(path, randomBytes(pieceBytes), { mode: secretFile, flush: true });
      isWhole = true;
    } catch {
      // No room for it now: it is taken after the next save that has some.
      isWhole = false;
    }
  };

  const give = (): boolean => {
    const bytes = bytesOf(path);
    if (bytes === 0) return false;
    truncateSync(path, Math.max(0, bytes - pieceBytes));
    isWhole = false;
    return true;
  };

  take();
  return {
    save: (write) => {
      let written = write();
      while (!written.ok && written.fault.code === "DISK_FULL" && give()) written = write();
      if (!isWhole) take();
      return written;
    },
  };
};

const bytesOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
