/**
 * Making purged images disappear from one disk, and saying so.
 *
 * A tombstone keeps an image from coming back for as long as anybody might still have it. So a disk acknowledges
 * only when every earlier entry of the image and its payload are zeros, on disk: then not even an index that is
 * made anew from the segments can bring it back. When all disks have said so, the tombstone itself may go. Neither
 * happens while something of the image is under way: here nothing may be left of it, and on its way it is still there.
 */
import type { ImageId } from "../model/ids.ts";
import type { Tombstone } from "../model/records.ts";
import type { IndexRow, Place } from "../ports.ts";
import { decodeRecord } from "./record-codec.ts";
import { entryHeadBytes, extentHeadBytes } from "./segment-format.ts";
import type { SegmentStore } from "./store.ts";

/** Erases up to `limit` purged images and acknowledges them. Gives how many. */
export const erasePurged = async (store: SegmentStore, limit: number): Promise<number> => {
  const { underWay } = store;
  const waiting = await store.index.toErase(limit + underWay.images);
  const rows = waiting.filter(({ id }) => !underWay.has(id)).slice(0, limit);
  for (const { id } of rows) await store.chore(() => erase(store, id));
  if (rows.length > 0) await store.index.settle();
  for (const row of rows) {
    const tombstone = tombstoneIn(row);
    const erasedOn = [...tombstone.erasedOn.filter((disk) => disk !== store.disk), store.disk].sort();
    await store.wish({ kind: "erased", tombstone: { ...tombstone, erasedOn } });
  }
  return rows.length;
};

const erase = async (store: SegmentStore, id: ImageId): Promise<void> => {
  const [row] = await store.index.get([id]);
  const places = await store.index.supersededOf(id);
  await eraseEntries(store, places);
  if (row?.payload) await erasePayload(store, row.payload);
  await store.index.forgetSuperseded(id, places);
};

export interface Forgetting {
  /** Whether nobody needs it any more. */
  readonly mayGo: (tombstone: Tombstone) => boolean;
  /** Lets all others know that all have acknowledged: whoever forgets sooner would take his own word with him. */
  readonly tellAll: (tombstones: readonly Tombstone[]) => Promise<boolean>;
}

/** Forgets those that may go of the `limit` tombstones after `from`. Gives which, and from where to go on (null: anew). */
export const dropTombstones = async (
  store: SegmentStore,
  { mayGo, tellAll }: Forgetting,
  from: ImageId | null,
  limit: number,
): Promise<{ readonly dropped: readonly ImageId[]; readonly next: ImageId | null }> => {
  const { rows, more } = await store.index.tombstones(from, limit);
  const next = more ? (rows.at(-1)?.id ?? null) : null;
  const isOver = ({ id, toErase }: IndexRow): boolean => !toErase && !store.underWay.has(id);
  const ripe = rows.filter((row) => isOver(row) && mayGo(tombstoneIn(row)));
  if (ripe.length === 0 || !(await tellAll(ripe.map(tombstoneIn)))) return { dropped: [], next };
  const going = ripe.filter(({ id }) => !store.underWay.has(id)).map(({ id }) => id);
  for (const id of going) await store.chore(() => drop(store, id));
  return { dropped: going, next };
};

const drop = async (store: SegmentStore, id: ImageId): Promise<void> => {
  const [row] = await store.index.get([id]);
  if (row === null || row === undefined) return;
  const { entry, change } = row;
  await eraseEntries(store, [...(await store.index.supersededOf(id)), entry]);
  await store.wish({ kind: "drop", id, change });
};

/** What was in a segment that is gone is erased already, though the index may not have heard of it. */
const eraseEntries = (store: SegmentStore, places: readonly Place[]): Promise<void> =>
  store.segments.erase(
    places.filter(({ segment }) => !store.segments.isOwnFile(segment)),
    entryHeadBytes,
  );

const tombstoneIn = ({ summary }: IndexRow): Tombstone => {
  const record = decodeRecord(summary, null);
  if (record.kind !== "tombstone") throw new Error(`${record.facts.id} is not purged`);
  return record;
};

const erasePayload = async (store: SegmentStore, payload: Place): Promise<void> => {
  const { segments } = store;
  if (segments.isOwnFile(payload.segment)) await segments.removePayloadFile(segments.nameOf(payload.segment));
  else await segments.erase([payload], extentHeadBytes);
};
