/**
 * Whether an operator has drained this node, in a small file of its own: a node that was drained for its new disk
 * must not take images again because somebody restarted it.
 *
 * The file is there while the node is drained, and says who wanted it. One that cannot be read counts as drained:
 * then an operator looks, and types `undrain`; the other way round nobody would.
 */
import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { bad, fault, good, type Result } from "../model/faults.ts";
import type { UserName } from "../model/ids.ts";
import type { WallMs } from "../model/units.ts";
import { readText, reasonOf, syncFolder, writeFileAtomically } from "./files.ts";

const fileBytesMax = 4_096;

export interface DrainFile {
  drained(): boolean;
  /** On disk when it returns. Faults: DISK_FULL, FILE_UNWRITABLE. */
  save(drained: boolean, by: UserName, at: WallMs): Result<void>;
}

export const openDrainFile = (path: string): DrainFile => ({
  drained: () => {
    const text = readText(path, fileBytesMax);
    return text.ok || text.fault.code !== "FILE_NOT_FOUND";
  },
  save: (drained, by, at) => {
    if (drained) return writeFileAtomically(path, `${JSON.stringify({ by, at })}\n`);
    try {
      rmSync(path, { force: true });
      syncFolder(dirname(path));
      return good(undefined);
    } catch (error) {
      return bad(fault("FILE_UNWRITABLE", { path, reason: reasonOf(error) }));
    }
  },
});
