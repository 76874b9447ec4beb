/**
 * Ids of which the index need not be asked, because they are younger than all that it can know.
 *
 * An id begins with the time at which it was picked. What was indexed when the store was opened is older than some
 * moment, and what came since is listed here; so an upload, whose id is of just now, is known to be new without a
 * question to another thread. The list is bounded: when it is full the moment moves on behind all of it.
 */
import type { ImageId } from "../model/ids.ts";
import { createdAtOf, digestBucketMs } from "../model/image-id.ts";
import type { DigestBucket } from "../ports.ts";

const idsMax = 20_000;

export class NewIds {
  /** Nothing that is not in the list is as young as this or younger. */
  #since: number;
  readonly #ids = new Set<ImageId>();

  /** `indexed`: what the index has, by the times of its ids. */
  constructor(indexed: readonly Pick<DigestBucket, "bucket">[]) {
    this.#since = indexed.reduce((until, { bucket }) => Math.max(until, (bucket + 1) * digestBucketMs), 0);
  }

  /** True when nothing can be known of it; false when it has to be looked up. */
  isNew(id: ImageId): boolean {
    return createdAtOf(id) >= this.#since && !this.#ids.has(id);
  }

  /** Something is known of it from now on. */
  note(id: ImageId): void {
    if (createdAtOf(id) < this.#since) return;
    this.#ids.add(id);
    if (this.#ids.size <= idsMax) return;
    for (const listed of this.#ids) this.#since = Math.max(this.#since, createdAtOf(listed) + 1);
    this.#ids.clear();
  }
}
