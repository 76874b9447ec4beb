/**
 * What every store keeps: payload and record become visible together and only when they are durable; records join on
 * the way in; each change has a number that means the same for ever; nobody is given damaged bytes for good ones.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FaultError, type Result } from "../../core/model/faults.ts";
import { type ImageId, userNameOf } from "../../core/model/ids.ts";
import { sealedChunkBytesMax, thumbnailBytesMax } from "../../core/model/limits.ts";
import { type AnyRecord, type ImageRecord, joinRecords, recordId } from "../../core/model/records.ts";
import { wallMs } from "../../core/model/units.ts";
import type { FeedPage, Store } from "../../core/ports.ts";
import { gather } from "../support/gather.ts";
import { noise } from "../support/pictures.ts";
import {
  arbitraryRecord,
  hashOf,
  homesAt,
  idOf,
  inspected,
  ownedBy,
  recordOf,
  tombstoneOf,
} from "../support/records.ts";

export interface StoreLab {
  /** Opens the store, or opens it again as after a crash: nothing was closed in good order. */
  open(): Promise<Store>;
  /** Damages a byte of the payload of `record`, which is stored. */
  flipByte(record: ImageRecord): Promise<void>;
}

const alice = userNameOf("alice");

/** Runs the contract on the stores of new labs; each law on so many random histories. */
export const describeStore = (name: string, makeLab: () => Promise<StoreLab>, numRuns: number): void => {
  const open = async (): Promise<Store> => (await makeLab()).open();
  const payload = noise(200_000, 1);
  const record = payloadRecord(1, payload);

  describe(`${name} keeps payloads`, () => {
    test("and gives them back as they were, in chunks that fit a frame", async () => {
      const store = await open();
      await keep(store, record, payload);
      const chunks = await chunksOf(store, idOf(1));
      expect(chunks.every((chunk) => chunk.length > 0 && chunk.length <= sealedChunkBytesMax)).toBe(true);
      expect(Buffer.concat(chunks).equals(payload)).toBe(true);
      expect([store.images, store.payloadBytes]).toEqual([1, payload.length]);
    });

    test("invisible, and their records too, until they are committed", async () => {
      const store = await open();
      const writer = must(await store.begin(idOf(1), payload.length));
      await writer.write(payload);
      expect(await store.get(idOf(1))).toBeNull();
      expect(await codeOfReading(store, idOf(1))).toBe("IMAGE_UNAVAILABLE");
      expect([store.images, store.payloadBytes, store.feedHead]).toEqual([0, 0, 0]);
      expect(await writer.commit(record)).toEqual({ ok: true, value: 1 });
      expect(await store.get(idOf(1))).toEqual({ record, change: 1, here: true });
      await writer.abort();
      expect((await store.get(idOf(1)))?.here).toBe(true);
    });

    test("not when they are given up, also twice", async () => {
      const store = await open();
      const writer = must(await store.begin(idOf(1), payload.length));
      await writer.write(payload.subarray(0, 5));
      await writer.abort();
      await writer.abort();
      expect(await store.get(idOf(1))).toBeNull();
      await keep(store, record, payload);
    });

    test("not when they are other bytes than the record says, or more, or fewer", async () => {
      const store = await open();
      const other = payloadRecord(1, noise(payload.length, 2));
      const wrong = must(await store.begin(idOf(1), payload.length));
      await wrong.write(payload);
      expect(await wrong.commit(other)).toMatchObject({ ok: false, fault: { code: "HASH_MISMATCH" } });
      const short = must(await store.begin(idOf(1), payload.length));
      await short.write(payload.subarray(1));
      expect(await short.commit(record)).toMatchObject({ ok: false, fault: { code: "HASH_MISMATCH" } });
      const long = must(await store.begin(idOf(1), payload.length - 1));
      await expect(long.write(payload)).rejects.toMatchObject({ fault: { code: "HASH_MISMATCH" } });
      await long.abort();
      expect(await store.get(idOf(1))).toBeNull();
      expect(store.images).toBe(0);
    });

    test("once, however often the same one is written, also at once", async () => {
      const store = await open();
      await Promise.all([keep(store, record, payload), keep(store, record, payload)]);
      await keep(store, record, payload);
      expect([store.images, store.payloadBytes, store.feedHead]).toEqual([1, payload.length, 1]);
      expect(Buffer.concat(await chunksOf(store, idOf(1))).equals(payload)).toBe(true);
    });

    test("apart: the same bytes under two ids are two payloads", async () => {
      const store = await open();
      await keep(store, record, payload);
      await keep(store, payloadRecord(2, payload), payload);
      expect([store.images, store.payloadBytes]).toEqual([2, 2 * payload.length]);
    });

    test("of a record that it knew already from others", async () => {
      const store = await open();
      must(await store.merge([record]));
      expect(await store.get(idOf(1))).toMatchObject({ change: 1, here: false });
      expect(store.images).toBe(0);
      await keep(store, record, payload);
      // That the bytes are here is nobody else's business: the number stays.
      expect(await store.get(idOf(1))).toMatchObject({ change: 1, here: true });
      expect([store.images, store.feedHead]).toEqual([1, 1]);
    });

    test("not of a purged image, and not under an id that names another one", async () => {
      const store = await open();
      must(await store.merge([tombstoneOf(idOf(1))]));
      const late = must(await store.begin(idOf(1), payload.length));
      await late.write(payload);
      expect(await late.commit(record)).toMatchObject({ ok: false, fault: { code: "ID_TAKEN" } });
      await keep(store, payloadRecord(2, payload), payload);
      const other = noise(300, 3);
      const taken = must(await store.begin(idOf(2), other.length));
      await taken.write(other);
      expect(await taken.commit(payloadRecord(2, other))).toMatchObject({
        ok: false,
        fault: { code: "ID_TAKEN" },
      });
      expect(Buffer.concat(await chunksOf(store, idOf(2))).equals(payload)).toBe(true);
    });

    test("through a restart, but nothing that was not committed", async () => {
      const lab = await makeLab();
      const before = await lab.open();
      await keep(before, record, payload);
      const unfinished = must(await before.begin(idOf(2), payload.length));
      await unfinished.write(payload);
      const after = await lab.open();
      expect([after.images, after.payloadBytes]).toEqual([1, payload.length]);
      expect(await after.get(idOf(1))).toEqual({ record, change: 1, here: true });
      expect(await after.get(idOf(2))).toBeNull();
      expect(Buffer.concat(await chunksOf(after, idOf(1))).equals(payload)).toBe(true);
      await keep(after, payloadRecord(2, payload), payload);
      expect(after.images).toBe(2);
    });

    test("and says so when one is damaged, instead of giving it for good; then it counts as missing", async () => {
      const lab = await makeLab();
      const store = await lab.open();
      await keep(store, record, payload);
      await lab.flipByte(record);
      expect(await codeOfReading(store, idOf(1))).toBe("SEAL_BROKEN");
      expect(await store.get(idOf(1))).toMatchObject({ here: false, change: 1 });
      expect([store.images, store.payloadBytes]).toEqual([0, 0]);
      await keep(store, record, payload);
      expect(Buffer.concat(await chunksOf(store, idOf(1))).equals(payload)).toBe(true);
      const after = await lab.open();
      expect(Buffer.concat(await chunksOf(after, idOf(1))).equals(payload)).toBe(true);
    });

    test("of any size: one byte, a chunk, more than waits in memory, more than a segment", async () => {
      const lab = await makeLab();
      const store = await lab.open();
      const sizes = [1, sealedChunkBytesMax, sealedChunkBytesMax + 1, 400_000, 3_000_000];
      for (const [n, size] of sizes.entries())
        await keep(store, payloadRecord(10 + n, noise(size, 10 + n)), noise(size, 10 + n));
      const areThere = async (opened: Store): Promise<void> => {
        for (const [n, size] of sizes.entries())
          expect(Buffer.concat(await chunksOf(opened, idOf(10 + n))).equals(noise(size, 10 + n))).toBe(true);
      };
      await areThere(store);
      await areThere(await lab.open());
    });

    test("many at once, each whole", async () => {
      const lab = await makeLab();
      const store = await lab.open();
      const all = Array.from({ length: 40 }, (_, n) => noise(1_000 + 9_000 * n, n));
      await Promise.all(all.map((bytes, n) => keep(store, payloadRecord(n, bytes), bytes)));
      const after = await lab.open();
      for (const [n, bytes] of all.entries())
        expect(Buffer.concat(await chunksOf(after, idOf(n))).equals(bytes)).toBe(true);
    });
  });

  describe(`${name} joins records`, () => {
    test("one after the other, as joining says", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(arbitraryRecord(idOf(1)), { maxLength: 3 }), { maxLength: 4 }),
          async (batches) => {
            const lab = await makeLab();
            const store = await lab.open();
            for (const batch of batches) must(await store.merge(batch));
            const all = batches.flat();
            const expected = all.length === 0 ? undefined : all.reduce(joinRecords);
            expect((await store.get(idOf(1)))?.record).toEqual(expected);
            expect((await (await lab.open()).get(idOf(1)))?.record).toEqual(expected);
          },
        ),
        { numRuns },
      );
    });

    test("and takes no notice of what it knows already: no change, no number", async () => {
      const store = await open();
      const one = recordOf(idOf(1));
      expect(must(await store.merge([one]))).toBe(1);
      expect(must(await store.merge([one, one]))).toBe(1);
      expect(must(await store.merge([]))).toBe(1);
      expect(must(await store.merge([inspected(one, "ok", 5), inspected(one, "damaged", 6)]))).toBe(2);
      expect(verdictOf(await store.get(idOf(1)))).toBe("damaged");
    });

    test("also when many come at once", async () => {
      const store = await open();
      const heads = await Promise.all(
        Array.from({ length: 50 }, (_, n) => store.merge([recordOf(idOf(n % 20))])),
      );
      expect(heads.every((head) => head.ok)).toBe(true);
      expect(store.feedHead).toBe(20);
      expect((await store.walk(null, 100)).holdings).toHaveLength(20);
    });

    test("of which it knows none at first", async () => {
      const store = await open();
      expect(await store.get(idOf(1))).toBeNull();
      expect((await store.walk(null, 10)).holdings).toEqual([]);
      expect(await store.homeSets()).toEqual([]);
      expect(await store.changedAfter(0, 10)).toEqual({ entries: [], upTo: 0, feedHead: 0 });
      expect((await store.list(alice, null, 10)).holdings).toEqual([]);
    });
  });

  describe(`${name} tells its changes`, () => {
    test("each image once, at its latest change, page by page", async () => {
      const store = await open();
      for (const n of [1, 2, 3, 4]) must(await store.merge([recordOf(idOf(n))]));
      must(await store.merge([inspected(recordOf(idOf(2)), "ok", 9)]));
      expect(entryIds(await store.changedAfter(0, 10))).toEqual([1, 3, 4, 2].map(idOf));
      const first = await store.changedAfter(0, 2);
      expect(first).toMatchObject({ upTo: 3, feedHead: 5 });
      expect(entryIds(first)).toEqual([1, 3].map(idOf));
      const second = await store.changedAfter(first.upTo, 2);
      expect(entryIds(second)).toEqual([4, 2].map(idOf));
      expect(await store.changedAfter(second.upTo, 2)).toEqual({ entries: [], upTo: 5, feedHead: 5 });
    });

    test("with the digests of what it has, and gives the records themselves, thumbnails included", async () => {
      const store = await open();
      const thumbnail = new Uint8Array(thumbnailBytesMax).fill(7);
      const record = recordOf(idOf(1), {
        inspection: { stamp: { atMs: 2, node: 1 }, value: { verdict: "ok", thumbnail } },
      });
      must(await store.merge([record, tombstoneOf(idOf(2))]));
      const ids = [idOf(2), idOf(3), idOf(1)];
      expect(await store.recordsOf(ids)).toEqual([tombstoneOf(idOf(2)), null, record]);
      const { entries } = await store.changedAfter(0, 10);
      const digestOf = (id: ImageId) => entries.find((entry) => entry.id === id)?.digest ?? null;
      expect(await store.digestsOf(ids)).toEqual(ids.map(digestOf));
      expect(digestOf(idOf(1))).not.toBeNull();
    });

    test("a reader who follows the pages knows in the end what the store knows", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ image: fc.nat(4), pull: fc.boolean() }), { maxLength: 40 }),
          fc.integer({ min: 1, max: 4 }),
          async (steps, limit) => {
            const store = await open();
            const known = new Map<ImageId, AnyRecord>();
            let after = 0;
            const pull = async (): Promise<void> => {
              const page = await store.changedAfter(after, limit);
              for (const each of await store.recordsOf(entryIds(page)))
                if (each !== null) known.set(recordId(each), each);
              expect(page.upTo).toBeGreaterThanOrEqual(after);
              after = page.upTo;
            };
            for (const [at, step] of steps.entries()) {
              if (step.pull) await pull();
              else must(await store.merge([inspected(recordOf(idOf(step.image)), "ok", at)]));
            }
            while (after < store.feedHead) await pull();
            const { holdings } = await store.walk(null, 100);
            expect(known.size).toBe(holdings.length);
            for (const holding of holdings)
              expect(known.get(recordId(holding.record))).toEqual(holding.record);
          },
        ),
        { numRuns },
      );
    });

    test("under numbers that a restart does not change", async () => {
      const lab = await makeLab();
      const before = await lab.open();
      for (const n of [3, 1, 2]) must(await before.merge([recordOf(idOf(n))]));
      must(await before.merge([inspected(recordOf(idOf(1)), "ok", 9), recordOf(idOf(7))]));
      const pages = [];
      for (let from = 0; from <= before.feedHead; from++) pages.push(await before.changedAfter(from, 2));
      const listed = await before.list(alice, null, 10);
      const homeSets = await before.homeSets();
      const after = await lab.open();
      expect(after.id).toBe(before.id);
      expect(after.feedHead).toBe(pages[0]?.feedHead);
      for (const [from, page] of pages.entries()) expect(await after.changedAfter(from, 2)).toEqual(page);
      expect(await after.list(alice, null, 10)).toEqual(listed);
      expect(await after.homeSets()).toEqual(homeSets);
      expect(must(await after.merge([recordOf(idOf(9))]))).toBe(6);
    });
  });

  describe(`${name} lists`, () => {
    test("a person's images, newest first, whatever the order in which they came, without what was purged", async () => {
      const store = await open();
      for (const n of [5, 1, 4, 2, 3]) must(await store.merge([recordOf(idOf(n))]));
      must(await store.merge([ownedBy("bob", recordOf(idOf(6))), tombstoneOf(idOf(4))]));
      expect(await listOf(store, alice)).toEqual([5, 3, 2, 1].map(idOf));
      expect(await listOf(store, userNameOf("bob"))).toEqual([idOf(6)]);
      expect(await listOf(store, userNameOf("carol"))).toEqual([]);
    });

    test("what others share with a person, for as long as they do and it is not thrown away", async () => {
      const store = await open();
      const carol = userNameOf("carol");
      const letIn = (n: number, atMs: number, value: Uint8Array | null = new Uint8Array(200)) => {
        const stamp = { atMs, node: 1 };
        return recordOf(idOf(n), { headers: { ...recordOf(idOf(n)).headers, carol: { stamp, value } } });
      };
      must(
        await store.merge([letIn(1, 1), recordOf(idOf(2)), letIn(3, 1), ownedBy("carol", recordOf(idOf(4)))]),
      );
      expect(await listOf(store, carol)).toEqual([4, 3, 1].map(idOf));
      expect(await store.find(carol, idOf(3).slice(-8), 5)).toEqual([idOf(3)]);
      must(await store.merge([letIn(3, 2, null)]));
      expect(await listOf(store, carol)).toEqual([4, 1].map(idOf));
      const trashed = { stamp: { atMs: 7, node: 1 }, value: wallMs(7) };
      must(await store.merge([{ ...letIn(1, 1), trashed }]));
      expect(await listOf(store, carol)).toEqual([idOf(4)]);
      expect(await store.find(carol, idOf(1), 5)).toEqual([]);
      expect(await listOf(store, alice)).toEqual([3, 2, 1].map(idOf));
    });

    test("page by page, each from before the last of the one before", async () => {
      const store = await open();
      must(await store.merge([1, 2, 3, 4, 5].map((n) => recordOf(idOf(n)))));
      expect(await listOf(store, alice, null, 2)).toEqual([5, 4].map(idOf));
      expect(await listOf(store, alice, idOf(4), 2)).toEqual([3, 2].map(idOf));
      expect(await listOf(store, alice, idOf(2), 2)).toEqual([idOf(1)]);
      expect(await listOf(store, alice, idOf(1), 2)).toEqual([]);
    });
  });

  test(`${name} knows which sets of homes there are, and forgets one with its last image`, async () => {
    const store = await open();
    const sets = async (): Promise<readonly number[]> =>
      (await store.homeSets()).map(({ images }) => images).toSorted();
    const at = (n: number, homes: readonly number[], atMs: number): ImageRecord =>
      recordOf(idOf(n), { homes: homesAt(homes, atMs) });
    must(await store.merge([at(1, [1, 2], 1), at(2, [1, 2], 1), at(3, [2, 3], 1)]));
    expect(await sets()).toEqual([1, 2]);
    must(await store.merge([at(1, [1, 2, 3], 2)]));
    expect(await sets()).toEqual([1, 1, 1]);
    must(await store.merge([tombstoneOf(idOf(2)), tombstoneOf(idOf(3))]));
    expect(await sets()).toEqual([1]);
  });

  test(`${name} has the same digests as another that knows the same, whatever the order`, async () => {
    const [one, other] = [await open(), await open()];
    const records = [1, 2, 3].map((n) => recordOf(idOf(n)));
    must(await one.merge(records));
    for (const each of records.toReversed()) must(await other.merge([each]));
    expect(await one.digests()).toEqual(await other.digests());
    must(await other.merge([inspected(recordOf(idOf(2)), "ok", 7)]));
    expect(await one.digests()).not.toEqual(await other.digests());
    must(await one.merge([inspected(recordOf(idOf(2)), "ok", 7)]));
    expect(await one.digests()).toEqual(await other.digests());
  });
};

const must = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new FaultError(result.fault);
  return result.value;
};

/** The record of an image whose payload is `payload`. */
export const payloadRecord = (n: number, payload: Uint8Array): ImageRecord => {
  const plain = recordOf(idOf(n));
  const facts = { ...plain.facts, payloadHash: hashOf(payload), payloadBytes: payload.length };
  return { ...plain, facts };
};

export const keep = async (store: Store, record: ImageRecord, payload: Uint8Array): Promise<void> => {
  const writer = must(await store.begin(record.facts.id, payload.length));
  for (let from = 0; from < payload.length; from += 70_000)
    await writer.write(payload.subarray(from, from + 70_000));
  must(await writer.commit(record));
};

export const chunksOf = async (store: Store, id: ImageId): Promise<readonly Uint8Array[]> =>
  gather(must(await store.read(id)));

const codeOfReading = async (store: Store, id: ImageId): Promise<string> => {
  try {
    await chunksOf(store, id);
    return "none";
  } catch (error) {
    return error instanceof FaultError ? error.fault.code : String(error);
  }
};

const entryIds = ({ entries }: FeedPage): readonly ImageId[] => entries.map(({ id }) => id);
const idsOf = (records: readonly AnyRecord[]): readonly ImageId[] => records.map(recordId);

const listOf = async (
  store: Store,
  owner: Parameters<Store["list"]>[0],
  before: ImageId | null = null,
  limit = 10,
): Promise<readonly ImageId[]> =>
  idsOf((await store.list(owner, before, limit)).holdings.map(({ record }) => record));

const verdictOf = (holding: Awaited<ReturnType<Store["get"]>>): string | null =>
  holding?.record.kind === "image" ? holding.record.inspection.value.verdict : null;
