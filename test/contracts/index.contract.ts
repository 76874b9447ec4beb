/**
 * What every index keeps: the latest version of each record, findable in every order that the port knows, sums
 * that always fit the rows, and a position that moves with them.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ImageId, UserName } from "../../core/model/ids.ts";
import { digestBucketMs, digestBucketOf, namesImage } from "../../core/model/image-id.ts";
import type { Change, Index, IndexChange, IndexRow, IndexStep, Place } from "../../core/ports.ts";
import {
  alice,
  bob,
  bytesAt,
  carol,
  drop,
  firstMs,
  idAt,
  idAtTime,
  place,
  put,
  rowAt,
  segment,
  tombstoneAt,
} from "../support/index-rows.ts";
import {
  changed,
  changesOf,
  emptyModel,
  type IndexModel,
  listingsOf,
  pagesOf,
  sumsIn,
  sumsOf,
  supersededIn,
  toEraseOf,
  withoutSegment,
  withoutSuperseded,
} from "./index-model.ts";

export interface IndexLab {
  /** Opens the index; again, when it was closed. */
  open(): Promise<Index>;
}

const everything = Number.MAX_SAFE_INTEGER;

const idsOf = (rows: readonly { readonly id: ImageId }[]): readonly ImageId[] => rows.map(({ id }) => id);

const stepTo = (batch: number): IndexStep => ({ after: batch - 1, batch, feedHead: 7 * batch });

/** The next batch. */
const applyNext = async (
  index: Index,
  changes: readonly IndexChange[],
  feedHead: number,
  lastBatch?: number,
): Promise<void> => {
  const { batch: after } = await index.position();
  await index.apply(changes, { after, batch: lastBatch ?? after + 1, feedHead });
};

/** Applies rows as the next batch; the feed head is the greatest change. */
const putAll = (index: Index, ...rows: readonly IndexRow[]): Promise<void> =>
  applyNext(index, rows.map(put), Math.max(0, ...rows.map(({ change }) => change)));

/** Runs the contract on the indexes of new labs. */
export const describeIndex = (name: string, makeLab: () => IndexLab): void => {
  const open = (): Promise<Index> => makeLab().open();

  describe(`${name} keeps rows`, () => {
    test("as they were put in, with every field at its limits", async () => {
      const index = await open();
      const plain = rowAt(1);
      const least = rowAt(2, {
        summary: new Uint8Array(0),
        thumbnail: new Uint8Array(0),
        payload: null,
        homes: "",
        payloadBytes: 0,
        trashedAtMs: 0,
        digest: 0,
        entry: place(0, 0, 1),
      });
      const greatest = rowAt(3, {
        change: Number.MAX_SAFE_INTEGER,
        summary: bytesAt(5, 300_000),
        thumbnail: bytesAt(6, 65_536),
        entry: place(3, Number.MAX_SAFE_INTEGER, 2 ** 40),
        homes: "x".repeat(1_000),
        trashedAtMs: Number.MAX_SAFE_INTEGER,
        digest: 2 ** 48 - 1,
      });
      const gone = tombstoneAt(4, { toErase: true });
      await putAll(index, plain, least, greatest, gone);
      expect(await index.get([idAt(3), idAt(4), idAt(1), idAt(2)])).toEqual([greatest, gone, plain, least]);
    });

    test("and knows nothing of others", async () => {
      const index = await open();
      await putAll(index, rowAt(1));
      expect(await index.get([idAt(2), idAt(1), idAt(2)])).toEqual([null, rowAt(1), null]);
      expect(await index.get([])).toEqual([]);
      await applyNext(index, [drop(idAt(2))], 1);
      await index.forgetSuperseded(idAt(2), [place(1, 1)]);
      await index.forgetSegment(segment(77));
      expect(await index.supersededOf(idAt(2))).toEqual([]);
      expect(await index.walk(null, 10)).toMatchObject({ rows: [{ id: idAt(1) }], more: false });
    });

    test("in their latest version only", async () => {
      const index = await open();
      await putAll(index, rowAt(1), rowAt(2));
      const renewed = rowAt(1, { change: 3, summary: bytesAt(9, 9), thumbnail: null, entry: place(2, 5) });
      await putAll(index, renewed);
      expect(await index.get([idAt(1)])).toEqual([renewed]);
      const purged = tombstoneAt(1, { change: 4, entry: place(2, 500) });
      await putAll(index, purged);
      expect(await index.get([idAt(1), idAt(2)])).toEqual([purged, rowAt(2)]);
      await applyNext(index, [drop(idAt(1))], 4);
      expect(await index.get([idAt(1), idAt(2)])).toEqual([null, rowAt(2)]);
    });

    test("apart from the buffers that they came in", async () => {
      const index = await open();
      const whole = bytesAt(1, 1_000_000);
      const row = rowAt(1, { summary: whole.subarray(10, 20), thumbnail: Buffer.from(whole).subarray(7, 9) });
      await putAll(index, row);
      const [found] = await index.get([idAt(1)]);
      expect([...(found?.summary ?? [])]).toEqual([...whole.subarray(10, 20)]);
      expect([...(found?.thumbnail ?? [])]).toEqual([...whole.subarray(7, 9)]);
    });

    test("none at first", async () => {
      const index = await open();
      expect(await index.position()).toEqual({ batch: 0, feedHead: 0 });
      for (const listing of listingsOf(emptyModel, [alice], [segment(1)], [0, everything])) {
        expect(await listing.page(index, undefined, 10), listing.name).toEqual({ rows: [], more: false });
      }
      expect(await sumsIn(index)).toEqual(sumsOf(emptyModel));
      expect(await index.find(alice, "", 10)).toEqual([]);
      expect(await index.toErase(10)).toEqual([]);
      expect(await index.bucket(0, null, everything)).toEqual([]);
      expect(await index.note("anything")).toBeNull();
    });
  });

  describe(`${name} moves batch by batch`, () => {
    test("with the position in the same step, also when nothing else changes", async () => {
      const index = await open();
      await index.apply([put(rowAt(1))], { after: 0, batch: 7, feedHead: 1 });
      expect(await index.position()).toEqual({ batch: 7, feedHead: 1 });
      await index.apply([], { after: 7, batch: 8, feedHead: 1 });
      expect(await index.position()).toEqual({ batch: 8, feedHead: 1 });
      const greatest = { batch: Number.MAX_SAFE_INTEGER, feedHead: Number.MAX_SAFE_INTEGER };
      await index.apply([], { after: 8, ...greatest });
      expect(await index.position()).toEqual(greatest);
    });

    test("the changes of a batch in their order", async () => {
      const index = await open();
      await index.apply(
        [put(rowAt(1)), drop(idAt(1)), put(rowAt(2)), put(rowAt(2, { change: 3 })), put(rowAt(4))],
        { after: 0, batch: 1, feedHead: 4 },
      );
      expect(await index.get([idAt(1), idAt(2), idAt(4)])).toEqual([null, rowAt(2, { change: 3 }), rowAt(4)]);
    });

    test("calls in the order in which they were made, without anybody waiting", async () => {
      const index = await open();
      const heads: Promise<number>[] = [];
      for (let batch = 1; batch <= 50; batch++) {
        void index.apply([put(rowAt(batch))], { after: batch - 1, batch, feedHead: batch });
        heads.push(index.position().then(({ feedHead }) => feedHead));
        heads.push(index.walk(null, 100).then(({ rows }) => rows.length));
      }
      const expected = Array.from({ length: 50 }, (_, n) => [n + 1, n + 1]).flat();
      expect(await Promise.all(heads)).toEqual(expected);
    });

    test("as a whole or not at all, and goes on afterwards", async () => {
      const index = await open();
      await putAll(index, rowAt(1), rowAt(2));
      const before = { sums: await sumsIn(index), walk: await index.walk(null, 10) };
      // Two images cannot have the same change number.
      const impossible = [
        ...[3, 4].map((change) => put(rowAt(1, { change, entry: place(9, change) }))),
        ...[drop(idAt(2)), put(rowAt(2, { change: 5 })), drop(idAt(2))],
        ...[put(rowAt(6)), put(rowAt(7, { change: 4 }))],
      ];
      const failing = index.apply(impossible, { after: 1, batch: 2, feedHead: 5 });
      await expect(failing).rejects.toMatchObject({ fault: { code: "DISK_FAILED" } });
      expect(await index.position()).toEqual({ batch: 1, feedHead: 2 });
      expect({ sums: await sumsIn(index), walk: await index.walk(null, 10) }).toEqual(before);
      expect(await index.supersededOf(idAt(1))).toEqual([]);
      await index.apply([put(rowAt(3))], { after: 1, batch: 2, feedHead: 3 });
      expect(idsOf((await index.walk(null, 10)).rows)).toEqual([1, 2, 3].map((n) => idAt(n)));
      expect(await index.position()).toEqual({ batch: 2, feedHead: 3 });
    });

    test("and none after one that failed, until that one is in", async () => {
      const index = await open();
      await putAll(index, rowAt(1), rowAt(2));
      const before = { sums: await sumsIn(index), walk: await index.walk(null, 10) };
      const [second, third, fourth] = [stepTo(2), stepTo(3), stepTo(4)];
      const failing = index.apply([put(rowAt(3)), put(rowAt(4, { change: 3 }))], second);
      // Nobody waits for it.
      const following = [
        index.apply([put(rowAt(5))], third),
        index.apply([drop(idAt(1)), put(rowAt(2, { change: 6 }))], fourth),
        index.apply([], fourth),
      ];
      const asked = [index.position(), index.walk(null, 10)];
      const results = await Promise.allSettled([failing, ...following]);
      for (const result of results)
        expect(result).toMatchObject({ status: "rejected", reason: { fault: { code: "DISK_FAILED" } } });
      expect(await Promise.all(asked)).toEqual([{ batch: 1, feedHead: 2 }, before.walk]);
      expect({ sums: await sumsIn(index), walk: await index.walk(null, 10) }).toEqual(before);
      await index.apply([put(rowAt(3))], second);
      await index.apply([put(rowAt(5))], third);
      expect(idsOf((await index.walk(null, 10)).rows)).toEqual([1, 2, 3, 5].map((n) => idAt(n)));
      expect(await index.position()).toEqual({ batch: 3, feedHead: 21 });
    });

    test("each once, and none that is older or begins elsewhere", async () => {
      const index = await open();
      await index.apply([put(rowAt(1))], { after: 0, batch: 4, feedHead: 1 });
      for (const after of [0, 3, 5, Number.MAX_SAFE_INTEGER]) {
        const refused = index.apply([drop(idAt(1))], { after, batch: 9, feedHead: 2 });
        await expect(refused, String(after)).rejects.toMatchObject({ fault: { code: "DISK_FAILED" } });
      }
      expect(await index.get([idAt(1)])).toEqual([rowAt(1)]);
      await index.clear();
      const refused = index.apply([put(rowAt(2))], { after: 4, batch: 5, feedHead: 2 });
      await expect(refused).rejects.toMatchObject({ fault: { code: "DISK_FAILED" } });
      expect(await index.position()).toEqual({ batch: 0, feedHead: 0 });
      await index.apply([put(rowAt(2))], { after: 0, batch: 5, feedHead: 2 });
      expect(await index.position()).toEqual({ batch: 5, feedHead: 2 });
    });

    test("and all of it is there when it is opened again", async () => {
      const lab = makeLab();
      const index = await lab.open();
      await putAll(index, rowAt(1), rowAt(2), tombstoneAt(3));
      await applyNext(index, [put(rowAt(1, { change: 4, entry: place(2, 0) }))], 4, 5);
      await index.setNote("origin", "here");
      const before = { sums: await sumsIn(index), feed: await index.changedAfter(0, 10) };
      await index.close();
      const again = await lab.open();
      expect({ sums: await sumsIn(again), feed: await again.changedAfter(0, 10) }).toEqual(before);
      expect(await again.position()).toEqual({ batch: 5, feedHead: 4 });
      expect(await again.supersededOf(idAt(1))).toEqual([rowAt(1).entry]);
      expect(await again.note("origin")).toBe("here");
    });

    test("until it is closed, which may be said twice", async () => {
      const index = await open();
      await putAll(index, rowAt(1));
      await Promise.all([index.close(), index.close()]);
      await index.close();
      await expect(index.position()).rejects.toMatchObject({ fault: { code: "DISK_FAILED" } });
      await expect(putAll(index, rowAt(2))).rejects.toMatchObject({ fault: { code: "DISK_FAILED" } });
    });
  });

  describe(`${name} tells what changed`, () => {
    test("each image once, at its latest change, page by page", async () => {
      const index = await open();
      await putAll(index, ...[1, 2, 3, 4].map((n) => rowAt(n)));
      await putAll(index, rowAt(2, { change: 9 }));
      const told = (...rows: readonly IndexRow[]) =>
        rows.map(({ id, change, digest }) => ({ id, change, digest }));
      const first = await index.changedAfter(0, 2);
      expect(first).toEqual({ changes: told(rowAt(1), rowAt(3)), more: true });
      const second = await index.changedAfter(3, 2);
      expect(second).toEqual({ changes: told(rowAt(4), rowAt(2, { change: 9 })), more: false });
      expect(await index.changedAfter(9, 2)).toEqual({ changes: [], more: false });
      expect(await index.changedAfter(0, 0)).toEqual({ changes: [], more: true });
    });
  });

  describe(`${name} finds images`, () => {
    test("of one owner, newest first, without thumbnails and tombstones, also those in the trash", async () => {
      const index = await open();
      await putAll(
        index,
        ...[rowAt(1), rowAt(2, { owner: bob }), rowAt(3, { trashedAtMs: 5 })],
        ...[tombstoneAt(4), rowAt(5, { change: 9 }), rowAt(6)],
      );
      const listed = [rowAt(6), rowAt(5, { change: 9 }), rowAt(3, { trashedAtMs: 5 }), rowAt(1)];
      const bare = listed.map((row) => ({ ...row, thumbnail: null }));
      expect(await index.list(alice, null, 10)).toEqual({ rows: bare, more: false });
      expect(await index.list(alice, null, 4)).toEqual({ rows: bare, more: false });
      expect(await index.list(alice, null, 3)).toEqual({ rows: bare.slice(0, 3), more: true });
      // An id that it does not know is as good as any.
      expect(await index.list(alice, idAt(4), 10)).toEqual({ rows: bare.slice(2), more: false });
      expect(await index.list(alice, idAt(3), 10)).toEqual({ rows: bare.slice(3), more: false });
      expect(idsOf((await index.list(bob, null, 10)).rows)).toEqual([idAt(2)]);
    });

    test("that others let a user read, among the own ones, for as long as they do", async () => {
      const index = await open();
      await putAll(
        index,
        ...[rowAt(1), rowAt(2, { owner: bob, readers: [alice, carol] }), rowAt(3)],
        ...[rowAt(4, { owner: bob, readers: [alice] }), rowAt(5, { owner: bob })],
      );
      const ids = async (user: UserName) => idsOf((await index.list(user, null, 10)).rows);
      expect(await ids(alice)).toEqual([4, 3, 2, 1].map((n) => idAt(n)));
      expect(await ids(carol)).toEqual([idAt(2)]);
      const { rows, more } = await index.list(alice, idAt(4), 2);
      expect({ ids: idsOf(rows), more }).toEqual({ ids: [idAt(3), idAt(2)], more: true });
      expect(rows[1]).toEqual({ ...rowAt(2, { owner: bob, readers: [alice, carol] }), thumbnail: null });
      expect(idsOf(await index.find(alice, idAt(4).slice(-8), 10))).toEqual([idAt(4)]);
      expect(idsOf(await index.find(carol, "", 10))).toEqual([idAt(2)]);
      await putAll(index, rowAt(2, { owner: bob, readers: [carol], change: 6 }));
      expect(await ids(alice)).toEqual([4, 3, 1].map((n) => idAt(n)));
      expect(await index.find(alice, idAt(2), 10)).toEqual([]);
      await putAll(index, tombstoneAt(4, { owner: bob, change: 7 }));
      await applyNext(index, [drop(idAt(2))], 8);
      expect(await ids(alice)).toEqual([3, 1].map((n) => idAt(n)));
      expect(await ids(carol)).toEqual([]);
    });

    test("by any beginning of the id", async () => {
      const index = await open();
      await putAll(index, ...[1, 2, 3].map((n) => rowAt(n)), rowAt(4, { owner: bob }), tombstoneAt(5));
      const id = idAt(2);
      const lengths = Array.from({ length: id.length + 1 }, (_, length) => length);
      for (const length of lengths) {
        const part = id.slice(0, length);
        const expected = [3, 2, 1].map((n) => idAt(n)).filter((other) => namesImage(part, other));
        expect(idsOf(await index.find(alice, part, 10)), part).toEqual(expected);
      }
      expect(idsOf(await index.find(alice, "", 2))).toEqual([idAt(3), idAt(2)]);
      expect((await index.find(alice, id, 1))[0]).toEqual({ ...rowAt(2), thumbnail: null });
    });

    test("by the whole short id at its end, and both at once when they are the same", async () => {
      const index = await open();
      const start = idAt(1).slice(0, 8);
      const rows = [rowAt(1), rowAt(2, { id: idAt(2, "deadbeef") }), rowAt(3, { id: idAt(90_000, start) })];
      await putAll(index, ...rows, rowAt(4, { id: idAt(4, "deadbeef"), owner: bob }));
      expect(idsOf(await index.find(alice, "deadbeef", 10))).toEqual([idAt(2, "deadbeef")]);
      expect(idsOf(await index.find(alice, start, 10))).toEqual([
        idAt(90_000, start),
        ...[idAt(2, "deadbeef"), idAt(1)].filter((id) => id.startsWith(start)),
      ]);
    });

    test("by a beginning of the short id, of two digits and more, own images and shared ones", async () => {
      const index = await open();
      const rows = [rowAt(1, { id: idAt(1, "deadbeef") }), rowAt(2, { id: idAt(2, "dec0de00") })];
      const shared = rowAt(3, { id: idAt(3, "decade00"), owner: bob, readers: [alice] });
      await putAll(index, ...rows, shared, rowAt(4, { id: idAt(4, "deadbeef"), owner: bob }));
      const [dead, code, decade] = [idAt(1, "deadbeef"), idAt(2, "dec0de00"), idAt(3, "decade00")];
      expect(idsOf(await index.find(alice, "de", 10))).toEqual([decade, code, dead]);
      expect(idsOf(await index.find(alice, "de", 2))).toEqual([decade, code]);
      expect(idsOf(await index.find(alice, "dec", 10))).toEqual([decade, code]);
      expect(idsOf(await index.find(alice, "deadbee", 10))).toEqual([dead]);
      expect(await index.find(alice, "d", 10)).toEqual([]);
      expect(await index.find(alice, "df", 10)).toEqual([]);
    });

    test.each([
      "eadbeef",
      "0deadbeef",
      "DEADBEEF",
      "-",
      "0123deadbeef",
      `${idAt(2, "deadbeef")}0`,
      `0${idAt(2, "deadbeef")}`,
      idAt(2, "deadbeef").replaceAll("-", ""),
      idAt(2, "deadbeef").slice(0, 13).replace("-", "0"),
      "%",
      "g",
    ])("and none for %s", async (part) => {
      const index = await open();
      await putAll(index, rowAt(2, { id: idAt(2, "deadbeef") }));
      expect(await index.find(alice, part, 10)).toEqual([]);
    });
  });

  describe(`${name} remembers earlier entries`, () => {
    test("of the images whose entry moved, once each, and not the present one", async () => {
      const index = await open();
      await putAll(index, rowAt(1, { entry: place(1, 10) }), rowAt(2));
      await putAll(index, rowAt(1, { change: 3, entry: place(1, 10) }));
      expect(await index.supersededOf(idAt(1))).toEqual([]);
      await putAll(index, rowAt(1, { change: 4, entry: place(2, 20, 50) }));
      await putAll(index, rowAt(1, { change: 5, entry: place(2, 20, 50) }));
      await putAll(index, rowAt(1, { change: 6, entry: place(1, 5) }));
      await putAll(index, tombstoneAt(1, { change: 7, entry: place(3, 0) }));
      expect(await index.supersededOf(idAt(1))).toEqual([place(1, 5), place(1, 10), place(2, 20, 50)]);
      await putAll(index, tombstoneAt(1, { change: 8, entry: place(1, 10) }));
      expect(await index.supersededOf(idAt(1))).toEqual([place(1, 5), place(2, 20, 50), place(3, 0)]);
      expect(await index.supersededOf(idAt(2))).toEqual([]);
    });

    test("until they are erased, their segment is gone or the image is dropped", async () => {
      const index = await open();
      for (const [at, where] of [1, 2, 3].entries()) {
        await putAll(
          index,
          ...[1, 2, 3].map((n) => rowAt(n, { change: 10 * at + n, entry: place(where, n) })),
        );
      }
      await index.forgetSegment(segment(1));
      expect(await index.supersededOf(idAt(1))).toEqual([place(2, 1)]);
      await index.forgetSuperseded(idAt(1), [place(2, 1)]);
      await applyNext(index, [drop(idAt(2))], 30);
      await putAll(index, rowAt(2, { change: 40 }));
      const left = [1, 2, 3].map((n) => index.supersededOf(idAt(n)));
      expect(await Promise.all(left)).toEqual([[], [], [place(2, 3)]]);
    });
  });

  describe(`${name} adds up`, () => {
    test("digests modulo 2^48, by the time in the id", async () => {
      const index = await open();
      const greatest = 2 ** 48 - 1;
      const here = [1, 2, 3, 4].map((n) => rowAt(n, { digest: greatest }));
      const later = rowAt(9, { id: idAt(5_000) });
      await putAll(index, ...here, later, tombstoneAt(5, { digest: 5 }));
      const bucket = digestBucketOf(idAt(1));
      expect(bucket).toBe(Math.floor(firstMs / digestBucketMs));
      const sums = await index.digests();
      expect(sums[0]).toEqual({ bucket, records: 5, digest: 1 });
      expect(sums.slice(1)).toEqual([
        { bucket: digestBucketOf(idAt(5_000)), records: 1, digest: later.digest },
      ]);
      expect(await index.bucket(bucket, null, everything)).toEqual(
        [...here, { id: idAt(5), digest: 5 }].map(({ id, digest }) => ({ id, digest })),
      );
      expect(await index.bucket(digestBucketOf(idAt(5_000)), null, everything)).toEqual([
        { id: idAt(5_000), digest: later.digest },
      ]);
      for (const none of [0, -1, 0.5, bucket - 1, 2 ** 26, everything]) {
        expect(await index.bucket(none, null, everything), String(none)).toEqual([]);
      }
    });

    test("an image with those of its time, to the millisecond", async () => {
      const index = await open();
      const edge = digestBucketOf(idAt(1)) * digestBucketMs;
      const ids = [idAtTime(edge - 1, "ffffffff"), idAtTime(edge), idAtTime(edge + digestBucketMs - 1)];
      await putAll(index, ...ids.map((id, n) => rowAt(n, { id })));
      const [before, bucket] = [digestBucketOf(idAt(1)) - 1, digestBucketOf(idAt(1))];
      expect(idsOf(await index.bucket(before, null, everything))).toEqual(ids.slice(0, 1));
      expect(idsOf(await index.bucket(bucket, null, everything))).toEqual(ids.slice(1));
    });

    test("as if it counted every time, whatever is put, dropped and forgotten, on pages of every size", async () => {
      const index = await open();
      await fc.assert(
        fc.asyncProperty(fc.array(arbitraryStep, { maxLength: 12 }), async (steps) => {
          await index.clear();
          let model = emptyModel;
          for (const step of steps) model = await step(index, model);
          await expectSame(index, model);
        }),
        { numRuns: 60 },
      );
    });
  });

  describe(`${name} keeps notes`, () => {
    test("by name, the latest text of each", async () => {
      const index = await open();
      await index.setNote("a", "one");
      await index.setNote("b", "");
      await index.setNote("a", "two 🙂");
      expect([await index.note("a"), await index.note("b"), await index.note("c")]).toEqual([
        "two 🙂",
        "",
        null,
      ]);
    });

    test("through a clear, which takes all the rest", async () => {
      const index = await open();
      await putAll(index, rowAt(1), tombstoneAt(2, { toErase: true }), rowAt(3, { trashedAtMs: 1 }));
      await putAll(index, rowAt(1, { change: 4, entry: place(2, 0) }));
      await index.setNote("a", "one");
      await index.clear();
      expect(await index.position()).toEqual({ batch: 0, feedHead: 0 });
      await expectSame(index, emptyModel);
      expect(await index.note("a")).toBe("one");
      await putAll(index, rowAt(1, { entry: place(3, 3) }));
      await expectSame(index, changed(emptyModel, put(rowAt(1, { entry: place(3, 3) }))));
    });
  });
};

/** Few of everything, so that all kinds of meetings happen; the ids are in three buckets. */
const someImages = [0, 1, 2, 3, 4_194, 4_195, 9_000].map((n) => idAt(n));
const someSegments = [1, 2, 3].map(segment);
const someTimes = [0, 1, 2, 3];

const arbitraryId = fc.constantFrom(...someImages);
const arbitraryFields = fc.record({
  owner: fc.constantFrom(alice, bob),
  readers: fc.subarray([alice, bob, carol]),
  kind: fc.constantFrom("image" as const, "image" as const, "tombstone" as const),
  thumbnail: fc.option(fc.uint8Array({ maxLength: 3 })),
  homes: fc.constantFrom("", "1,2", "2,3"),
  payloadBytes: fc.nat(3),
  trashedAtMs: fc.option(fc.constantFrom(...someTimes)),
  toErase: fc.boolean(),
  digest: fc.constantFrom(0, 1, 2 ** 47, 2 ** 48 - 1),
});

/** Something that happens to the index, and the same for the model. */
type Step = (index: Index, model: IndexModel) => Promise<IndexModel>;

/** Where an entry or a payload goes: nowhere new, to a fresh place of a segment, or back to an earlier one. */
const arbitraryMove = fc.constantFrom("stays", "returns", 1, 2, 3);

const arbitraryPut = fc
  .record({
    id: arbitraryId,
    fields: arbitraryFields,
    entry: arbitraryMove,
    payload: fc.option(arbitraryMove),
  })
  .map(({ id, fields: drawn, entry, payload }) => (model: IndexModel, change: number) => {
    const readers = drawn.readers.filter((reader) => reader !== drawn.owner);
    const fields = drawn.kind === "tombstone" ? { ...drawn, homes: "", readers: [] } : { ...drawn, readers };
    const before = model.rows.find((row) => row.id === id);
    const earlier = model.superseded.find((entry) => entry.id === id)?.place;
    const moved = (move: string | number, present: Place | null | undefined, at: number): Place => {
      if (move === "stays" && present) return present;
      if (move === "returns" && earlier) return earlier;
      return place(typeof move === "number" ? move : 1, at, 1 + (at % 7));
    };
    const places = {
      entry: moved(entry, before?.entry, 2 * change),
      payload:
        payload === null
          ? null
          : moved(payload === "returns" ? "stays" : payload, before?.payload, 2 * change + 1),
    };
    return put(rowAt(1, { ...fields, ...places, id, change }));
  });
const arbitraryDrop = arbitraryId.map((id) => () => drop(id));

const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(fc.oneof({ weight: 5, arbitrary: arbitraryPut }, { weight: 1, arbitrary: arbitraryDrop }), {
        maxLength: 5,
      })
      .map((makers) => async (index: Index, before: IndexModel) => {
        const { batch: after, feedHead: head } = await index.position();
        let feedHead = head;
        const batch = makers.reduce(
          ({ model, changes }, maker) => {
            const change = maker(model, ++feedHead);
            return { model: changed(model, change), changes: [...changes, change] };
          },
          { model: before, changes: [] as readonly ReturnType<typeof put>[] },
        );
        await index.apply(batch.changes, { after, batch: after + 1, feedHead });
        return batch.model;
      }),
  },
  {
    weight: 1,
    arbitrary: arbitraryId.map((id) => async (index: Index, model: IndexModel) => {
      const [first] = supersededIn(model, id);
      const places = first === undefined ? [] : [first];
      await index.forgetSuperseded(id, places);
      await index.settle();
      return withoutSuperseded(model, id, places);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...someSegments).map((gone) => async (index: Index, model: IndexModel) => {
      await index.forgetSegment(gone);
      return withoutSegment(model, gone);
    }),
  },
);

/** Every answer of the index is that of the model, on pages of one, of two, of just all and of many rows. */
const expectSame = async (index: Index, model: IndexModel): Promise<void> => {
  const all = model.rows.length;
  for (const listing of listingsOf(model, [alice, bob, carol], someSegments, someTimes)) {
    for (const limit of new Set([1, 2, all, all + 1].filter((each) => each > 0))) {
      expect(await pagesOf(index, listing, limit), `${listing.name} by ${limit}`).toEqual(listing.rows);
    }
  }
  const known = model.rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  expect(await index.get(idsOf(known))).toEqual(known);
  for (const limit of [1, 2, all + 1]) {
    const changes: Change[] = [];
    for (let page = await index.changedAfter(0, limit); ; ) {
      changes.push(...page.changes);
      if (!page.more) break;
      page = await index.changedAfter(changes.at(-1)?.change ?? 0, limit);
    }
    expect(changes).toEqual(changesOf(model));
  }
  const digests = known.map(({ digest }) => digest);
  expect(await index.digestsOf([...idsOf(known), idAt(77_777)])).toEqual([...digests, null]);
  expect(await index.toErase(everything)).toEqual(toEraseOf(model));
  expect(await index.toErase(1)).toEqual(toEraseOf(model).slice(0, 1));
  expect(await sumsIn(index)).toEqual(sumsOf(model));
  for (const { bucket } of sumsOf(model).digests) {
    const expected = known.filter(({ id }) => digestBucketOf(id) === bucket);
    const digests = expected.map(({ id, digest }) => ({ id, digest }));
    expect(await index.bucket(bucket, null, everything)).toEqual(digests);
    expect(await index.bucket(bucket, digests[0]?.id ?? null, 2)).toEqual(digests.slice(1, 3));
  }
  for (const id of someImages) expect(await index.supersededOf(id)).toEqual(supersededIn(model, id));
};
