/** Damage in what holds entries together, which no entry shows. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { nodeId } from "../../../core/model/ids.ts";
import { dropTombstones, erasePurged } from "../../../core/store/eraser.ts";
import { openStore } from "../../../core/store/open.ts";
import { checkImage, damagedSegments, emptySegment } from "../../../core/store/scrub.ts";
import { entryHeadBytes, extentHeadBytes, segmentIdOf } from "../../../core/store/segment-format.ts";
import type { SegmentStore } from "../../../core/store/store.ts";
import { createMemoryIndexDisk } from "../../sim/memory-index.ts";
import { createRandom } from "../../sim/random.ts";
import { createSimFolder, type SimFolder } from "../../sim/sim-folder.ts";
import { idOf, inspected, recordOf, storeOf, tombstoneOf } from "../../support/records.ts";

const openOn = (folder: SimFolder): Promise<SegmentStore> =>
  openStore({
    disk: folder.open(async () => undefined),
    index: createMemoryIndexDisk().open(),
    store: storeOf(1),
    node: nodeId(1),
    newSegmentId: () => segmentIdOf(randomBytes(16).toString("hex")),
    segmentBytes: 1_048_576,
    headroomBytes: 0,
  });

const ids = [1, 2, 3, 4].map((n) => idOf(n));

/** A store with one batch for each of four records, and the name of its only segment. */
const filled = async () => {
  const folder = createSimFolder(createRandom(1));
  const store = await openOn(folder);
  for (const id of ids) await store.merge([recordOf(id)]);
  const name = folder.names.find((each) => each.endsWith(".segment")) ?? "";
  return { folder, store, name };
};

const flip = (folder: SimFolder, name: string, at: number): void => {
  const before = folder.contentOf(name)?.[at] ?? 0;
  folder.overwrite(name, at, new Uint8Array([before ^ 1]));
};

const headOfLog = (folder: SimFolder, name: string): number =>
  Buffer.from(folder.contentOf(name) ?? []).indexOf("DSLG");

const always = async (): Promise<boolean> => true;

test("a whole segment has nothing to mend", async () => {
  const { store } = await filled();
  expect(await damagedSegments(store)).toEqual([]);
});

test.each([
  ["the head of a batch", (folder: SimFolder, name: string) => headOfLog(folder, name) + 12],
  ["the head of the segment", () => 3],
])("%s is damaged: what lives in the segment moves, and a start finds everything", async (_, placeOf) => {
  const { folder, store, name } = await filled();
  flip(folder, name, placeOf(folder, name));
  // No entry shows it, and yet no index could be made anew.
  for (const id of ids) expect(await checkImage(store, id)).toMatchObject({ entry: "sound" });
  await expect(openOn(folder.copy())).rejects.toMatchObject({ fault: { code: "STORE_DAMAGED" } });
  const [damaged, ...others] = await damagedSegments(store);
  expect(others).toEqual([]);
  if (damaged === undefined) throw new Error("no damage was seen");
  expect(await emptySegment(store, damaged, always)).toBe(true);
  expect(await damagedSegments(store)).toEqual([]);
  const again = await openOn(folder.copy());
  expect((await again.recordsOf(ids)).map((record) => record !== null)).toEqual(ids.map(() => true));
  expect(again.feedHead).toBe(store.feedHead);
});

test("a segment that two want to empty is emptied by one", async () => {
  const { folder, store, name } = await filled();
  flip(folder, name, headOfLog(folder, name) + 12);
  const [damaged] = await damagedSegments(store);
  if (damaged === undefined) throw new Error("no damage was seen");
  const both = [emptySegment(store, damaged, always), emptySegment(store, damaged, always)];
  expect((await Promise.all(both)).sort()).toEqual([false, true]);
});

test("a broken entry that was replaced is not the newest once its image is forgotten", async () => {
  const { folder, store, name } = await filled();
  const [first = idOf(1)] = ids;
  await store.merge([inspected(recordOf(first), "ok", 9)]);
  flip(folder, name, headOfLog(folder, name) + extentHeadBytes + entryHeadBytes + 4);
  // An index that is made now has never seen the broken one.
  const later = await openOn(folder);
  await later.merge([tombstoneOf(first)]);
  await erasePurged(later, 10);
  expect(await dropTombstones(later, { mayGo: () => true, tellAll: async () => true }, null, 10)).toEqual({
    dropped: [first],
    next: null,
  });
  const last = await openOn(folder);
  expect((await last.recordsOf(ids)).map((record) => record !== null)).toEqual([false, true, true, true]);
});
