/**
 * What this disk has of each image, at once for those that were in use just now; the others are looked up in the index.
 *
 * A batch is known here as soon as it is durable; the index hears of it a moment later. So an answer of the index may
 * be older than what came meanwhile, and is then not taken.
 */
import type { ImageId } from "../model/ids.ts";
import type { Index, IndexRow } from "../ports.ts";
import type { Known } from "./batch.ts";
import { HotRecords } from "./hot.ts";
import type { NewIds } from "./new-ids.ts";
import { decodeRecord } from "./record-codec.ts";

export class KnownRecords {
  readonly #index: Index;
  readonly #hot = new HotRecords();
  /** Questions to the index that are under way, and those of them whose answer will be old. */
  readonly #loading = new Map<ImageId, Promise<Known | null>>();
  readonly #outdated = new Set<ImageId>();
  readonly #newIds: NewIds;

  constructor(index: Index, newIds: NewIds) {
    this.#index = index;
    this.#newIds = newIds;
  }

  of(id: ImageId): Promise<Known | null> {
    const hot = this.#hot.get(id);
    if (hot !== undefined) return Promise.resolve(hot);
    if (this.#newIds.isNew(id)) return Promise.resolve(null);
    const loading = this.#loading.get(id) ?? this.#load(id).finally(() => this.#loading.delete(id));
    this.#loading.set(id, loading);
    return loading;
  }

  /** What is durable and was not asked for lately is not kept at hand. */
  async ofAll(ids: readonly ImageId[]): Promise<ReadonlyMap<ImageId, Known | null>> {
    const known = new Map<ImageId, Known | null>();
    const unknown: ImageId[] = [];
    for (const id of new Set(ids)) {
      const hot = this.#hot.get(id);
      if (hot !== undefined) known.set(id, hot);
      else if (this.#newIds.isNew(id)) known.set(id, null);
      else unknown.push(id);
    }
    if (unknown.length > 0) {
      const rows = await this.#index.get(unknown);
      for (const [at, id] of unknown.entries()) {
        const row = rows[at] ?? null;
        known.set(id, row === null ? null : knownIn(row));
      }
    }
    return known;
  }

  remember(id: ImageId, known: Known | null): void {
    this.#newIds.note(id);
    this.#hot.set(id, known);
    if (this.#loading.has(id)) this.#outdated.add(id);
  }

  async #load(id: ImageId): Promise<Known | null> {
    this.#outdated.delete(id);
    for (;;) {
      const [row] = await this.#index.get([id]);
      // A batch may have changed it since the index was asked; then it is known from there.
      const newer = this.#hot.get(id);
      if (newer !== undefined) return newer;
      if (this.#outdated.delete(id)) continue;
      const known = row === null || row === undefined ? null : knownIn(row);
      this.#hot.set(id, known);
      return known;
    }
  }
}

export const knownIn = (row: IndexRow): Known => ({
  record: decodeRecord(row.summary, row.thumbnail),
  change: row.change,
  payload: row.payload,
});
