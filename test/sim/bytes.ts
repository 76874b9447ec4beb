/**
 * The content of a simulated file. Copies of whole disks are taken all the time, to look into them or to put them back
 * later, and little is written afterwards: so a copy shares its bytes until one of the two is written to.
 */
export class Bytes {
  #content: Uint8Array;
  #shared: boolean;

  constructor(content: Uint8Array, shared = false) {
    this.#content = content;
    this.#shared = shared;
  }

  get length(): number {
    return this.#content.length;
  }

  at(at: number): number {
    return this.#content[at] ?? 0;
  }

  slice(from?: number, to?: number): Uint8Array {
    return this.#content.slice(from, to);
  }

  copy(): Bytes {
    this.#shared = true;
    return new Bytes(this.#content, true);
  }

  /** The same as `other` from now on. */
  become(other: Bytes): void {
    other.#shared = true;
    this.#shared = true;
    this.#content = other.#content;
  }

  write(at: number, bytes: Uint8Array): void {
    const length = Math.max(this.#content.length, at + bytes.length);
    if (this.#shared || length > this.#content.length) {
      const own = new Uint8Array(length);
      own.set(this.#content);
      this.#content = own;
      this.#shared = false;
    }
    this.#content.set(bytes, at);
  }
}
