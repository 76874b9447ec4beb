import { expect, test } from "vitest";
import type { Index } from "../../core/ports.ts";
import { batchAt, idAt, place, put, rowAt, stepAt } from "../support/index-rows.ts";
import { createMemoryIndexDisk, undoneMax } from "./memory-index.ts";

const applyUpTo = async (index: Index, last: number): Promise<void> => {
  const { batch } = await index.position();
  for (let next = batch + 1; next <= last; next++) await index.apply(batchAt(next), stepAt(next));
};

const contentOf = async (index: Index) => ({
  position: await index.position(),
  feed: await index.changedAfter(0, 10_000),
  walk: await index.walk(null, 10_000),
  superseded: await Promise.all(
    (await index.walk(null, 10_000)).rows.map(({ id }) => index.supersededOf(id)),
  ),
  note: await index.note("origin"),
});

const contentAt = async (batch: number) => {
  const index = createMemoryIndexDisk().open();
  await applyUpTo(index, batch);
  return contentOf(index);
};

test("a power loss takes the last writing calls, one by one, and nothing else", async () => {
  const disk = createMemoryIndexDisk();
  await applyUpTo(disk.open(), 40);
  disk.loseLast(0);
  expect(await contentOf(disk.open())).toEqual(await contentAt(40));
  disk.loseLast(3);
  expect(await contentOf(disk.open())).toEqual(await contentAt(37));
  await applyUpTo(disk.open(), 38);
  disk.loseLast(20);
  expect(await contentOf(disk.open())).toEqual(await contentAt(18));
  disk.loseLast(undoneMax);
  expect(await contentOf(disk.open())).toEqual(await contentAt(0));
  expect(() => disk.loseLast(undoneMax + 1)).toThrow(RangeError);
});

test("also those that forget, clear and note", async () => {
  const disk = createMemoryIndexDisk();
  const index = disk.open();
  await index.apply([put(rowAt(1))], { after: 0, batch: 1, feedHead: 1 });
  await index.apply([put(rowAt(1, { change: 2, entry: place(2, 0) }))], { after: 1, batch: 2, feedHead: 2 });
  await index.setNote("origin", "here");
  const before = await contentOf(index);
  await index.forgetSuperseded(idAt(1), [rowAt(1).entry]);
  await index.forgetSegment(rowAt(1).entry.segment);
  await index.setNote("origin", "there");
  await index.clear();
  disk.loseLast(4);
  expect(await contentOf(disk.open())).toEqual(before);
});

test("whose process is gone, or who lost it to another, can do nothing more", async () => {
  const disk = createMemoryIndexDisk();
  const gone = { fault: { code: "DISK_FAILED" } };
  const first = disk.open();
  disk.crash();
  await expect(first.apply(batchAt(1), stepAt(1))).rejects.toMatchObject(gone);
  const second = disk.open();
  const third = disk.open();
  await expect(second.position()).rejects.toMatchObject(gone);
  await second.close();
  await applyUpTo(third, 1);
  disk.loseAll();
  await expect(third.position()).rejects.toMatchObject(gone);
  expect(await contentOf(disk.open())).toEqual(await contentAt(0));
});

test("a batch fails when it is to, once, and its disk takes its time: nothing is told out of turn", async () => {
  const disk = createMemoryIndexDisk();
  const slow = Promise.withResolvers<void>();
  const index = disk.open(() => slow.promise);
  await applyUpTo(index, 1);
  disk.failNextApply();
  const told: string[] = [];
  const ask = (name: string, answer: Promise<unknown>): Promise<unknown> =>
    answer.then(
      () => told.push(name),
      () => told.push(`${name} failed`),
    );
  const asked = [
    ask("second", index.apply(batchAt(2), stepAt(2))),
    ask("position", index.position()),
    ask("third", index.apply(batchAt(3), stepAt(3))),
    ask("note", index.note("origin")),
  ];
  await new Promise(setImmediate);
  expect(told).toEqual([]);
  slow.resolve();
  await Promise.all(asked);
  expect(told).toEqual(["second failed", "position", "third failed", "note"]);
  expect(await contentOf(index)).toEqual(await contentAt(1));
  await applyUpTo(index, 3);
  expect(await contentOf(index)).toEqual(await contentAt(3));
  disk.failNextApply();
  disk.repair();
  await applyUpTo(index, 4);
});

test("a snapshot brings it back as it was, as often as it is wanted", async () => {
  const disk = createMemoryIndexDisk();
  const index = disk.open();
  await applyUpTo(index, 20);
  await index.setNote("origin", "here");
  const expected = await contentOf(index);
  const snapshot = disk.snapshot();
  await applyUpTo(index, 40);
  await index.setNote("origin", "there");
  for (const more of [5, 10]) {
    disk.restore(snapshot);
    const again = disk.open();
    expect(await contentOf(again)).toEqual(expected);
    await applyUpTo(again, 20 + more);
    disk.loseLast(undoneMax);
    expect(await contentOf(disk.open())).toEqual(expected);
  }
});
