/**
 * What SQLite says, as faults.
 *
 * A full disk is one thing, everything else is a disk in trouble. Two more questions are asked of an error:
 * whether it proves the file damaged, because then it must not be used any longer, and whether it says nothing
 * against the file, because then the file must be left alone.
 */
import { dirname } from "node:path";
import { type Fault, fault } from "../../model/faults.ts";
import { diskFault, freeBytesAt } from "../disk.ts";
import { codeOf } from "../files.ts";

/** The file can be opened, and yet is not what was written. */
export class DamagedIndex extends Error {}

/** SQLite's primary result codes (https://sqlite.org/rescode.html). */
const code = { busy: 5, locked: 6, outOfMemory: 7, corrupt: 11, full: 13, notADatabase: 26 } as const;
const outOfReach: readonly unknown[] = [code.busy, code.locked, code.outOfMemory, code.full];
/** The same in the operating system's words: no room, no memory, too many files open. */
const systemOutOfReach: readonly unknown[] = ["ENOSPC", "EDQUOT", "ENOMEM", "EMFILE", "ENFILE"];

/** DISK_FULL or DISK_FAILED. */
export const sqliteFault = (path: string, error: unknown): Fault =>
  resultCodeOf(error) === code.full
    ? fault("DISK_FULL", { path, freeBytes: freeBytesAt(dirname(path)) ?? 0 })
    : diskFault(path, error);

/** The content cannot be trusted any more. */
export const isDamage = (error: unknown): boolean =>
  error instanceof DamagedIndex ||
  resultCodeOf(error) === code.corrupt ||
  resultCodeOf(error) === code.notADatabase;

/** The file may be sound; it only cannot be opened now. */
export const isOutOfReach = (error: unknown): boolean =>
  outOfReach.includes(resultCodeOf(error)) || systemOutOfReach.includes(codeOf(error));

/** Extended codes carry their primary code in the lowest byte. */
const resultCodeOf = (error: unknown): number | null =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : null;
