/** Who writes to which file: one that nobody writes to any more is settled, and may be moved or removed. */
import type { SegmentId } from "../ports.ts";

export class Writers {
  readonly #counts = new Map<SegmentId, number>();

  has(segment: SegmentId): boolean {
    return this.#counts.has(segment);
  }

  /** One more; calling what it gives, once or more often, is one fewer. */
  add(segment: SegmentId): () => void {
    this.#counts.set(segment, (this.#counts.get(segment) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = (this.#counts.get(segment) ?? 1) - 1;
      if (left === 0) this.#counts.delete(segment);
      else this.#counts.set(segment, left);
    };
  }
}
