/**
 * The holes in the wall between deciding and doing.
 *
 * Everything that the core needs of a machine comes through one of these. Each has a real implementation in
 * `core/io` and a simulated one in `test/sim`, and one contract suite runs on both.
 */
import type { ControlMessage } from "./model/control.ts";
import type { Result } from "./model/faults.ts";
import type { Boot, ImageId, NodeId, StoreId, Term } from "./model/ids.ts";
import type { ImageRecord, Verdict } from "./model/records.ts";
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
}

export interface TermStore {
  load(): Result<DurableTerm | null>;
  /** Returns when it is on disk (fsynced). A failure means that the node must stop. */
  save(state: DurableTerm): Result<void>;
}

/** A payload being written; nothing of it is visible before `commit`. */
export interface PayloadWriter {
  write(chunk: Uint8Array): Promise<void>;
  /** Synced and readable when it resolves; `payloadHash` must be the SHA-256 of all that was written. */
  commit(payloadHash: Uint8Array): Promise<Result<void>>;
  /** Forgets it. Safe to call after a failed commit, and twice. */
  abort(): Promise<void>;
}

/** Immutable payloads, keyed by (image id, SHA-256 of the payload). */
export interface PayloadStore {
  begin(id: ImageId, payloadBytes: number): Promise<Result<PayloadWriter>>;
  has(id: ImageId, payloadHash: Uint8Array): boolean;
  /** Chunks of at most `sealedChunkBytesMax`; ends with SEAL_BROKEN thrown as FaultError when the hash differs. */
  read(id: ImageId, payloadHash: Uint8Array): Promise<Result<AsyncIterable<Uint8Array>>>;
  readonly images: number;
  readonly payloadBytes: number;
}

export interface FeedPage {
  readonly records: readonly ImageRecord[];
  readonly upTo: number;
  readonly feedHead: number;
}

/** Records, joined on the way in; a change number for each change, announced only when durable. */
export interface RecordStore {
  readonly store: StoreId;
  readonly feedHead: number;
  get(id: ImageId): ImageRecord | null;
  /** Joins and makes durable; resolves to the feed head that covers them. */
  merge(records: readonly ImageRecord[]): Promise<Result<number>>;
  /** Records whose latest change is after `after`, by change number. */
  changedAfter(after: number, limit: number): FeedPage;
  /** `owner`'s records, newest id first, with ids that sort before `before`. */
  list(owner: string, before: ImageId | null, limit: number): readonly ImageRecord[];
  all(): Iterable<ImageRecord>;
  /** The different sets of homes that images have: few, however many images. */
  homeSets(): Iterable<readonly NodeId[]>;
}

/** Decodes a picture for real, within bounds. */
export interface Inspector {
  /** Never rejects. The thumbnail is a WebP of at most 256 x 256 pixels, or null when there is none. */
  inspect(
    image: readonly Uint8Array[],
    pixelsMax: number,
  ): Promise<{
    readonly verdict: Verdict;
    readonly thumbnail: Uint8Array | null;
  }>;
}
