/** That nothing of a purged image comes back which was on its way when it was purged. */
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { nodeId } from "../../../core/model/ids.ts";
import type { ImageRecord } from "../../../core/model/records.ts";
import { dropTombstones, erasePurged } from "../../../core/store/eraser.ts";
import { openStore } from "../../../core/store/open.ts";
import { segmentIdOf } from "../../../core/store/segment-format.ts";
import type { SegmentStore } from "../../../core/store/store.ts";
import { createMemoryIndexDisk } from "../../sim/memory-index.ts";
import { createRandom } from "../../sim/random.ts";
import { createSimFolder } from "../../sim/sim-folder.ts";
import { hashOf, idOf, recordOf, storeOf, tombstoneOf } from "../../support/records.ts";

const id = idOf(1);
const bytes = randomBytes(5_000);
const plain = recordOf(id);
const record: ImageRecord = {
  ...plain,
  facts: { ...plain.facts, payloadBytes: bytes.length, payloadHash: hashOf(bytes) },
};

const opened = (): Promise<SegmentStore> =>
  openStore({
    disk: createSimFolder(createRandom(1)).open(async () => undefined),
    index: createMemoryIndexDisk().open(),
    store: storeOf(1),
    node: nodeId(1),
    newSegmentId: () => segmentIdOf(randomBytes(16).toString("hex")),
    segmentBytes: 4_194_304,
    headroomBytes: 0,
  });

/** A copy that is being received. */
const receiving = async (store: SegmentStore) => {
  const begun = await store.begin(id, bytes.length);
  if (!begun.ok) throw new Error(begun.fault.code);
  await begun.value.write(bytes);
  return begun.value;
};

/** Whether this disk says that nothing is left. */
const acknowledged = async (store: SegmentStore): Promise<boolean> => {
  const known = (await store.get(id))?.record;
  return known?.kind === "tombstone" && known.erasedOn.includes(store.disk);
};

/** As if all had acknowledged, and were told. */
const forget = async (store: SegmentStore): Promise<boolean> => {
  const forgetting = { mayGo: () => true, tellAll: async () => true };
  return (await dropTombstones(store, forgetting, null, 10)).dropped.includes(id);
};

describe("a disk that is receiving a copy when the image is purged", () => {
  test("does not say that nothing is left before the copy was refused", async () => {
    const store = await opened();
    const writer = await receiving(store);
    await store.merge([tombstoneOf(id), tombstoneOf(idOf(2))]);
    // The other one is not kept waiting, though the first comes before it.
    expect(await erasePurged(store, 1)).toBe(1);
    expect(await erasePurged(store, 10)).toBe(0);
    expect([await acknowledged(store), await forget(store)]).toEqual([false, false]);
    expect(await writer.commit(record)).toMatchObject({ ok: false, fault: { code: "ID_TAKEN" } });
    expect(await erasePurged(store, 10)).toBe(1);
    expect([await acknowledged(store), await forget(store)]).toEqual([true, true]);
    expect([await store.get(id), store.underWay.images]).toEqual([null, 0]);
  });

  test("says so when the copy was given up", async () => {
    const store = await opened();
    const writer = await receiving(store);
    await store.merge([tombstoneOf(id)]);
    await writer.abort();
    await writer.abort();
    expect(await erasePurged(store, 10)).toBe(1);
  });

  test("keeps the tombstone for it when the copy begins later still", async () => {
    const store = await opened();
    await store.merge([tombstoneOf(id)]);
    await erasePurged(store, 10);
    const writer = await receiving(store);
    expect(await forget(store)).toBe(false);
    expect((await writer.commit(record)).ok).toBe(false);
    expect([await forget(store), await store.get(id)]).toEqual([true, null]);
  });

  test("keeps it, too, when the copy begins while the others are told", async () => {
    const store = await opened();
    await store.merge([tombstoneOf(id)]);
    await erasePurged(store, 10);
    const tellAll = async (): Promise<boolean> => (await receiving(store)) !== null;
    const { dropped } = await dropTombstones(store, { mayGo: () => true, tellAll }, null, 10);
    expect([dropped, (await store.get(id))?.record.kind]).toEqual([[], "tombstone"]);
  });
});

test("a copy that was kept is under way no more", async () => {
  const store = await opened();
  const writer = await receiving(store);
  expect([store.underWay.has(id), store.underWay.has(idOf(2))]).toEqual([true, false]);
  expect((await writer.commit(record)).ok).toBe(true);
  expect(store.underWay.images).toBe(0);
});

test("tombstones are looked at page by page, and from the first again", async () => {
  const store = await opened();
  const ids = [1, 2, 3].map((n) => idOf(n));
  await store.merge(ids.map((each) => tombstoneOf(each)));
  await erasePurged(store, 10);
  const forgetting = { mayGo: () => false, tellAll: async () => true };
  expect(await dropTombstones(store, forgetting, null, 2)).toEqual({ dropped: [], next: ids[1] });
  expect(await dropTombstones(store, forgetting, ids[1] ?? null, 2)).toEqual({ dropped: [], next: null });
  expect(await dropTombstones(store, { ...forgetting, mayGo: () => true }, ids[1] ?? null, 2)).toEqual({
    dropped: [ids[2]],
    next: null,
  });
});

test("of what several have in hand an image is under way until the last has let go, once", async () => {
  const { underWay } = await opened();
  const [first, second] = [underWay.begin([id, idOf(2)]), underWay.begin([id])];
  first();
  first();
  expect([underWay.has(id), underWay.has(idOf(2))]).toEqual([true, false]);
  second();
  await expect(underWay.during([id], () => Promise.reject(new Error("broke off")))).rejects.toThrow("broke");
  expect(underWay.images).toBe(0);
});
