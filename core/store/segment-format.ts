/**
 * The bytes of a segment: what stands where, and how it is told from garbage.
 *
 * A segment begins with a head of one block and goes on in extents, each at the beginning of a block. An extent
 * says in its own head which segment it belongs to and where in it, so that bytes of an earlier life of the disk,
 * of another file or of a picture cannot pass for one. Two kinds exist: a payload as it is, and a batch of log
 * entries, each of them the latest version of one record. `docs/format.md` shows all of it with worked bytes.
 */
import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { type ImageId, imageId, type StoreId } from "../model/ids.ts";
import type { SegmentId } from "../ports.ts";

/** Extents begin at multiples of this: where a damaged length has led astray, the walk finds back here. */
export const blockBytes = 4_096;
export const extentHeadBytes = 72;
export const entryHeadBytes = 80;

export const segmentName = (id: SegmentId): string => `${id}.segment`;
/** A large payload has a file of its own, with one extent and no log. */
export const payloadFileName = (id: SegmentId): string => `${id}.payload`;

export const segmentIdOf = (hex: string): SegmentId => {
  assert.match(hex, /^[0-9a-f]{32}$/);
  return hex as SegmentId;
};

/** Where the next extent may begin, at or after `at`. */
export const nextBlock = (at: number): number => Math.ceil(at / blockBytes) * blockBytes;

/** What a payload takes of a segment, with its head: whole blocks. */
export const payloadSpaceOf = (payloadBytes: number): number => nextBlock(extentHeadBytes + payloadBytes);

const segmentMagic = "distinsta seg 1\n";
const payloadMagic = "DSPL";
const logMagic = "DSLG";

/** The first block of a segment. */
export const encodeSegmentHead = (id: SegmentId, store: StoreId): Uint8Array => {
  const head = Buffer.alloc(blockBytes);
  head.write(segmentMagic, 0, "latin1");
  head.write(id, 16, "hex");
  head.write(store, 32, "hex");
  head.writeUInt32BE(crc32(head.subarray(0, 48)), 48);
  return head;
};

/** Whether `bytes` begin as the segment `id` of `store` does. */
export const isSegmentHead = (bytes: Uint8Array, id: SegmentId, store: StoreId): boolean =>
  Buffer.from(bytes.subarray(0, 52)).equals(encodeSegmentHead(id, store).subarray(0, 52));

/** A payload: `bytes` of it follow the head. */
export interface PayloadHead {
  readonly kind: "payload";
  readonly segment: SegmentId;
  readonly at: number;
  readonly bytes: number;
  readonly id: ImageId;
}

/**
 * A batch of the log. Batches are numbered as they are written, and one is written only after the batch before,
 * `previous`, was synced. So whatever comes before a batch that is there was once safely on disk.
 */
export interface LogHead {
  readonly kind: "log";
  readonly segment: SegmentId;
  readonly at: number;
  /** Of all its entries, heads included. */
  readonly bytes: number;
  readonly batch: number;
  readonly previous: number;
  /** The highest change number in this or any earlier batch. */
  readonly feedHead: number;
  readonly entries: number;
}

export type ExtentHead = PayloadHead | LogHead;

export const encodeExtentHead = (extent: ExtentHead): Uint8Array => {
  const head = Buffer.alloc(extentHeadBytes);
  head.write(extent.kind === "payload" ? payloadMagic : logMagic, 0, "latin1");
  head.write(extent.segment, 4, "hex");
  writeCount(head, extent.at, 20);
  writeCount(head, extent.bytes, 28);
  if (extent.kind === "payload") {
    head.write(hexOfId(extent.id), 36, "hex");
  } else {
    writeCount(head, extent.batch, 36);
    writeCount(head, extent.previous, 44);
    writeCount(head, extent.feedHead, 52);
    head.writeUInt32BE(extent.entries, 60);
  }
  head.writeUInt32BE(crc32(head.subarray(0, 68)), 68);
  return head;
};

/** The extent that begins with `bytes`, which were read at `at` of `segment`; null when there is none. */
export const decodeExtentHead = (bytes: Uint8Array, segment: SegmentId, at: number): ExtentHead | null => {
  if (bytes.length < extentHeadBytes) return null;
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, extentHeadBytes);
  const magic = head.toString("latin1", 0, 4);
  if (magic !== payloadMagic && magic !== logMagic) return null;
  if (head.readUInt32BE(68) !== crc32(head.subarray(0, 68))) return null;
  if (head.toString("hex", 4, 20) !== segment || readCount(head, 20) !== at) return null;
  const common = { segment, at, bytes: readCount(head, 28) };
  if (magic === payloadMagic)
    return { kind: "payload", ...common, id: idOfHex(head.toString("hex", 36, 52)) };
  return {
    kind: "log",
    ...common,
    batch: readCount(head, 36),
    previous: readCount(head, 44),
    feedHead: readCount(head, 52),
    entries: head.readUInt32BE(60),
  };
};

/** Where a payload is whose extent has this head. */
export interface PayloadPlace {
  readonly segment: SegmentId;
  readonly at: number;
  readonly payloadBytes: number;
}

/** One version of one record, and where its payload is on this disk. */
export interface Entry {
  readonly id: ImageId;
  readonly change: number;
  readonly payload: PayloadPlace | null;
  /** The payload was synced together with this entry, and with no earlier one. */
  readonly payloadIsNew: boolean;
  /** The record without its thumbnail, encoded; and the thumbnail, null for none. */
  readonly summary: Uint8Array;
  readonly thumbnail: Uint8Array | null;
}

export const entryBytesOf = (entry: Entry): number =>
  entryHeadBytes + entry.summary.length + (entry.thumbnail?.length ?? 0);

const noSegment = "0".repeat(32);

/** Head and body, in pieces. */
export const encodeEntry = (entry: Entry): readonly Uint8Array[] => {
  const { id, change, payload, payloadIsNew, summary, thumbnail } = entry;
  const head = Buffer.alloc(entryHeadBytes);
  head.writeUInt32BE(summary.length, 0);
  head.writeUInt32BE(thumbnail?.length ?? 0, 4);
  writeCount(head, change, 8);
  head.write(hexOfId(id), 16, "hex");
  head.write(payload?.segment ?? noSegment, 32, "hex");
  writeCount(head, payload?.at ?? 0, 48);
  writeCount(head, payload?.payloadBytes ?? 0, 56);
  const body = crc32(summary);
  head.writeUInt32BE(thumbnail === null ? body : crc32(thumbnail, body), 64);
  head.writeUInt32BE(Number(payloadIsNew), 68);
  head.writeUInt32BE(crc32(head.subarray(0, 76)), 76);
  return thumbnail === null ? [head, summary] : [head, summary, thumbnail];
};

/** What stands where an entry should be. The head survives when the body is erased. */
export interface FoundEntry {
  readonly id: ImageId;
  readonly change: number;
  /** From the beginning of the log extent's body. */
  readonly at: number;
  readonly bytes: number;
  readonly state: "good" | "erased" | "bad";
  /** Null unless it is good. */
  readonly entry: Entry | null;
}

/** The entries of a batch; null where the head of one is damaged, so that it is not known where the next begins. */
export const decodeEntries = (body: Uint8Array, count: number): readonly FoundEntry[] | null => {
  const found: FoundEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    const entry = decodeEntry(body, at);
    if (entry === null) return null;
    found.push(entry);
    at += entry.bytes;
  }
  return at === body.length ? found : null;
};

const decodeEntry = (body: Uint8Array, at: number): FoundEntry | null => {
  if (at + entryHeadBytes > body.length) return null;
  const bytes = Buffer.from(body.buffer, body.byteOffset + at, body.length - at);
  if (bytes.readUInt32BE(76) !== crc32(bytes.subarray(0, 76))) return null;
  const summaryBytes = bytes.readUInt32BE(0);
  const thumbnailBytes = bytes.readUInt32BE(4);
  const whole = entryHeadBytes + summaryBytes + thumbnailBytes;
  if (whole > bytes.length) return null;
  const content = bytes.subarray(entryHeadBytes, whole);
  const id = idOfHex(bytes.toString("hex", 16, 32));
  const change = readCount(bytes, 8);
  const common = { id, change, at, bytes: whole };
  if (bytes.readUInt32BE(64) !== crc32(content))
    return { ...common, state: isErased(content) ? "erased" : "bad", entry: null };
  const segment = bytes.toString("hex", 32, 48);
  const payload =
    segment === noSegment
      ? null
      : { segment: segmentIdOf(segment), at: readCount(bytes, 48), payloadBytes: readCount(bytes, 56) };
  const payloadIsNew = bytes.readUInt32BE(68) === 1;
  const summary = content.subarray(0, summaryBytes);
  const thumbnail = thumbnailBytes === 0 ? null : content.subarray(summaryBytes);
  return { ...common, state: "good", entry: { id, change, payload, payloadIsNew, summary, thumbnail } };
};

/** An erased body is all zeros, and no record is. */
const isErased = (content: Uint8Array): boolean => content.every((byte) => byte === 0);

const writeCount = (bytes: Buffer, value: number, at: number): void => {
  bytes.writeBigUInt64BE(BigInt(value), at);
};

/** Whole numbers up to 2^53 − 1; anything larger is not ours and comes out as one that fits nowhere. */
const readCount = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64BE(at));

const hexOfId = (id: ImageId): string => id.replaceAll("-", "");

const idOfHex = (hex: string): ImageId =>
  imageId(
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`,
  );
