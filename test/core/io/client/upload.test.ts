/** What an upload gives back, and what is told when that has no place, on a real node. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PartFile } from "../../../../core/io/client/sealed-file.ts";
import { wordFault } from "../../../../core/model/faults.ts";
import { pictureOfBytes } from "../../../support/pictures.ts";
import { memorySource, must, startCluster, type TestCluster } from "../cluster.ts";

let cluster: TestCluster;
const folder = mkdtempSync(join(tmpdir(), "distinsta-upload-"));
beforeAll(async () => {
  cluster = await startCluster(1);
});
afterAll(async () => {
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
});

test("an image whose sealed file loses its place is stored, which is what is told, and can be fetched sealed", async () => {
  const client = await cluster.client("alice");
  const picture = await pictureOfBytes("image/png", 200_000, 31);
  const images = join(folder, "images");
  const uploaded = await client.upload(memorySource("cat.png", picture.bytes), images, {
    // After the folder was looked at, and before anything comes back.
    onAnswer: () => writeFileSync(images, "in the way"),
  });
  if (uploaded.ok || uploaded.fault.code !== "SEALED_NOT_SAVED") throw new Error(JSON.stringify(uploaded));
  const { id } = uploaded.fault;
  expect(uploaded.fault.reason).toMatch(/images\/cat_\S+ cannot be written: ENOTDIR$/);
  expect(wordFault(uploaded.fault).hint).toContain(`get ${id.slice(-8)} --sealed`);
  expect(readdirSync(folder)).toEqual(["images"]);
  expect(readFileSync(images, "utf8")).toBe("in the way");

  const found = must(await client.find(id));
  const got = must(await client.get(found, true, () => new PartFile(join(folder, "cat.age"))));
  expect(got.record.facts).toMatchObject({ id, bytes: picture.bytes.length });
  expect(readFileSync(got.savedAs).subarray(0, 21).toString()).toBe("age-encryption.org/v1");
});
