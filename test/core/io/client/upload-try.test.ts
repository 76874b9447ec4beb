/** One try of an upload against a server that a test scripts: what is known of it when it ends. */
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Source } from "../../../../core/io/client/source.ts";
import { type SealedSink, sendUpload } from "../../../../core/io/client/upload-try.ts";
import type { Connection, Incoming } from "../../../../core/io/connection.ts";
import { type Fault, FaultError, fault, good } from "../../../../core/model/faults.ts";
import { imageId } from "../../../../core/model/ids.ts";
import type { Message, Receipt, Upload } from "../../../../core/model/messages.ts";
import { FakeServers, lost, one } from "./fake-session.ts";

const id = imageId("01937f3a-0000-7000-8000-0000000000aa");
const chunks = [new Uint8Array(100), new Uint8Array(50)];

const sourceOf = (parts: readonly Uint8Array[], problem: FaultError | null = null): Source => ({
  name: "cat.png",
  path: "cat.png",
  bytes: 150,
  async *open() {
    yield* parts;
    if (problem !== null) throw problem;
  },
});

const upload = { kind: "upload", id, assignment: { node: one }, attempt: 1, header: new Uint8Array(3) };

/** Keeps what comes; each write fails when there is a `problem`. */
class Sink implements SealedSink {
  bytes = 0;
  restarts = 0;
  readonly #problem: Fault | null;
  constructor(problem: Fault | null = null) {
    this.#problem = problem;
  }
  async restart(): Promise<void> {
    this.restarts++;
    this.bytes = 0;
  }
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#problem !== null) throw new FaultError(this.#problem);
    this.bytes += chunk.length;
  }
  settle(): void {}
}

/** A connection that breaks once so many chunks were given to it. */
const connectionThatBreaksAfter = (chunksMax: number): Connection => {
  const { promise, reject } = Promise.withResolvers<Incoming>();
  promise.catch(() => undefined);
  let sent = 0;
  const connection: Pick<Connection, "send" | "sendChunk" | "receive" | "destroy" | "quietMs"> = {
    quietMs: 0,
    send: async () => undefined,
    sendChunk: async () => {
      if (++sent === chunksMax) reject(new FaultError(lost(one)));
      // It takes nothing more; a real one would reject as well.
      if (sent >= chunksMax) await promise;
    },
    receive: () => promise,
    destroy: () => undefined,
  };
  return connection as Connection;
};

const tryOn = (
  source: Source,
  ...borrowed: readonly { readonly connection: Connection; readonly fresh: boolean }[]
) => {
  const { session } = new FakeServers({ 1: "never" });
  const left = [...borrowed];
  const pool = {
    ...session.pool,
    borrow: async () => {
      const next = left.shift();
      return next === undefined
        ? { ok: false as const, fault: fault("CONNECTION_REFUSED", { address: "h" }) }
        : good(next);
    },
  };
  const tried = { upload: upload as unknown as Upload, source, sealed: new Sink() };
  return sendUpload({ ...session, pool }, tried, undefined);
};

test("a connection that breaks when the last byte was sent leaves it open whether the node has the image", async () => {
  const connection = connectionThatBreaksAfter(2);
  expect(await tryOn(sourceOf(chunks), { connection, fresh: true })).toEqual({
    kind: "failed",
    fault: lost(one),
    accepted: false,
    bodySent: true,
    lostBefore: false,
  });
});

test("one that breaks before, and a file that ends early, leave nothing open", async () => {
  const connection = connectionThatBreaksAfter(1);
  const broken = await tryOn(sourceOf(chunks), { connection, fresh: true });
  expect(broken).toMatchObject({ kind: "failed", fault: lost(one), bodySent: false });
  const short = sourceOf(chunks.slice(0, 1));
  const changed = await tryOn(short, { connection: connectionThatBreaksAfter(9), fresh: true });
  expect(changed).toMatchObject({ kind: "failed", fault: { code: "FILE_CHANGED" }, bodySent: false });
});

test("what was sent on a connection of the pool that turned out to be dead counts, when no new one can be made", async () => {
  const connection = connectionThatBreaksAfter(2);
  expect(await tryOn(sourceOf(chunks), { connection, fresh: false })).toEqual({
    kind: "failed",
    fault: fault("CONNECTION_REFUSED", { address: "h" }),
    accepted: false,
    bodySent: false,
    lostBefore: true,
  });
});

describe("with the receipt in hand", () => {
  const payload = new Uint8Array(40);
  const payloadHash = createHash("sha256").update(payload).digest();
  const receipt = { kind: "receipt", id, payloadBytes: 40, payloadHash } as unknown as Receipt;
  const accepted: Message = { kind: "upload.accepted", id, payloadBytes: 40 };
  const found = {
    kind: "get.found",
    record: { facts: { id, payloadBytes: 40, payloadHash } },
  } as unknown as Message;
  const send = (servers: FakeServers, sealed: SealedSink) => {
    const tried = { upload: upload as unknown as Upload, source: sourceOf(chunks), sealed };
    return sendUpload(servers.session, tried, undefined);
  };
  const stored = (unsaved: Fault | null) => ({ kind: "stored", receipt, unsaved });

  test("a sealed file that cannot be written does not stop the image, and is told beside the receipt", async () => {
    const full = fault("FILE_UNWRITABLE", { path: "cat.age", reason: "the disk is full" });
    const servers = new FakeServers({ 1: (_, frame) => [accepted, payload, receipt][frame] ?? null });
    expect(await send(servers, new Sink(full))).toEqual(stored(full));
    expect([servers.returned, servers.destroyed]).toEqual([[one], []]);
  });

  test("what was not sent back is fetched, from the start when another server takes over", async () => {
    const sink = new Sink();
    const servers = new FakeServers({
      1: (request, frame) =>
        request.kind === "upload"
          ? ([accepted, receipt][frame] ?? null)
          : ([found, payload.subarray(0, 10), lost(one)][frame] ?? null),
      2: (_, frame) => [found, payload][frame] ?? null,
    });
    servers.session.answered.last = one;
    expect(await send(servers, sink)).toEqual(stored(null));
    expect([sink.bytes, sink.restarts]).toEqual([40, 3]);
  });

  test("that it cannot be fetched is told beside the receipt, and the connection that was given back is left alone", async () => {
    const broken = fault("SEAL_BROKEN", { id, reason: "its bytes are not the ones that were stored" });
    const refusal = fault("IMAGE_NOT_FOUND", { id });
    const servers = new FakeServers({
      1: (request, frame) => (request.kind === "upload" ? ([accepted, receipt][frame] ?? null) : refusal),
    });
    expect(await send(servers, new Sink())).toEqual(stored(refusal));
    expect(servers.returned).toEqual([one]);
    // The one on which it was to be fetched.
    expect(servers.destroyed).toEqual([one]);
    expect(servers.called).toEqual([one, one]);
    const scrambled = new FakeServers({
      1: (request, frame) =>
        request.kind === "upload"
          ? ([accepted, receipt][frame] ?? null)
          : ([found, payload.map(() => 9)][frame] ?? null),
    });
    expect(await send(scrambled, new Sink())).toEqual(stored(broken));
  });
});
