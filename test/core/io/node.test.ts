import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rendezvousOrder } from "../../../core/decide/rendezvous.ts";
import type { Connection } from "../../../core/io/connection.ts";
import { type ImageId, type NodeId, nodeId, userNameOf } from "../../../core/model/ids.ts";
import { imageIdFrom } from "../../../core/model/image-id.ts";
import type { Message, Receipt, Upload } from "../../../core/model/messages.ts";
import { wallMs } from "../../../core/model/units.ts";
import { openHeader } from "../../../core/seal/header.ts";
import { openWhole, payloadBytesOf } from "../../../core/seal/payload.ts";
import { noise, type Picture, pictureOfBytes, scratched } from "../../support/pictures.ts";
import { until } from "../../support/until.ts";
import {
  type Answered,
  assignedTo,
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

const [one, two, three] = [nodeId(1), nodeId(2), nodeId(3)] as const;

/** To `node`, as the client's fallback would choose it. */
const at = (node: NodeId, upload: Upload, attempt = 1): Upload => ({
  ...upload,
  assignment: assignedTo(node),
  attempt,
});

const receiptIn = ({ last }: Answered): Receipt => {
  if (last.kind !== "receipt") throw new Error(`expected a receipt, got ${JSON.stringify(last)}`);
  return last;
};
const codeIn = (message: Message): string => (message.kind === "refused" ? message.code : message.kind);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("three nodes", () => {
  let cluster: TestCluster;
  let alice: TestUser;
  let bob: TestUser;
  let picture: Picture;

  beforeAll(async () => {
    cluster = await startCluster(
      3,
      "[limits]\nimage_bytes_max = 30_000_000\nimage_pixels_max = 40_000_000\n[cluster]\nreplication = 2\n",
    );
    [alice, bob, picture] = await Promise.all([
      cluster.user("alice"),
      cluster.user("bob"),
      pictureOfBytes("image/png", 300_000),
    ]);
  });
  afterAll(() => cluster.close());

  const connect = (node: NodeId, user: TestUser = alice): Promise<Connection> =>
    cluster.connect(node, user.credentials);

  const uploadTo = async (
    node: NodeId,
    upload: Upload,
    image: Uint8Array,
    { user = alice, attempt = 1 } = {},
  ): Promise<Answered> => {
    const connection = await connect(node, user);
    try {
      return await sendUpload(connection, at(node, upload, attempt), image);
    } finally {
      connection.destroy(null);
    }
  };

  const listOf = async (node: NodeId, user: TestUser): Promise<readonly ImageId[]> => {
    const connection = await connect(node, user);
    await connection.send({ kind: "list", before: null, limit: 500 });
    const reply = await connection.receive({ withinMs: 20_000 });
    if (reply.kind !== "message" || reply.message.kind !== "list.page") throw new Error("no page came");
    return reply.message.records.map((record) => record.facts.id);
  };

  test("an image that was stored comes back from every node, and opens to the very same bytes", async () => {
    const request = await requestFor(alice, picture.bytes);
    const answered = await uploadTo(two, request, picture.bytes);
    const receipt = receiptIn(answered);
    expect(receipt).toMatchObject({ id: request.id, node: two, repeated: false, assignedBy: "fallback" });
    expect(receipt).toMatchObject({ width: picture.width, height: picture.height });
    expect(receipt.copies).toBeGreaterThanOrEqual(2);
    expect(answered.payload.length).toBe(payloadBytesOf(picture.bytes.length));
    expect(sha256(answered.payload)).toBe(Buffer.from(receipt.payloadHash).toString("hex"));
    for (const node of [one, two, three]) {
      const got = await getOn(await connect(node), request.id);
      if (typeof got === "string") throw new Error(`node ${node} said ${got}`);
      expect(got.payload.equals(answered.payload)).toBe(true);
      const header = got.record.headers.alice?.value ?? new Uint8Array();
      const fileKey = must(await openHeader(header, alice.identity, request.id));
      expect(Buffer.from(must(openWhole(fileKey, got.payload, request.id))).equals(picture.bytes)).toBe(true);
      expect(await listOf(node, alice)).toContain(request.id);
    }
    expect((await cluster.holdersOf(request.id)).length).toBeGreaterThanOrEqual(2);
  });

  test("a retry to the same node gets the receipt that was lost, and the same bytes", async () => {
    const request = await requestFor(alice, picture.bytes);
    const first = await uploadTo(one, request, picture.bytes);
    const again = await uploadTo(one, request, picture.bytes, { attempt: 2 });
    expect(receiptIn(again)).toMatchObject({ repeated: true, node: one });
    expect(again.payload.equals(first.payload)).toBe(true);
  });

  test("a retry to any other node is one image all the same, with the same bytes", async () => {
    const request = await requestFor(alice, picture.bytes);
    const first = await uploadTo(one, request, picture.bytes);
    for (const node of [two, three]) {
      const again = await uploadTo(node, request, picture.bytes, { attempt: 2 });
      expect(receiptIn(again).payloadHash).toEqual(receiptIn(first).payloadHash);
      expect(again.payload.equals(first.payload)).toBe(true);
    }
    for (const node of [one, two, three]) {
      expect((await listOf(node, alice)).filter((id) => id === request.id)).toHaveLength(1);
    }
  });

  test("the same id with other bytes is refused on every node, and the first image stays", async () => {
    const request = await requestFor(alice, picture.bytes);
    receiptIn(await uploadTo(three, request, picture.bytes));
    const other = await pictureOfBytes("image/png", 50_000, 2);
    const forged = await requestFor(alice, other.bytes, { id: request.id });
    for (const node of [one, two, three]) {
      const refused = await uploadTo(node, forged, other.bytes, { attempt: 2 });
      expect(codeIn(refused.last)).toBe("ID_TAKEN");
      const got = await getOn(await connect(node), request.id);
      expect(typeof got === "string" ? got : got.record.facts.bytes).toBe(picture.bytes.length);
    }
  });

  test("an id that somebody else has is taken, and tells nothing about her image", async () => {
    const request = await requestFor(alice, picture.bytes);
    receiptIn(await uploadTo(one, request, picture.bytes));
    for (const node of [one, two, three]) {
      const hers = await requestFor(bob, picture.bytes, { id: request.id });
      const refused = await uploadTo(node, hers, picture.bytes, { user: bob, attempt: 2 });
      expect(codeIn(refused.last)).toBe("ID_TAKEN");
      expect(refused.payload.length).toBe(0);
      const connection = await connect(node, bob);
      expect(await getOn(connection, request.id)).toBe("IMAGE_NOT_FOUND");
      await connection.send({ kind: "find", part: request.id.slice(0, 20) });
      const found = await connection.receive({ withinMs: 20_000 });
      expect(found).toMatchObject({ message: { kind: "found", ids: [] } });
      expect(await listOf(node, bob)).not.toContain(request.id);
    }
  });

  test("an upload that breaks off leaves nothing, and its retry elsewhere is whole", async () => {
    const request = await requestFor(alice, picture.bytes);
    const connection = await connect(one);
    await connection.send(at(one, request));
    await sendBody(connection, picture.bytes.subarray(0, 200_000));
    await connection.receive({ withinMs: 20_000 });
    connection.destroy(null);
    await until(() =>
      cluster.events.some(({ event }) => event.kind === "image.refused" && event.image === request.id),
    );
    for (const node of [one, two, three]) expect(await listOf(node, alice)).not.toContain(request.id);
    const again = await uploadTo(two, request, picture.bytes, { attempt: 2 });
    expect(receiptIn(again).repeated).toBe(false);
    expect(await listOf(three, alice)).toContain(request.id);
    // Sealing is a function of the request: a third node would make the same bytes, too.
    const third = await uploadTo(three, request, picture.bytes, { attempt: 2 });
    expect(third.payload.equals(again.payload)).toBe(true);
  });

  test("bytes that do not have the hash that was told are not stored anywhere", async () => {
    const request = await requestFor(alice, picture.bytes);
    const altered = Buffer.from(picture.bytes);
    altered.writeUInt8(altered.readUInt8(altered.length - 20) ^ 1, altered.length - 20);
    const refused = await uploadTo(one, request, altered);
    expect(codeIn(refused.last)).toBe("HASH_MISMATCH");
    // Everything but the last chunk may have come back; nothing that opens.
    expect(refused.payload.length).toBeLessThan(payloadBytesOf(picture.bytes.length));
    for (const node of [one, two, three]) {
      expect(await listOf(node, alice)).not.toContain(request.id);
      expect(await cluster.look(node, request.id)).toBeNull();
    }
  });

  test("what cannot be taken is refused with its reason, before or while it arrives", async () => {
    const text = Buffer.from("just words, no picture at all. ".repeat(4_000));
    const huge = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin1"), Buffer.alloc(17)]);
    huge.writeUInt32BE(60_000, 16);
    huge.writeUInt32BE(60_000, 20);
    huge.writeUInt8(8, 24);
    huge.writeUInt8(2, 25);
    const pdf = Buffer.concat([Buffer.from("%PDF-1.7\n"), noise(5_000, 3)]);
    const cases: readonly (readonly [string, Buffer, Partial<Upload>])[] = [
      ["NOT_AN_IMAGE", text, {}],
      ["IMAGE_TYPE_REFUSED", pdf, {}],
      ["TOO_MANY_PIXELS", huge, {}],
      ["IMAGE_TOO_LARGE", text, { bytes: 30_000_001 }],
      ["IMAGE_EMPTY", Buffer.alloc(0), {}],
      ["CLOCK_AHEAD", text, { id: imageIdFrom(wallMs(Date.now() + 3_600_000), new Uint8Array(10)) }],
      ["PROTOCOL_VIOLATION", text, { assignment: assignedTo(two) }],
    ];
    for (const [code, image, changes] of cases) {
      const request = await requestFor(alice, image, changes);
      const connection = await connect(one);
      const refused = await sendUpload(
        connection,
        changes.assignment === undefined ? at(one, request) : request,
        image,
      );
      connection.destroy(null);
      expect(codeIn(refused.last)).toBe(code);
      expect(await listOf(one, alice)).not.toContain(request.id);
    }
  });

  test("a damaged picture is kept, and its record says that it is damaged", async () => {
    const damaged = scratched(picture.bytes);
    const request = await requestFor(alice, damaged);
    const answered = await uploadTo(two, request, damaged);
    expect(receiptIn(answered).inspected).toBe("pending");
    const record = await until(async () => {
      const got = await getOn(await connect(three), request.id);
      return typeof got !== "string" && got.record.inspection.value.verdict !== "pending" ? got.record : null;
    });
    expect(record.inspection.value.verdict).toBe("damaged");
  });

  test("a sound picture gets a verdict and a thumbnail that opens with the image's own header", async () => {
    const request = await requestFor(alice, picture.bytes);
    receiptIn(await uploadTo(one, request, picture.bytes));
    const record = await until(async () => {
      const got = await getOn(await connect(two), request.id);
      return typeof got !== "string" && got.record.inspection.value.verdict !== "pending" ? got.record : null;
    });
    expect(record.inspection.value.verdict).toBe("ok");
    const header = record.headers.alice?.value ?? new Uint8Array();
    const fileKey = must(await openHeader(header, alice.identity, request.id));
    const thumbnail = record.inspection.value.thumbnail ?? new Uint8Array();
    const webp = Buffer.from(must(openWhole(fileKey, thumbnail, request.id)));
    expect(webp.subarray(0, 4).toString("latin1")).toBe("RIFF");
  });

  test("a client that does not read gets its receipt without the rest of its bytes, and can fetch them", async () => {
    const large = await pictureOfBytes("image/tiff", 25_000_000);
    const request = await requestFor(alice, large.bytes, { type: "image/tiff", name: "large.tif" });
    const connection = await connect(one);
    await connection.send(at(one, request));
    await sendBody(connection, large.bytes);
    const answered = await readAnswer(connection);
    const receipt = receiptIn(answered);
    expect(answered.payload.length).toBeLessThan(receipt.payloadBytes);
    const got = await getOn(connection, request.id);
    expect(typeof got === "string" ? got : sha256(got.payload)).toBe(
      Buffer.from(receipt.payloadHash).toString("hex"),
    );
  });

  test("of two payloads that come under one id at once, the first keeps it", async () => {
    const from = cluster.nodeCredentials(two);
    const mine = await requestFor(alice, picture.bytes);
    const first = receiptIn(await uploadTo(two, mine, picture.bytes));
    const got = await getOn(await connect(two), mine.id);
    if (typeof got === "string") throw new Error(got);
    const { record } = got;
    const id = imageIdFrom(wallMs(Date.now()), new Uint8Array(10).fill(9));
    const offer = async (payload: Uint8Array): Promise<string> => {
      const connection = await cluster.connect(three, from);
      const payloadHash = createHash("sha256").update(payload).digest();
      await connection.send({ kind: "store", id, payloadBytes: payload.length, payloadHash: null });
      await connection.sendChunk(payload);
      const owner = userNameOf("bob");
      const facts = { ...record.facts, id, owner, payloadHash, payloadBytes: payload.length };
      const { alice: header } = record.headers;
      if (header === undefined) throw new Error("no header");
      const headers = { bob: header };
      await connection.send({ kind: "store.commit", record: { ...record, facts, headers } });
      const answer = await connection.receive({ withinMs: 20_000 });
      return answer.kind === "message" ? codeIn(answer.message) : "a chunk";
    };
    const said = await Promise.all([1, 2, 3, 4].map((seed) => offer(new Uint8Array(noise(5_000, seed)))));
    expect(said.filter((word) => word === "stored")).toHaveLength(1);
    expect(said.filter((word) => word === "ID_TAKEN")).toHaveLength(3);
    expect(first.copies).toBeGreaterThanOrEqual(2);
  });

  test("a user who speaks as only nodes may is cut off, and the log says so", async () => {
    const connection = await connect(one);
    await connection.send({ kind: "pull", store: null, after: 0 });
    await expect(connection.receive({ withinMs: 20_000 })).rejects.toMatchObject({
      fault: { code: "CONNECTION_LOST" },
    });
    await until(() =>
      cluster.events.some(
        ({ event }) => event.kind === "peer.rejected" && event.fault.code === "NOT_ALLOWED",
      ),
    );
  });

  test("after a restart of all nodes everything is still there", async () => {
    const before = await listOf(one, alice);
    expect(before.length).toBeGreaterThan(0);
    await Promise.all([one, two, three].map((node) => cluster.stop(node)));
    for (const node of [one, two, three]) await cluster.start(node);
    await cluster.settled();
    for (const node of [one, two, three]) expect(await listOf(node, alice)).toEqual(before);
    const [newest] = before;
    if (newest === undefined) throw new Error("nothing was listed");
    expect(typeof (await getOn(await connect(two), newest))).toBe("object");
  });
});

describe("nodes that stop", () => {
  let cluster: TestCluster;
  const folder = mkdtempSync(join(tmpdir(), "distinsta-sealed-"));
  beforeAll(async () => {
    cluster = await startCluster(3, "[cluster]\nreplication = 2\n");
  });
  afterAll(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a home that goes away in the middle is replaced, and the upload is acknowledged", async () => {
    const client = await cluster.client("alice");
    const picture = await pictureOfBytes("image/png", 400_000, 5);
    const gate = Promise.withResolvers<void>();
    const half = Promise.withResolvers<void>();
    let placed: { readonly id: ImageId; readonly node: NodeId } | null = null;
    const uploading = client.upload(gatedSource("cat.png", picture.bytes, gate.promise), folder, {
      onAnswer: (_, reply) => {
        if (reply.kind !== "offer.no-leader") placed = reply;
      },
      onProgress: (bytes) => {
        if (bytes >= picture.bytes.length / 2 - 65_536) half.resolve();
      },
    });
    await half.promise;
    const { id, node } = await until(() => placed);
    // Two copies: one where it is processed, one at the home that the image's order puts first.
    const [home = one] = rendezvousOrder(
      id,
      cluster.nodes.filter((each) => each !== node),
    );
    await cluster.stop(home);
    gate.resolve();
    const { receipt, savedAs } = must(await uploading);
    expect(receipt.copies).toBeGreaterThanOrEqual(2);
    expect(sha256(readFileSync(savedAs).subarray(-receipt.payloadBytes))).toBe(
      Buffer.from(receipt.payloadHash).toString("hex"),
    );
    await cluster.start(home);
    await cluster.settled();
    const listed = [];
    for await (const record of client.list()) listed.push(must(record));
    expect(listed.map((record) => record.facts.id)).toEqual([receipt.id]);
  });

  test("without a majority an upload ends with NO_QUORUM and nothing is left of it", async () => {
    const client = await cluster.client("carol");
    const picture = await pictureOfBytes("image/png", 20_000, 6);
    await cluster.stop(one);
    await cluster.stop(two);
    const uploaded = await client.upload(memorySource("dog.png", picture.bytes), folder, {});
    expect(uploaded.ok ? "stored" : uploaded.fault.code).toBe("NO_QUORUM");
    expect(readdirSync(folder).filter((name) => name.startsWith("dog"))).toEqual([]);
    await cluster.start(one);
    await cluster.start(two);
    await cluster.settled();
    const again = must(await client.upload(memorySource("dog.png", picture.bytes), folder, {}));
    expect(again.receipt.copies).toBeGreaterThanOrEqual(2);
    const listed = [];
    for await (const record of client.list()) listed.push(must(record).facts.name);
    expect(listed).toEqual(["dog.png"]);
  });

  test("a node that stops waits for the verdict on what it has just stored", async () => {
    const client = await cluster.client("dora");
    const picture = await pictureOfBytes("image/png", 900_000, 8);
    const { receipt } = must(await client.upload(memorySource("owl.png", picture.bytes), folder, {}));
    await cluster.stop(receipt.node);
    const said = cluster.events.filter(({ node }) => node === receipt.node).map(({ event }) => event);
    expect(said).toContainEqual(
      expect.objectContaining({ kind: "image.inspected", image: receipt.id, verdict: "ok" }),
    );
    expect(said.filter((event) => event.kind === "disk.failed")).toEqual([]);
    await cluster.start(receipt.node);
    await cluster.settled();
  });
});
