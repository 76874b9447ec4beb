/**
 * What the clients were told, and what must therefore be true. It knows nothing of nodes.
 *
 * An acknowledged image is shown by every read that begins later, with the right bytes, until somebody asks for its
 * purge or its time in the trash is over; a purged one is shown by none. What one read has shown, later reads show.
 */
import { type ImageId, shortId, type UserName } from "../../../core/model/ids.ts";
import type { ImageRecord } from "../../../core/model/records.ts";

export const promises = {
  acknowledgedStays: "an acknowledged image is found by every later read, on any node",
  rightBytes: "what is read under an id is what was uploaded under it",
  purgedStaysGone: "a purged image is found by nobody again",
  shownStays: "what one read has shown, every later read shows",
  trashIsKept: "an acknowledged change of the trash is seen by every later read",
  onDisks: "after healing every acknowledged image is on as many disks as are wanted, with the right bytes",
  knownAlike: "after healing all nodes know the same records",
  tombstonesGo: "after healing tombstones that nobody needs are gone",
  oneProcessing: "at most one processing of a request became visible",
  remade: "after healing an index that is made anew from the segments is the same",
  oneLeader: "in one term at most one node leads",
  forgottenVotes: "a disk counts as filled only when the votes that were on the lost one have run out",
  comesBack: "after healing every node is ready again, by itself",
  ownBug: "no assertion in the code fails",
} as const;
export type PromiseName = keyof typeof promises;

export class Broken extends Error {
  readonly promise: PromiseName;
  readonly detail: string;
  constructor(promise: PromiseName, detail: string) {
    super(`${promises[promise]}: ${detail}`);
    this.detail = detail;
    this.name = "Broken";
    this.promise = promise;
  }
}

/** One image as its uploader knows it. */
export interface Upload {
  readonly id: ImageId;
  readonly owner: UserName;
  readonly payload: Uint8Array;
  readonly payloadHash: Uint8Array;
  acknowledgedAt: number | null;
  /** Somebody has asked for it, whatever came of it. */
  purgeAsked: boolean;
  purgedAt: number | null;
  /** Since when the trash holds it, for certain or perhaps; null when it certainly does not. */
  trash: { readonly value: boolean | "unknown"; readonly since: number; readonly acknowledgedAt: number };
  /** It may have been in the trash long enough to be erased. */
  mayExpire: boolean;
  shownAt: number | null;
}

export class Ledger {
  readonly uploads = new Map<ImageId, Upload>();
  readonly #trashMs: number;

  constructor(trashMs: number) {
    this.#trashMs = trashMs;
  }

  begun(id: ImageId, owner: UserName, payload: Uint8Array, payloadHash: Uint8Array): Upload {
    const upload: Upload = {
      id,
      owner,
      payload,
      payloadHash,
      acknowledgedAt: null,
      purgeAsked: false,
      purgedAt: null,
      trash: { value: false, since: 0, acknowledgedAt: 0 },
      mayExpire: false,
      shownAt: null,
    };
    this.uploads.set(id, upload);
    return upload;
  }

  /** Images of `owner` that a client may want to do something with. */
  known(owner: UserName): readonly Upload[] {
    return [...this.uploads.values()].filter(
      (upload) => upload.owner === owner && upload.acknowledgedAt !== null && upload.purgedAt === null,
    );
  }

  /** An image that was in the trash for so long, or perhaps, may go at any moment. */
  tick(now: number): void {
    for (const upload of this.uploads.values()) {
      const { value, since } = upload.trash;
      // Clocks differ in pace, and may have been set.
      if (value !== false && now - since > this.#trashMs * 0.5) upload.mayExpire = true;
    }
  }

  /** The result of a `get` that began at `begunAt`: bytes, or that there is no such image. */
  got(upload: Upload, begunAt: number, now: number, result: Uint8Array | "not-found"): void {
    if (result === "not-found") {
      this.#mustNotBeMissing(upload, begunAt, "get");
      return;
    }
    if (upload.purgedAt !== null && upload.purgedAt < begunAt)
      throw new Broken("purgedStaysGone", `${shortId(upload.id)} is read after its purge`);
    if (Buffer.compare(result, upload.payload) !== 0)
      throw new Broken("rightBytes", `${shortId(upload.id)} comes back as other bytes`);
    upload.shownAt ??= now;
  }

  /** All that a `list` of `owner` that began at `begunAt` has shown. */
  listed(owner: UserName, begunAt: number, now: number, records: readonly ImageRecord[]): void {
    const shown = new Map(records.map((record) => [record.facts.id, record]));
    if (shown.size !== records.length) throw new Broken("oneProcessing", "a list shows an image twice");
    for (const upload of this.uploads.values()) {
      if (upload.owner !== owner) continue;
      const record = shown.get(upload.id);
      if (record === undefined) this.#mustNotBeMissing(upload, begunAt, "list");
      else this.#shown(upload, record, begunAt, now);
    }
    for (const id of shown.keys())
      if (!this.uploads.has(id)) throw new Broken("rightBytes", `a list shows ${id}, which nobody uploaded`);
  }

  #shown(upload: Upload, record: ImageRecord, begunAt: number, now: number): void {
    if (upload.purgedAt !== null && upload.purgedAt < begunAt)
      throw new Broken("purgedStaysGone", `${shortId(upload.id)} is listed after its purge`);
    if (Buffer.compare(record.facts.payloadHash, upload.payloadHash) !== 0)
      throw new Broken("rightBytes", `${shortId(upload.id)} is listed with another payload`);
    const { value, acknowledgedAt } = upload.trash;
    const inTrash = record.trashed.value !== null;
    if (
      value !== "unknown" &&
      acknowledgedAt < begunAt &&
      inTrash !== value &&
      upload.acknowledgedAt !== null
    )
      throw new Broken(
        "trashIsKept",
        `${shortId(upload.id)} is ${inTrash ? "" : "not "}in the trash, acknowledged was the opposite`,
      );
    upload.shownAt ??= now;
  }

  #mustNotBeMissing(upload: Upload, begunAt: number, by: string): void {
    if (upload.purgeAsked || upload.mayExpire) return;
    if (upload.acknowledgedAt !== null && upload.acknowledgedAt < begunAt)
      throw new Broken("acknowledgedStays", `${by} does not find ${shortId(upload.id)}`);
    if (upload.shownAt !== null && upload.shownAt < begunAt)
      throw new Broken("shownStays", `${by} does not find ${shortId(upload.id)}, which was shown before`);
  }
}
