/**
 * A store of records in memory, for tests of what is done with one. It numbers and joins as a real one does; payloads
 * it has only by name.
 */
import { type Fault, fault, good, type Result } from "../../core/model/faults.ts";
import type { ImageId, StoreId, UserName } from "../../core/model/ids.ts";
import { digestBucketOf, namesImage } from "../../core/model/image-id.ts";
import { readersOf } from "../../core/model/readers.ts";
import { type AnyRecord, joinRecords, knowsAllOf, ownerOf, recordId } from "../../core/model/records.ts";
import type {
  DigestBucket,
  FeedPage,
  Holding,
  HoldingsPage,
  HomeSet,
  PayloadWriter,
  RecordDigest,
  Store,
} from "../../core/ports.ts";
import { digestOf, encodeRecord } from "../../core/store/record-codec.ts";

export class MemoryStore implements Store {
  readonly id: StoreId;
  readonly #known = new Map<ImageId, { readonly record: AnyRecord; readonly change: number }>();
  feedHead = 0;
  images = 0;
  payloadBytes = 0;
  fault: Fault | null = null;
  readFault: Fault | null = null;
  /** Every call of `merge`, also those that brought nothing new. */
  readonly merges: (readonly AnyRecord[])[] = [];
  /** What the next call of `merge` waits for; then it is forgotten. */
  gate: Promise<void> | null = null;

  constructor(id: StoreId) {
    this.id = id;
  }

  async merge(records: readonly AnyRecord[]): Promise<Result<number>> {
    const { gate } = this;
    this.gate = null;
    await gate;
    this.merges.push(records);
    if (this.fault !== null) return { ok: false, fault: this.fault };
    for (const record of records) {
      const id = recordId(record);
      const before = this.#known.get(id)?.record;
      if (before !== undefined && knowsAllOf(before, record)) continue;
      this.feedHead++;
      const joined = before === undefined ? record : joinRecords(before, record);
      this.#known.set(id, { record: joined, change: this.feedHead });
    }
    return good(this.feedHead);
  }

  async get(id: ImageId): Promise<Holding | null> {
    const known = this.#known.get(id);
    return known === undefined ? null : { ...known, here: false };
  }

  async changedAfter(after: number, limit: number): Promise<FeedPage> {
    const later = [...this.#known.values()]
      .filter(({ change }) => change > after)
      .sort((a, b) => a.change - b.change);
    const page = later.slice(0, limit);
    const upTo = later.length > limit ? (page.at(-1)?.change ?? after) : this.feedHead;
    const entries = page.map(({ record }) => ({
      id: recordId(record),
      digest: digestOf(encodeRecord(record)),
    }));
    return { entries, upTo, feedHead: this.feedHead };
  }

  async digestsOf(ids: readonly ImageId[]): Promise<readonly (number | null)[]> {
    const records = await this.recordsOf(ids);
    return records.map((record) => (record === null ? null : digestOf(encodeRecord(record))));
  }

  async recordsOf(ids: readonly ImageId[]): Promise<readonly (AnyRecord | null)[]> {
    return ids.map((id) => this.#known.get(id)?.record ?? null);
  }

  async walk(after: ImageId | null, limit: number): Promise<HoldingsPage> {
    const all = [...this.#known].filter(([id]) => after === null || id > after).sort();
    const page = all.slice(0, limit);
    return { holdings: page.map(([, known]) => ({ ...known, here: false })), more: all.length > limit };
  }

  async list(user: UserName, before: ImageId | null, limit: number): Promise<HoldingsPage> {
    const all = [...this.#known]
      .filter(
        ([id, { record }]) =>
          record.kind === "image" &&
          (ownerOf(record) === user || readersOf(record).includes(user)) &&
          (before === null || id < before),
      )
      .sort()
      .reverse();
    const page = all.slice(0, limit);
    return { holdings: page.map(([, known]) => ({ ...known, here: false })), more: all.length > limit };
  }

  async find(user: UserName, part: string, limit: number): Promise<readonly ImageId[]> {
    const { holdings } = await this.list(user, null, Number.POSITIVE_INFINITY);
    return holdings
      .map(({ record }) => recordId(record))
      .filter((id) => namesImage(part, id))
      .slice(0, limit);
  }

  async digests(): Promise<readonly DigestBucket[]> {
    const buckets = new Map<number, DigestBucket>();
    for (const [id, { record }] of this.#known) {
      const bucket = digestBucketOf(id);
      const before = buckets.get(bucket) ?? { bucket, records: 0, digest: 0 };
      const digest = (before.digest + digestOf(encodeRecord(record))) % 2 ** 48;
      buckets.set(bucket, { bucket, records: before.records + 1, digest });
    }
    return [...buckets.values()].sort((a, b) => a.bucket - b.bucket);
  }

  async bucket(bucket: number, after: ImageId | null, limit: number): Promise<readonly RecordDigest[]> {
    return [...this.#known]
      .filter(([id]) => digestBucketOf(id) === bucket && (after === null || id > after))
      .map(([id, { record }]) => ({ id, digest: digestOf(encodeRecord(record)) }))
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .slice(0, limit);
  }

  async homeSets(): Promise<readonly HomeSet[]> {
    return [];
  }

  async inHomeSet(_set: HomeSet): Promise<HoldingsPage> {
    return { holdings: [], more: false };
  }

  async begin(): Promise<Result<PayloadWriter>> {
    throw new Error("this store keeps no payloads");
  }

  async read(id: ImageId): Promise<Result<AsyncIterable<Uint8Array>>> {
    return { ok: false, fault: fault("IMAGE_UNAVAILABLE", { id, reason: "this store keeps no payloads" }) };
  }
}
