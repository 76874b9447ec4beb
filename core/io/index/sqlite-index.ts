/**
 * The index on SQLite, for a thread that may wait.
 *
 * The same as the port `Index`, only that every call returns when it is done and throws what SQLite throws. A
 * row goes in together with what it does to the sums and to the superseded places, in one transaction; so the
 * file holds at every moment exactly the batches up to its position.
 */
import { renameSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { ImageId, UserName } from "../../model/ids.ts";
import type {
  ChangesPage,
  DigestBucket,
  HomeSet,
  Index,
  IndexChange,
  IndexedPage,
  IndexPosition,
  IndexRow,
  IndexStep,
  Place,
  RecordDigest,
  SegmentId,
  SegmentUse,
} from "../../ports.ts";
import {
  bytesOfHex,
  bytesOfId,
  type Columns,
  columnsOf,
  countedOf,
  idOf,
  placeOf,
  rowOf,
  segmentOf,
} from "./columns.ts";
import { Differences, homeSetKey } from "./differences.ts";
import { endsBeginning, idsBeginning, idsInBucket } from "./id-ranges.ts";
import { prepareAll, type Statements } from "./queries.ts";
import { checkpoint, openDatabase, removeDatabase } from "./schema.ts";
import { DamagedIndex, isOutOfReach } from "./sqlite-faults.ts";

/** The methods of a port that answer at once instead of later. */
export type AtOnce<Port> = {
  readonly [Name in keyof Port]: Port[Name] extends (...parameters: infer Parameters) => Promise<infer Value>
    ? (...parameters: Parameters) => Value
    : never;
};

/** Before and after all ids and segments, which have 16 bytes. */
const noBytes = new Uint8Array(0);
const afterAllIds = new Uint8Array(17).fill(0xff);

/**
 * Opens the index in the file `path`, or begins a new one there when there is none, or none that can be used.
 * Throws what SQLite throws when that cannot be done, or when the file cannot be reached now.
 */
export const openSqliteIndex = (path: string): SqliteIndex => {
  try {
    return new SqliteIndex(path);
  } catch (error) {
    if (isOutOfReach(error)) throw error;
    removeDatabase(path);
    return new SqliteIndex(path);
  }
};

export class SqliteIndex implements AtOnce<Index> {
  readonly #path: string;
  /** By `homeSetKey`. */
  readonly #homeSets = new Map<string, number>();
  #database: DatabaseSync;
  #statements: Statements;

  constructor(path: string) {
    this.#path = path;
    this.#database = openDatabase(path);
    try {
      this.#statements = prepareAll(this.#database);
      this.position();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  position(): IndexPosition {
    const { batch, feed_head } = this.#state();
    return { batch: Number(batch), feedHead: Number(feed_head) };
  }

  apply(changes: readonly IndexChange[], { after, batch, feedHead }: IndexStep): void {
    this.#atomically(() => {
      const at = this.position().batch;
      if (at !== after) throw new Error(`batch ${batch} follows on ${after}, and the index is at ${at}`);
      const differences = new Differences();
      for (const change of changes) {
        if (change.kind === "put") this.#put(change.row, differences);
        else this.#drop(change.id, differences);
      }
      this.#move(differences);
      const { count, total } = differences.held;
      this.#statements.moveState.run(batch, feedHead, count, total);
    });
  }

  /** A new file takes the place of the old one; to empty the old one, every page of it would have to be written. */
  clear(): void {
    const draft = `${this.#path}-new`;
    // With all of it in the old file, no log is left that could be taken for the new file's.
    this.#database.exec(checkpoint);
    this.#copyNotes(draft);
    this.#homeSets.clear();
    this.#database.close();
    try {
      renameSync(draft, this.#path);
    } finally {
      this.#database = openDatabase(this.#path);
      this.#statements = prepareAll(this.#database);
    }
  }

  get(ids: readonly ImageId[]): readonly (IndexRow | null)[] {
    return ids.map((id) => this.#rowOf(bytesOfId(id)));
  }

  changedAfter(after: number, limit: number): ChangesPage {
    const found = this.#statements.changedAfter.all(after, limit + 1);
    const changes = found.slice(0, limit).map(({ id, change, digest }) => ({
      id: idOf(id as Uint8Array),
      change: Number(change),
      digest: Number(digest),
    }));
    return { changes, more: found.length > limit };
  }

  digestsOf(ids: readonly ImageId[]): readonly (number | null)[] {
    return ids.map((id) => {
      const digest = this.#statements.digestOf.get(bytesOfId(id))?.digest;
      return digest === undefined ? null : Number(digest);
    });
  }

  list(user: UserName, before: ImageId | null, limit: number): IndexedPage {
    const end = before === null ? afterAllIds : bytesOfId(before);
    const { list, listShared } = this.#statements;
    const own = list.all(user, end, limit + 1);
    const shared = listShared.all(user, end, limit + 1);
    if (shared.length === 0) return pageOf(own, limit);
    return { rows: newestOf([...own, ...shared], limit), more: own.length + shared.length > limit };
  }

  find(user: UserName, part: string, limit: number): readonly IndexRow[] {
    const { findBeginning, findSharedBeginning, findEnd, findSharedEnd } = this.#statements;
    const range = idsBeginning(part);
    const ends = endsBeginning(part);
    const within = range === null ? null : ([user, range.first, range.last, limit] as const);
    const ending = ends === null ? null : ([user, ends.first, ends.last, limit] as const);
    return newestOf(
      [
        ...(within === null ? [] : [...findBeginning.all(...within), ...findSharedBeginning.all(...within)]),
        ...(ending === null ? [] : [...findEnd.all(...ending), ...findSharedEnd.all(...ending)]),
      ],
      limit,
    );
  }

  walk(after: ImageId | null, limit: number): IndexedPage {
    return pageOf(this.#statements.walk.all(startAfter(after), limit + 1), limit);
  }

  inSegment(segment: SegmentId, after: ImageId | null, limit: number): IndexedPage {
    const ids = this.#statements.inSegment.all(bytesOfHex(segment), startAfter(after), limit + 1);
    const rows = ids.slice(0, limit).flatMap(({ id }) => this.#rowOf(id as Uint8Array) ?? []);
    return { rows, more: ids.length > limit };
  }

  supersededOf(id: ImageId): readonly Place[] {
    const places = this.#statements.supersededOf.all(bytesOfId(id));
    return places.map(({ segment, at, extent }) =>
      placeOf(segment as Uint8Array, Number(at), Number(extent)),
    );
  }

  forgetSuperseded(id: ImageId, places: readonly Place[]): void {
    this.#atomically(() => {
      for (const { segment, at } of places)
        this.#statements.forgetSuperseded.run(bytesOfId(id), bytesOfHex(segment), at);
    });
  }

  /** Pages that are freed are zeros (`secure_delete`); the log may still have what was in them. */
  settle(): void {
    this.#database.exec(checkpoint);
  }

  trashedBefore(atMs: number, after: ImageId | null, limit: number): IndexedPage {
    return pageOf(this.#statements.trashedBefore.all(atMs, startAfter(after), limit + 1), limit);
  }

  toErase(limit: number): readonly IndexRow[] {
    return this.#statements.toErase.all(limit).map(rowOf);
  }

  tombstones(after: ImageId | null, limit: number): IndexedPage {
    return pageOf(this.#statements.tombstones.all(startAfter(after), limit + 1), limit);
  }

  homeSets(): readonly HomeSet[] {
    return this.#statements.homeSets.all().map(({ homes, here, images, payload_bytes }) => ({
      homes: String(homes),
      here: here === 1,
      images: Number(images),
      payloadBytes: Number(payload_bytes),
    }));
  }

  inHomeSet(
    { homes, here }: Pick<HomeSet, "homes" | "here">,
    after: ImageId | null,
    limit: number,
  ): IndexedPage {
    const id = this.#statements.findHomeSet.get(homes, Number(here))?.id;
    if (id === undefined) return { rows: [], more: false };
    return pageOf(this.#statements.inHomeSet.all(id, startAfter(after), limit + 1), limit);
  }

  holdings(): { readonly images: number; readonly payloadBytes: number } {
    const { held_images, held_bytes } = this.#state();
    return { images: Number(held_images), payloadBytes: Number(held_bytes) };
  }

  digests(): readonly DigestBucket[] {
    return this.#statements.digests.all().map(({ bucket, records, digest }) => ({
      bucket: Number(bucket),
      records: Number(records),
      digest: Number(digest),
    }));
  }

  bucket(bucket: number, after: ImageId | null, limit: number): readonly RecordDigest[] {
    const range = idsInBucket(bucket);
    if (range === null) return [];
    return this.#statements.bucket
      .all(range.first, range.last, startAfter(after), limit)
      .map(({ id, digest }) => ({ id: idOf(id as Uint8Array), digest: Number(digest) }));
  }

  segments(): readonly SegmentUse[] {
    return this.#statements.segments.all().map(({ segment, live_bytes }) => ({
      segment: segmentOf(segment as Uint8Array),
      liveBytes: Number(live_bytes),
    }));
  }

  forgetSegment(segment: SegmentId): void {
    this.#statements.forgetSegment.run(bytesOfHex(segment));
  }

  note(name: string): string | null {
    const text = this.#statements.note.get(name)?.text;
    return text === undefined ? null : String(text);
  }

  setNote(name: string, text: string): void {
    this.#statements.setNote.run(name, text);
  }

  /** All of it is in the one file, durable, and the file is free for others. Throws when it is not durable. */
  close(): void {
    try {
      this.#database.exec(checkpoint);
    } finally {
      this.#database.close();
    }
  }

  /** Of a damaged index: the file is gone, and every call throws. */
  discard(): void {
    this.#database.close();
    removeDatabase(this.#path);
  }

  /** A new database at `path` that has the notes and nothing else. */
  #copyNotes(path: string): void {
    removeDatabase(path);
    const database = openDatabase(path);
    try {
      const { setNote } = prepareAll(database);
      for (const { name = null, text = null } of this.#statements.notes.all()) setNote.run(name, text);
      database.exec(checkpoint);
    } finally {
      database.close();
    }
  }

  #put(row: IndexRow, differences: Differences): void {
    const { insert, update, delete: remove } = this.#statements;
    const columns = columnsOf(row, row.kind === "image" ? this.#homeSetOf(row) : null);
    const known = this.#statements.counted.get(columns.id);
    const before = known === undefined ? null : countedOf(known);
    differences.add(row);
    this.#letRead(bytesOfId(row.id), before?.readers ?? [], row.readers);
    if (before === null) {
      insert.run(columns);
      return;
    }
    differences.remove(before);
    this.#supersede(before.entry, row);
    if (update.run(columns).changes === 1) return;
    // An image became a tombstone.
    remove.run(columns.id);
    insert.run(columns);
  }

  #letRead(id: Uint8Array, before: readonly UserName[], now: readonly UserName[]): void {
    const { addReader, dropReader } = this.#statements;
    for (const reader of before) if (!now.includes(reader)) dropReader.run(reader, id);
    for (const reader of now) if (!before.includes(reader)) addReader.run(reader, id);
  }

  /** An entry that a newer one replaced is remembered until it is erased; the newest is never among them. */
  #supersede(before: Place, { id, entry }: IndexRow): void {
    if (before.segment === entry.segment && before.at === entry.at) return;
    const { supersede, forgetSuperseded } = this.#statements;
    supersede.run(bytesOfId(id), bytesOfHex(before.segment), before.at, before.bytes);
    forgetSuperseded.run(bytesOfId(id), bytesOfHex(entry.segment), entry.at);
  }

  #drop(id: ImageId, differences: Differences): void {
    const key = bytesOfId(id);
    const known = this.#statements.counted.get(key);
    if (known === undefined) return;
    const before = countedOf(known);
    differences.remove(before);
    this.#letRead(key, before.readers, []);
    this.#statements.delete.run(key);
    this.#statements.dropSuperseded.run(key);
  }

  /** Sums of nothing have no row. */
  #move({ segments, homeSets, buckets }: Differences): void {
    const all = this.#statements;
    for (const [segment, bytes] of segments) {
      if (bytes === 0) continue;
      all.moveSegment.run(bytesOfHex(segment), bytes);
      all.dropSegment.run(bytesOfHex(segment));
    }
    for (const [key, { count, total }] of homeSets) {
      const set = [key.slice(1), Number(key.startsWith("+"))] as const;
      all.moveHomeSet.run(count, total, ...set);
      if (all.dropHomeSet.run(...set).changes === 1) this.#homeSets.delete(key);
    }
    for (const [bucket, { count, total }] of buckets) {
      if (count === 0 && total === 0) continue;
      all.moveDigest.run(bucket, count, total);
      all.dropDigest.run(bucket);
    }
  }

  /** The number of the set that the image is in: a new one, counted later, when nothing was in it. */
  #homeSetOf(row: IndexRow): number {
    const key = homeSetKey(row);
    const { findHomeSet, addHomeSet } = this.#statements;
    const set = [row.homes, Number(row.payload !== null)] as const;
    const id = this.#homeSets.get(key) ?? Number((findHomeSet.get(...set) ?? addHomeSet.get(...set))?.id);
    this.#homeSets.set(key, id);
    return id;
  }

  #rowOf(id: Uint8Array): IndexRow | null {
    const columns = this.#statements.get.get(id);
    return columns === undefined ? null : rowOf(columns);
  }

  #state(): Columns {
    const state = this.#statements.state.get();
    if (state === undefined) throw new DamagedIndex("it does not say how far it has come");
    return state;
  }

  #atomically(change: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      change();
      this.#database.exec("COMMIT");
    } catch (error) {
      // After some errors, a full disk among them, SQLite has rolled back already.
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      this.#homeSets.clear();
      throw error;
    }
  }
}

const startAfter = (id: ImageId | null): Uint8Array => (id === null ? noBytes : bytesOfId(id));

/** Each once. */
const newestOf = (found: readonly Columns[], limit: number): readonly IndexRow[] => {
  const rows = new Map(found.map(rowOf).map((row) => [row.id, row]));
  return [...rows.values()].sort((a, b) => (a.id < b.id ? 1 : -1)).slice(0, limit);
};

const pageOf = (found: readonly Columns[], limit: number): IndexedPage => ({
  rows: found.slice(0, limit).map(rowOf),
  more: found.length > limit,
});
