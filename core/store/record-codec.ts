/**
 * Records as bytes for the disk: the same record always gives the same bytes, so that two nodes can tell from a
 * short digest whether they know the same.
 *
 * The thumbnail is kept apart, because lists do not need it and it is most of a record.
 */
import { createHash, hash } from "node:crypto";
import { Decoder, Encoder } from "@msgpack/msgpack";
import { homeKey } from "../model/home-key.ts";
import { readersOf } from "../model/readers.ts";
import { type AnyRecord, type ImageRecord, ownerOf, recordId } from "../model/records.ts";
import type { IndexRow, Place } from "../ports.ts";

export interface EncodedRecord {
  readonly summary: Uint8Array;
  readonly thumbnail: Uint8Array | null;
}

const encoder = new Encoder({ sortKeys: true });
const decoder = new Decoder();

export const encodeRecord = (record: AnyRecord): EncodedRecord => {
  if (record.kind === "tombstone") return { summary: encoder.encode(record), thumbnail: null };
  const { thumbnail } = record.inspection.value;
  return { summary: encoder.encode(withThumbnail(record, null)), thumbnail };
};

/** The record that `encodeRecord` was given, or without its thumbnail when that is null here. */
export const decodeRecord = (summary: Uint8Array, thumbnail: Uint8Array | null): AnyRecord => {
  // What is read here was written by `encodeRecord` and has passed a checksum.
  const record = decoder.decode(plain(summary)) as AnyRecord;
  return record.kind === "tombstone" || thumbnail === null ? record : withThumbnail(record, plain(thumbnail));
};

/** The same bytes, and not as a `Buffer`, of which every byte array of the record would be one too. */
const plain = ({ buffer, byteOffset, length }: Uint8Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);

const withThumbnail = (record: ImageRecord, thumbnail: Uint8Array | null): ImageRecord => ({
  ...record,
  inspection: { ...record.inspection, value: { ...record.inspection.value, thumbnail } },
});

/** 0 … 2^48 − 1: the first 48 bits of the SHA-256 of summary and thumbnail. */
export const digestOf = ({ summary, thumbnail }: EncodedRecord): number => {
  const sum =
    thumbnail === null
      ? hash("sha256", summary, "buffer")
      : createHash("sha256").update(summary).update(thumbnail).digest();
  return sum.readUIntBE(0, 6);
};

/** The row for a record whose entry and payload stand at these places. `toErase`: a tombstone not acknowledged here. */
export const rowOf = (
  record: AnyRecord,
  encoded: EncodedRecord,
  change: number,
  places: { readonly entry: Place; readonly payload: Place | null; readonly toErase: boolean },
): IndexRow => ({
  id: recordId(record),
  owner: ownerOf(record),
  kind: record.kind,
  readers: record.kind === "image" ? readersOf(record) : [],
  change,
  ...encoded,
  ...places,
  homes: homeKey(record),
  payloadBytes: record.kind === "image" ? record.facts.payloadBytes : 0,
  trashedAtMs: record.kind === "image" ? record.trashed.value : null,
  digest: digestOf(encoded),
});
