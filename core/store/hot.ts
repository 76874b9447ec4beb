/**
 * What was known a moment ago is asked for again soon: an upload touches its record some five times.
 *
 * Every change of a record passes through here, so what is kept is what the index would say, also that it knows
 * nothing of an image.
 */
import type { ImageId } from "../model/ids.ts";
import type { Known } from "./batch.ts";

/** Records with a thumbnail are some kilobytes. */
const hotMax = 1_024;

export class HotRecords {
  /** In the order of their last use. */
  readonly #known = new Map<ImageId, Known | null>();

  /** Undefined when the index has to be asked. */
  get(id: ImageId): Known | null | undefined {
    const known = this.#known.get(id);
    if (known !== undefined) this.set(id, known);
    return known;
  }

  set(id: ImageId, known: Known | null): void {
    this.#known.delete(id);
    this.#known.set(id, known);
    if (this.#known.size > hotMax) {
      const oldest = this.#known.keys().next().value;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
  }
}
