/**
 * Records on disk: a journal of changes, replayed into memory at start.
 *
 * Every change is appended, and many changes share one fsync: while one batch is being synced the next one
 * gathers. Each fsync covers one entry — length, CRC-32, body (a `merge` message as on the wire) — so a crash
 * leaves at most one torn entry, at the end, and nothing in it was ever acknowledged. A bad entry with a good one
 * anywhere after it is no torn tail but damage, and refused. Change numbers count the journal's records in order,
 * so they mean the same after a restart.
 */
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { crc32 } from "node:zlib";
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import type { ImageId, NodeId, StoreId } from "../model/ids.ts";
import { frameBytesMax } from "../model/limits.ts";
import { type ImageRecord, joinRecords, knowsAllOf, roughBytesOf } from "../model/records.ts";
import type { FeedPage, RecordStore } from "../ports.ts";
import { decodeMessage, encodeMessage } from "../wire/codec.ts";
import { diskFault, syncFolderSoon, writeWhole } from "./disk.ts";
import { RecordIndex } from "./record-index.ts";

/** Opens (or makes) `records.journal` in `folder`. Errors: DISK_FULL, DISK_FAILED (also when it is damaged). */
export const openRecordJournal = async (
  folder: string,
  store: StoreId,
): Promise<Result<RecordStore & Closable>> => {
  const path = join(folder, "records.journal");
  try {
    const file = await open(path, "a+", 0o600);
    const index = new RecordIndex();
    const replayed = await replay(path, file, index);
    if (!replayed.ok) {
      await file.close();
      return replayed;
    }
    await file.truncate(replayed.value);
    await syncFolderSoon(dirname(path));
    return good(new RecordJournal(path, file, index, store));
  } catch (error) {
    return bad(diskFault(path, error));
  }
};

export interface Closable {
  /** Resolves when what was merged is durable and the file is closed. */
  close(): Promise<void>;
}

interface Waiting {
  readonly records: readonly ImageRecord[];
  readonly settle: (result: Result<number>) => void;
}

const entryHeadBytes = 8;
/** One entry stays under the frame bound, so the wire's codec can read it back; sizes are rough, so by half. */
const entryRoughBytesMax = frameBytesMax / 2;
const entryBytesMax = entryHeadBytes + frameBytesMax;

class RecordJournal implements RecordStore, Closable {
  readonly store: StoreId;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #index: RecordIndex;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | null = null;
  #failed: Fault | null = null;
  #closed = false;

  constructor(path: string, file: FileHandle, index: RecordIndex, store: StoreId) {
    this.#path = path;
    this.#file = file;
    this.#index = index;
    this.store = store;
  }

  get feedHead(): number {
    return this.#index.feedHead;
  }

  get(id: ImageId): ImageRecord | null {
    return this.#index.get(id);
  }

  changedAfter(after: number, limit: number): FeedPage {
    return this.#index.changedAfter(after, limit);
  }

  list(owner: string, before: ImageId | null, limit: number): readonly ImageRecord[] {
    return this.#index.list(owner, before, limit);
  }

  all(): Iterable<ImageRecord> {
    return this.#index.all();
  }

  homeSets(): Iterable<readonly NodeId[]> {
    return this.#index.homeSets();
  }

  merge(records: readonly ImageRecord[]): Promise<Result<number>> {
    if (this.#closed) return Promise.resolve(bad(fault("NODE_NOT_READY", { reason: "it is stopping" })));
    return new Promise((settle) => {
      this.#waiting.push({ records, settle });
      this.#flushing ??= this.#flush();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const result = await this.#append(batch.flatMap((entry) => entry.records));
      for (const entry of batch) entry.settle(result);
    }
    this.#flushing = null;
  }

  /** Durable first, visible after. A failed write or sync is never tried again: the disk is not to be trusted. */
  async #append(records: readonly ImageRecord[]): Promise<Result<number>> {
    if (this.#failed !== null) return bad(this.#failed);
    try {
      for (const entry of entriesOf(this.#changesOf(records))) {
        await writeWhole(this.#file, entryOf(entry));
        await this.#file.datasync();
        for (const record of entry) this.#index.put(record);
      }
    } catch (error) {
      this.#failed = diskFault(this.#path, error);
      return bad(this.#failed);
    }
    return good(this.#index.feedHead);
  }

  /** What of `records` is news, joined with what is known; one entry an image. */
  #changesOf(records: readonly ImageRecord[]): readonly ImageRecord[] {
    const changed = new Map<ImageId, ImageRecord>();
    for (const record of records) {
      const id = record.facts.id;
      const known = changed.get(id) ?? this.#index.get(id);
      if (known !== null && knowsAllOf(known, record)) continue;
      changed.set(id, known === null ? record : joinRecords(known, record));
    }
    return [...changed.values()];
  }
}

/** Cut so that each part fits in an entry; a single record always does. */
const entriesOf = (records: readonly ImageRecord[]): readonly (readonly ImageRecord[])[] => {
  const entries: ImageRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    bytes += roughBytesOf(record);
    if (bytes > entryRoughBytesMax) {
      entries.push([]);
      bytes = roughBytesOf(record);
    }
    entries.at(-1)?.push(record);
  }
  return entries;
};

const entryOf = (records: readonly ImageRecord[]): Buffer => {
  const body = encodeMessage({ kind: "merge", records });
  const entry = Buffer.allocUnsafe(entryHeadBytes + body.length);
  entry.writeUInt32BE(body.length, 0);
  entry.writeUInt32BE(crc32(body), 4);
  entry.set(body, entryHeadBytes);
  return entry;
};

/** Reads every entry into `index` and returns how many bytes are good: all but a torn tail. */
const replay = async (path: string, file: FileHandle, index: RecordIndex): Promise<Result<number>> => {
  const { size } = await file.stat();
  let offset = 0;
  while (offset < size) {
    const entry = await readEntry(file, offset, size);
    if (entry === null) {
      if (size - offset <= entryBytesMax && !(await hasEntryAfter(file, offset, size))) break;
      return bad(fault("DISK_FAILED", { path, reason: `the journal is damaged at byte ${offset}` }));
    }
    for (const record of entry.records) index.put(record);
    offset = entry.end;
  }
  return good(offset);
};

interface Entry {
  readonly records: readonly ImageRecord[];
  /** Where the next one begins. */
  readonly end: number;
}

const readEntry = async (file: FileHandle, offset: number, size: number): Promise<Entry | null> => {
  const head = Buffer.alloc(entryHeadBytes);
  await file.read(head, 0, entryHeadBytes, offset);
  const bodyBytes = head.readUInt32BE(0);
  const end = offset + entryHeadBytes + bodyBytes;
  if (bodyBytes === 0 || bodyBytes > frameBytesMax || end > size) return null;
  const body = Buffer.alloc(bodyBytes);
  await file.read(body, 0, bodyBytes, offset + entryHeadBytes);
  const records = recordsIn(head, body);
  return records === null ? null : { records, end };
};

const recordsIn = (head: Buffer, body: Buffer): readonly ImageRecord[] | null => {
  if (crc32(body) !== head.readUInt32BE(4)) return null;
  const message = decodeMessage(body);
  return message.ok && message.value.kind === "merge" ? message.value.records : null;
};

/**
 * Whether a good entry begins anywhere behind the bad one at `offset`. Entries are synced one after another, so
 * nothing can follow a torn one. Looks at every byte, because the bad entry's length says nothing.
 */
const hasEntryAfter = async (file: FileHandle, offset: number, size: number): Promise<boolean> => {
  const tail = Buffer.alloc(size - offset);
  await file.read(tail, 0, tail.length, offset);
  for (let at = 1; at + entryHeadBytes < tail.length; at++) {
    const bodyBytes = tail.readUInt32BE(at);
    const end = at + entryHeadBytes + bodyBytes;
    if (bodyBytes === 0 || end > tail.length) continue;
    if (recordsIn(tail.subarray(at, at + entryHeadBytes), tail.subarray(at + entryHeadBytes, end)) !== null)
      return true;
  }
  return false;
};
