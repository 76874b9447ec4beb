/**
 * What a batch of the log will say: the wishes that came in together, joined with what is known.
 *
 * Only what is news gets an entry, one for each image, however many wishes were about it. Pure: the same wishes
 * and the same knowledge make the same batch.
 */
import { type Fault, fault } from "../model/faults.ts";
import type { ImageId } from "../model/ids.ts";
import {
  type AnyRecord,
  type ImageRecord,
  joinRecords,
  knowsAllOf,
  recordId,
  roughBytesOf,
  type Tombstone,
} from "../model/records.ts";
import type { Place } from "../ports.ts";
import { entryHeadBytes } from "./segment-format.ts";

/** What this disk has of an image. */
export interface Known {
  readonly record: AnyRecord;
  readonly change: number;
  readonly payload: Place | null;
}

/** A payload that waits for its batch: in memory, or already in its place. */
export interface StagedPayload {
  readonly payloadBytes: number;
  readonly hash: Uint8Array;
  readonly where:
    | { readonly kind: "memory"; readonly pieces: readonly Uint8Array[] }
    | { readonly kind: "placed"; readonly place: Place };
}

export type Wish =
  | { readonly kind: "merge"; readonly records: readonly AnyRecord[] }
  | { readonly kind: "commit"; readonly record: ImageRecord; readonly payload: StagedPayload }
  /** The payload that was at `from` is at `to` now, or nowhere; the entry is written anew. */
  | { readonly kind: "move"; readonly id: ImageId; readonly from: Place | null; readonly to: Place | null }
  /** Nothing is left of the image but this tombstone. */
  | { readonly kind: "erased"; readonly tombstone: Tombstone }
  /** And now not even that: every entry up to this change is erased. Not granted when there is a later one. */
  | { readonly kind: "drop"; readonly id: ImageId; readonly change: number };

/** The new version of what is known of one image. */
export interface Draft {
  readonly record: AnyRecord;
  /** Keeps the old number when only the place is new. */
  readonly change: number;
  readonly payload: Place | StagedPayload | null;
}

export interface Plan {
  readonly drafts: ReadonlyMap<ImageId, Draft>;
  /** Images of which nothing is known any more. */
  readonly drops: readonly ImageId[];
  /** For each wish: why it is not granted, or null. */
  readonly faults: readonly (Fault | null)[];
  readonly feedHead: number;
}

/** `known` has an entry for every image that the wishes are about. */
export const planBatch = (
  wishes: readonly Wish[],
  known: ReadonlyMap<ImageId, Known | null>,
  feedHead: number,
): Plan => new Planner(known, feedHead).plan(wishes);

export const imagesOf = (wish: Wish): readonly ImageId[] => {
  switch (wish.kind) {
    case "merge":
      return wish.records.map(recordId);
    case "commit":
      return [wish.record.facts.id];
    case "move":
    case "drop":
      return [wish.id];
    case "erased":
      return [wish.tombstone.id];
  }
};

/** How many of `wishes`, from the first, are sure to make entries of at most `bytesMax` together; at least one. */
export const countFitting = (
  wishes: readonly Wish[],
  known: ReadonlyMap<ImageId, Known | null>,
  bytesMax: number,
): number => {
  let bytes = 0;
  const tooMany = wishes.findIndex((wish, at) => {
    // What is joined is no larger than both together.
    const before = imagesOf(wish).flatMap((id) => known.get(id)?.record ?? []);
    for (const record of [...before, ...recordsIn(wish)]) bytes += entryHeadBytes + roughBytesOf(record);
    return at > 0 && bytes > bytesMax;
  });
  return tooMany === -1 ? wishes.length : tooMany;
};

/** The records that the wish brings. */
const recordsIn = (wish: Wish): readonly AnyRecord[] => {
  switch (wish.kind) {
    case "merge":
      return wish.records;
    case "commit":
      return [wish.record];
    case "move":
    case "drop":
      return [];
    case "erased":
      return [wish.tombstone];
  }
};

interface Pending {
  record: AnyRecord;
  payload: Place | StagedPayload | null;
  /** The record says more than before. */
  changed: boolean;
  /** There is something to write. */
  dirty: boolean;
}

class Planner {
  readonly #known: ReadonlyMap<ImageId, Known | null>;
  readonly #pending = new Map<ImageId, Pending>();
  readonly #drops = new Set<ImageId>();
  #feedHead: number;

  constructor(known: ReadonlyMap<ImageId, Known | null>, feedHead: number) {
    this.#known = known;
    this.#feedHead = feedHead;
  }

  plan(wishes: readonly Wish[]): Plan {
    const faults = wishes.map((wish) => this.#grant(wish));
    const drafts = new Map<ImageId, Draft>();
    for (const [id, { record, payload, changed, dirty }] of this.#pending) {
      if (!dirty || this.#drops.has(id)) continue;
      const change = changed ? ++this.#feedHead : (this.#known.get(id)?.change ?? 0);
      drafts.set(id, { record, change, payload });
    }
    return { drafts, drops: [...this.#drops], faults, feedHead: this.#feedHead };
  }

  #grant(wish: Wish): Fault | null {
    switch (wish.kind) {
      case "merge":
        for (const record of wish.records) this.#join(record);
        return null;
      case "commit":
        return this.#commit(wish.record, wish.payload);
      case "move": {
        const pending = this.#of(wish.id);
        if (pending === null || !samePlace(pending.payload, wish.from)) return null;
        pending.payload = wish.to;
        pending.dirty = true;
        return null;
      }
      case "erased": {
        const pending = this.#join(wish.tombstone);
        if (pending.payload !== null) pending.dirty = true;
        pending.payload = null;
        return null;
      }
      case "drop":
        // Not when somebody has brought it back, or more of it, in the same batch.
        if (this.#of(wish.id)?.dirty === false && this.#known.get(wish.id)?.change === wish.change)
          this.#drops.add(wish.id);
        return null;
    }
  }

  #commit(record: ImageRecord, payload: StagedPayload): Fault | null {
    const { id } = record.facts;
    const before = this.#of(id);
    if (before !== null && !isSameImage(before.record, record)) return fault("ID_TAKEN", { id });
    const pending = this.#join(record);
    if (pending.payload === null) {
      pending.payload = payload;
      pending.dirty = true;
    }
    return null;
  }

  #join(record: AnyRecord): Pending {
    const id = recordId(record);
    this.#drops.delete(id);
    const before = this.#of(id);
    if (before === null) {
      const first: Pending = { record, payload: null, changed: true, dirty: true };
      this.#pending.set(id, first);
      return first;
    }
    // An id is made of its image (`seal/image-id.ts`): what says otherwise is not listened to.
    if (record.kind === "image" && before.record.kind === "image" && !isSameImage(before.record, record))
      return before;
    if (!knowsAllOf(before.record, record)) {
      before.record = joinRecords(before.record, record);
      before.changed = true;
      before.dirty = true;
    }
    return before;
  }

  /** What this batch knows of the image so far. */
  #of(id: ImageId): Pending | null {
    const pending = this.#pending.get(id);
    if (pending !== undefined) return pending;
    const known = this.#known.get(id);
    if (known === undefined) throw new Error(`nobody has asked what is known of ${id}`);
    if (known === null) return null;
    const { record, payload } = known;
    const first: Pending = { record, payload, changed: false, dirty: false };
    this.#pending.set(id, first);
    return first;
  }
}

/** Not after a purge, and not another payload under the same id. */
const isSameImage = (known: AnyRecord, { facts }: ImageRecord): boolean =>
  known.kind === "image" &&
  known.facts.owner === facts.owner &&
  known.facts.payloadHash.every((byte, at) => byte === facts.payloadHash[at]);

const samePlace = (payload: Pending["payload"], place: Place | null): boolean => {
  if (payload === null || place === null) return payload === place;
  return "segment" in payload && payload.segment === place.segment && payload.at === place.at;
};
