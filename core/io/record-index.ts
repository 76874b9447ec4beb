/**
 * All records in memory, findable by id, by owner and by change.
 *
 * Three views of the same records: a map by id; per owner the ids in order, for lists; and the order of
 * changes, for the feed. A change supersedes the earlier ones of its image, so the feed holds each image once,
 * at its latest change; superseded entries stay in the array until half of it is stale.
 */
import type { ImageId, NodeId } from "../model/ids.ts";
import { frameBytesMax } from "../model/limits.ts";
import { type ImageRecord, roughBytesOf } from "../model/records.ts";
import type { FeedPage } from "../ports.ts";

interface Entry {
  readonly record: ImageRecord;
  readonly change: number;
}

interface Change {
  readonly change: number;
  readonly id: ImageId;
}

const staleChangesMin = 1024;
/** A page must fit in a frame; sizes are rough, so it is filled by half. */
const pageBytesMax = frameBytesMax / 2;

export class RecordIndex {
  readonly #byId = new Map<ImageId, Entry>();
  readonly #byOwner = new Map<string, ImageId[]>();
  /** How many images have each set of homes. */
  readonly #homeSets = new Map<string, { readonly homes: readonly NodeId[]; count: number }>();
  #changes: Change[] = [];
  #feedHead = 0;

  get feedHead(): number {
    return this.#feedHead;
  }

  get(id: ImageId): ImageRecord | null {
    return this.#byId.get(id)?.record ?? null;
  }

  *all(): Iterable<ImageRecord> {
    for (const entry of this.#byId.values()) yield entry.record;
  }

  *homeSets(): Iterable<readonly NodeId[]> {
    for (const set of this.#homeSets.values()) yield set.homes;
  }

  /** Replaces what is known of the image, as the next change. */
  put(record: ImageRecord): void {
    const id = record.facts.id;
    if (!this.#byId.has(id)) insertSorted(this.#idsOf(record.facts.owner), id);
    this.#countHomes(this.get(id), -1);
    this.#countHomes(record, 1);
    this.#feedHead++;
    this.#byId.set(id, { record, change: this.#feedHead });
    this.#changes.push({ change: this.#feedHead, id });
    if (this.#changes.length > staleChangesMin + 2 * this.#byId.size) {
      this.#changes = this.#changes.filter((entry) => this.#isLatest(entry));
    }
  }

  changedAfter(after: number, limit: number): FeedPage {
    const records: ImageRecord[] = [];
    let bytes = 0;
    let upTo = after;
    let whole = true;
    for (let index = firstAfter(this.#changes, after); index < this.#changes.length; index++) {
      const entry = this.#changes[index];
      if (entry === undefined || !this.#isLatest(entry)) continue;
      const record = this.get(entry.id);
      if (record === null) continue;
      bytes += roughBytesOf(record);
      if (records.length === limit || (records.length > 0 && bytes > pageBytesMax)) {
        whole = false;
        break;
      }
      records.push(record);
      upTo = entry.change;
    }
    return { records, upTo: whole ? this.#feedHead : upTo, feedHead: this.#feedHead };
  }

  /** Newest first. */
  list(owner: string, before: ImageId | null, limit: number): readonly ImageRecord[] {
    const ids = this.#byOwner.get(owner) ?? [];
    const end = before === null ? ids.length : lowerBound(ids, before);
    return ids
      .slice(Math.max(0, end - limit), end)
      .reverse()
      .flatMap((id) => this.get(id) ?? []);
  }

  #countHomes(record: ImageRecord | null, by: 1 | -1): void {
    if (record === null) return;
    const homes = record.homes.value;
    const key = homes.join();
    const count = (this.#homeSets.get(key)?.count ?? 0) + by;
    if (count === 0) this.#homeSets.delete(key);
    else this.#homeSets.set(key, { homes, count });
  }

  #isLatest(entry: Change): boolean {
    return this.#byId.get(entry.id)?.change === entry.change;
  }

  #idsOf(owner: string): ImageId[] {
    const known = this.#byOwner.get(owner);
    if (known !== undefined) return known;
    const ids: ImageId[] = [];
    this.#byOwner.set(owner, ids);
    return ids;
  }
}

/** Ids begin with the time, so nearly every one goes to the end. */
const insertSorted = (ids: ImageId[], id: ImageId): void => {
  const last = ids.at(-1);
  if (last === undefined || last < id) ids.push(id);
  else ids.splice(lowerBound(ids, id), 0, id);
};

const lowerBound = (ids: readonly ImageId[], id: ImageId): number => {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[middle] ?? "") < id) low = middle + 1;
    else high = middle;
  }
  return low;
};

const firstAfter = (changes: readonly Change[], after: number): number => {
  let low = 0;
  let high = changes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((changes[middle]?.change ?? 0) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
};
