/**
 * Looking at an image while it arrives: its first bytes are gathered until they say what it is.
 */
import type { Fault } from "../model/faults.ts";
import type { ImageType } from "../model/records.ts";
import type { Dimensions, Sniff } from "../model/sniff/answer.ts";
import { checkPicture, type PictureLimits, sniff, sniffBytesMax } from "../model/sniff.ts";

export interface Picture {
  readonly type: ImageType;
  readonly dimensions: Dimensions | null;
}

export class HeadSniffer {
  readonly #name: string;
  readonly #bytes: number;
  readonly #limits: PictureLimits;
  #head: Uint8Array[] = [];
  #headBytes = 0;
  #bytesWanted = 1;
  #picture: Picture | null = null;

  /** `bytes` is the length of the whole image. */
  constructor(name: string, bytes: number, limits: PictureLimits) {
    this.#name = name;
    this.#bytes = bytes;
    this.#limits = limits;
  }

  /** What it is; null until enough has been pushed. Known at the latest when all of it has. */
  get picture(): Picture | null {
    return this.#picture;
  }

  /** Takes the next bytes; says why the image is refused, or null. */
  push(chunk: Uint8Array): Fault | null {
    if (this.#picture !== null) return null;
    this.#head.push(chunk);
    this.#headBytes += chunk.length;
    const ended = this.#headBytes === this.#bytes;
    if (this.#headBytes < this.#bytesWanted && !ended) return null;
    const answer = sniff(Buffer.concat(this.#head).subarray(0, sniffBytesMax), ended);
    if (answer.kind === "more") {
      this.#bytesWanted = answer.bytesWanted;
      return null;
    }
    this.#head = [];
    return this.#decide(answer);
  }

  #decide(answer: Exclude<Sniff, { readonly kind: "more" }>): Fault | null {
    const problem = checkPicture(this.#name, answer, this.#bytes, this.#limits);
    if (problem === null && answer.kind === "image") this.#picture = answer;
    return problem;
  }
}
