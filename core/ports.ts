/**
 * The holes in the wall between deciding and doing.
 *
 * Everything that the core needs of a machine comes through one of these. Each has a real implementation in
 * `core/io` and a simulated one in `test/sim`, and one contract suite runs on both.
 */
import type { ControlMessage, PeerMemory } from "./model/control.ts";
import type { Fault, Result } from "./model/faults.ts";
import type { Boot, Brand, ImageId, NodeId, StoreId, Term, UserName } from "./model/ids.ts";
import type { AnyRecord, ImageRecord, Verdict } from "./model/records.ts";
import type { MonotonicMs, WallMs } from "./model/units.ts";

export interface Clock {
  monotonic(): MonotonicMs;
  wall(): WallMs;
  /** Calls `wake` once, not before `at`; the returned function cancels it. */
  at(at: MonotonicMs, wake: () => void): () => void;
}

/** Uniform in [0, 1); seeded in the simulator. */
export interface Entropy {
  next(): number;
}

/** What was heard of a peer's control connection; only evidence of one's own. */
export type LinkEvent =
  | { readonly kind: "message"; readonly from: NodeId; readonly message: ControlMessage }
  /** Our connection to the peer is open. */
  | { readonly kind: "link.opened"; readonly peer: NodeId }
  /** It closed (FIN or RST). Says nothing yet. */
  | { readonly kind: "link.closed"; readonly peer: NodeId }
  /** It closed and connecting again was refused: nothing listens there. */
  | { readonly kind: "link.refused"; readonly peer: NodeId };

/** Unreliable, unordered across reconnects, at most once. */
export interface ControlTransport {
  /** Never blocks and never fails: what cannot be sent is dropped. */
  send(to: NodeId, message: ControlMessage): void;
  listen(onEvent: (event: LinkEvent) => void): void;
}

/** What must survive a crash for the election to be safe. */
export interface DurableTerm {
  readonly term: Term;
  readonly votedFor: NodeId | null;
  readonly boot: Boot;
  /** One more at each save: a disk from a backup has fewer than the others remember. */
  readonly saves: number;
}

export interface TermStore {
  load(): Result<DurableTerm | null>;
  /** Returns when it is on disk (fsynced). A failure means that the node must stop. */
  save(state: DurableTerm): Result<void>;
}

/** What a node's disk is, and what it remembers of the others' disks. */
export interface StandingStore {
  /** 0 before it is born or filled. */
  readonly generation: number;
  readonly memories: ReadonlyMap<NodeId, PeerMemory>;
  /** Returns when it is on disk (fsynced), the memories first. A failure means that the node must stop. */
  saveBirth(generation: number, memories: ReadonlyMap<NodeId, PeerMemory>): Result<void>;
}

/** One append-only file of a store, named by 32 hex digits. */
export type SegmentId = Brand<string, "SegmentId">;

/**
 * The folder of one store, on a disk that may fail. Names are plain file names. Everything rejects with a
 * FaultError: DISK_FULL when there is no room, DISK_FAILED for all else.
 */
export interface Disk {
  list(): Promise<readonly string[]>;
  /** The whole of a small file; null when there is none. */
  readSmall(name: string): Promise<Uint8Array | null>;
  /** After a crash the old or the new content is there, whole; the new one when this has resolved. */
  replaceSmall(name: string, content: Uint8Array): Promise<void>;
  /** A new file of `bytes` zeros; file and name are durable when it resolves. */
  create(name: string, bytes: number): Promise<DiskFile>;
  open(name: string): Promise<DiskFile>;
  /** The name is gone for good when it resolves. Who has the file open can go on reading. */
  remove(name: string): Promise<void>;
  /** What could still be written. */
  freeBytes(): number;
}

export interface DiskFile {
  readonly bytes: number;
  /** Up to `length` bytes from `at`; fewer only at the end of the file. */
  read(at: number, length: number): Promise<Uint8Array>;
  /** All of the pieces, one after the other from `at`. Durable only after `sync`; parts of it may be, or not. */
  write(at: number, pieces: readonly Uint8Array[]): Promise<void>;
  /** Durable: all that was written before the call. After a failure nothing is known, and trying again lies. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Where something stands in a store's segments; `bytes` with its head. */
export interface Place {
  readonly segment: SegmentId;
  readonly at: number;
  readonly bytes: number;
}

/** How far an index has come: every batch up to this one is in it. */
export interface IndexPosition {
  readonly batch: number;
  readonly feedHead: number;
}

/** How far one batch brings an index. */
export interface IndexStep extends IndexPosition {
  /** The batch at which the index must be; 0 for none. */
  readonly after: number;
}

/** The latest version of one record as the index keeps it. */
export interface IndexRow {
  readonly id: ImageId;
  readonly owner: UserName;
  readonly kind: AnyRecord["kind"];
  /** Who sees it besides its owner, sorted. */
  readonly readers: readonly UserName[];
  readonly change: number;
  /** The encoded record without its thumbnail, and the thumbnail. */
  readonly summary: Uint8Array;
  readonly thumbnail: Uint8Array | null;
  /** Where its entry is in the log, and where its payload is on this disk, if it is. */
  readonly entry: Place;
  readonly payload: Place | null;
  /** `homeKey` of the record; images with equal keys are counted together. Empty for a tombstone. */
  readonly homes: string;
  readonly payloadBytes: number;
  /** When it was put into the trash, milliseconds; null when it is not there. */
  readonly trashedAtMs: number | null;
  /** A tombstone that this disk has not acknowledged yet. */
  readonly toErase: boolean;
  /** 0 … 2^48 − 1, of the whole record. */
  readonly digest: number;
}

export type IndexChange =
  | { readonly kind: "put"; readonly row: IndexRow }
  /** Nothing is known of it any more. */
  | { readonly kind: "drop"; readonly id: ImageId };

export interface IndexedPage {
  readonly rows: readonly IndexRow[];
  /** There are more after the last. */
  readonly more: boolean;
}

/** Images whose copies are meant to be in the same places, and whose payload is here, or is not. */
export interface HomeSet {
  readonly homes: string;
  readonly here: boolean;
  readonly images: number;
  readonly payloadBytes: number;
}

export interface DigestBucket {
  /** Images whose ids begin with a time in this bucket. */
  readonly bucket: number;
  readonly records: number;
  /** Sum of their digests, modulo 2^48. */
  readonly digest: number;
}

export interface RecordDigest {
  readonly id: ImageId;
  readonly digest: number;
}

/** The latest change of one record. */
export interface Change extends RecordDigest {
  readonly change: number;
}

export interface ChangesPage {
  readonly changes: readonly Change[];
  readonly more: boolean;
}

export interface SegmentUse {
  readonly segment: SegmentId;
  /** Bytes of entries and payloads that are the latest of their image. */
  readonly liveBytes: number;
}

/**
 * All records of one store, findable; made from its segments and made again from them whenever it is missing,
 * damaged or ahead of them. Calls take effect in the order in which they are made. Everything rejects with a
 * FaultError (DISK_FULL, DISK_FAILED).
 */
export interface Index {
  position(): Promise<IndexPosition>;
  /**
   * One transaction: all of `changes`, in order, and the new position. Nothing of it, and DISK_FAILED, when the index is
   * not at `step.after`: so whoever failed once is behind for good, and never has a hole. On DISK_FULL it is not given
   * up: it is tried again before whatever is asked next, and until it is done everything is rejected with the same fault.
   */
  apply(changes: readonly IndexChange[], step: IndexStep): Promise<void>;
  /** Everything is forgotten: it begins again at batch 0. */
  clear(): Promise<void>;
  /** In the order of `ids`; null for what it does not know. */
  get(ids: readonly ImageId[]): Promise<readonly (IndexRow | null)[]>;
  /** The latest changes by their numbers, after `after`. */
  changedAfter(after: number, limit: number): Promise<ChangesPage>;
  /** In the order of `ids`; null for what it does not know. */
  digestsOf(ids: readonly ImageId[]): Promise<readonly (number | null)[]>;
  /** The images that `user` owns or reads, no tombstones, newest id first, before `before`. Thumbnails are left out. */
  list(user: UserName, before: ImageId | null, limit: number): Promise<IndexedPage>;
  /**
   * The images that `user` owns or reads, no tombstones, newest id first, that `namesImage` says are meant by `part`.
   * Thumbnails are left out.
   */
  find(user: UserName, part: string, limit: number): Promise<readonly IndexRow[]>;
  /** Everything by ascending id, after `after`. Thumbnails are left out. */
  walk(after: ImageId | null, limit: number): Promise<IndexedPage>;
  /** The rows whose entry or payload is in `segment`, by ascending id, after `after`. */
  inSegment(segment: SegmentId, after: ImageId | null, limit: number): Promise<IndexedPage>;
  /** Earlier entries of an image that are still in the segments, by segment and place; the present one is none. */
  supersededOf(id: ImageId): Promise<readonly Place[]>;
  /** These of them were erased. */
  forgetSuperseded(id: ImageId, places: readonly Place[]): Promise<void>;
  /** All of it is on disk, and what was replaced or dropped is in none of its files any more, when it resolves. */
  settle(): Promise<void>;
  /** Images in the trash since before `atMs`; tombstones that wait to be erased here; all tombstones. By id. */
  trashedBefore(atMs: number, after: ImageId | null, limit: number): Promise<IndexedPage>;
  toErase(limit: number): Promise<readonly IndexRow[]>;
  tombstones(after: ImageId | null, limit: number): Promise<IndexedPage>;
  /** Of images, no tombstones. */
  homeSets(): Promise<readonly HomeSet[]>;
  /** The images of one set, by ascending id, after `after`. Thumbnails are left out. */
  inHomeSet(set: Pick<HomeSet, "homes" | "here">, after: ImageId | null, limit: number): Promise<IndexedPage>;
  /** Images (no tombstones) whose payload is here, and the sum of their payload bytes. */
  holdings(): Promise<{ readonly images: number; readonly payloadBytes: number }>;
  digests(): Promise<readonly DigestBucket[]>;
  /** Ids and digests of one bucket, ascending, after `after`. */
  bucket(bucket: number, after: ImageId | null, limit: number): Promise<readonly RecordDigest[]>;
  /** Those in which anything live is. */
  segments(): Promise<readonly SegmentUse[]>;
  /** The segment is gone: its superseded places are forgotten. */
  forgetSegment(segment: SegmentId): Promise<void>;
  /** A short text under a name, kept with the rest; null when there is none. Not cleared by `clear`. */
  note(name: string): Promise<string | null>;
  setNote(name: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** A payload being written; nothing of it is visible before `commit`. */
export interface PayloadWriter {
  /**
   * Rejects with a FaultError: DISK_FULL, DISK_FAILED; HASH_MISMATCH when it is more than was told. `chunk` must not
   * be modified; `onDone` is called when it is not needed any more, unless something goes wrong.
   */
  write(chunk: Uint8Array, onDone?: () => void): Promise<void>;
  /** SHA-256 of what was written, once all of it was. */
  hash(): Uint8Array;
  /**
   * Payload and record, synced together and readable when it resolves, to the feed head that covers them.
   * HASH_MISMATCH when what was written is not what the record says.
   */
  commit(record: ImageRecord): Promise<Result<number>>;
  /** Forgets it. Safe to call after a failed commit, and twice. */
  abort(): Promise<void>;
}

export interface FeedPage {
  readonly entries: readonly RecordDigest[];
  readonly upTo: number;
  readonly feedHead: number;
}

/** What one disk has of an image. */
export interface Holding {
  readonly record: AnyRecord;
  /** The number of its latest change here. */
  readonly change: number;
  /** Its payload is on this disk. */
  readonly here: boolean;
}

export interface HoldingsPage {
  readonly holdings: readonly Holding[];
  readonly more: boolean;
}

/** One node's disk: records, joined on the way in, and the payloads of those whose home it is. */
export interface Store {
  readonly id: StoreId;
  /** Number of the latest change that is durable; each change of a record has one. */
  readonly feedHead: number;
  readonly images: number;
  readonly payloadBytes: number;
  /** Why nothing more can be stored; null while all is well. */
  readonly fault: Fault | null;
  /**
   * Why nothing is told: the index may lack what is durable. Null while all is well, and also on a disk that only takes
   * nothing more. While there is one, everything that is asked below rejects with it, but for what needs no index.
   */
  readonly readFault: Fault | null;
  begin(id: ImageId, payloadBytes: number): Promise<Result<PayloadWriter>>;
  /** Joins and makes durable; resolves to the feed head that covers them. */
  merge(records: readonly AnyRecord[]): Promise<Result<number>>;
  get(id: ImageId): Promise<Holding | null>;
  /**
   * Chunks of at most `sealedChunkBytesMax` of a payload on this disk, verified: small ones before the first
   * chunk, large ones as they end (then SEAL_BROKEN is thrown as a FaultError). Each belongs to who reads it.
   * IMAGE_UNAVAILABLE when it is not here.
   */
  read(id: ImageId): Promise<Result<AsyncIterable<Uint8Array>>>;
  /** Which records have their latest change after `after`, by change number. */
  changedAfter(after: number, limit: number): Promise<FeedPage>;
  /** In the order of `ids`; null for what is not known here. */
  digestsOf(ids: readonly ImageId[]): Promise<readonly (number | null)[]>;
  /** The same with the records themselves, thumbnails included. */
  recordsOf(ids: readonly ImageId[]): Promise<readonly (AnyRecord | null)[]>;
  /**
   * The images that `user` owns or reads, newest id first, with ids that sort before `before`; no tombstones, no
   * thumbnails.
   */
  list(user: UserName, before: ImageId | null, limit: number): Promise<HoldingsPage>;
  find(user: UserName, part: string, limit: number): Promise<readonly ImageId[]>;
  /** Everything by ascending id, without thumbnails. */
  walk(after: ImageId | null, limit: number): Promise<HoldingsPage>;
  homeSets(): Promise<readonly HomeSet[]>;
  /** The images of one set, by ascending id, without thumbnails. */
  inHomeSet(
    set: Pick<HomeSet, "homes" | "here">,
    after: ImageId | null,
    limit: number,
  ): Promise<HoldingsPage>;
  digests(): Promise<readonly DigestBucket[]>;
  bucket(bucket: number, after: ImageId | null, limit: number): Promise<readonly RecordDigest[]>;
}

/** What decoding says of a picture. The thumbnail is a WebP of at most 256 x 256 pixels, or null when there is none. */
export interface Inspected {
  readonly verdict: Verdict;
  readonly thumbnail: Uint8Array | null;
}

/** A stored picture that is to be decoded. */
export interface Inspection {
  /** Of the plain picture. */
  readonly bytes: number;
  /** A picture with more is not judged. */
  readonly pixelsMax: number;
  /** Called when its turn comes, if it does. What it gives is taken over; null when it cannot be read. Never rejects. */
  read(): Promise<Uint8Array | null>;
  /** Called once, whatever comes. Never rejects. */
  tell(inspected: Inspected): Promise<void>;
}

/** Decodes pictures for real, within bounds. */
export interface Inspector {
  /** Nobody waits for it: each picture is told of. */
  inspect(picture: Inspection): void;
}
