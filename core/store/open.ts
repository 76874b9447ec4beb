/**
 * Opening a store: what is on the disk, how much of it counts, and an index that knows all of that.
 *
 * The index is made from the log and may be behind it, ahead of it (when segments were put back from a backup), or
 * gone. Behind, it reads on; otherwise it begins again.
 */
import { createHash } from "node:crypto";
import { FaultError } from "../model/faults.ts";
import type { ImageId, NodeId, StoreId } from "../model/ids.ts";
import { sealedChunkBytesMax } from "../model/limits.ts";
import { diskName } from "../model/records.ts";
import type { Disk, Index, IndexChange, Place, SegmentId } from "../ports.ts";
import { storeDamage } from "./damage.ts";
import { placeOfPayload } from "./layout.ts";
import { type LogPlace, readLogStart } from "./log-start.ts";
import { NewIds } from "./new-ids.ts";
import { sameBytes } from "./reading.ts";
import { decodeRecord, rowOf } from "./record-codec.ts";
import { type FoundBatch, type Recovery, recoverLog } from "./recover.ts";
import {
  blockBytes,
  type Entry,
  entryHeadBytes,
  extentHeadBytes,
  type FoundEntry,
  nextBlock,
} from "./segment-format.ts";
import { Segments, type SegmentsOptions } from "./segments.ts";
import { SegmentStore } from "./store.ts";
import type { walkSegment } from "./walk.ts";
import { wholeAnswers } from "./whole-answers.ts";

export interface StoreOptions {
  readonly disk: Disk;
  readonly index: Index;
  readonly store: StoreId;
  readonly node: NodeId;
  readonly newSegmentId: () => SegmentId;
  /** `[storage] segment_bytes` and `headroom_bytes`. */
  readonly segmentBytes: number;
  readonly headroomBytes: number;
  /** Payloads up to this size wait in memory for their batch; fewer do in the simulator. */
  readonly smallPayloadBytesMax?: number;
  /**
   * Which batches count, what is found of them, which bytes are taken for the right ones, and what the index may answer:
   * mutants of the simulator.
   */
  readonly recover?: typeof recoverLog;
  readonly walk?: typeof walkSegment;
  readonly isSound?: (hash: Uint8Array, expected: Uint8Array) => boolean;
  readonly answers?: typeof wholeAnswers;
}

/** Rejects with a FaultError: DISK_FULL, DISK_FAILED, STORE_DAMAGED. */
export const openStore = async (options: StoreOptions): Promise<SegmentStore> => {
  const { index, node, store, isSound = sameBytes, answers = wholeAnswers } = options;
  const segments = await Segments.open(options satisfies SegmentsOptions);
  try {
    const feedHead = await indexedUpTo(options, segments);
    const { images, payloadBytes } = await index.holdings();
    const newIds = new NewIds(await index.digests());
    const disk = diskName(node, store);
    const held = { feedHead, images, payloadBytes };
    return new SegmentStore({ id: store, disk, segments, index, newIds, ...held, isSound, answers });
  } catch (error) {
    await segments.close();
    throw error;
  }
};

/** The feed head, once the index knows all that is in the segments. */
const indexedUpTo = async (options: StoreOptions, segments: Segments): Promise<number> => {
  const opening = new Opening(options, segments);
  const feedHead = await opening.catchUp();
  if (feedHead !== null) return feedHead;
  await options.index.clear();
  const again = await opening.catchUp();
  if (again === null) throw storeDamage("the index cannot be made from the segments");
  return again;
};

/** Index rows written at a time while it is made anew. */
const rowsAtOnce = 512;
const indexedStoreNote = "store";

class Opening {
  readonly #options: StoreOptions;
  readonly #segments: Segments;
  /** What is before it the index knows. */
  #start: LogPlace | null = null;

  constructor(options: StoreOptions, segments: Segments) {
    this.#options = options;
    this.#segments = segments;
  }

  /** Brings the index up to the log and gives the feed head; null when the index has to be made anew. */
  async catchUp(): Promise<number | null> {
    const { index, store, recover = recoverLog } = this.#options;
    const indexed = await index.note(indexedStoreNote);
    if (indexed !== store) {
      await index.clear();
      await index.setNote(indexedStoreNote, store);
    }
    const position = await index.position();
    await this.#findStart(position.batch);
    const { found, end } = await this.#look(position.batch);
    const recovery = await recover(found, this.#segments.known, position.batch, (batch) =>
      this.#tailIsWhole(batch),
    );
    if (recovery.kind === "ahead") return null;
    if (recovery.kind === "damaged") throw storeDamage(recovery.reason);
    const tail = found.find(({ head }) => head.batch === recovery.tail);
    if (tail !== undefined) await this.#writeTailAgain(tail);
    await this.#segments.resume(recovery.tail, recovery.usedUpTo, end);
    await this.#replay(recovery, position.batch);
    if (await this.#namesLostSegments()) return null;
    return recovery.batches.at(-1)?.feedHead ?? position.feedHead;
  }

  /** Where the index says that it can be gone on, if that batch is there. */
  async #findStart(position: number): Promise<void> {
    this.#start = null;
    const start = await readLogStart(this.#options.index);
    const open = this.#segments.known.find(({ last }) => last === null);
    if (start === null || start.batch > position || open?.id !== start.segment) return;
    for await (const { head } of this.#segments.walk(start.segment, start.at)) {
      if (head.kind === "log" && head.at === start.at && head.batch === start.batch) this.#start = start;
      return;
    }
  }

  /** The batches that may be news to the index, and where the open segment ends. */
  async #look(position: number): Promise<{ readonly found: readonly FoundBatch[]; readonly end: number }> {
    const found: FoundBatch[] = [];
    const openId = this.#segments.known.find(({ last }) => last === null)?.id;
    let end = blockBytes;
    for await (const extent of this.#segments.walkAfter(position, this.#start)) {
      const { head } = extent;
      if (head.segment === openId) end = Math.max(end, nextBlock(head.at + extentHeadBytes + head.bytes));
      if (!("entries" in extent)) continue;
      const { entries } = extent;
      const whole = entries !== null;
      found.push({ head: extent.head, whole, sound: whole && entries.every(({ state }) => state !== "bad") });
    }
    return { found, end };
  }

  /** Whether each payload that came with the batch is as its record says: payloads are synced with their batch. */
  async #tailIsWhole(batch: FoundBatch): Promise<boolean> {
    for (const entry of await this.#newPayloadsOf(batch))
      if (!(await this.#payloadIsWhole(entry))) return false;
    return true;
  }

  /** Whether the last batch was synced nobody knows: it may be only in the memory of the system. */
  async #writeTailAgain(batch: FoundBatch): Promise<void> {
    const { segment, at, bytes } = batch.head;
    for (const { payload } of await this.#newPayloadsOf(batch))
      if (payload !== null) await this.#segments.writeAgain(placeOfPayload(payload));
    await this.#segments.writeAgain({ segment, at, bytes: extentHeadBytes + bytes });
  }

  async #newPayloadsOf({ head }: FoundBatch): Promise<readonly Entry[]> {
    for await (const extent of this.#segments.walk(head.segment, head.at)) {
      if (!("entries" in extent) || extent.head.at !== head.at) return [];
      return (extent.entries ?? []).flatMap(({ entry }) => (entry?.payloadIsNew ? [entry] : []));
    }
    return [];
  }

  async #payloadIsWhole({ payload, summary }: Entry): Promise<boolean> {
    const record = decodeRecord(summary, null);
    if (payload === null || record.kind !== "image") return true;
    const hash = createHash("sha256");
    try {
      for await (const chunk of this.#segments.readPayload(payload, sealedChunkBytesMax)) hash.update(chunk);
    } catch (error) {
      if (!(error instanceof FaultError) || error.fault.code !== "DISK_FAILED") throw error;
      return false;
    }
    return hash.digest().equals(record.facts.payloadHash);
  }

  /** Tells the index what the batches say, in their order, which is that of the segments and of places in them. */
  async #replay(recovery: Extract<Recovery, { readonly kind: "good" }>, indexed: number): Promise<void> {
    const { index } = this.#options;
    const [first] = recovery.batches;
    if (first === undefined) return;
    const wanted = new Map(recovery.batches.map((head) => [head.batch, head]));
    const broken = new Set<ImageId>();
    const ruined: Place[] = [];
    const erased: Place[] = [];
    let changes: IndexChange[] = [];
    let after = indexed;
    for await (const extent of this.#segments.walkAfter(first.batch - 1, this.#start)) {
      if (!("entries" in extent) || wanted.get(extent.head.batch)?.at !== extent.head.at) continue;
      const { batch, feedHead } = extent.head;
      for (const found of extent.entries ?? []) {
        if (found.state === "bad") {
          broken.add(found.id);
          ruined.push(placeOfEntry(extent.head, found));
        }
        if (found.state === "erased") erased.push(placeOfEntry(extent.head, found));
        if (found.entry === null) continue;
        broken.delete(found.id);
        changes.push(this.#changeOf(extent.head, found, found.entry));
      }
      if (changes.length < rowsAtOnce && batch !== recovery.tail) continue;
      // Once more: the zeros may be only in the memory of the system, when the sync of who erased has failed.
      await this.#segments.erase(erased.splice(0), entryHeadBytes);
      await index.apply(changes, { after, batch, feedHead });
      after = batch;
      changes = [];
    }
    const [lost] = broken;
    if (lost !== undefined) {
      await index.clear();
      throw storeDamage(`the newest entry of image ${lost} cannot be read`);
    }
    // No index knows of them: when all that came after them is forgotten, they would be the newest.
    await this.#segments.erase(ruined, entryHeadBytes);
  }

  #changeOf(
    log: { readonly segment: SegmentId; readonly at: number },
    found: FoundEntry,
    entry: Entry,
  ): IndexChange {
    const { node, store } = this.#options;
    const record = decodeRecord(entry.summary, entry.thumbnail);
    return {
      kind: "put",
      row: rowOf(record, entry, entry.change, {
        entry: placeOfEntry(log, found),
        payload: entry.payload === null ? null : placeOfPayload(entry.payload),
        toErase: record.kind === "tombstone" && !record.erasedOn.includes(diskName(node, store)),
      }),
    };
  }

  /** The index has something in a segment that is no more: it is of another state of the disk. */
  async #namesLostSegments(): Promise<boolean> {
    const { index } = this.#options;
    const files = new Set(await this.#segments.payloadFiles());
    for (const { segment, liveBytes } of await index.segments()) {
      const known = this.#segments.known.some(({ id }) => id === segment);
      if (known || files.has(this.#segments.nameOf(segment))) continue;
      if (liveBytes === 0) await index.forgetSegment(segment);
      // A payload of its own that is lost is one missing copy; its record is still there.
      else if (!(await this.#isOnlyPayload(segment))) return true;
    }
    return false;
  }

  async #isOnlyPayload(segment: SegmentId): Promise<boolean> {
    const { rows } = await this.#options.index.inSegment(segment, null, 2);
    return rows.every(({ entry }) => entry.segment !== segment);
  }
}

/** Where an entry of the batch at `log` is. */
const placeOfEntry = (
  log: { readonly segment: SegmentId; readonly at: number },
  { at, bytes }: FoundEntry,
): Place => ({ segment: log.segment, at: log.at + extentHeadBytes + at, bytes });
