/**
 * What every record store keeps: records join on the way in, each change has a number that means the same for
 * ever, and a number is told only when the change is durable.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Result } from "../../core/model/faults.ts";
import { type ImageId, nodeId } from "../../core/model/ids.ts";
import { frameBytesMax, thumbnailBytesMax } from "../../core/model/limits.ts";
import { type ImageRecord, joinRecords } from "../../core/model/records.ts";
import type { RecordStore } from "../../core/ports.ts";
import { encodeMessage } from "../../core/wire/codec.ts";
import { arbitraryRecord, idOf, inspected, ownedBy, recordOf } from "../support/records.ts";

export interface RecordStoreLab {
  /** Opens the store, or opens it again as after a crash: nothing was closed in good order. */
  open(): Promise<RecordStore>;
}

/** Runs the contract on the stores of new labs. */
export const describeRecordStore = (name: string, makeLab: () => Promise<RecordStoreLab>): void => {
  const open = async (): Promise<RecordStore> => (await makeLab()).open();

  describe(`${name} joins records`, () => {
    test("one after the other, as joining says", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(arbitraryRecord(idOf(1)), { maxLength: 3 }), { maxLength: 4 }),
          async (batches) => {
            const store = await open();
            for (const batch of batches) must(await store.merge(batch));
            const all = batches.flat();
            const expected = all.length === 0 ? null : all.reduce(joinRecords);
            expect(store.get(idOf(1))).toEqual(expected);
          },
        ),
        { numRuns: 25 },
      );
    });

    test("and takes no notice of what it knows already: no change, no number", async () => {
      const store = await open();
      const record = recordOf(idOf(1));
      expect(must(await store.merge([record]))).toBe(1);
      expect(must(await store.merge([record, record]))).toBe(1);
      expect(must(await store.merge([]))).toBe(1);
      expect(store.feedHead).toBe(1);
      expect(must(await store.merge([inspected(record, "ok", 5), inspected(record, "damaged", 6)]))).toBe(2);
      expect(store.get(idOf(1))?.inspection.value.verdict).toBe("damaged");
    });

    test("also when many come at once", async () => {
      const store = await open();
      const heads = await Promise.all(
        Array.from({ length: 50 }, (_, n) => store.merge([recordOf(idOf(n % 20))])),
      );
      expect(heads.every((head) => head.ok)).toBe(true);
      expect(store.feedHead).toBe(20);
      expect([...store.all()]).toHaveLength(20);
    });

    test("of which it knows none at first", async () => {
      const store = await open();
      expect(store.get(idOf(1))).toBeNull();
      expect([...store.all(), ...store.homeSets()]).toEqual([]);
      expect(store.changedAfter(0, 10)).toEqual({ records: [], upTo: 0, feedHead: 0 });
      expect(store.list("alice", null, 10)).toEqual([]);
    });
  });

  describe(`${name} tells its changes`, () => {
    test("each image once, at its latest change, page by page", async () => {
      const store = await open();
      for (const n of [1, 2, 3, 4]) must(await store.merge([recordOf(idOf(n))]));
      must(await store.merge([inspected(recordOf(idOf(2)), "ok", 9)]));
      expect(idsOf(store.changedAfter(0, 10).records)).toEqual([1, 3, 4, 2].map(idOf));
      const first = store.changedAfter(0, 2);
      expect(first).toMatchObject({ upTo: 3, feedHead: 5 });
      expect(idsOf(first.records)).toEqual([1, 3].map(idOf));
      const second = store.changedAfter(first.upTo, 2);
      expect(idsOf(second.records)).toEqual([4, 2].map(idOf));
      expect(store.changedAfter(second.upTo, 2)).toEqual({ records: [], upTo: 5, feedHead: 5 });
    });

    test("a page ends before it would be too large for a frame, with at least one record", async () => {
      const store = await open();
      const thumbnail = new Uint8Array(thumbnailBytesMax);
      const many = Array.from({ length: 30 }, (_, n) =>
        recordOf(idOf(n), {
          inspection: { stamp: { atMs: 2, node: 1 }, value: { verdict: "ok", thumbnail } },
        }),
      );
      must(await store.merge(many));
      const seen: ImageId[] = [];
      for (let after = 0; after < store.feedHead; ) {
        const page = store.changedAfter(after, 500);
        expect(page.records.length).toBeGreaterThan(0);
        expect(encodeMessage({ kind: "merge", records: page.records }).length).toBeLessThan(frameBytesMax);
        seen.push(...idsOf(page.records));
        after = page.upTo;
      }
      expect(seen).toEqual(idsOf(many));
    });

    test("a reader who follows the pages knows in the end what the store knows", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ image: fc.nat(4), pull: fc.boolean() }), { maxLength: 40 }),
          fc.integer({ min: 1, max: 4 }),
          async (steps, limit) => {
            const store = await open();
            const known = new Map<ImageId, ImageRecord>();
            let after = 0;
            const pull = (): void => {
              const page = store.changedAfter(after, limit);
              for (const record of page.records) known.set(record.facts.id, record);
              expect(page.upTo).toBeGreaterThanOrEqual(after);
              after = page.upTo;
            };
            for (const [at, step] of steps.entries()) {
              if (step.pull) pull();
              else must(await store.merge([inspected(recordOf(idOf(step.image)), "ok", at)]));
            }
            while (after < store.feedHead) pull();
            expect(known.size).toBe([...store.all()].length);
            for (const record of store.all()) expect(known.get(record.facts.id)).toEqual(record);
          },
        ),
        { numRuns: 25 },
      );
    });

    test("under numbers that a restart does not change", async () => {
      const lab = await makeLab();
      const before = await lab.open();
      for (const n of [3, 1, 2]) must(await before.merge([recordOf(idOf(n))]));
      must(await before.merge([inspected(recordOf(idOf(1)), "ok", 9), recordOf(idOf(7))]));
      const after = await lab.open();
      expect(after.store).toBe(before.store);
      expect(after.feedHead).toBe(before.feedHead);
      for (let from = 0; from <= before.feedHead; from++)
        expect(after.changedAfter(from, 2)).toEqual(before.changedAfter(from, 2));
      expect(after.list("alice", null, 10)).toEqual(before.list("alice", null, 10));
      expect([...after.homeSets()]).toEqual([...before.homeSets()]);
      expect(must(await after.merge([recordOf(idOf(9))]))).toBe(6);
    });
  });

  describe(`${name} lists`, () => {
    test("a person's images, newest first, whatever the order in which they came", async () => {
      const store = await open();
      for (const n of [5, 1, 4, 2, 3]) must(await store.merge([recordOf(idOf(n))]));
      must(await store.merge([ownedBy("bob", recordOf(idOf(6)))]));
      expect(idsOf(store.list("alice", null, 10))).toEqual([5, 4, 3, 2, 1].map(idOf));
      expect(idsOf(store.list("bob", null, 10))).toEqual([idOf(6)]);
      expect(store.list("carol", null, 10)).toEqual([]);
    });

    test("page by page, each from before the last of the one before", async () => {
      const store = await open();
      must(await store.merge([1, 2, 3, 4, 5].map((n) => recordOf(idOf(n)))));
      expect(idsOf(store.list("alice", null, 2))).toEqual([5, 4].map(idOf));
      expect(idsOf(store.list("alice", idOf(4), 2))).toEqual([3, 2].map(idOf));
      expect(idsOf(store.list("alice", idOf(2), 2))).toEqual([idOf(1)]);
      expect(store.list("alice", idOf(1), 2)).toEqual([]);
      expect(idsOf(store.list("alice", idOf(99), 1))).toEqual([idOf(5)]);
    });
  });

  test(`${name} knows which sets of homes there are, and forgets one with its last image`, async () => {
    const store = await open();
    const at = (n: number, homes: readonly number[], atMs: number): ImageRecord =>
      recordOf(idOf(n), { homes: { stamp: { atMs, node: 1 }, value: homes.map(nodeId) } });
    must(await store.merge([at(1, [1, 2], 1), at(2, [1, 2], 1), at(3, [2, 3], 1)]));
    expect([...store.homeSets()].map(String).toSorted()).toEqual(["1,2", "2,3"]);
    must(await store.merge([at(1, [1, 3], 2)]));
    expect([...store.homeSets()].map(String).toSorted()).toEqual(["1,2", "1,3", "2,3"]);
    must(await store.merge([at(2, [1, 3], 2)]));
    expect([...store.homeSets()].map(String).toSorted()).toEqual(["1,3", "2,3"]);
  });
};

const must = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  return result.value;
};

const idsOf = (records: readonly ImageRecord[]): readonly ImageId[] => records.map(({ facts }) => facts.id);
