/**
 * The part of a disk that the election uses. A crash may come just before a save is synced, and then it never
 * happened, or just after, and then nobody was told.
 */
import { bad, fault, good } from "../../core/model/faults.ts";
import type { DurableTerm, TermStore } from "../../core/ports.ts";

/** Thrown through the driver to end its process in the middle of what it does. */
export class Crash extends Error {}

export interface SimDisk extends TermStore {
  /** What a restarted process would find. */
  readonly durable: DurableTerm | null;
  /** The next save fails; the disk works again after a restart. */
  failNext(): void;
  repair(): void;
  /** An empty disk was put in. */
  wipe(): void;
}

/** `crashes` is asked before and after each sync; true ends the process there. */
export const createSimDisk = (crashes: () => boolean): SimDisk => {
  let durable: DurableTerm | null = null;
  let failing = false;
  return {
    get durable() {
      return durable;
    },
    load: () => good(durable),
    save: (state) => {
      if (failing) return bad(fault("DISK_FAILED", { path: "simulated disk", reason: "EIO" }));
      if (crashes()) throw new Crash("before the sync");
      durable = state;
      if (crashes()) throw new Crash("after the sync");
      return good(undefined);
    },
    failNext: () => {
      failing = true;
    },
    repair: () => {
      failing = false;
    },
    wipe: () => {
      durable = null;
    },
  };
};
