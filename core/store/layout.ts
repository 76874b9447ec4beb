/**
 * A batch as bytes: the small payloads, each an extent of its own, then one log extent with all entries.
 *
 * Its length is known before its place, and its place before its bytes, because extents and entries say where they
 * stand. All of it goes to the disk in one write.
 */
import type { ImageId } from "../model/ids.ts";
import type { AnyRecord } from "../model/records.ts";
import type { IndexChange, Place, SegmentId } from "../ports.ts";
import type { Draft, StagedPayload } from "./batch.ts";
import type { LogPlace } from "./log-start.ts";
import { type EncodedRecord, encodeRecord, rowOf } from "./record-codec.ts";
import {
  encodeEntry,
  encodeExtentHead,
  entryBytesOf,
  entryHeadBytes,
  extentHeadBytes,
  type PayloadPlace,
  payloadSpaceOf,
} from "./segment-format.ts";
import type { Space } from "./segments.ts";

interface Item {
  readonly id: ImageId;
  readonly draft: Draft;
  readonly encoded: EncodedRecord;
}

export interface Measured {
  readonly items: readonly Item[];
  readonly logBytes: number;
  /** Of everything, payloads included. */
  readonly bytes: number;
  readonly hasPayloads: boolean;
}

export const measure = (drafts: ReadonlyMap<ImageId, Draft>): Measured => {
  const items: Item[] = [];
  let payloadBytes = 0;
  let logBytes = 0;
  for (const [id, draft] of drafts) {
    const encoded = encodeRecord(draft.record);
    items.push({ id, draft, encoded });
    logBytes += entryHeadBytes + encoded.summary.length + (encoded.thumbnail?.length ?? 0);
    const staged = stagedInMemory(draft);
    if (staged !== null) payloadBytes += payloadSpaceOf(staged.payloadBytes);
  }
  return {
    items,
    logBytes,
    bytes: payloadBytes + extentHeadBytes + logBytes,
    hasPayloads: payloadBytes > 0,
  };
};

export interface LaidOut {
  /** One after the other from the beginning of the space. */
  readonly pieces: readonly Uint8Array[];
  readonly changes: readonly IndexChange[];
  /** Where each image's payload is once the batch counts. */
  readonly payloads: ReadonlyMap<ImageId, Place | null>;
  readonly log: LogPlace;
}

export interface BatchNumbers {
  readonly batch: number;
  readonly previous: number;
  readonly feedHead: number;
}

/** `isToErase`: of a tombstone that this disk has not acknowledged. */
export const layOut = (
  { items, logBytes }: Measured,
  space: Space,
  numbers: BatchNumbers,
  isToErase: (draft: Draft) => boolean,
): LaidOut => {
  const { segment } = space;
  const pieces: Uint8Array[] = [];
  const payloads = new Map<ImageId, Place | null>();
  let at = space.at;
  for (const { id, draft } of items) {
    const staged = stagedInMemory(draft);
    if (staged === null) {
      payloads.set(id, placedPayload(draft));
      continue;
    }
    const place: Place = { segment, at, bytes: payloadSpaceOf(staged.payloadBytes) };
    payloads.set(id, place);
    pieces.push(encodeExtentHead({ kind: "payload", segment, at, bytes: staged.payloadBytes, id }));
    if (staged.where.kind === "memory") pieces.push(...staged.where.pieces);
    pieces.push(padding.subarray(0, place.bytes - extentHeadBytes - staged.payloadBytes));
    at += place.bytes;
  }
  const head = { kind: "log", segment, at, bytes: logBytes, entries: items.length, ...numbers } as const;
  pieces.push(encodeExtentHead(head));
  const log: LogPlace = { segment, at, batch: numbers.batch };
  at += extentHeadBytes;
  const changes: IndexChange[] = [];
  for (const { id, draft, encoded } of items) {
    const payload = payloads.get(id) ?? null;
    const { change } = draft;
    const payloadIsNew = isStaged(draft.payload);
    const entry = { id, change, payload: payloadPlaceOf(payload, draft.record), payloadIsNew, ...encoded };
    const bytes = entryBytesOf(entry);
    pieces.push(...encodeEntry(entry));
    const places = { entry: { segment, at, bytes }, payload, toErase: isToErase(draft) };
    changes.push({ kind: "put", row: rowOf(draft.record, encoded, change, places) });
    at += bytes;
  }
  return { pieces, changes, payloads, log };
};

/** Of a purged image only the space is known that its payload takes. */
export const payloadPlaceOf = (place: Place | null, record: AnyRecord): PayloadPlace | null => {
  if (place === null) return null;
  const { segment, at, bytes } = place;
  const payloadBytes = record.kind === "image" ? record.facts.payloadBytes : bytes - extentHeadBytes;
  return { segment, at, payloadBytes };
};

export const placeOfPayload = ({ segment, at, payloadBytes }: PayloadPlace): Place => ({
  segment,
  at,
  bytes: payloadSpaceOf(payloadBytes),
});

const padding = new Uint8Array(4_096);

const isStaged = (payload: Draft["payload"]): payload is StagedPayload =>
  payload !== null && "where" in payload;

const stagedInMemory = ({ payload }: Draft): StagedPayload | null =>
  isStaged(payload) && payload.where.kind === "memory" ? payload : null;

const placedPayload = ({ payload }: Draft): Place | null => {
  if (!isStaged(payload)) return payload;
  return payload.where.kind === "placed" ? payload.where.place : null;
};

/** The segments with payloads that were written before their batch. */
export const placedIn = (drafts: Iterable<Draft>): ReadonlySet<SegmentId> => {
  const segments = new Set<SegmentId>();
  for (const { payload } of drafts) {
    if (payload !== null && "where" in payload && payload.where.kind === "placed")
      segments.add(payload.where.place.segment);
  }
  return segments;
};
