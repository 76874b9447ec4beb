import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import type { Worker } from "node:worker_threads";
import { expect, onTestFinished, test } from "vitest";
import { openIndex } from "../../../../core/io/index/index-client.ts";
import type { Fault } from "../../../../core/model/faults.ts";
import type { Index } from "../../../../core/ports.ts";
import { createMemoryIndexDisk } from "../../../sim/memory-index.ts";
import { smallDisk, testFolder } from "../../../support/folders.ts";
import {
  alice,
  batchAt,
  bytesAt,
  idAt,
  positionAt,
  put,
  rowAt,
  stepAt,
} from "../../../support/index-rows.ts";
import { because, needs } from "../../../support/skip.ts";

const newPath = (): string => join(testFolder(), "index.db");

const openAt = async (path: string): Promise<Index> => {
  const opened = await openIndex(path);
  if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
  onTestFinished(() => opened.value.close().catch(() => undefined));
  return opened.value;
};

const faultOfOpening = async (path: string): Promise<Fault | null> => {
  const opened = await openIndex(path);
  if (!opened.ok) return opened.fault;
  await opened.value.close();
  return null;
};

/** An index with three rows, closed. */
const threeRows = async (path: string): Promise<void> => {
  const index = await openAt(path);
  await index.apply(
    [1, 2, 3].map((n) => put(rowAt(n))),
    { after: 0, batch: 1, feedHead: 3 },
  );
  await index.setNote("origin", "here");
  await index.close();
};

/** Begun anew, and in working order. */
const expectNew = async (path: string): Promise<void> => {
  const index = await openAt(path);
  expect(await index.position()).toEqual({ batch: 0, feedHead: 0 });
  expect(await index.walk(null, 10)).toEqual({ rows: [], more: false });
  expect(await index.note("origin")).toBeNull();
  await index.apply([put(rowAt(1))], { after: 0, batch: 1, feedHead: 1 });
  expect(await index.get([idAt(1)])).toEqual([rowAt(1)]);
  await index.close();
};

/** Everything that can be asked without knowing what is in it. */
const contentOf = async (index: Index) => ({
  position: await index.position(),
  feed: await index.changedAfter(0, 10_000),
  list: await index.list(alice, null, 10_000),
  superseded: await Promise.all(
    (await index.walk(null, 10_000)).rows.map(({ id }) => index.supersededOf(id)),
  ),
  sums: [await index.homeSets(), await index.holdings(), await index.digests(), await index.segments()],
});

test("one file when it is closed, and readable by its owner alone at all times", async () => {
  const path = newPath();
  const modes = () =>
    Object.fromEntries(
      readdirSync(join(path, "..")).map((name) => [name, statSync(join(path, "..", name)).mode & 0o777]),
    );
  await threeRows(path);
  expect(modes()).toEqual({ "index.db": 0o600 });
  chmodSync(path, 0o644);
  const index = await openAt(path);
  await index.apply([put(rowAt(4))], { after: 1, batch: 2, feedHead: 4 });
  expect(modes()).toEqual({ "index.db": 0o600, "index.db-wal": 0o600 });
  await index.close();
  expect(modes()).toEqual({ "index.db": 0o600 });
});

test("a process killed in the middle of its work leaves an index whose position fits its content", async () => {
  const path = newPath();
  const expected = createMemoryIndexDisk().open();
  let done = 0;
  for (const wanted of [30, 31, 45, 10]) {
    const told = await killedAfter(path, wanted);
    const index = await openAt(path);
    const { batch } = await index.position();
    expect(batch).toBeGreaterThanOrEqual(told);
    while (done < batch) {
      done++;
      await expected.apply(batchAt(done), stepAt(done));
    }
    expect(await contentOf(index)).toEqual(await contentOf(expected));
    await index.close();
  }
});

/** Kills an applier when it has told of `wanted` batches; gives the last one that it told of. */
const killedAfter = async (path: string, wanted: number): Promise<number> => {
  const program = join(import.meta.dirname, "../../../support/index-applier.ts");
  const child = spawn(process.execPath, [program, path], { stdio: ["ignore", "pipe", "inherit"] });
  let told = 0;
  let lines = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    told = Number(line);
    if (++lines === wanted) child.kill("SIGKILL");
  }
  return told;
};

test("nobody waits for it: the event loop turns while 100,000 rows go in, and answers come in order", async () => {
  const index = await openAt(newPath());
  const batches = 500;
  const order: number[] = [];
  let turns = 0;
  let isDone = false;
  const turn = (): void => {
    turns++;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  const small = (batch: number) =>
    Array.from({ length: 200 }, (_, index) => put(rowAt(200 * batch + index, { thumbnail: null })));
  for (let batch = 0; batch < batches; batch++) {
    const step = { after: batch, batch: batch + 1, feedHead: 200 * batch + 199 };
    void index.apply(small(batch), step).then(() => order.push(batch));
    // What is asked meanwhile is answered in its turn.
    if (batch % 100 === 50) void index.holdings().then(({ images }) => order.push(images));
    // As a node does it: a few batches at once, and never more.
    if (batch % 5 === 4) await index.position();
  }
  isDone = true;
  const expected = Array.from({ length: batches }, (_, batch) =>
    batch % 100 === 50 ? [batch, 200 * (batch + 1)] : [batch],
  );
  expect(order).toEqual(expected.flat());
  expect((await index.holdings()).images).toBe(100_000);
  expect(turns).toBeGreaterThan(batches);
});

test.each([
  ["is of another version", (path: string) => inDatabase(path, "PRAGMA user_version = 99")],
  ["is another program's", (path: string) => inDatabase(path, "PRAGMA user_version = 0")],
  ["lacks a table", (path: string) => inDatabase(path, "DROP TABLE superseded")],
  ["lacks a column", (path: string) => inDatabase(path, "ALTER TABLE notes DROP COLUMN text; VACUUM")],
  ["does not say how far it has come", (path: string) => inDatabase(path, "DELETE FROM state")],
  [
    "is no database",
    (path: string) => writeFileSync(path, "no database, and long enough to be one".repeat(500)),
  ],
  ["has lost its beginning", (path: string) => overwrite(path, 0, 4_096)],
  ["is cut off", (path: string) => writeFileSync(path, readFileSync(path).subarray(0, 6_000))],
])("a file that %s is thrown away, and a new one begun", async (_what, spoil) => {
  const path = newPath();
  await threeRows(path);
  spoil(path);
  await expectNew(path);
});

test.each(["", "-wal"])(
  "a folder in the place of index.db%s is thrown away, with what is in it",
  async (ending) => {
    const path = newPath();
    mkdirSync(path + ending);
    writeFileSync(join(path + ending, "something"), "else");
    await expectNew(path);
  },
);

test("what is left of a log is not taken for that of a new file", async () => {
  const path = newPath();
  writeFileSync(`${path}-wal`, bytesAt(1, 50_000));
  await expectNew(path);
});

test("a record that is not what was written is never handed out: the index fails, and is begun anew", async () => {
  const path = newPath();
  await threeRows(path);
  const at = readFileSync(path).indexOf(rowAt(2).summary);
  overwrite(path, at + 20, 1);
  const index = await openAt(path);
  expect(await index.get([idAt(1), idAt(3)])).toEqual([rowAt(1), rowAt(3)]);
  const damaged = { fault: { code: "DISK_FAILED", path, reason: "a record in it is not what was written" } };
  await expect(index.get([idAt(2)])).rejects.toMatchObject(damaged);
  await expect(index.get([idAt(1)])).rejects.toMatchObject(damaged);
  await expect(index.close()).rejects.toMatchObject(damaged);
  await expectNew(path);
});

test("nor a thumbnail; who does not ask for it does not see it", async () => {
  const path = newPath();
  await threeRows(path);
  overwrite(path, readFileSync(path).indexOf(rowAt(2).thumbnail ?? "") + 200, 1);
  const index = await openAt(path);
  expect((await index.walk(null, 10)).rows).toHaveLength(3);
  await expect(index.get([idAt(2)])).rejects.toMatchObject({ fault: { code: "DISK_FAILED" } });
  await expect(index.walk(null, 10)).rejects.toMatchObject({ fault: { code: "DISK_FAILED" } });
  await expectNew(path);
});

test("pages damaged anywhere: right answers, or a fault and a new beginning", async () => {
  const path = newPath();
  const index = await openAt(path);
  for (let batch = 1; batch <= 10; batch++) await index.apply(batchAt(batch), stepAt(batch));
  const { feed } = await contentOf(index);
  const ids = feed.changes.map(({ id }) => id);
  const all = await index.get(ids);
  await index.close();
  const whole = readFileSync(path);
  const pages = whole.length / 4_096;
  for (let page = 1; page < pages; page += Math.floor(pages / 8)) {
    writeFileSync(path, whole);
    overwrite(path, page * 4_096, 4_096);
    const again = await openAt(path);
    const rows = await again.get(ids).catch(() => null);
    await again.close().catch(() => undefined);
    if (rows === null) await expectNew(path);
    else expect(rows).toEqual(all);
  }
});

test("what is purged cannot be found in the file", async () => {
  const path = newPath();
  const index = await openAt(path);
  const secret = Buffer.from("a name that nobody must find".repeat(300));
  const fields = { summary: new Uint8Array(secret.subarray(0, 900)), thumbnail: new Uint8Array(secret) };
  await index.apply([put(rowAt(1, fields)), put(rowAt(2))], { after: 0, batch: 1, feedHead: 2 });
  await index.close();
  expect(readFileSync(path).includes("nobody must find")).toBe(true);
  const again = await openAt(path);
  await again.apply([put(rowAt(1, { change: 3 }))], { after: 1, batch: 2, feedHead: 3 });
  await again.close();
  expect(readFileSync(path).includes("nobody must find")).toBe(false);
});

test("cleared, it gives its room back at once and keeps its notes, whatever an earlier try left", async () => {
  const path = newPath();
  const index = await openAt(path);
  for (let batch = 1; batch <= 20; batch++) await index.apply(batchAt(batch), stepAt(batch));
  await index.setNote("origin", "here");
  writeFileSync(`${path}-new`, "half made");
  await index.clear();
  await index.apply([put(rowAt(1))], { after: 0, batch: 1, feedHead: 1 });
  await index.close();
  expect(readdirSync(join(path, ".."))).toEqual(["index.db"]);
  expect(statSync(path)).toMatchObject({ mode: 0o100600 });
  expect(statSync(path).size).toBeLessThan(200_000);
  const again = await openAt(path);
  expect(await again.get([rowAt(1).id])).toEqual([rowAt(1)]);
  expect(await again.note("origin")).toBe("here");
});

test("who has it open keeps it: the second one is refused, the file untouched", async () => {
  const path = newPath();
  const index = await openAt(path);
  await index.apply([put(rowAt(1))], { after: 0, batch: 1, feedHead: 1 });
  expect(await faultOfOpening(path)).toMatchObject({ code: "DISK_FAILED", path });
  await index.apply([put(rowAt(2))], { after: 1, batch: 2, feedHead: 2 });
  await index.close();
  const again = await openAt(path);
  expect((await again.walk(null, 10)).rows).toHaveLength(2);
});

test("in a folder that is not there it cannot be made", async () => {
  const path = join(testFolder(), "nowhere", "index.db");
  expect(await faultOfOpening(path)).toMatchObject({ code: "DISK_FAILED", path });
});

test("a thread that dies fails all that was asked and all that is asked then; the file is as it was", async () => {
  const path = newPath();
  const started = new Promise<Worker>((resolve) => process.once("worker", resolve));
  const index = await openAt(path);
  await index.apply([put(rowAt(1))], { after: 0, batch: 1, feedHead: 1 });
  const asked = Array.from({ length: 50 }, (_, n) =>
    index.apply([put(rowAt(n + 2))], { after: n + 1, batch: n + 2, feedHead: n + 2 }).then(
      () => "done",
      (error) => error.fault.code,
    ),
  );
  await (await started).terminate();
  const answers = await Promise.all(asked);
  expect(answers.at(-1)).toBe("DISK_FAILED");
  await expect(index.position()).rejects.toMatchObject({ fault: { code: "DISK_FAILED", path } });
  await expect(index.close()).rejects.toMatchObject({ fault: { code: "DISK_FAILED" } });
  const again = await openAt(path);
  const { batch } = await again.position();
  expect(batch).toBeGreaterThanOrEqual(1 + answers.filter((answer) => answer === "done").length);
  expect((await again.walk(null, 100)).rows).toHaveLength(batch);
});

test("a thread that dies of a bug is told by what it died of", async () => {
  const path = newPath();
  const started = new Promise<Worker>((resolve) => process.once("worker", resolve));
  const index = await openAt(path);
  (await started).postMessage(null);
  const asked = index.position();
  await expect(asked).rejects.toMatchObject({
    fault: { code: "DISK_FAILED", reason: expect.stringMatching(/^its thread died: .*null/) },
  });
});

const lacking = needs("root", "linux");
test.skipIf(lacking !== null)(
  `on a full disk it answers nothing, rather than what is old, and goes on when there is room${because(lacking)}`,
  async () => {
    const folder = smallDisk(4_000_000);
    const path = join(folder, "index.db");
    const index = await openAt(path);
    const full = { fault: { code: "DISK_FULL", path } };
    let last = 0;
    const fill = async (): Promise<void> => {
      for (;;) {
        await index.apply(batchAt(last + 1), stepAt(last + 1));
        last++;
      }
    };
    writeFileSync(join(folder, "ballast"), new Uint8Array(2_500_000));
    await expect(fill()).rejects.toMatchObject(full);
    expect(last).toBeGreaterThan(0);
    // What was refused is owed, and what comes after it may not come before it, however small.
    await expect(index.apply([], stepAt(last + 2))).rejects.toMatchObject(full);
    await expect(index.position()).rejects.toMatchObject(full);
    await expect(index.list(alice, null, 10)).rejects.toMatchObject(full);
    writeFileSync(join(folder, "ballast"), new Uint8Array(1_500_000));
    expect(await index.position()).toEqual(positionAt(last + 2));
    const owed = createMemoryIndexDisk().open();
    for (let batch = 1; batch <= last + 1; batch++) await owed.apply(batchAt(batch), stepAt(batch));
    await owed.apply([], stepAt(last + 2));
    expect(await contentOf(index)).toEqual(await contentOf(owed));
    last += 2;
    const empty = last;
    const before = last;
    await expect(fill()).rejects.toMatchObject(full);
    expect(last).toBeGreaterThan(before);
    // What is in the log does not fit into the file; nothing is lost by that.
    await expect(index.close()).rejects.toMatchObject(full);
    writeFileSync(join(folder, "ballast"), "");
    const again = await openAt(path);
    const expected = createMemoryIndexDisk().open();
    for (let batch = 1; batch <= last; batch++)
      await expected.apply(batch === empty ? [] : batchAt(batch), stepAt(batch));
    expect(await contentOf(again)).toEqual(await contentOf(expected));
    await again.close();
  },
);

const inDatabase = (path: string, statements: string): void => {
  const database = new DatabaseSync(path);
  database.exec(statements);
  database.close();
};

const overwrite = (path: string, at: number, length: number): void => {
  const content = readFileSync(path);
  content.set(
    content.subarray(at, at + length).map((byte) => byte ^ 0xa5),
    at,
  );
  writeFileSync(path, content);
};
