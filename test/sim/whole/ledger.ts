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
  sharedAsSaid: "an image is shown to those with whom it is shared, and to nobody else",
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
  trash: {
    readonly value: boolean | "unknown";
    readonly since: number;
    /** When that was acknowledged: until then others may see what was before. */
    readonly knownAt: number;
  };
  /** It may have been in the trash long enough to be erased. */
  mayExpire: boolean;
  shownAt: number | null;
  /** With whom it is shared, or was, or perhaps; who is not here never read it. */
  readonly readers: Map<UserName, Reading>;
}

/** What was acknowledged last, and when; `unknown` once something was not: it may come to be at any time. */
interface Reading {
  readonly value: boolean | "unknown";
  readonly since: number;
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
      trash: { value: false, since: 0, knownAt: 0 },
      mayExpire: false,
      shownAt: null,
      readers: new Map(),
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

  /** Images of others that were shared with `user` at some time. */
  readableBy(user: UserName): readonly Upload[] {
    return [...this.uploads.values()].filter(({ readers }) => readers.has(user));
  }

  /** The owner is about to change whether `reader` may read it; the result is called when it is known what came of it. */
  sharing(upload: Upload, reader: UserName): (now: number, value: Reading["value"]) => void {
    const before = upload.readers.get(reader);
    upload.readers.set(reader, { value: "unknown", since: 0 });
    return (now, value) => {
      const isLost = before?.value === "unknown";
      upload.readers.set(reader, { value: isLost ? "unknown" : value, since: now });
    };
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
  got(user: UserName, upload: Upload, begunAt: number, now: number, result: Uint8Array | "not-found"): void {
    if (result === "not-found") {
      if (upload.owner === user) this.#mustNotBeMissing(upload, begunAt, "get");
      else this.#mustNotBeHidden(user, upload, begunAt, "get");
      return;
    }
    if (upload.owner !== user) this.#mayBeShown(user, upload, begunAt, "get");
    if (upload.purgedAt !== null && upload.purgedAt < begunAt)
      throw new Broken("purgedStaysGone", `${shortId(upload.id)} is read after its purge`);
    if (Buffer.compare(result, upload.payload) !== 0)
      throw new Broken("rightBytes", `${shortId(upload.id)} comes back as other bytes`);
    upload.shownAt ??= now;
  }

  /** All that a `list` of `user` that began at `begunAt` has shown. */
  listed(user: UserName, begunAt: number, now: number, records: readonly ImageRecord[]): void {
    const shown = new Map(records.map((record) => [record.facts.id, record]));
    if (shown.size !== records.length) throw new Broken("oneProcessing", "a list shows an image twice");
    for (const upload of this.uploads.values()) {
      const record = shown.get(upload.id);
      if (record !== undefined) {
        if (upload.owner !== user) this.#mayBeShown(user, upload, begunAt, "list");
        this.#shown(upload, record, begunAt, now);
      } else if (upload.owner === user) this.#mustNotBeMissing(upload, begunAt, "list");
      else this.#mustNotBeHidden(user, upload, begunAt, "list");
    }
    for (const id of shown.keys())
      if (!this.uploads.has(id)) throw new Broken("rightBytes", `a list shows ${id}, which nobody uploaded`);
  }

  #shown(upload: Upload, record: ImageRecord, begunAt: number, now: number): void {
    if (upload.purgedAt !== null && upload.purgedAt < begunAt)
      throw new Broken("purgedStaysGone", `${shortId(upload.id)} is listed after its purge`);
    if (Buffer.compare(record.facts.payloadHash, upload.payloadHash) !== 0)
      throw new Broken("rightBytes", `${shortId(upload.id)} is listed with another payload`);
    const { value, knownAt } = upload.trash;
    const inTrash = record.trashed.value !== null;
    if (value !== "unknown" && knownAt < begunAt && inTrash !== value && upload.acknowledgedAt !== null)
      throw new Broken(
        "trashIsKept",
        `${shortId(upload.id)} is ${inTrash ? "" : "not "}in the trash, acknowledged was the opposite`,
      );
    upload.shownAt ??= now;
  }

  /** Not when it was taken back before, or is in the trash. */
  #mayBeShown(user: UserName, { id, readers, trash }: Upload, begunAt: number, by: string): void {
    const { value, since } = readers.get(user) ?? { value: false, since: 0 };
    if (value === false && since < begunAt)
      throw new Broken("sharedAsSaid", `${by} shows ${shortId(id)} to ${user}, who may not read it`);
    if (trash.value === true && trash.knownAt < begunAt)
      throw new Broken("sharedAsSaid", `${by} shows ${shortId(id)} to ${user} out of its owner's trash`);
  }

  #mustNotBeHidden(user: UserName, upload: Upload, begunAt: number, by: string): void {
    const { id, readers, trash, purgeAsked, mayExpire } = upload;
    const { value, since } = readers.get(user) ?? { value: false, since: 0 };
    if (purgeAsked || mayExpire || value !== true || since >= begunAt) return;
    if (trash.value === false && trash.knownAt < begunAt)
      throw new Broken("sharedAsSaid", `${by} hides ${shortId(id)} from ${user}, with whom it is shared`);
  }

  #mustNotBeMissing(upload: Upload, begunAt: number, by: string): void {
    if (upload.purgeAsked || upload.mayExpire) return;
    if (upload.acknowledgedAt !== null && upload.acknowledgedAt < begunAt)
      throw new Broken("acknowledgedStays", `${by} does not find ${shortId(upload.id)}`);
    if (upload.shownAt !== null && upload.shownAt < begunAt)
      throw new Broken("shownStays", `${by} does not find ${shortId(upload.id)}, which was shown before`);
  }
}
