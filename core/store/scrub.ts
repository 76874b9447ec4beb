/**
 * Looking at what is stored before somebody needs it: is the entry still readable from which an index would be made
 * anew, and is the payload still what its record says? What is not is written anew, or set aside to be fetched again.
 * And a segment in which the log itself has gaps is emptied, so that no start stumbles over it.
 */
import { FaultError } from "../model/faults.ts";
import type { ImageId } from "../model/ids.ts";
import type { IndexRow, SegmentId } from "../ports.ts";
import { compact } from "./compaction.ts";
import { chainIsWhole, type KnownSegment } from "./recover.ts";
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
  const renewed = !(await entryIsSound(store, row)) && (await store.chore(() => renewEntry(store, row)));
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

/** Segments whose head or whose batches are damaged, though every entry that counts may still be readable. */
export const damagedSegments = async (store: SegmentStore): Promise<readonly SegmentId[]> => {
  const damaged: SegmentId[] = [];
  for (const segment of store.segments.known) if (!(await isSound(store, segment))) damaged.push(segment.id);
  return damaged;
};

const isSound = async ({ segments }: SegmentStore, { id, first, last }: KnownSegment): Promise<boolean> => {
  const upTo = last ?? segments.syncedBatch;
  const found = [];
  try {
    for await (const extent of segments.walk(id))
      if ("entries" in extent) found.push({ head: extent.head, whole: extent.entries !== null });
    return (await segments.hasHead(id)) && chainIsWhole(found, first, upTo);
  } catch (error) {
    // Compacted meanwhile; or a block that cannot be read.
    if (error instanceof FaultError) return !segments.known.some((known) => known.id === id);
    throw error;
  }
};

/** As long as these would take to move, so that a wait takes no processor. */
const waitBytes = 262_144;

/** What lives in the segment moves, and the file goes. Resolves to whether it is gone; `pace` may stop it half-way. */
export const emptySegment = async (
  store: SegmentStore,
  segment: SegmentId,
  pace: (bytes: number) => Promise<boolean>,
): Promise<boolean> => {
  const { segments } = store;
  await segments.seal(segment);
  const isThere = (): boolean => segments.known.some(({ id }) => id === segment);
  // Whoever has space in it finishes there.
  while (isThere() && !segments.settled().has(segment)) if (!(await pace(waitBytes))) return false;
  return compact(store, segment, pace);
};
