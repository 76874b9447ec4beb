import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openPayloadFiles } from "../../../core/io/payload-files.ts";
import { FaultError } from "../../../core/model/faults.ts";
import type { PayloadStore } from "../../../core/ports.ts";
import { describePayloadStore } from "../../contracts/payload-store.contract.ts";
import { smallDisk, testFolder } from "../../support/folders.ts";
import { gather } from "../../support/gather.ts";
import { noise } from "../../support/pictures.ts";
import { hashOf, idOf } from "../../support/records.ts";
import { because, needs } from "../../support/skip.ts";

const openIn = async (folder: string): Promise<PayloadStore> => {
  const store = await openPayloadFiles(folder);
  if (!store.ok) throw new FaultError(store.fault);
  return store.value;
};

const filesIn = (folder: string): readonly string[] =>
  readdirSync(join(folder, "payloads"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.length > 2)
    .map((name) => join(folder, "payloads", name));

describePayloadStore("a folder of files", async () => {
  const folder = testFolder();
  return {
    open: () => openIn(folder),
    flipByte: async (_, payloadHash) => {
      const hex = Buffer.from(payloadHash).toString("hex");
      const path = filesIn(folder).find((file) => file.endsWith(hex)) ?? "";
      const bytes = readFileSync(path);
      bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
      writeFileSync(path, bytes);
    },
  };
});

const begin = async (store: PayloadStore, n: number, bytes: number) => {
  const writer = await store.begin(idOf(n), bytes);
  if (!writer.ok) throw new FaultError(writer.fault);
  return writer.value;
};

test("what a crash left half-written is swept at the next start, and foreign files are let be", async () => {
  const folder = testFolder();
  const store = await openIn(folder);
  const writer = await begin(store, 1, 10);
  await writer.write(new Uint8Array(5));
  const whole = await begin(store, 2, 3);
  await whole.write(Buffer.from("abc"));
  await whole.commit(hashOf(Buffer.from("abc")));
  const [shelf = ""] = readdirSync(join(folder, "payloads"));
  writeFileSync(join(folder, "payloads", shelf, "notes.txt"), "mine");
  expect(readdirSync(join(folder, "incoming"))).toHaveLength(1);
  const again = await openIn(folder);
  expect(readdirSync(join(folder, "incoming"))).toEqual([]);
  expect([again.images, again.payloadBytes]).toEqual([1, 3]);
  await writer.abort();
});

test("giving up removes the file at once", async () => {
  const folder = testFolder();
  const writer = await begin(await openIn(folder), 1, 10);
  await writer.write(new Uint8Array(5));
  await writer.abort();
  expect(readdirSync(join(folder, "incoming"))).toEqual([]);
});

test("a payload that vanished from the disk is a fault, not an end", async () => {
  const folder = testFolder();
  const store = await openIn(folder);
  const payload = Buffer.from("abc");
  const writer = await begin(store, 1, 3);
  await writer.write(payload);
  await writer.commit(hashOf(payload));
  for (const file of filesIn(folder)) rmSync(file);
  const read = await store.read(idOf(1), hashOf(payload));
  expect(read).toMatchObject({ ok: false, fault: { code: "DISK_FAILED" } });
});

const reason = needs("linux", "root");
test.skipIf(reason !== null)(
  `a full disk is told as such, and what is on it stays readable${because(reason)}`,
  async () => {
    const store = await openIn(smallDisk(1_048_576));
    const kept = noise(200_000, 1);
    const first = await begin(store, 1, kept.length);
    await first.write(kept);
    expect((await first.commit(hashOf(kept))).ok).toBe(true);
    const large = noise(2_000_000, 2);
    const second = await begin(store, 2, large.length);
    await expect(second.write(large)).rejects.toMatchObject({ fault: { code: "DISK_FULL" } });
    await second.abort();
    expect(store.has(idOf(2), hashOf(large))).toBe(false);
    const read = await store.read(idOf(1), hashOf(kept));
    if (!read.ok) throw new FaultError(read.fault);
    expect(Buffer.concat(await gather(read.value)).equals(kept)).toBe(true);
    // The room of what was given up is free again.
    const third = await begin(store, 3, kept.length);
    await third.write(kept);
    expect((await third.commit(hashOf(kept))).ok).toBe(true);
  },
);
