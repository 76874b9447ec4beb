/**
 * Giving space back: what still lives in a segment that is mostly dead moves to the end of the log, then the file is
 * removed. A record keeps its change number, so that nobody has to hear of it.
 */
import { createHash } from "node:crypto";
import { FaultError } from "../model/faults.ts";
import { sealedChunkBytesMax } from "../model/limits.ts";
import type { ImageRecord } from "../model/records.ts";
import type { IndexRow, Place, SegmentId } from "../ports.ts";
import { decodeRecord } from "./record-codec.ts";
import { extentHeadBytes } from "./segment-format.ts";
import type { Space } from "./segments.ts";
import type { SegmentStore } from "./store.ts";

/** A segment is worth moving when at most this share of it lives. */
export const liveShareMax = 0.5;
/** Rows that move together, and the bytes of their payloads. */
const rowsAtOnce = 64;
const bytesAtOnce = 4_194_304;

/** The settled segment with the least life in it, if it is worth moving; null when none is. */
export const segmentToCompact = async (store: SegmentStore): Promise<SegmentId | null> => {
  const uses = new Map((await store.index.segments()).map(({ segment, liveBytes }) => [segment, liveBytes]));
  let best: { readonly segment: SegmentId; readonly share: number } | null = null;
  for (const [segment, bytes] of store.segments.settled()) {
    const share = (uses.get(segment) ?? 0) / bytes;
    if (share <= liveShareMax && (best === null || share < best.share)) best = { segment, share };
  }
  return best?.segment ?? null;
};

/**
 * Moves what lives in `segment` and removes it, unless somebody still writes to it. `pace` is told of bytes moved and may
 * wait; false stops half-way, which leaves everything readable. Resolves to whether the segment is gone. Rejects with
 * DISK_*.
 */
export const compact = async (
  store: SegmentStore,
  segment: SegmentId,
  pace: (bytes: number) => Promise<boolean>,
): Promise<boolean> => {
  // A settled segment gets no more writers.
  if (store.compacting.has(segment) || !store.segments.settled().has(segment)) return false;
  store.compacting.add(segment);
  try {
    return await moveAllOut(store, segment, pace);
  } finally {
    store.compacting.delete(segment);
  }
};

const moveAllOut = async (
  store: SegmentStore,
  segment: SegmentId,
  pace: (bytes: number) => Promise<boolean>,
): Promise<boolean> => {
  for (;;) {
    const { rows } = await store.index.inSegment(segment, null, rowsAtOnce);
    if (rows.length === 0) break;
    for (let from = 0; from < rows.length; ) {
      const group = groupFrom(rows, from);
      from += group.length;
      // Together, so that their entries share a batch: one by one each would take a block for itself.
      const moved = await store.chore(() => moveGroup(store, segment, group));
      if (!(await pace(moved.reduce((sum, bytes) => sum + bytes, 0)))) return false;
    }
  }
  await store.segments.remove(segment);
  await store.index.forgetSegment(segment);
  return true;
};

/** The rows from `from` on that move together: at least one. */
const groupFrom = (rows: readonly IndexRow[], from: number): readonly IndexRow[] => {
  let bytes = 0;
  const end = rows.findIndex((row, at) => {
    if (at < from) return false;
    bytes += row.payload?.bytes ?? 0;
    return at > from && bytes > bytesAtOnce;
  });
  return end === -1 ? rows.slice(from) : rows.slice(from, end);
};

/** Those that are still there: they may have been erased, or moved, since they were looked up. */
const moveGroup = async (
  store: SegmentStore,
  segment: SegmentId,
  group: readonly IndexRow[],
): Promise<readonly number[]> => {
  const rows = (await store.index.get(group.map(({ id }) => id))).filter((row) => row !== null);
  const there = rows.filter(
    ({ entry, payload }) => entry.segment === segment || payload?.segment === segment,
  );
  return Promise.all(there.map((row) => moveOut(store, segment, row)));
};

/** Bytes moved. */
const moveOut = async (store: SegmentStore, segment: SegmentId, row: IndexRow): Promise<number> => {
  const { id, entry, payload } = row;
  if (payload === null || payload.segment !== segment) {
    await must(store, { kind: "move", id, from: payload, to: payload });
    return entry.bytes;
  }
  const record = decodeRecord(row.summary, null);
  if (record.kind === "tombstone") {
    await store.segments.erase([payload], extentHeadBytes);
    await must(store, { kind: "move", id, from: payload, to: null });
    return payload.bytes;
  }
  const copied = await copyPayload(store, record, payload);
  if (copied === null) {
    await store.setAside(id, payload);
    return payload.bytes;
  }
  const to: Place = { segment: copied.segment, at: copied.at, bytes: payload.bytes };
  try {
    await store.segments.sync(to.segment);
    await must(store, { kind: "move", id, from: payload, to });
  } finally {
    copied.release();
  }
  return entry.bytes + payload.bytes;
};

const must = async (store: SegmentStore, wish: Parameters<SegmentStore["wish"]>[0]): Promise<void> => {
  const granted = await store.wish(wish);
  if (!granted.ok) throw new FaultError(granted.fault);
};

/** To new space, which is the caller's to release; null when it is not what it was, or cannot be read. */
const copyPayload = async (
  store: SegmentStore,
  { facts }: ImageRecord,
  { segment, at }: Place,
): Promise<Space | null> => {
  const { id, payloadBytes, payloadHash } = facts;
  const from = { segment, at, payloadBytes };
  const space = await store.segments.reservePayload(id, payloadBytes, "log");
  const hash = createHash("sha256");
  const chunks = store.segments.readPayload(from, sealedChunkBytesMax);
  try {
    let offset = extentHeadBytes;
    for (let next = await nextOf(chunks); next !== null; next = await nextOf(chunks)) {
      hash.update(next);
      await store.segments.write(space, offset, [next]);
      offset += next.length;
    }
  } catch (error) {
    space.release();
    throw error;
  }
  if (hash.digest().equals(payloadHash)) return space;
  space.release();
  return null;
};

/** Null at the end, and where a block cannot be read: then the hash will tell. */
const nextOf = async (chunks: AsyncGenerator<Uint8Array>): Promise<Uint8Array | null> => {
  try {
    const { value, done } = await chunks.next();
    return done === true ? null : value;
  } catch (error) {
    if (error instanceof FaultError && error.fault.code === "DISK_FAILED") return null;
    throw error;
  }
};
