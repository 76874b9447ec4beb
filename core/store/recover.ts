/**
 * After a crash: which batches of the log count?
 *
 * A batch is written only when the one before it was synced, and names that one. So the last batch alone may be
 * torn, and then nobody was told of it: it is dropped. Everything before it was once safe on disk; if some of that
 * is missing or broken now, the disk has lost what it had promised, and this node must not go on as if nothing
 * had happened. An entry that is broken but has a later version, or was erased on purpose, does no harm.
 *
 * Batches of segments that compaction has removed are not missed: the manifest says which numbers each segment
 * that is left has.
 */
import type { SegmentId } from "../ports.ts";
import type { LogHead } from "./segment-format.ts";

/** A batch as the walk found it; its entries are read again when it turns out to count. */
export interface FoundBatch {
  readonly head: LogHead;
  /** All of its entries can be told apart. */
  readonly whole: boolean;
  /** And none of them is damaged. */
  readonly sound: boolean;
}

/** A segment that the manifest names: it has the batches from `first` to `last`, or to the end while it is open. */
export interface KnownSegment {
  readonly id: SegmentId;
  readonly first: number;
  readonly last: number | null;
}

export type Recovery =
  | {
      readonly kind: "good";
      /** Those after the index's position, oldest first. */
      readonly batches: readonly LogHead[];
      /** The last batch that counts; 0 for none. */
      readonly tail: number;
      /** Numbers up to this one were used, also by batches that do not count. */
      readonly usedUpTo: number;
    }
  /** The index knows of batches that are not there: it belongs to a later state than the segments. */
  | { readonly kind: "ahead" }
  | { readonly kind: "damaged"; readonly reason: string };

/**
 * `found`: the batches of all segments that may have any after `position`, the index's. `tailIsWhole`: whether the
 * payloads of a batch are as they should be; asked of the last batch only.
 */
export const recoverLog = async (
  found: readonly FoundBatch[],
  segments: readonly KnownSegment[],
  position: number,
  tailIsWhole: (batch: FoundBatch) => Promise<boolean>,
): Promise<Recovery> => {
  const sealedUpTo = Math.max(0, ...segments.map(({ last }) => last ?? 0));
  const newest = found.reduce<FoundBatch | null>(
    (best, batch) => (batch.head.batch > (best?.head.batch ?? sealedUpTo) ? batch : best),
    null,
  );
  const usedUpTo = Math.max(position, sealedUpTo, newest?.head.batch ?? 0);
  const tail = newest === null ? sealedUpTo : await tailOf(newest, tailIsWhole);
  if (tail < position) return { kind: "ahead" };
  const chain = followBack(found, segments, tail, position);
  return Array.isArray(chain)
    ? { kind: "good", batches: chain, tail, usedUpTo }
    : { kind: "damaged", reason: chain.missing };
};

/** Whether every batch from `first` to `upTo` that counts is there, so that a log could be read from these alone. */
export const chainIsWhole = (
  found: readonly Omit<FoundBatch, "sound">[],
  first: number,
  upTo: number,
): boolean => {
  const byNumber = new Map(found.map((batch) => [batch.head.batch, batch]));
  for (let wanted = upTo; wanted >= first; ) {
    const batch = byNumber.get(wanted);
    if (batch?.whole !== true) return false;
    wanted = batch.head.previous;
  }
  return true;
};

/** The newest batch itself when it is whole, else the one before, which was synced before it was begun. */
const tailOf = async (
  newest: FoundBatch,
  tailIsWhole: (batch: FoundBatch) => Promise<boolean>,
): Promise<number> =>
  newest.sound && (await tailIsWhole(newest)) ? newest.head.batch : newest.head.previous;

/** From the last batch back to the position, oldest first; or what is missing between. */
const followBack = (
  found: readonly FoundBatch[],
  segments: readonly KnownSegment[],
  tail: number,
  position: number,
): LogHead[] | { readonly missing: string } => {
  // Numbers are never used twice, also not after a torn batch.
  const byNumber = new Map(found.map((batch) => [batch.head.batch, batch]));
  const chain: LogHead[] = [];
  let wanted = tail;
  while (wanted > position) {
    const batch = byNumber.get(wanted);
    if (batch !== undefined) {
      if (!batch.whole) return { missing: `batch ${wanted} is damaged` };
      chain.push(batch.head);
      wanted = batch.head.previous;
      continue;
    }
    const below = wanted;
    if (segments.some(({ first, last }) => below >= first && below <= (last ?? Number.POSITIVE_INFINITY)))
      return { missing: `batch ${wanted} is not there` };
    // Its segment was compacted away. The log goes on in the one before that is left.
    wanted = Math.max(0, ...segments.flatMap(({ last }) => (last !== null && last < below ? [last] : [])));
  }
  return chain.reverse();
};
