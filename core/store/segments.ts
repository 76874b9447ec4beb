/**
 * Append-only files in which many images share one sync (the idea of Haystack: Beaver et al., "Finding a needle in
 * Haystack: Facebook's photo storage", OSDI 2010).
 *
 * Space is given out in order from the open segment, which is made of zeros beforehand, so that a sync has no
 * sizes or block lists to write. When it is full it is sealed and the next one takes over; nothing is ever written
 * over but to erase it, and a file is never used again, only removed. The log is written by one writer, one batch
 * at a time (`store.ts`); payloads are written by many, each into the space that was reserved for it.
 */
import type { ImageId, StoreId } from "../model/ids.ts";
import type { Disk, DiskFile, Place, SegmentId } from "../ports.ts";
import { storeDamage, storeFull } from "./damage.ts";
import { OpenFiles } from "./files.ts";
import type { LogPlace } from "./log-start.ts";
import { decodeManifest, encodeManifest, type Manifest, manifestName, segmentIn } from "./manifest.ts";
import type { KnownSegment } from "./recover.ts";
import {
  blockBytes,
  encodeExtentHead,
  encodeSegmentHead,
  extentHeadBytes,
  isSegmentHead,
  nextBlock,
  type PayloadPlace,
  payloadFileName,
  segmentIdOf,
  segmentName,
} from "./segment-format.ts";
import { firstSegmentBytes, logReserveBytes, sharedBytesMax, smallPayloadBytesMax } from "./sizes.ts";
import { type FoundExtent, walkSegment } from "./walk.ts";
import { Writers } from "./writers.ts";

export interface SegmentsOptions {
  readonly disk: Disk;
  readonly store: StoreId;
  /** A new random name for each segment. */
  readonly newSegmentId: () => SegmentId;
  /** The size that segments grow to. */
  readonly segmentBytes: number;
  /** Payloads leave so much of the disk free, for deletes and compaction to work in. */
  readonly headroomBytes: number;
  /** As `sizes.ts` says when left out; fewer in the simulator. */
  readonly smallPayloadBytesMax?: number;
  /** How a segment is walked over; see `StoreOptions`. */
  readonly walk?: typeof walkSegment;
}

/** What the space is for: payloads keep off the headroom. */
export type Purpose = "payload" | "log";

/** Space in a segment that is the caller's to write. */
export interface Space {
  readonly segment: SegmentId;
  readonly name: string;
  /** Offset in the file. */
  readonly at: number;
  /** No more will be written: needed before its segment can be compacted. */
  release(): void;
}

const zeros = new Uint8Array(65_536);
/** Read and written at a time when something is written again. */
const againBytes = 1_048_576;

interface OpenSegment {
  readonly id: SegmentId;
  readonly name: string;
  readonly bytes: number;
  /** Where the next extent begins. */
  end: number;
}

export class Segments {
  readonly #options: SegmentsOptions;
  readonly #files: OpenFiles;
  #manifest: Manifest;
  #open: OpenSegment | null = null;
  #spare: Promise<OpenSegment | null> | null = null;
  /** Writers under way. */
  readonly #writers = new Writers();
  /** Space is given out one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  /** The heads of payloads, in the order of their places: each is written before the next. */
  #headsWritten: Promise<unknown> = Promise.resolve();
  /** The batch that is being written, and the last one that is synced. */
  #batchInFlight: Promise<unknown> = Promise.resolve();
  #syncedBatch = 0;
  #nextBatch = 1;
  /** The size of each segment: a new one is as large as all that there are. */
  readonly #sizes = new Map<SegmentId, number>();

  private constructor(options: SegmentsOptions, manifest: Manifest) {
    this.#options = options;
    this.#files = new OpenFiles(options.disk);
    this.#manifest = manifest;
  }

  /**
   * Reads the manifest, or makes the first one, and removes segments that it does not name. Rejects with DISK_*, or
   * STORE_DAMAGED when one that it names is not there or is not ours.
   */
  static async open(options: SegmentsOptions): Promise<Segments> {
    const { disk, store } = options;
    const bytes = await disk.readSmall(manifestName);
    const manifest = bytes === null ? { store, segments: [] } : decodeManifest(bytes);
    if (manifest === null || manifest.store !== store) throw storeDamage("the manifest is damaged");
    const segments = new Segments(options, manifest);
    try {
      if (bytes === null) await segments.#begin();
      await segments.#lookAround();
      return segments;
    } catch (error) {
      await segments.close();
      throw error;
    }
  }

  get smallPayloadBytesMax(): number {
    return this.#options.smallPayloadBytesMax ?? smallPayloadBytesMax;
  }

  get known(): readonly KnownSegment[] {
    return this.#manifest.segments;
  }

  /** The names of files with one large payload each. */
  async payloadFiles(): Promise<readonly string[]> {
    return (await this.#options.disk.list()).filter((name) => name.endsWith(".payload"));
  }

  removePayloadFile(name: string): Promise<void> {
    return this.#files.remove(name);
  }

  /** What is found in the segments that may have batches after `position`; in the one of `start` only from there on. */
  async *walkAfter(position: number, start: LogPlace | null = null): AsyncGenerator<FoundExtent> {
    for (const { id, last } of this.#manifest.segments) {
      if (last !== null && last <= position) continue;
      yield* this.walk(id, start?.segment === id ? start.at : blockBytes);
    }
  }

  walk(id: SegmentId, from: number = blockBytes): AsyncGenerator<FoundExtent> {
    return this.#files.reading(segmentName(id), (file) =>
      (this.#options.walk ?? walkSegment)(file, id, from),
    );
  }

  /**
   * The log goes on after batch `tail`, with numbers above `usedUpTo`; the open segment behind its last extent,
   * at `end`.
   */
  async resume(tail: number, usedUpTo: number, end: number): Promise<void> {
    this.#syncedBatch = tail;
    this.#nextBatch = usedUpTo + 1;
    const last = this.#manifest.segments.at(-1);
    if (last === undefined || last.last !== null) return;
    const name = segmentName(last.id);
    await this.#files.using(name, async (file) => {
      this.#open = { id: last.id, name, bytes: file.bytes, end };
    });
  }

  /** The number that the next batch has. */
  get nextBatch(): number {
    return this.#nextBatch;
  }

  get syncedBatch(): number {
    return this.#syncedBatch;
  }

  /** Space for a payload, its head already written. Large ones get a file of their own. */
  async reservePayload(id: ImageId, payloadBytes: number, purpose: Purpose = "payload"): Promise<Space> {
    const whole = extentHeadBytes + payloadBytes;
    const { space, written } = await this.#inTurn(async () => {
      const reserved =
        whole > sharedBytesMax(this.#options.segmentBytes)
          ? await this.#ownFile(whole)
          : await this.#allocate(whole, purpose);
      const { segment, at } = reserved;
      const head = encodeExtentHead({ kind: "payload", segment, at, bytes: payloadBytes, id });
      const writing = this.#headsWritten.then(() => this.write(reserved, 0, [head]));
      this.#headsWritten = writing.catch(() => undefined);
      return { space: reserved, written: writing };
    });
    try {
      await written;
    } catch (error) {
      space.release();
      throw error;
    }
    return space;
  }

  /** Space for one batch and the small payloads before it, in one piece. One at a time. */
  reserveBatch(bytes: number, purpose: Purpose): Promise<Space> {
    return this.#inTurn(() => this.#allocate(bytes, purpose));
  }

  /** Pieces one after the other, from `offset` in `space`. */
  write(space: Space, offset: number, pieces: readonly Uint8Array[]): Promise<void> {
    return this.#files.using(space.name, (file) => file.write(space.at + offset, pieces));
  }

  /**
   * Writes a batch where `reserveBatch` said, and syncs it together with the files in which its payloads are. Then
   * it counts. Heads of payloads that stand before it are written before it.
   */
  async writeBatch(
    space: Space,
    pieces: readonly Uint8Array[],
    payloadsIn: ReadonlySet<SegmentId>,
  ): Promise<void> {
    const batch = this.#nextBatch;
    const work = async (): Promise<void> => {
      await this.#headsWritten;
      await this.write(space, 0, pieces);
      const names = new Set([space.name, ...[...payloadsIn].map((id) => this.nameOf(id))]);
      await Promise.all([...names].map((name) => this.#files.sync(name)));
      this.#syncedBatch = batch;
    };
    this.#nextBatch = batch + 1;
    const running = work();
    this.#batchInFlight = running.catch(() => undefined);
    try {
      await running;
    } finally {
      space.release();
    }
  }

  /** Chunks of at most `chunkBytes`. */
  readPayload(place: PayloadPlace, chunkBytes: number): AsyncGenerator<Uint8Array> {
    const from = place.at + extentHeadBytes;
    return this.#files.reading(this.nameOf(place.segment), async function* (file: DiskFile) {
      for (let at = 0; at < place.payloadBytes; at += chunkBytes) {
        const bytes = await file.read(from + at, Math.min(chunkBytes, place.payloadBytes - at));
        if (bytes.length === 0) return;
        yield bytes;
      }
    });
  }

  /** Zeros in place of what stands at each place behind its head, on disk when it resolves. */
  async erase(places: readonly Place[], headBytes: number): Promise<void> {
    const touched = new Set<string>();
    for (const { segment, at, bytes } of places) {
      const name = this.nameOf(segment);
      touched.add(name);
      await this.#files.using(name, async (file) => {
        for (let from = headBytes; from < bytes; from += zeros.length)
          await file.write(at + from, [zeros.subarray(0, Math.min(zeros.length, bytes - from))]);
      });
    }
    await Promise.all([...touched].map((name) => this.#files.sync(name)));
  }

  /** What was written there is on disk when it resolves. */
  sync(segment: SegmentId): Promise<void> {
    return this.#files.sync(this.nameOf(segment));
  }

  /**
   * Makes sure of bytes that were found after a crash: writes them once more and syncs. A sync alone would not do,
   * for if the one before the crash has failed, the system takes for written what is not.
   */
  writeAgain({ segment, at, bytes }: Place): Promise<void> {
    return this.#files.using(this.nameOf(segment), async (file) => {
      for (let from = 0; from < bytes; from += againBytes)
        await file.write(at + from, [await file.read(at + from, Math.min(againBytes, bytes - from))]);
      await this.#files.synced(file);
    });
  }

  /** Raw bytes of an entry. */
  readEntry({ segment, at, bytes }: Place): Promise<Uint8Array> {
    return this.#files.using(segmentName(segment), (file) => file.read(at, bytes));
  }

  /** The id of a file with one payload, unless somebody writes to it. */
  unusedOwnFile(name: string): SegmentId | null {
    const [hex = ""] = name.split(".payload");
    if (!/^[0-9a-f]{32}$/.test(hex)) return null;
    const segment = segmentIdOf(hex);
    return this.#writers.has(segment) ? null : segment;
  }

  /** The segments that are full and that nobody writes to, and their sizes. */
  settled(): ReadonlyMap<SegmentId, number> {
    return new Map([...this.#sizes].filter(([id]) => this.#isSettled(id)));
  }

  /** Whether the file begins as it should. Rejects with DISK_FAILED when it cannot be read. */
  hasHead(id: SegmentId): Promise<boolean> {
    return this.#files.using(segmentName(id), async (file) =>
      isSegmentHead(await file.read(0, blockBytes), id, this.#options.store),
    );
  }

  /** Nothing more is written into that segment. */
  async seal(segment: SegmentId): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#open?.id === segment) await this.#roll(0, "log");
    });
  }

  isOwnFile(segment: SegmentId): boolean {
    return segmentIn(this.#manifest, segment) === undefined;
  }

  /** Removes a segment in which nothing lives; on disk when it resolves. */
  async remove(segment: SegmentId): Promise<void> {
    await this.#inTurn(() =>
      this.#replaceManifest(this.#manifest.segments.filter(({ id }) => id !== segment)),
    );
    this.#sizes.delete(segment);
    await this.#files.remove(segmentName(segment));
  }

  nameOf(segment: SegmentId): string {
    return this.isOwnFile(segment) ? payloadFileName(segment) : segmentName(segment);
  }

  async close(): Promise<void> {
    const spare = await this.#spare?.catch(() => null);
    if (spare) await this.#files.remove(spare.name).catch(() => undefined);
    await this.#files.close();
  }

  #isSettled(segment: SegmentId): boolean {
    return segmentIn(this.#manifest, segment)?.last != null && !this.#writers.has(segment);
  }

  #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** The next `bytes` of the open segment, or of the one after it. */
  async #allocate(bytes: number, purpose: Purpose): Promise<Space> {
    let open = this.#open;
    if (open === null || !(await this.#fits(open, bytes, purpose))) open = await this.#roll(bytes, purpose);
    const at = open.end;
    open.end = nextBlock(at + bytes);
    if (open.end > open.bytes / 2) this.#spare ??= this.#makeSpare();
    return this.#spaceAt(open.id, open.name, at);
  }

  async #fits(open: OpenSegment, bytes: number, purpose: Purpose): Promise<boolean> {
    if (open.end + bytes > open.bytes) return false;
    if (purpose === "log" || open.end + bytes <= open.bytes - logReserveBytes(this.#options.segmentBytes))
      return true;
    // The rest is for deletes, unless there is another segment to be had.
    return (await this.#spare) !== null || this.#hasRoomFor(this.#nextBytes, "payload");
  }

  #spaceAt(segment: SegmentId, name: string, at: number): Space {
    return { segment, name, at, release: this.#writers.add(segment) };
  }

  /** Seals the open segment and begins the next one. The log has no batch in flight meanwhile. */
  async #roll(bytes: number, purpose: Purpose): Promise<OpenSegment> {
    await this.#batchInFlight;
    const needed = blockBytes + nextBlock(bytes) + logReserveBytes(this.#options.segmentBytes);
    const spare = await this.#spare?.catch(() => null);
    this.#spare = null;
    const usable = spare !== null && spare !== undefined && spare.bytes >= needed;
    if (spare && !usable) await this.#files.remove(spare.name);
    const next = usable ? spare : await this.#make(nextBlock(Math.max(this.#nextBytes, needed)), purpose);
    const sealed = this.#manifest.segments.map((segment) =>
      segment.last === null ? { ...segment, last: this.#syncedBatch } : segment,
    );
    await this.#replaceManifest([...sealed, { id: next.id, first: this.#syncedBatch + 1, last: null }]);
    this.#sizes.set(next.id, next.bytes);
    this.#open = next;
    return next;
  }

  get #nextBytes(): number {
    const total = [...this.#sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
    return Math.min(this.#options.segmentBytes, Math.max(firstSegmentBytes, total));
  }

  #hasRoomFor(bytes: number, purpose: Purpose): boolean {
    const headroom = purpose === "payload" ? this.#options.headroomBytes : 0;
    return this.#options.disk.freeBytes() - bytes >= headroom;
  }

  async #make(bytes: number, purpose: Purpose): Promise<OpenSegment> {
    if (!this.#hasRoomFor(bytes, purpose)) throw storeFull(this.#options.disk.freeBytes());
    const { newSegmentId, store } = this.#options;
    const id = newSegmentId();
    const name = segmentName(id);
    await this.#files.create(name, bytes);
    await this.#files.using(name, async (file) => {
      await file.write(0, [encodeSegmentHead(id, store)]);
      await this.#files.synced(file);
    });
    return { id, name, bytes, end: blockBytes };
  }

  /** Made before it is needed, in the background; null when there is no room for it now. */
  async #makeSpare(): Promise<OpenSegment | null> {
    try {
      return await this.#make(nextBlock(this.#nextBytes), "payload");
    } catch {
      // Whoever needs it will try again, and hear why it cannot be had.
      return null;
    }
  }

  async #ownFile(bytes: number): Promise<Space> {
    if (!this.#hasRoomFor(bytes, "payload")) throw storeFull(this.#options.disk.freeBytes());
    const segment = this.#options.newSegmentId();
    const name = payloadFileName(segment);
    // Whoever finds the file must find its writer too: without one, and not in the index yet, it would look unused.
    const space = this.#spaceAt(segment, name, 0);
    try {
      await this.#files.create(name, 0);
    } catch (error) {
      space.release();
      throw error;
    }
    return space;
  }

  /** A store begins with its manifest: what is there without one is what is left of a store. */
  async #begin(): Promise<void> {
    const left = (await this.#options.disk.list()).some((name) => /\.(segment|payload)$/.test(name));
    if (left) throw storeDamage("the manifest is not there");
    await this.#replaceManifest([]);
  }

  async #replaceManifest(segments: readonly KnownSegment[]): Promise<void> {
    const manifest: Manifest = { store: this.#options.store, segments };
    await this.#options.disk.replaceSmall(manifestName, encodeManifest(manifest));
    this.#manifest = manifest;
  }

  /** What the manifest names has to be there; what else is there was given up. */
  async #lookAround(): Promise<void> {
    const names = new Set(await this.#options.disk.list());
    for (const { id } of this.#manifest.segments) {
      if (!names.has(segmentName(id))) throw storeDamage(`segment ${id} is not there`);
      await this.#look(id);
    }
    for (const name of names)
      if (name.endsWith(".segment") && !this.#isNamed(name)) await this.#files.remove(name);
  }

  /** Opens one that the manifest names, to see that it is what it should be. */
  async #look(id: SegmentId): Promise<void> {
    if (!(await this.hasHead(id))) throw storeDamage(`segment ${id} is not what it was`);
    this.#sizes.set(id, await this.#files.using(segmentName(id), async (file) => file.bytes));
  }

  #isNamed(name: string): boolean {
    return this.#manifest.segments.some(({ id }) => segmentName(id) === name);
  }
}
