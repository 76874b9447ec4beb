/** Breaking off what a client does, on real nodes. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createClient } from "../../../../core/io/client/client.ts";
import { interruptible } from "../../../../core/io/client/interrupt.ts";
import { PartFile } from "../../../../core/io/client/sealed-file.ts";
import type { Session } from "../../../../core/io/client/session.ts";
import { systemClock } from "../../../../core/io/clock.ts";
import type { Connection } from "../../../../core/io/connection.ts";
import { good } from "../../../../core/model/faults.ts";
import { nodeId, userNameOf } from "../../../../core/model/ids.ts";
import { pictureOfBytes } from "../../../support/pictures.ts";
import { gatedSource, memorySource, must, startCluster, type TestCluster } from "../cluster.ts";

let cluster: TestCluster;
const folder = mkdtempSync(join(tmpdir(), "distinsta-interrupt-"));
beforeAll(async () => {
  cluster = await startCluster(1);
});
afterAll(async () => {
  await cluster.close();
  rmSync(folder, { recursive: true, force: true });
});

test("an upload that is broken off ends at once, leaves no file, and the next one works", async () => {
  const client = await cluster.client("alice");
  const picture = await pictureOfBytes("image/png", 400_000, 21);
  const asked = new AbortController();
  const never = Promise.withResolvers<void>();
  const uploading = client
    .until(asked.signal)
    .upload(gatedSource("cat.png", picture.bytes, never.promise), folder, {
      onProgress: (bytes) => {
        if (bytes >= picture.bytes.length / 2 - 65_536) asked.abort();
      },
    });
  expect(await uploading).toMatchObject({ ok: false, fault: { code: "INTERRUPTED" } });
  expect(readdirSync(folder)).toEqual([]);

  const { savedAs } = must(await client.upload(memorySource("cat.png", picture.bytes), folder, {}));
  expect(readdirSync(folder)).toEqual([savedAs.slice(folder.length + 1)]);
  rmSync(savedAs);
});

test("once the signal has come nothing is begun: no upload, no list, no status", async () => {
  const client = (await cluster.client("alice")).until(AbortSignal.abort());
  const picture = await pictureOfBytes("image/png", 1_000, 22);
  const interrupted = { ok: false, fault: { code: "INTERRUPTED" } };
  expect(await client.upload(memorySource("dog.png", picture.bytes), folder, {})).toMatchObject(interrupted);
  expect(await client.status()).toMatchObject(interrupted);
  expect((await client.list().next()).value).toMatchObject(interrupted);
  expect(readdirSync(folder)).toEqual([]);
});

test("a get that is broken off leaves no file", async () => {
  const client = await cluster.client("alice");
  const picture = await pictureOfBytes("image/jpeg", 2_000_000, 23);
  const stored = must(await client.upload(memorySource("bird.jpg", picture.bytes), folder, {}));
  rmSync(stored.savedAs);
  const asked = new AbortController();
  const got = await client.until(asked.signal).get(stored.receipt.id, false, () => {
    asked.abort();
    return new PartFile(join(folder, "bird.jpg"));
  });
  expect(got).toMatchObject({ ok: false, fault: { code: "INTERRUPTED" } });
  expect(readdirSync(folder)).toEqual([]);
});

describe("the pool of something that can be broken off", () => {
  const connectionThat = (closed: Promise<null>): Connection => ({ closed, destroy: vi.fn() }) as never;
  /** Over a pool that lends one connection. */
  const poolOver = (connection: Connection, signal: AbortSignal) => {
    const giveBack = vi.fn();
    const borrow = async () => good({ connection, fresh: false });
    const session = { pool: { borrow, giveBack, close: () => undefined } } as unknown as Session;
    return { ...interruptible(session, signal).pool, given: giveBack };
  };

  test("leaves nothing behind on a connection that is lent a thousand times", async () => {
    const asked = new AbortController();
    const closing = Promise.withResolvers<null>();
    const connection = connectionThat(closing.promise);
    const reactions = vi.spyOn(closing.promise, "then");
    for (let n = 0; n < 1_000; n++) {
      // As each command of a prompt has its own.
      const pool = poolOver(connection, n % 2 === 0 ? asked.signal : new AbortController().signal);
      await pool.borrow(nodeId(1));
      pool.giveBack(connection);
    }
    expect(reactions).toHaveBeenCalledTimes(1);
    asked.abort();
    expect(connection.destroy).not.toHaveBeenCalled();
  });

  test("destroys what is lent, and no more what has closed", async () => {
    const asked = new AbortController();
    const [open, closed] = [
      connectionThat(new Promise(() => undefined)),
      connectionThat(Promise.resolve(null)),
    ];
    for (const connection of [open, closed]) await poolOver(connection, asked.signal).borrow(nodeId(1));
    await closed.closed;
    asked.abort();
    expect(open.destroy).toHaveBeenCalledTimes(1);
    expect(closed.destroy).not.toHaveBeenCalled();
  });

  test("keeps a connection that comes too late for the next request", async () => {
    const asked = new AbortController();
    const connection = connectionThat(new Promise(() => undefined));
    const pool = poolOver(connection, asked.signal);
    const borrowing = pool.borrow(nodeId(1));
    asked.abort();
    expect(await borrowing).toMatchObject({ ok: false, fault: { code: "INTERRUPTED" } });
    expect(pool.given).toHaveBeenCalledWith(connection);
    expect(connection.destroy).not.toHaveBeenCalled();
  });
});

test("a part file that was given up is not made again by who still writes to it", async () => {
  const file = new PartFile(join(folder, "late.age"));
  await file.discard();
  await file.restart(new Uint8Array(3));
  await file.write(new Uint8Array(3));
  expect(readdirSync(folder)).toEqual([]);
});

test("each server is asked, and one that takes calls but says nothing is given up in time", async () => {
  const sockets: Socket[] = [];
  const mute = createServer((socket) => sockets.push(socket)).listen(0, "127.0.0.1");
  await new Promise((resolve) => mute.once("listening", resolve));
  const address = mute.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { credentials, ...keys } = await cluster.user("alice");
  const servers = [...cluster.config.servers, { id: nodeId(2), host: "127.0.0.1", port }];
  const config = { ...cluster.config, servers };
  const client = createClient({ config, user: userNameOf("alice"), credentials, keys, clock: systemClock() });
  const [one, two] = await client.askEach(300);
  expect(two).toMatchObject({ server: 2, answer: { ok: false, fault: { code: "TIMED_OUT" } } });
  expect(one?.server).toBe(1);
  client.close();
  for (const socket of sockets) socket.destroy();
  mute.close();
});
