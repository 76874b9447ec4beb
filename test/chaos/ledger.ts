/**
 * What people were told by a real cluster, and what must therefore be true: the promises of the simulator's ledger,
 * kept by the clock of the process in which all the people are.
 *
 * A read is judged when it is over, by what was certain before it began; what happened meanwhile excuses it. A change
 * whose outcome was not told may still happen, so nothing is certain of it any more.
 */
import { type ImageId, shortId } from "../../core/model/ids.ts";

export interface Upload {
  readonly id: ImageId;
  readonly owner: string;
  /** Of the plain picture, in hex. */
  readonly sha256: string;
  acknowledgedAt: number | null;
  /** When a purge was asked for, whatever came of it, and when it was acknowledged. */
  purgeAskedAt: number | null;
  purgedAt: number | null;
  /** What the last acknowledged change made of it, and since when that is certain; null while it is not. */
  trash: { readonly value: boolean; readonly since: number } | null;
  /** The first read that showed it was over then. */
  shownAt: number | null;
  /** Somebody is changing it; changes of one image come one after the other. */
  busy: boolean;
}

/** What a list says of an image. */
export interface Shown {
  readonly id: ImageId;
  readonly trashed: boolean;
}

export class Ledger {
  readonly uploads = new Map<ImageId, Upload>();
  readonly #now: () => number;
  readonly #onWrong: (sentence: string) => void;

  /** `onWrong` is told each promise that is broken. */
  constructor(now: () => number, onWrong: (sentence: string) => void) {
    this.#now = now;
    this.#onWrong = onWrong;
  }

  get now(): number {
    return this.#now();
  }

  begun(id: ImageId, owner: string, sha256: string): Upload {
    const upload: Upload = {
      id,
      owner,
      sha256,
      acknowledgedAt: null,
      purgeAskedAt: null,
      purgedAt: null,
      trash: { value: false, since: 0 },
      shownAt: null,
      busy: false,
    };
    this.uploads.set(id, upload);
    return upload;
  }

  /** Acknowledged images of `owner` that nobody wanted to purge. */
  kept(owner: string): readonly Upload[] {
    return [...this.uploads.values()].filter(
      (upload) => upload.owner === owner && upload.acknowledgedAt !== null && upload.purgeAskedAt === null,
    );
  }

  /** Images of `owner` whose purge was acknowledged. */
  purged(owner: string): readonly Upload[] {
    return [...this.uploads.values()].filter((upload) => upload.owner === owner && upload.purgedAt !== null);
  }

  /** What a `get` that began at `begunAt` has given: the plain picture's SHA-256, or that there is no such image. */
  got(upload: Upload, begunAt: number, result: string | "not-found", by: string): void {
    if (result === "not-found") {
      this.#mustNotBeMissing(upload, begunAt, by);
      return;
    }
    this.#mayBeSeen(upload, begunAt, by);
    if (result !== upload.sha256) this.#wrong(upload, `comes back as another picture from ${by}`);
    upload.shownAt ??= this.#now();
  }

  /** All that a whole `list` of `owner` that began at `begunAt` has shown. */
  listed(owner: string, begunAt: number, list: readonly Shown[], by: string): void {
    const shown = new Map(list.map((image) => [image.id, image]));
    if (shown.size !== list.length) this.#onWrong(`a list of ${owner}'s by ${by} shows an image twice`);
    for (const upload of this.uploads.values()) {
      if (upload.owner !== owner) continue;
      const image = shown.get(upload.id);
      if (image === undefined) this.#mustNotBeMissing(upload, begunAt, `a list by ${by}`);
      else this.#listed(upload, image, begunAt, `a list by ${by}`);
    }
    for (const id of shown.keys())
      if (!this.uploads.has(id)) this.#onWrong(`a list by ${by} shows ${id}, which nobody uploaded`);
  }

  #listed(upload: Upload, { trashed }: Shown, begunAt: number, by: string): void {
    this.#mayBeSeen(upload, begunAt, by);
    const { trash } = upload;
    if (trash !== null && trash.since < begunAt && trash.value !== trashed)
      this.#wrong(upload, `is ${trashed ? "" : "not "}in the trash in ${by}; acknowledged was the opposite`);
    upload.shownAt ??= this.#now();
  }

  #mayBeSeen(upload: Upload, begunAt: number, by: string): void {
    if (upload.purgedAt !== null && upload.purgedAt < begunAt)
      this.#wrong(upload, `is shown after its purge by ${by}`);
  }

  #mustNotBeMissing(upload: Upload, begunAt: number, by: string): void {
    if (upload.purgeAskedAt !== null) return;
    if (upload.acknowledgedAt !== null && upload.acknowledgedAt < begunAt)
      this.#wrong(upload, `was acknowledged and is not found by ${by}`);
    else if (upload.shownAt !== null && upload.shownAt < begunAt)
      this.#wrong(upload, `was shown before and is not found by ${by}`);
  }

  #wrong({ id, owner }: Upload, what: string): void {
    this.#onWrong(`image ${shortId(id)} (${id}) of ${owner} ${what}`);
  }
}
