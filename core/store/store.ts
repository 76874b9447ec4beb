/**
 * One disk as the rest of the node sees it: records that join, payloads that are there or not.
 *
 * Wishes that come while a batch is being synced go into the next one together. A batch is joined, written, synced,
 * and only then seen: by the index, by readers, by whoever waits for it, and in the feed head. When a sync fails
 * nothing is tried again: what the disk then holds is not known, so the store has failed as a whole.
 */
import assert from "node:assert/strict";
import { bad, type Fault, FaultError, fault, good, type Result } from "../model/faults.ts";
import type { ImageId, StoreId, UserName } from "../model/ids.ts";
import type { AnyRecord, ImageRecord } from "../model/records.ts";
import type {
  DigestBucket,
  FeedPage,
  Holding,
  HoldingsPage,
  HomeSet,
  Index,
  PayloadWriter,
  Place,
  RecordDigest,
  SegmentId,
  Store,
} from "../ports.ts";
import { countFitting, type Draft, imagesOf, type Known, type Plan, planBatch, type Wish } from "./batch.ts";
import { KnownRecords, knownIn } from "./known-records.ts";
import { layOut, measure, placedIn } from "./layout.ts";
import type { NewIds } from "./new-ids.ts";
import { StagedPayloadWriter } from "./payload-writer.ts";
import { readVerified } from "./reading.ts";
import type { Segments } from "./segments.ts";
import { faultIn, ToldIndex } from "./told-index.ts";
import { UnderWay } from "./under-way.ts";
import { logBytesMax } from "./walk.ts";
import type { wholeAnswers } from "./whole-answers.ts";

export interface StoreParts {
  readonly id: StoreId;
  readonly disk: string;
  readonly segments: Segments;
  readonly index: Index;
  readonly feedHead: number;
  readonly images: number;
  readonly payloadBytes: number;
  readonly newIds: NewIds;
  /** Whether what was read is what was stored. */
  readonly isSound: (hash: Uint8Array, expected: Uint8Array) => boolean;
  readonly answers: typeof wholeAnswers;
}

interface Waiting {
  readonly wish: Wish;
  readonly settle: (result: Result<number>) => void;
}

/** Payloads up to this size are verified before the first byte is given out; larger ones as they end. */
const verifiedFirstBytesMax = 1_048_576;
/** What one batch takes of what waits: wishes, and records. By their size it may be fewer (`countFitting`). */
const batchWishesMax = 256;
const batchRecordsMax = 1_024;
/** A wish has so few records that one alone always fits. */
const wishRecordsMax = 8;

export class SegmentStore implements Store {
  readonly id: StoreId;
  /** For questions: an answer has all that is durable, or is a fault. */
  readonly index: Index;
  readonly segments: Segments;
  /** This node's name for its disk, as tombstones list it. */
  readonly disk: string;
  /** Begun payloads are noted here; so is what the rest of the node has in hand. */
  readonly underWay = new UnderWay();
  /** Segments that are being emptied, by whomever. */
  readonly compacting = new Set<SegmentId>();
  #chores: Promise<unknown> = Promise.resolve();
  readonly #told: ToldIndex;
  readonly #known: KnownRecords;
  readonly #isSound: StoreParts["isSound"];
  #feedHead: number;
  #images: number;
  #payloadBytes: number;
  #fault: Fault | null = null;
  #closed = false;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | null = null;

  constructor(parts: StoreParts) {
    this.id = parts.id;
    this.#told = new ToldIndex(parts.index, parts.answers, (problem) => this.#fail(problem));
    this.index = this.#told.asked;
    this.#known = new KnownRecords(this.index, parts.newIds);
    this.segments = parts.segments;
    this.disk = parts.disk;
    this.#isSound = parts.isSound;
    this.#feedHead = parts.feedHead;
    this.#images = parts.images;
    this.#payloadBytes = parts.payloadBytes;
  }

  get feedHead(): number {
    return this.#feedHead;
  }

  get images(): number {
    return this.#images;
  }

  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** DISK_FULL passes (`lookAgain`); everything else stays. */
  get fault(): Fault | null {
    return this.#fault ?? this.#told.fault;
  }

  get readFault(): Fault | null {
    return this.#told.fault;
  }

  /** To be called now and then: whether an index that had no room has caught up. Never rejects. */
  lookAgain(): Promise<void> {
    return this.#told.lookAgain();
  }

  async begin(id: ImageId, payloadBytes: number): Promise<Result<PayloadWriter>> {
    const problem = this.#unusable();
    if (problem !== null) return bad(problem);
    const onEnd = this.underWay.begin([id]);
    // Asked for now, so that the batch does not have to wait for the answer.
    try {
      await this.#known.of(id);
    } catch (error) {
      onEnd();
      return bad(faultIn(error));
    }
    return good(
      new StagedPayloadWriter({
        id,
        payloadBytes,
        segments: this.segments,
        commit: (record, payload) => this.wish({ kind: "commit", record, payload }),
        onEnd,
        onFault: (failed) => this.#fail(failed),
      }),
    );
  }

  async merge(records: readonly AnyRecord[]): Promise<Result<number>> {
    const wishes: Promise<Result<number>>[] = [];
    for (let at = 0; at < records.length; at += wishRecordsMax)
      wishes.push(this.wish({ kind: "merge", records: records.slice(at, at + wishRecordsMax) }));
    const results = await Promise.all(wishes);
    return results.find(({ ok }) => !ok) ?? results.at(-1) ?? good(this.#feedHead);
  }

  /** Resolves when it is durable and seen, or refused. */
  wish(wish: Wish): Promise<Result<number>> {
    const problem = this.#unusable();
    if (problem !== null) return Promise.resolve(bad(problem));
    return new Promise((settle) => {
      this.#waiting.push({ wish, settle });
      this.#flushing ??= this.#flush();
    });
  }

  async get(id: ImageId): Promise<Holding | null> {
    const known = await this.#known.of(id);
    return known === null ? null : holdingOf(known);
  }

  async read(id: ImageId): Promise<Result<AsyncIterable<Uint8Array>>> {
    const known = await this.#known.of(id);
    const missing = bad(fault("IMAGE_UNAVAILABLE", { id, reason: "not on this node's disk" }));
    if (known?.record.kind !== "image" || known.payload === null) return missing;
    const chunks = this.#read(known.record, known.payload);
    if (known.record.facts.payloadBytes > verifiedFirstBytesMax) return good(chunks);
    try {
      const whole: Uint8Array[] = [];
      for await (const chunk of chunks) whole.push(chunk);
      return good(listed(whole));
    } catch (error) {
      if (error instanceof FaultError) return bad(error.fault);
      throw error;
    }
  }

  async changedAfter(after: number, limit: number): Promise<FeedPage> {
    const feedHead = this.#feedHead;
    const { changes, more } = await this.index.changedAfter(after, limit);
    const last = changes.at(-1)?.change ?? 0;
    // What the index knows is durable, also what came after the head was read.
    const upTo = more ? Math.max(after, last) : Math.max(feedHead, last);
    const entries = changes.map(({ id, digest }) => ({ id, digest }));
    return { entries, upTo, feedHead: Math.max(feedHead, upTo) };
  }

  digestsOf(ids: readonly ImageId[]): Promise<readonly (number | null)[]> {
    return this.index.digestsOf(ids);
  }

  async recordsOf(ids: readonly ImageId[]): Promise<readonly (AnyRecord | null)[]> {
    const known = await this.#known.ofAll(ids);
    return ids.map((id) => known.get(id)?.record ?? null);
  }

  async list(user: UserName, before: ImageId | null, limit: number): Promise<HoldingsPage> {
    const { rows, more } = await this.index.list(user, before, limit);
    return { holdings: rows.map((row) => holdingOf(knownIn(row))), more };
  }

  async find(user: UserName, part: string, limit: number): Promise<readonly ImageId[]> {
    return (await this.index.find(user, part, limit)).map(({ id }) => id);
  }

  async walk(after: ImageId | null, limit: number): Promise<HoldingsPage> {
    const { rows, more } = await this.index.walk(after, limit);
    return { holdings: rows.map((row) => holdingOf(knownIn(row))), more };
  }

  homeSets(): Promise<readonly HomeSet[]> {
    return this.index.homeSets();
  }

  async inHomeSet(
    set: Pick<HomeSet, "homes" | "here">,
    after: ImageId | null,
    limit: number,
  ): Promise<HoldingsPage> {
    const { rows, more } = await this.index.inHomeSet(set, after, limit);
    return { holdings: rows.map((row) => holdingOf(knownIn(row))), more };
  }

  digests(): Promise<readonly DigestBucket[]> {
    return this.index.digests();
  }

  bucket(bucket: number, after: ImageId | null, limit: number): Promise<readonly RecordDigest[]> {
    return this.index.bucket(bucket, after, limit);
  }

  /** Reads a payload that is here to its end. What is damaged is set aside. */
  async verify(id: ImageId): Promise<"sound" | "damaged" | "not here"> {
    const known = await this.#known.of(id);
    if (known?.record.kind !== "image" || known.payload === null) return "not here";
    try {
      for await (const _ of this.#read(known.record, known.payload));
      return "sound";
    } catch (error) {
      if (error instanceof FaultError && error.fault.code === "SEAL_BROKEN") return "damaged";
      throw error;
    }
  }

  /** The payload is not what it was: it counts as missing from now on, and is fetched again. Rejects with DISK_*. */
  async setAside(id: ImageId, payload: Place): Promise<void> {
    const moved = await this.wish({ kind: "move", id, from: payload, to: null });
    if (!moved.ok) throw new FaultError(moved.fault);
    if (this.segments.isOwnFile(payload.segment))
      await this.segments.removePayloadFile(this.segments.nameOf(payload.segment)).catch(() => undefined);
  }

  /**
   * Removes a payload's own file that nobody writes to and no record names. It has its writer before it is there, and
   * never a second one; what the writer has committed was told to the index before he let go.
   */
  async removeIfUnused(name: string): Promise<void> {
    const segment = this.segments.unusedOwnFile(name);
    if (segment === null) return;
    const { rows } = await this.index.inSegment(segment, null, 1);
    if (rows.length === 0) await this.segments.removePayloadFile(name);
  }

  /** Finishes what waits, and marks the end of the log, so that the last batch cannot pass for a torn one. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    if (this.fault === null && this.segments.syncedBatch > 0) {
      const mark: Plan = { drafts: new Map(), drops: [], faults: [], feedHead: this.#feedHead };
      await this.#write(mark, new Map()).catch(() => undefined);
      await this.#told.noteEnd();
    }
    await this.#told.close();
    await this.segments.close();
  }

  #unusable(): Fault | null {
    return this.fault ?? (this.#closed ? fault("NODE_NOT_READY", { reason: "it is stopping" }) : null);
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      let batch = this.#takeBatch();
      try {
        const known = await this.#known.ofAll(batch.flatMap(({ wish }) => imagesOf(wish)));
        const fitting = countFitting(
          batch.map(({ wish }) => wish),
          known,
          logBytesMax,
        );
        this.#waiting = [...batch.slice(fitting), ...this.#waiting];
        batch = batch.slice(0, fitting);
        await this.#flushBatch(batch, known);
      } catch (error) {
        const problem = faultIn(error);
        // Too many open files pass, and nobody was told of the batch.
        if (problem.code !== "DISK_FULL" && problem.code !== "BUSY") this.#fail(problem);
        for (const { settle } of batch) settle(bad(problem));
      }
    }
    this.#flushing = null;
  }

  #takeBatch(): readonly Waiting[] {
    let records = 0;
    let count = 0;
    for (const { wish } of this.#waiting) {
      records += wish.kind === "merge" ? wish.records.length : 1;
      if (count > 0 && (records > batchRecordsMax || count >= batchWishesMax)) break;
      count++;
    }
    const batch = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    return batch;
  }

  async #flushBatch(batch: readonly Waiting[], known: ReadonlyMap<ImageId, Known | null>): Promise<void> {
    if (this.fault !== null) throw new FaultError(this.fault);
    const plan = planBatch(
      batch.map(({ wish }) => wish),
      known,
      this.#feedHead,
    );
    try {
      if (plan.drafts.size + plan.drops.length > 0) await this.#write(plan, known);
    } catch (error) {
      // A disk without room for payloads may still have room for deletes.
      const full = error instanceof FaultError && error.fault.code === "DISK_FULL";
      const others = batch.filter(({ wish }) => wish.kind !== "commit");
      if (!full || others.length === batch.length) throw error;
      for (const { wish, settle } of batch) if (wish.kind === "commit") settle(bad(error.fault));
      await this.#flushBatch(others, known);
      return;
    }
    for (const [at, { settle }] of batch.entries()) {
      const problem = plan.faults[at] ?? null;
      settle(problem === null ? good(this.#feedHead) : bad(problem));
    }
  }

  /** One batch: on disk, then seen. */
  async #write(plan: Plan, before: ReadonlyMap<ImageId, Known | null>): Promise<void> {
    const measured = measure(plan.drafts);
    assert(measured.logBytes <= logBytesMax, "a batch that no walk would find");
    const space = await this.segments.reserveBatch(measured.bytes, measured.hasPayloads ? "payload" : "log");
    const { nextBatch: batch, syncedBatch: previous } = this.segments;
    const { feedHead } = plan;
    const laid = layOut(measured, space, { batch, previous, feedHead }, (draft) => this.#isToErase(draft));
    await this.segments.writeBatch(space, laid.pieces, placedIn(plan.drafts.values()));
    this.#see(plan, before, laid.payloads);
    const drops = plan.drops.map((id) => ({ kind: "drop", id }) as const);
    this.#told.tell([...laid.changes, ...drops], { after: previous, batch, feedHead }, laid.log);
  }

  /** The batch is durable: from now on everybody may know. */
  #see(
    plan: Plan,
    before: ReadonlyMap<ImageId, Known | null>,
    payloads: ReadonlyMap<ImageId, Place | null>,
  ): void {
    this.#feedHead = plan.feedHead;
    for (const [id, { record, change }] of plan.drafts) {
      const known: Known = { record, change, payload: payloads.get(id) ?? null };
      this.#count(before.get(id) ?? null, -1);
      this.#count(known, 1);
      this.#known.remember(id, known);
    }
    for (const id of plan.drops) this.#known.remember(id, null);
  }

  #count(known: Known | null, by: 1 | -1): void {
    if (known?.record.kind !== "image" || known.payload === null) return;
    this.#images += by;
    this.#payloadBytes += by * known.record.facts.payloadBytes;
  }

  #isToErase({ record }: Draft): boolean {
    return record.kind === "tombstone" && !record.erasedOn.includes(this.disk);
  }

  #fail(problem: Fault): void {
    this.#fault ??= problem;
  }

  /** What moves or erases what is stored already, one after the other: nothing must move while its places are erased. */
  chore<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#chores.then(work);
    this.#chores = turn.catch(() => undefined);
    return turn;
  }

  #read(record: ImageRecord, payload: Place): AsyncGenerator<Uint8Array> {
    const setAside = (): Promise<unknown> => this.setAside(record.facts.id, payload);
    return readVerified(this.segments, record, payload, this.#isSound, setAside);
  }
}

const holdingOf = ({ record, change, payload }: Known): Holding => ({
  record,
  change,
  here: record.kind === "image" && payload !== null,
});

async function* listed(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
