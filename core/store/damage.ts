/** What a store throws when it cannot go on: its disk has no room, or has lost what was safe on it. */
import { FaultError, fault } from "../model/faults.ts";

export const storeFull = (freeBytes: number): FaultError =>
  new FaultError(fault("DISK_FULL", { path: "the store", freeBytes }));

/** What was once safe on this disk is not there: the node has to be filled again from the others. */
export const storeDamage = (reason: string): FaultError => new FaultError(fault("STORE_DAMAGED", { reason }));
