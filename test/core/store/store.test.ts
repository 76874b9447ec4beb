/** A store whose disk has trouble of its own. What every store does is in `test/contracts/store.contract.ts`. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { type Fault, FaultError, fault, type Result } from "../../../core/model/faults.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { wallMs } from "../../../core/model/units.ts";
import type { Disk, Index } from "../../../core/ports.ts";
import { openStore } from "../../../core/store/open.ts";
import { segmentIdOf } from "../../../core/store/segment-format.ts";
import type { SegmentStore } from "../../../core/store/store.ts";
import { createMemoryIndexDisk } from "../../sim/memory-index.ts";
import { createRandom } from "../../sim/random.ts";
import { createSimFolder } from "../../sim/sim-folder.ts";
import { hashOf, idOf, recordOf, storeOf } from "../../support/records.ts";
import { until } from "../../support/until.ts";

interface Room {
  now: "enough" | "none for changes" | "none";
}

/** An index that may have no room: changes that it cannot write it owes, as the port says, and answers nothing then. */
const owingIndex = (index: Index, room: Room): Index => {
  const owed: (() => Promise<unknown>)[] = [];
  return new Proxy(index, {
    get:
      (target, name) =>
      async (...parameters: unknown[]): Promise<unknown> => {
        const ask = (): Promise<unknown> =>
          Reflect.apply(target[name as keyof Index] as () => Promise<unknown>, target, parameters);
        if (name === "apply" && room.now === "none for changes") room.now = "none";
        if (room.now === "none") {
          if (name === "apply") owed.push(ask);
          throw new FaultError(fault("DISK_FULL", { path: "index", freeBytes: 0 }));
        }
        for (const pay of owed.splice(0)) await pay();
        return ask();
      },
  });
};

/** A store on a disk that fails as told: at making files, opening them, or writing a small one; or in its index. */
const openTroubled = async () => {
  const folder = createSimFolder(createRandom(1));
  const index = createMemoryIndexDisk();
  const trouble: { now: Fault | null; slow: Promise<void> | null } = { now: null, slow: null };
  const room: Room = { now: "enough" };
  /** So long a batch that the index cannot write takes to fail. */
  const failing = Promise.withResolvers<void>();
  const real = folder.open(async () => undefined);
  const check = (): void => {
    if (trouble.now !== null) throw new FaultError(trouble.now);
  };
  const disk: Disk = {
    ...real,
    create: async (name, bytes) => {
      check();
      const file = await real.create(name, bytes);
      // It is in the folder; that the folder is synced takes its time.
      await trouble.slow;
      return file;
    },
    open: async (name) => {
      check();
      return real.open(name);
    },
    replaceSmall: async (name, content) => {
      check();
      return real.replaceSmall(name, content);
    },
  };
  const open = (): Promise<SegmentStore> =>
    openStore({
      disk,
      index: owingIndex(
        index.open(() => failing.promise),
        room,
      ),
      store: storeOf(1),
      node: nodeId(1),
      newSegmentId: () => segmentIdOf(randomBytes(16).toString("hex")),
      segmentBytes: 1_048_576,
      headroomBytes: 0,
    });
  return { store: await open(), open, folder, trouble, room, indexDisk: index, failing };
};
const withThumbnail = (n: number, bytes: number) =>
  recordOf(idOf(n), {
    inspection: {
      stamp: { atMs: 2, node: 1 },
      value: { verdict: "ok", thumbnail: new Uint8Array(bytes).fill(7) },
    },
  });
const codeOf = (result: Result<number>): string => (result.ok ? "stored" : result.fault.code);

test("too many open files pass: what was asked meanwhile is refused, and the disk goes on", async () => {
  const { store, open, folder, trouble } = await openTroubled();
  trouble.now = fault("BUSY", { what: "EMFILE" });
  expect(codeOf(await store.merge([recordOf(idOf(1))]))).toBe("BUSY");
  expect(store.fault).toBeNull();
  expect(await store.get(idOf(1))).toBeNull();
  trouble.now = null;
  expect(codeOf(await store.merge([recordOf(idOf(2))]))).toBe("stored");
  folder.powerFails();
  const again = await open();
  expect((await again.get(idOf(2)))?.record).toEqual(recordOf(idOf(2)));
  expect(again.feedHead).toBe(1);
});

test("a disk that fails does not pass: nothing more is stored, and it says why", async () => {
  const { store, trouble } = await openTroubled();
  const failed = fault("DISK_FAILED", { path: "disk", reason: "EIO" });
  trouble.now = failed;
  expect(codeOf(await store.merge([recordOf(idOf(1))]))).toBe("DISK_FAILED");
  trouble.now = null;
  expect(store.fault).toEqual(failed);
  expect(codeOf(await store.merge([recordOf(idOf(2))]))).toBe("DISK_FAILED");
});

test("what it had acknowledged before it failed can still be read: the index has all of that", async () => {
  const { store, folder } = await openTroubled();
  const [one, two] = [recordOf(idOf(1)), recordOf(idOf(2))];
  expect(codeOf(await store.merge([one]))).toBe("stored");
  folder.failNextSync();
  expect(codeOf(await store.merge([two]))).toBe("DISK_FAILED");
  expect(store.fault?.code).toBe("DISK_FAILED");
  expect(store.readFault).toBeNull();
  expect((await store.list(one.facts.owner, null, 10)).holdings.map(({ record }) => record)).toEqual([one]);
  expect((await store.changedAfter(0, 10)).entries).toHaveLength(1);
});

test("an index that could not write a batch, once, tells nothing from then on; opened again it has all", async () => {
  const { store, open, indexDisk, failing } = await openTroubled();
  const [one, two, three] = [recordOf(idOf(1)), recordOf(idOf(2)), recordOf(idOf(3))];
  const { owner } = one.facts;
  expect(codeOf(await store.merge([one]))).toBe("stored");
  indexDisk.failNextApply();
  // Durable in the segments, and so acknowledged, before the index has said anything.
  for (const record of [two, three]) expect(codeOf(await store.merge([record]))).toBe("stored");
  expect(store.fault).toBeNull();
  const early = store.list(owner, null, 10);
  const failed = { fault: { code: "DISK_FAILED" } };
  const refused = expect(early).rejects.toMatchObject(failed);
  failing.resolve();
  await refused;
  expect([store.fault?.code, store.readFault?.code]).toEqual(["DISK_FAILED", "DISK_FAILED"]);
  expect(codeOf(await store.merge([recordOf(idOf(4))]))).toBe("DISK_FAILED");
  const asked: readonly (() => Promise<unknown>)[] = [
    () => store.list(owner, null, 10),
    () => store.find(owner, "", 10),
    () => store.walk(null, 10),
    () => store.changedAfter(0, 10),
    () => store.digestsOf([idOf(1)]),
    () => store.digests(),
    () => store.bucket(0, null, 10),
    () => store.homeSets(),
    () => store.inHomeSet({ homes: "", here: false }, null, 10),
    () => store.index.inSegment(store.segments.known[0]?.id ?? segmentIdOf("0".repeat(32)), null, 10),
  ];
  for (const ask of asked) await expect(ask(), String(ask)).rejects.toMatchObject(failed);
  await store.lookAgain();
  expect(store.readFault?.code).toBe("DISK_FAILED");
  await store.close();
  const again = await open();
  expect([again.fault, again.readFault]).toEqual([null, null]);
  const listed = (await again.list(owner, null, 10)).holdings.map(({ record }) => record);
  expect(listed).toEqual([three, two, one]);
  expect(again.feedHead).toBe(3);
  expect(codeOf(await again.merge([recordOf(idOf(4))]))).toBe("stored");
});

test("so has one that is opened on what is left of an index after a power loss", async () => {
  const { store, open, folder, indexDisk, failing } = await openTroubled();
  failing.resolve();
  const records = [1, 2, 3].map((n) => recordOf(idOf(n)));
  for (const [at, record] of records.entries()) {
    if (at === 2) indexDisk.failNextApply();
    expect(codeOf(await store.merge([record]))).toBe("stored");
  }
  folder.powerFails();
  indexDisk.loseLast(1);
  const again = await open();
  expect((await again.walk(null, 10)).holdings.map(({ record }) => record)).toEqual(records);
});

test("an index without room is behind: nothing is asked of it, nothing more is stored, and it passes", async () => {
  const { store, open, room } = await openTroubled();
  const [one, two] = [recordOf(idOf(1)), recordOf(idOf(2))];
  const { owner } = one.facts;
  expect(codeOf(await store.merge([one]))).toBe("stored");
  room.now = "none for changes";
  // Durable in the segments, and so acknowledged, although the index does not know.
  expect(codeOf(await store.merge([two]))).toBe("stored");
  await new Promise(setImmediate);
  expect(store.fault?.code).toBe("DISK_FULL");
  expect(codeOf(await store.merge([recordOf(idOf(3))]))).toBe("DISK_FULL");
  await expect(store.list(owner, null, 10)).rejects.toMatchObject({ fault: { code: "DISK_FULL" } });
  await expect(store.changedAfter(0, 10)).rejects.toMatchObject({ fault: { code: "DISK_FULL" } });
  await store.lookAgain();
  expect(store.fault?.code).toBe("DISK_FULL");
  room.now = "enough";
  await store.lookAgain();
  expect(store.fault).toBeNull();
  expect((await store.list(owner, null, 10)).holdings.map(({ record }) => record)).toEqual([two, one]);
  expect((await store.changedAfter(0, 10)).entries).toHaveLength(2);
  expect(codeOf(await store.merge([recordOf(idOf(3))]))).toBe("stored");
  await store.close();
  expect((await (await open()).list(owner, null, 10)).holdings).toHaveLength(3);
});

test("a store that is closed while its index is behind tells it everything when it is opened again", async () => {
  const { store, open, room } = await openTroubled();
  const [one, two] = [recordOf(idOf(1)), recordOf(idOf(2))];
  expect(codeOf(await store.merge([one]))).toBe("stored");
  room.now = "none for changes";
  expect(codeOf(await store.merge([two]))).toBe("stored");
  await store.close();
  room.now = "enough";
  const again = await open();
  expect((await again.list(one.facts.owner, null, 10)).holdings.map(({ record }) => record)).toEqual([
    two,
    one,
  ]);
});

test("the file of a large payload that is just being made is nobody's to remove", async () => {
  const { store, open, trouble } = await openTroubled();
  const bytes = new Uint8Array(300_000).fill(7);
  const sound = recordOf(idOf(1));
  const facts = { ...sound.facts, payloadBytes: bytes.length, payloadHash: hashOf(bytes) };
  const begun = await store.begin(facts.id, bytes.length);
  if (!begun.ok) throw new FaultError(begun.fault);
  const synced = Promise.withResolvers<void>();
  trouble.slow = synced.promise;
  const written = begun.value.write(bytes);
  const [name = ""] = await until(async () => {
    const files = await store.segments.payloadFiles();
    return files.length > 0 && files;
  });
  await store.removeIfUnused(name);
  synced.resolve();
  await written;
  expect(codeOf(await begun.value.commit({ ...sound, facts }))).toBe("stored");
  // A file that is removed can be read for as long as it is open.
  await store.close();
  expect(await (await open()).verify(facts.id)).toBe("sound");
});

test("one whose upload broke off before it was there belongs to nobody", async () => {
  const { store, trouble } = await openTroubled();
  trouble.now = fault("BUSY", { what: "EMFILE" });
  const begun = await store.begin(idOf(1), 300_000);
  if (!begun.ok) throw new FaultError(begun.fault);
  await expect(begun.value.write(new Uint8Array(300_000))).rejects.toMatchObject({ fault: { code: "BUSY" } });
  await begun.value.abort();
  trouble.now = null;
  expect(store.segments.settled().size).toBe(0);
  expect(codeOf(await store.merge([recordOf(idOf(2))]))).toBe("stored");
});

test("more than one batch may have goes into several, and all of it is found again", async () => {
  const { store, open, folder } = await openTroubled();
  const large = Array.from({ length: 200 }, (_, n) => withThumbnail(n, 65_000));
  const [merged] = await Promise.all([store.merge(large), ...large.map((record) => store.merge([record]))]);
  expect(merged).toEqual({ ok: true, value: large.length });
  folder.powerFails();
  const again = await open();
  expect(again.feedHead).toBe(large.length);
  for (const [n, record] of large.entries()) expect((await again.get(idOf(n)))?.record).toEqual(record);
});

test("so do large records that are known, however small the news of them is", async () => {
  const { store, open, folder } = await openTroubled();
  const large = Array.from({ length: 200 }, (_, n) => withThumbnail(n, 65_000));
  for (const record of large) await store.merge([record]);
  const news = large.map(({ facts }) =>
    recordOf(facts.id, { trashed: { stamp: { atMs: 9, node: 1 }, value: wallMs(9) } }),
  );
  expect((await store.merge(news)).ok).toBe(true);
  folder.powerFails();
  const again = await open();
  expect(again.feedHead).toBe(2 * large.length);
});

test("segments without their manifest are damage, and nothing of them is removed", async () => {
  const { store, open, folder } = await openTroubled();
  await store.merge([recordOf(idOf(1))]);
  await store.close();
  const disk = folder.open(async () => undefined);
  await disk.remove("manifest.json");
  const left = await disk.list();
  await expect(open()).rejects.toMatchObject({ fault: { code: "STORE_DAMAGED" } });
  expect(left).toHaveLength(1);
  expect(await disk.list()).toEqual(left);
});
