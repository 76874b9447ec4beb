/**
 * Looking at what is stored before somebody needs it: is the entry still readable from which an index would be made
 * anew, and is the payload still what its record says? What is not is written anew, or set aside to be fetched again.
 */
import { FaultError } from "../model/faults.ts";
import type { ImageId } from "../model/ids.ts";
import type { IndexRow } from "../ports.ts";
import { decodeEntries } from "./segment-format.ts";
import type { SegmentStore } from "./store.ts";

export interface Checked {
  readonly bytes: number;
  /** An entry is made good here and now; a payload takes another node. */
  readonly entry: "sound" | "renewed";
  readonly payload: "sound" | "damaged" | "not here";
}

/** Rejects with DISK_*. */
export const checkImage = async (store: SegmentStore, id: ImageId): Promise<Checked> => {
  const [row] = await store.index.get([id]);
  if (row === null || row === undefined) return { bytes: 0, entry: "sound", payload: "not here" };
  const renewed = !(await entryIsSound(store, row)) && (await renewEntry(store, row));
  const payload = await store.verify(id);
  const payloadBytes = payload === "not here" ? 0 : (row.payload?.bytes ?? 0);
  return { bytes: row.entry.bytes + payloadBytes, entry: renewed ? "renewed" : "sound", payload };
};

/** False when it was moved or replaced while it was looked at: then it was not damaged. */
const renewEntry = async (store: SegmentStore, { id, entry, payload }: IndexRow): Promise<boolean> => {
  const [now] = await store.index.get([id]);
  if (now?.entry.segment !== entry.segment || now.entry.at !== entry.at) return false;
  const renewed = await store.wish({ kind: "move", id, from: payload, to: payload });
  if (!renewed.ok) throw new FaultError(renewed.fault);
  return true;
};

const entryIsSound = async (store: SegmentStore, row: IndexRow): Promise<boolean> => {
  try {
    const bytes = await store.segments.readEntry(row.entry);
    const [found] = decodeEntries(bytes, 1) ?? [];
    // A tombstone whose entry is erased is just about to be forgotten.
    const isSound = found?.state === "good" || (found?.state === "erased" && row.kind === "tombstone");
    return isSound && found.id === row.id && found.change === row.change;
  } catch (error) {
    if (error instanceof FaultError && error.fault.code === "DISK_FAILED") return false;
    throw error;
  }
};
