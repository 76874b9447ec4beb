/**
 * A row as the port knows it, and as the tables have it.
 *
 * Ids and segments are hex outside and bytes inside. SQLite notices when the structure of its file is damaged,
 * but not when the content is; as records that are read here go on to other nodes, summary and thumbnail have
 * checksums, and bytes that do not fit them are never handed out.
 */
import type { SQLOutputValue } from "node:sqlite";
import { crc32 } from "node:zlib";
import type { ImageId, UserName } from "../../model/ids.ts";
import type { IndexRow, Place, SegmentId } from "../../ports.ts";
import { DamagedIndex } from "./sqlite-faults.ts";

/** What a query gives for a row; SQLite's `STRICT` tables hold the types of their columns. */
export type Columns = Readonly<Record<string, SQLOutputValue>>;

/** What the sums need of a row. */
export type Counted = Pick<
  IndexRow,
  "id" | "kind" | "readers" | "entry" | "payload" | "homes" | "payloadBytes" | "digest"
>;

/** `tombstone` and `to_erase` are 0 or 1. */
interface CountedColumns {
  readonly id: Uint8Array;
  readonly tombstone: number;
  /** Their names, which have no blanks in them, between blanks. */
  readonly readers: string;
  readonly digest: number;
  readonly home_set: number | null;
  /** Looked up; null for a tombstone. */
  readonly homes: string | null;
  readonly payload_bytes: number;
  readonly entry_segment: Uint8Array;
  readonly entry_at: number;
  readonly entry_extent: number;
  readonly payload_segment: Uint8Array | null;
  /** Both null when the segment is. */
  readonly payload_at: number;
  readonly payload_extent: number;
}

interface RecordColumns extends CountedColumns {
  readonly owner: string;
  readonly change: number;
  readonly trashed_at: number | null;
  readonly to_erase: number;
  readonly summary_checksum: number;
  readonly summary: Uint8Array;
  readonly thumbnail_checksum: number | null;
  readonly thumbnail: Uint8Array | null;
}

export const countedOf = (columns: Columns): Counted => countedFrom(columns as unknown as CountedColumns);

/**
 * Of all columns, or of all but the thumbnail. Throws DamagedIndex when summary or thumbnail are not what was
 * put in.
 */
export const rowOf = (selected: Columns): IndexRow => {
  const columns = selected as unknown as Omit<RecordColumns, "thumbnail"> & Partial<RecordColumns>;
  const { summary, thumbnail = null } = columns;
  const isSound =
    crc32(summary) === columns.summary_checksum &&
    (thumbnail === null || crc32(thumbnail) === columns.thumbnail_checksum);
  if (!isSound) throw new DamagedIndex("a record in it is not what was written");
  return {
    ...countedFrom(columns),
    owner: columns.owner as UserName,
    change: columns.change,
    summary,
    thumbnail,
    trashedAtMs: columns.trashed_at,
    toErase: columns.to_erase === 1,
  };
};

/** The opposite of `rowOf`, to be bound by name. */
export const columnsOf = (
  row: IndexRow,
  homeSet: number | null,
): Record<Exclude<keyof RecordColumns, "homes">, string | number | Uint8Array | null> => ({
  id: bytesOfId(row.id),
  owner: row.owner,
  tombstone: Number(row.kind === "tombstone"),
  readers: row.readers.join(" "),
  change: row.change,
  entry_segment: bytesOfHex(row.entry.segment),
  entry_at: row.entry.at,
  entry_extent: row.entry.bytes,
  payload_segment: row.payload === null ? null : bytesOfHex(row.payload.segment),
  payload_at: row.payload?.at ?? null,
  payload_extent: row.payload?.bytes ?? null,
  home_set: homeSet,
  payload_bytes: row.payloadBytes,
  trashed_at: row.trashedAtMs,
  to_erase: Number(row.toErase),
  digest: row.digest,
  summary_checksum: crc32(row.summary),
  summary: row.summary,
  thumbnail_checksum: row.thumbnail === null ? null : crc32(row.thumbnail),
  thumbnail: row.thumbnail,
});

export const idOf = (bytes: Uint8Array): ImageId => {
  const hex = hexOf(bytes);
  const time = `${hex.slice(0, 8)}-${hex.slice(8, 12)}`;
  return `${time}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as ImageId;
};

export const bytesOfId = (id: ImageId): Uint8Array => bytesOfHex(id.replaceAll("-", ""));
export const bytesOfHex = (hex: string): Uint8Array => Buffer.from(hex, "hex");
export const segmentOf = (bytes: Uint8Array): SegmentId => hexOf(bytes) as SegmentId;

const countedFrom = (columns: CountedColumns): Counted => ({
  id: idOf(columns.id),
  kind: columns.tombstone === 1 ? "tombstone" : "image",
  readers: columns.readers === "" ? [] : (columns.readers.split(" ") as UserName[]),
  entry: placeOf(columns.entry_segment, columns.entry_at, columns.entry_extent),
  payload:
    columns.payload_segment === null
      ? null
      : placeOf(columns.payload_segment, columns.payload_at, columns.payload_extent),
  homes: columns.homes ?? "",
  payloadBytes: columns.payload_bytes,
  digest: columns.digest,
});

export const placeOf = (segment: Uint8Array, at: number, bytes: number): Place => ({
  segment: segmentOf(segment),
  at,
  bytes,
});

const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
