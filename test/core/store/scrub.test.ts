/** Damage in what holds entries together, which no entry shows. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { FaultError } from "../../../core/model/faults.ts";
import { type ImageId, nodeId } from "../../../core/model/ids.ts";
import type { PayloadWriter } from "../../../core/ports.ts";
import { dropTombstones, erasePurged } from "../../../core/store/eraser.ts";
import { openStore } from "../../../core/store/open.ts";
import { checkImage, damagedSegments, emptySegment } from "../../../core/store/scrub.ts";
import { entryHeadBytes, extentHeadBytes, segmentIdOf } from "../../../core/store/segment-format.ts";
import type { SegmentStore } from "../../../core/store/store.ts";
import { createMemoryIndexDisk } from "../../sim/memory-index.ts";
import { createRandom } from "../../sim/random.ts";
import { createSimFolder, type SimFolder } from "../../sim/sim-folder.ts";
import { hashOf, idOf, inspected, recordOf, storeOf, tombstoneOf } from "../../support/records.ts";

const openOn = (folder: SimFolder): Promise<SegmentStore> =>
  openStore({
    disk: folder.open(async () => undefined),
    index: createMemoryIndexDisk().open(),
    store: storeOf(1),
    node: nodeId(1),
    newSegmentId: () => segmentIdOf(randomBytes(16).toString("hex")),
    segmentBytes: 2_097_152,
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

const beginOn = async (store: SegmentStore, id: ImageId, bytes: number): Promise<PayloadWriter> => {
  const begun = await store.begin(id, bytes);
  if (!begun.ok) throw new FaultError(begun.fault);
  return begun.value;
};

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

test("a damaged segment into which a payload is being written stays until that is done", async () => {
  const { folder, store, name } = await filled();
  const bytes = new Uint8Array(300_000).fill(5);
  const sound = recordOf(idOf(9));
  const facts = { ...sound.facts, payloadBytes: bytes.length, payloadHash: hashOf(bytes) };
  // It stands in the segment, piece by piece.
  const begun = await beginOn(store, facts.id, bytes.length);
  await begun.write(bytes.subarray(0, 280_000));
  flip(folder, name, headOfLog(folder, name) + 12);
  const [damaged] = await damagedSegments(store);
  if (damaged === undefined) throw new Error("nothing is damaged");
  let waited = 0;
  const pace = async (): Promise<boolean> => {
    waited++;
    if (waited === 3) {
      await begun.write(bytes.subarray(280_000));
      expect((await begun.commit({ ...sound, facts })).ok).toBe(true);
    }
    return true;
  };
  expect(await emptySegment(store, damaged, pace)).toBe(true);
  expect(waited).toBeGreaterThanOrEqual(3);
  expect(store.fault).toBeNull();
  expect(await store.verify(facts.id)).toBe("sound");
  expect(folder.names).not.toContain(name);
});
