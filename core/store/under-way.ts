/**
 * Of which images something is still on its way: to this disk, or from this node to another one.
 *
 * A disk that says that nothing is left of a purged image speaks of what is on it. But a copy that is just being written
 * here, or a record that waits for a slow connection, is older than the purge all the same, and would bring the image
 * back once nobody knows the tombstone any more. So while anything is noted here, this disk neither says that it has
 * erased the image nor forgets its tombstone.
 */
import type { ImageId } from "../model/ids.ts";

export class UnderWay {
  readonly #counts = new Map<ImageId, number>();

  /** Images of which something is under way; no more than the work that may be in hand at once has. */
  get images(): number {
    return this.#counts.size;
  }

  has(id: ImageId): boolean {
    return this.#counts.has(id);
  }

  /** Returns how to say that it has arrived, or never will; to say it again changes nothing. */
  begin(ids: readonly ImageId[]): () => void {
    for (const id of ids) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1);
    let over = false;
    return () => {
      if (over) return;
      over = true;
      for (const id of ids) {
        const left = (this.#counts.get(id) ?? 1) - 1;
        if (left === 0) this.#counts.delete(id);
        else this.#counts.set(id, left);
      }
    };
  }

  async during<Value>(ids: readonly ImageId[], work: () => Promise<Value>): Promise<Value> {
    const end = this.begin(ids);
    try {
      return await work();
    } finally {
      end();
    }
  }
}
