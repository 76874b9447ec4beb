/** Uploads that take long, beside others that do not: nobody waits for somebody else's network. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Connection } from "../../../core/io/connection.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { chunkBytes } from "../../../core/model/limits.ts";
import type { Upload } from "../../../core/model/messages.ts";
import type { ImageRecord } from "../../../core/model/records.ts";
import { openHeader } from "../../../core/seal/header.ts";
import { openWhole } from "../../../core/seal/payload.ts";
import { testFolder } from "../../support/folders.ts";
import { noisePicture, pictureOfBytes } from "../../support/pictures.ts";
import { until } from "../../support/until.ts";
import {
  gatedSource,
  getOn,
  memorySource,
  must,
  readAnswer,
  requestFor,
  sendBody,
  sendUpload,
  startCluster,
  type TestCluster,
  type TestUser,
} from "./cluster.ts";

const one = nodeId(1);
/** The least that can be configured: less than one of the large pictures here. */
const backlogBytesMax = 1_048_576;

let cluster: TestCluster;
let alice: TestUser;
beforeAll(async () => {
  cluster = await startCluster(1, `[limits]\ninspection_backlog_bytes_max = ${backlogBytesMax}\n`);
  alice = await cluster.user("alice");
});
afterAll(() => cluster.close());

const connect = (): Promise<Connection> => cluster.connect(one, alice.credentials);

/** The record when decoding is over. */
const inspected = (id: Upload["id"]): Promise<ImageRecord> =>
  until(async () => {
    const connection = await connect();
    const got = await getOn(connection, id);
    connection.destroy(null);
    return typeof got !== "string" && got.record.inspection.value.verdict !== "pending" ? got.record : null;
  });

/** Sends half of the image and stops; resolves when it was accepted. */
const beginSlowly = async (upload: Upload, image: Uint8Array) => {
  const connection = await connect();
  await connection.send(upload);
  const half = Math.floor(image.length / 2 / chunkBytes) * chunkBytes;
  await sendBody(connection, image.subarray(0, half));
  const first = await connection.receive({ withinMs: 20_000 });
  expect(first).toMatchObject({ kind: "message", message: { kind: "upload.accepted" } });
  return {
    finish: async () => {
      const sending = sendBody(connection, image.subarray(half));
      const { last } = await readAnswer(connection);
      await sending;
      return last;
    },
  };
};

test("large uploads that stall keep no other from being stored and decoded, and are decoded in the end", async () => {
  const large = await pictureOfBytes("image/png", 3_000_000);
  const small = await noisePicture("image/png", 60, 60);
  expect(large.bytes.length).toBeGreaterThan(2 * backlogBytesMax);
  const requests = [await requestFor(alice, large.bytes), await requestFor(alice, large.bytes)];
  const slow = await Promise.all(requests.map((request) => beginSlowly(request, large.bytes)));

  const request = await requestFor(alice, small.bytes);
  const connection = await connect();
  expect((await sendUpload(connection, request, small.bytes)).last.kind).toBe("receipt");
  expect((await inspected(request.id)).inspection.value.verdict).toBe("ok");

  for (const { finish } of slow) expect((await finish()).kind).toBe("receipt");
  for (const { id } of requests) {
    const { inspection, headers } = await inspected(id);
    expect(inspection.value.verdict).toBe("ok");
    const header = headers.alice?.value ?? new Uint8Array();
    const fileKey = must(await openHeader(header, alice.identity, id));
    const webp = must(openWhole(fileKey, inspection.value.thumbnail ?? new Uint8Array(), id));
    expect(Buffer.from(webp.subarray(0, 4)).toString("latin1")).toBe("RIFF");
  }
});

test("a client with slow files stores a quick one beside them, and then the slow ones", async () => {
  const folder = testFolder();
  const client = await cluster.client("alice");
  const gate = Promise.withResolvers<void>();
  const slow: ReturnType<typeof client.upload>[] = [];
  for (const seed of [7, 8]) {
    const { bytes } = await pictureOfBytes("image/png", 2_400_000, seed);
    const half = Promise.withResolvers<void>();
    const onProgress = (sent: number): void => {
      if (sent > bytes.length / 3) half.resolve();
    };
    slow.push(client.upload(gatedSource(`slow${seed}.png`, bytes, gate.promise), folder, { onProgress }));
    await half.promise;
  }
  const quick = await noisePicture("image/png", 60, 60);
  expect(must(await client.upload(memorySource("quick.png", quick.bytes), folder, {})).receipt.copies).toBe(
    1,
  );
  gate.resolve();
  for (const uploading of slow) expect(must(await uploading).receipt.copies).toBe(1);
});

test("a node that stops finishes what was acknowledged, and tells what came of it", async () => {
  const image = await pictureOfBytes("image/png", 1_500_000);
  const requests = await Promise.all([1, 2, 3, 4].map(() => requestFor(alice, image.bytes)));
  for (const request of requests)
    expect((await sendUpload(await connect(), request, image.bytes)).last.kind).toBe("receipt");
  await cluster.stop(one);
  await cluster.start(one);
  await cluster.settled();
  for (const { id } of requests) {
    const connection = await connect();
    const got = await getOn(connection, id);
    expect(typeof got === "string" ? got : got.record.inspection.value.verdict).toBe("ok");
  }
});
