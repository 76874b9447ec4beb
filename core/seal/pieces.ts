/**
 * Bytes that came in pieces of any size and leave in pieces of a wanted total. What is taken are views of what
 * was added, without a copy; only small pieces are copied together, so that a peer who sends single bytes costs
 * no more memory than one who sends whole chunks.
 */
import assert from "node:assert/strict";

export class Pieces {
  #list: Uint8Array[] = [];
  #bytes = 0;
  /** Small pieces, copied; those between the marks are not in the list yet. */
  #slab = new Uint8Array(0);
  #slabListed = 0;
  #slabUsed = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add(piece: Uint8Array): void {
    this.#bytes += piece.length;
    if (piece.length < smallBytes) {
      if (this.#slabUsed + piece.length > this.#slab.length) this.#newSlab();
      this.#slab.set(piece, this.#slabUsed);
      this.#slabUsed += piece.length;
    } else {
      this.#listSlab();
      this.#list.push(piece);
    }
  }

  /** The oldest `bytes` bytes; there must be as many. */
  take(bytes: number): readonly Uint8Array[] {
    assert(bytes <= this.#bytes);
    this.#listSlab();
    const taken: Uint8Array[] = [];
    let missing = bytes;
    let used = 0;
    while (missing > 0) {
      const piece = this.#list[used];
      assert(piece !== undefined);
      if (piece.length > missing) {
        taken.push(piece.subarray(0, missing));
        this.#list[used] = piece.subarray(missing);
        missing = 0;
      } else {
        taken.push(piece);
        missing -= piece.length;
        used++;
      }
    }
    this.#list.splice(0, used);
    this.#bytes -= bytes;
    return taken;
  }

  #newSlab(): void {
    this.#listSlab();
    this.#slab = new Uint8Array(slabBytes);
    this.#slabListed = 0;
    this.#slabUsed = 0;
  }

  #listSlab(): void {
    if (this.#slabListed === this.#slabUsed) return;
    this.#list.push(this.#slab.subarray(this.#slabListed, this.#slabUsed));
    this.#slabListed = this.#slabUsed;
  }
}

const smallBytes = 4_096;
const slabBytes = 16_384;
