/**
 * All records in memory, findable by id, by owner and by change.
 *
 * Three views of the same records: a map by id; per owner the ids in order, for lists; and the order of
 * changes, for the feed. A change supersedes the earlier ones of its image, so the feed holds each image once,
 * at its latest change; superseded entries stay in the array until half of it is stale.
 */
import type { ImageId } from "../model/ids.ts";
import type { ImageRecord } from "../model/records.ts";
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

export class RecordIndex {
  readonly #byId = new Map<ImageId, Entry>();
  readonly #byOwner = new Map<string, ImageId[]>();
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

  /** Replaces what is known of the image, as the next change. */
  put(record: ImageRecord): void {
    const id = record.facts.id;
    if (!this.#byId.has(id)) insertSorted(this.#idsOf(record.facts.owner), id);
    this.#feedHead++;
    this.#byId.set(id, { record, change: this.#feedHead });
    this.#changes.push({ change: this.#feedHead, id });
    if (this.#changes.length > staleChangesMin + 2 * this.#byId.size) {
      this.#changes = this.#changes.filter((entry) => this.#isLatest(entry));
    }
  }

  changedAfter(after: number, limit: number): FeedPage {
    const records: ImageRecord[] = [];
    let upTo = this.#feedHead;
    for (let index = firstAfter(this.#changes, after); index < this.#changes.length; index++) {
      const entry = this.#changes[index];
      if (entry === undefined || !this.#isLatest(entry)) continue;
      const record = this.get(entry.id);
      if (record !== null) records.push(record);
      if (records.length === limit) {
        upTo = entry.change;
        break;
      }
    }
    return { records, upTo, feedHead: this.#feedHead };
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
