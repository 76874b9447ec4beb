/**
 * What a batch of changes does to the sums.
 *
 * Every row that comes is added and every row that goes is taken away, here, in memory; at the end of the batch
 * each sum that is different is written once. A bucket's digest is a sum modulo 2^48, so it stays a number that
 * JavaScript and SQLite both hold exactly.
 */
import { digestBucketOf } from "../../model/image-id.ts";
import type { Place, SegmentId } from "../../ports.ts";
import type { Counted } from "./columns.ts";

export interface Tally {
  count: number;
  /** Of payload bytes; of digests, modulo `digestSpan`. */
  total: number;
}

/** Digests and their sums are below it. */
export const digestSpan = 2 ** 48;

export class Differences {
  /** Bytes by segment; images and payload bytes by `homeSetKey`; records and digests by bucket; images and bytes here. */
  readonly segments = new Map<SegmentId, number>();
  readonly homeSets = new Map<string, Tally>();
  readonly buckets = new Map<number, Tally>();
  readonly held: Tally = { count: 0, total: 0 };

  add(row: Counted): void {
    this.#count(row, 1);
  }

  remove(row: Counted): void {
    this.#count(row, -1);
  }

  #count(row: Counted, by: 1 | -1): void {
    this.#use(row.entry, by);
    if (row.payload !== null) this.#use(row.payload, by);
    const bucket = tallyOf(this.buckets, digestBucketOf(row.id));
    bucket.count += by;
    bucket.total = (bucket.total + by * row.digest + digestSpan) % digestSpan;
    if (row.kind === "tombstone") return;
    const images = [tallyOf(this.homeSets, homeSetKey(row)), ...(row.payload === null ? [] : [this.held])];
    for (const tally of images) {
      tally.count += by;
      tally.total += by * row.payloadBytes;
    }
  }

  #use(place: Place, by: 1 | -1): void {
    this.segments.set(place.segment, (this.segments.get(place.segment) ?? 0) + by * place.bytes);
  }
}

/** Names a home set: `+` for payloads that are here, then the homes. */
export const homeSetKey = ({ payload, homes }: Pick<Counted, "payload" | "homes">): string =>
  `${payload === null ? "-" : "+"}${homes}`;

const tallyOf = <Key>(tallies: Map<Key, Tally>, key: Key): Tally => {
  const known = tallies.get(key);
  if (known !== undefined) return known;
  const fresh = { count: 0, total: 0 };
  tallies.set(key, fresh);
  return fresh;
};
