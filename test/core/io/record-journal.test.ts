import { copyFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { openRecordJournal } from "../../../core/io/record-journal.ts";
import type { Fault } from "../../../core/model/faults.ts";
import { storeId } from "../../../core/model/ids.ts";
import { headerBytesMax, thumbnailBytesMax } from "../../../core/model/limits.ts";
import type { ImageRecord } from "../../../core/model/records.ts";
import { describeRecordStore } from "../../contracts/record-store.contract.ts";
import { smallDisk, testFolder } from "../../support/folders.ts";
import { idOf, inspected, recordOf } from "../../support/records.ts";
import { because, needs } from "../../support/skip.ts";

const store = storeId("ab".repeat(16));

const openIn = async (folder: string) => {
  const opened = await openRecordJournal(folder, store);
  if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
  const journal = opened.value;
  onTestFinished(() => journal.close());
  return journal;
};

describeRecordStore("a journal", async () => {
  const folder = testFolder();
  return { open: () => openIn(folder) };
});

const journalOf = (folder: string): string => join(folder, "records.journal");

/** A journal of one entry per record, and where each entry ends. */
const journalOfEach = async (folder: string, records: readonly ImageRecord[]): Promise<readonly number[]> => {
  const journal = await openIn(folder);
  const ends: number[] = [];
  for (const record of records) {
    await journal.merge([record]);
    ends.push(statSync(journalOf(folder)).size);
  }
  await journal.close();
  return ends;
};

const faultOfOpening = async (folder: string): Promise<Fault | null> => {
  const opened = await openRecordJournal(folder, store);
  if (!opened.ok) return opened.fault;
  await opened.value.close();
  return null;
};

test("torn off at any byte of its last entry, it keeps all the others and goes on", async () => {
  const folder = testFolder();
  const records = [1, 2, 3].map((n) => recordOf(idOf(n)));
  const ends = await journalOfEach(folder, records);
  const whole = readFileSync(journalOf(folder));
  const [, before = 0, end = 0] = ends;
  for (let cut = before; cut < end; cut++) {
    writeFileSync(journalOf(folder), whole.subarray(0, cut));
    const journal = await openIn(folder);
    expect([...journal.all()]).toHaveLength(2);
    expect(journal.feedHead).toBe(2);
    if (cut % 97 === 0) {
      expect(await journal.merge([recordOf(idOf(9))])).toEqual({ ok: true, value: 3 });
      await journal.close();
      const again = await openIn(folder);
      expect(again.get(idOf(9))).toEqual(recordOf(idOf(9)));
      await again.close();
    } else await journal.close();
  }
});

test("a tail of zeros, as some file systems leave after a power cut, is torn off, too", async () => {
  const folder = testFolder();
  await journalOfEach(
    folder,
    [1, 2].map((n) => recordOf(idOf(n))),
  );
  const whole = readFileSync(journalOf(folder));
  writeFileSync(journalOf(folder), Buffer.concat([whole, Buffer.alloc(4_096)]));
  const journal = await openIn(folder);
  expect(journal.feedHead).toBe(2);
  await journal.close();
  expect(statSync(journalOf(folder)).size).toBe(whole.length);
});

test("any byte that changed before the last entry is damage: it is refused, and nothing is cut off", async () => {
  const folder = testFolder();
  const ends = await journalOfEach(
    folder,
    [1, 2, 3].map((n) => recordOf(idOf(n))),
  );
  const whole = readFileSync(journalOf(folder));
  const [, before = 0] = ends;
  for (let at = 0; at < before; at++) {
    // Every byte of the heads, where the lengths are, and some of the bodies.
    const inHead = at < 8 || (at >= (ends[0] ?? 0) && at < (ends[0] ?? 0) + 8);
    if (!inHead && at % 53 !== 0) continue;
    const flipped = Buffer.from(whole);
    flipped.writeUInt8(flipped.readUInt8(at) ^ 0x80, at);
    writeFileSync(journalOf(folder), flipped);
    expect(await faultOfOpening(folder)).toMatchObject({ code: "DISK_FAILED" });
    expect(readFileSync(journalOf(folder)).equals(flipped)).toBe(true);
  }
});

test("what cannot be a torn entry because it is too long is damage", async () => {
  const folder = testFolder();
  await journalOfEach(folder, [recordOf(idOf(1))]);
  const whole = readFileSync(journalOf(folder));
  writeFileSync(journalOf(folder), Buffer.concat([whole, Buffer.alloc(3_000_000, 0xee)]));
  expect(await faultOfOpening(folder)).toMatchObject({ code: "DISK_FAILED" });
});

test("records as large as they may be are read again, however many come at once", async () => {
  const folder = testFolder();
  const journal = await openIn(folder);
  const stamp = { atMs: 1, node: 1 };
  const header = { stamp, value: new Uint8Array(headerBytesMax) };
  const large = Array.from({ length: 20 }, (_, n) =>
    recordOf(idOf(n), {
      headers: Object.fromEntries(Array.from({ length: 16 }, (_, reader) => [`r${reader}`, header])),
      inspection: { stamp, value: { verdict: "ok", thumbnail: new Uint8Array(thumbnailBytesMax) } },
    }),
  );
  expect(await journal.merge(large)).toEqual({ ok: true, value: 20 });
  await journal.close();
  const again = await openIn(folder);
  expect([...again.all()]).toEqual(large);
  await again.close();
});

test("changes that come while one is being synced share the next sync", async () => {
  const folder = testFolder();
  const journal = await openIn(folder);
  const merges = Array.from({ length: 100 }, (_, n) => journal.merge([recordOf(idOf(n))]));
  const results = await Promise.all(merges);
  expect(results.every((result) => result.ok)).toBe(true);
  await journal.close();
  // Far fewer entries than merges: count them by walking the lengths.
  const bytes = readFileSync(journalOf(folder));
  let entries = 0;
  for (let at = 0; at < bytes.length; at += 8 + bytes.readUInt32BE(at)) entries++;
  expect(entries).toBeLessThan(10);
  expect([...(await openIn(folder)).all()]).toHaveLength(100);
});

test("a change is seen only when it is durable", async () => {
  const journal = await openIn(testFolder());
  const merging = journal.merge([recordOf(idOf(1))]);
  expect(journal.get(idOf(1))).toBeNull();
  expect(journal.feedHead).toBe(0);
  await merging;
  expect(journal.get(idOf(1))).not.toBeNull();
});

test("after closing it takes nothing, and says why", async () => {
  const journal = await openIn(testFolder());
  const last = journal.merge([recordOf(idOf(1))]);
  await journal.close();
  expect(await last).toEqual({ ok: true, value: 1 });
  expect(await journal.merge([recordOf(idOf(2))])).toMatchObject({
    ok: false,
    fault: { code: "NODE_NOT_READY" },
  });
});

test("a sync that failed is never tried again: the disk is not to be trusted", async () => {
  const folder = testFolder();
  const journal = await openIn(folder);
  await journal.merge([recordOf(idOf(1))]);
  const probe = await open(join(folder, "probe"), "w");
  const handles = Object.getPrototypeOf(probe) as { datasync(): Promise<void> };
  await probe.close();
  const sync = vi.spyOn(handles, "datasync").mockRejectedValueOnce(new Error("EIO: i/o error, fdatasync"));
  try {
    const fault = { code: "DISK_FAILED" };
    expect(await journal.merge([recordOf(idOf(2))])).toMatchObject({ ok: false, fault });
    expect(journal.get(idOf(2))).toBeNull();
    expect(await journal.merge([recordOf(idOf(3))])).toMatchObject({ ok: false, fault });
    expect(sync).toHaveBeenCalledTimes(1);
  } finally {
    sync.mockRestore();
  }
  expect(journal.get(idOf(1))).not.toBeNull();
  expect(journal.feedHead).toBe(1);
});

const reason = needs("linux", "root");
test.skipIf(reason !== null)(
  `a full disk ends in DISK_FULL, and a restart has all that was acknowledged${because(reason)}`,
  async () => {
    const folder = smallDisk(262_144);
    const journal = await openIn(folder);
    let acknowledged = 0;
    for (;;) {
      const merged = await journal.merge([inspected(recordOf(idOf(acknowledged)), "ok", 2)]);
      if (!merged.ok) {
        expect(merged.fault.code).toBe("DISK_FULL");
        break;
      }
      acknowledged++;
    }
    expect(acknowledged).toBeGreaterThan(10);
    expect([...journal.all()]).toHaveLength(acknowledged);
    await journal.close();
    const elsewhere = testFolder();
    copyFileSync(journalOf(folder), journalOf(elsewhere));
    const again = await openIn(elsewhere);
    expect([...again.all()]).toHaveLength(acknowledged);
  },
);
