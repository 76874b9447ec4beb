/**
 * Rows to put into an index: the `n`th image's in its simplest form, to vary; and a long deterministic series of
 * batches, so that from a number alone it is known what an index must hold.
 */
import { type ImageId, imageId, userNameOf } from "../../core/model/ids.ts";
import type { IndexChange, IndexPosition, IndexRow, IndexStep, Place, SegmentId } from "../../core/ports.ts";

export const alice = userNameOf("alice");
export const bob = userNameOf("bob");
export const carol = userNameOf("carol");

/** Segments by number; they sort by it. */
export const segment = (n: number): SegmentId => n.toString(16).padStart(32, "0") as SegmentId;

export const place = (inSegment: number, at: number, bytes = 100): Place => ({
  segment: segment(inSegment),
  at,
  bytes,
});

/** The time that is in the first of the series of ids. */
export const firstMs = 1_763_000_000_000;

/** The id of an image of that time, milliseconds; `end` is its last 8 hex digits. */
export const idAtTime = (atMs: number, end = "00000000"): ImageId => {
  const time = atMs.toString(16).padStart(12, "0");
  return imageId(`${time.slice(0, 8)}-${time.slice(8)}-7abc-8def-0123${end}`);
};

/** The `n`th of a series of ids, one second apart. */
export const idAt = (n: number, end: string = n.toString(16).padStart(8, "0")): ImageId =>
  idAtTime(firstMs + 1_000 * n, end);

/** Bytes that are different for different `n`. */
export const bytesAt = (n: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (n * 31 + index * 7 + (index >> 8)) % 251);

/** The `n`th image, of Alice, as its `n`th change, with entry and payload in segment 1. */
export const rowAt = (n: number, changes: Partial<IndexRow> = {}): IndexRow => ({
  id: idAt(n),
  owner: alice,
  kind: "image",
  readers: [],
  change: n,
  summary: bytesAt(n, 40),
  thumbnail: bytesAt(n + 100, 300),
  entry: place(1, 10_000 * n),
  payload: place(1, 10_000 * n + 100, 800),
  homes: "1,2",
  payloadBytes: 700,
  trashedAtMs: null,
  toErase: false,
  digest: 1_000 + n,
  ...changes,
});

/** What is left of the `n`th image after its purge. */
export const tombstoneAt = (n: number, changes: Partial<IndexRow> = {}): IndexRow =>
  rowAt(n, {
    kind: "tombstone",
    readers: [],
    thumbnail: null,
    payload: null,
    homes: "",
    payloadBytes: 0,
    ...changes,
  });

export const put = (row: IndexRow): IndexChange => ({ kind: "put", row });
export const drop = (id: ImageId): IndexChange => ({ kind: "drop", id });

const seriesRows = 20;
const seriesImages = 300;

/** Batch `batch` of a series, from 1: new images at first, then ever new versions of them, some dropped. */
export const batchAt = (batch: number): readonly IndexChange[] =>
  Array.from({ length: seriesRows }, (_, index) => {
    const change = (batch - 1) * seriesRows + index + 1;
    const n = change % seriesImages;
    if (change % 97 === 0) return drop(idAt(n));
    const entry = place(1 + Math.floor(change / 500), change * 10_000);
    return put(rowAt(n, { change, entry, homes: String(change % 5), thumbnail: bytesAt(change, 3_000) }));
  });

/** With which the batch is applied, after the one before. */
export const stepAt = (batch: number): IndexStep => ({
  after: batch - 1,
  batch,
  feedHead: batch * seriesRows,
});
export const positionAt = (batch: number): IndexPosition => ({ batch, feedHead: batch * seriesRows });
