/** One try of an upload against a server that a test scripts: what is known of it when it ends. */
import { expect, test } from "vitest";
import type { Source } from "../../../../core/io/client/source.ts";
import { type SealedSink, sendUpload } from "../../../../core/io/client/upload-try.ts";
import type { Connection, Incoming } from "../../../../core/io/connection.ts";
import { FaultError, fault, good } from "../../../../core/model/faults.ts";
import { imageId } from "../../../../core/model/ids.ts";
import type { Upload } from "../../../../core/model/messages.ts";
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

const nowhere: SealedSink = {
  bytes: 0,
  restart: async () => undefined,
  write: async () => undefined,
  settle: () => undefined,
};

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
  const tried = { upload: upload as unknown as Upload, source, sealed: nowhere };
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
