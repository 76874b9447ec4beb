import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Connection } from "../../../core/io/connection.ts";
import {
  type ConnectionPoolOptions,
  createConnectionPool,
  type RealConnectionPool,
} from "../../../core/io/connection-pool.ts";
import type { Credentials } from "../../../core/io/pki/credentials.ts";
import { type Listener, listenSecure } from "../../../core/io/tls.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { type TestCluster, testCluster } from "./doors.ts";

const one = nodeId(1);
let cluster: TestCluster;
let node: Credentials;
let alice: Credentials;
let server: { readonly listener: Listener; readonly accepted: Connection[] };
let pool: RealConnectionPool;

beforeAll(async () => {
  cluster = await testCluster();
  [node, alice] = await Promise.all([cluster.node(1), cluster.user("alice")]);
});
afterEach(async () => {
  pool.close();
  await server.listener.close();
});

const dialMs = 400;

const start = async (idleMax: number): Promise<void> => {
  await listen(0);
  poolTo(server.listener.port, { idleMax });
};

const poolTo = (port: number, options: Partial<ConnectionPoolOptions>): void => {
  pool = createConnectionPool({
    servers: [{ id: one, host: "127.0.0.1", port }],
    credentials: alice,
    hello: () => cluster.hello(),
    ...options,
  });
};

const listen = async (port: number): Promise<void> => {
  const accepted: Connection[] = [];
  const listener = await listenSecure({
    host: "127.0.0.1",
    port,
    credentials: node,
    hello: () => cluster.hello(),
    connectionsMax: 50,
    onConnection: (connection) => {
      accepted.push(connection);
      void connection.receive().then(
        () => connection.send({ kind: "found", ids: [] }),
        () => undefined,
      );
    },
    onRejected: () => undefined,
  });
  if (!listener.ok) throw new Error(listener.fault.code);
  server = { listener: listener.value, accepted };
};

const borrow = async () => {
  const borrowed = await pool.borrow(one);
  if (!borrowed.ok) throw new Error(borrowed.fault.code);
  return borrowed.value;
};

describe("a pool of connections", () => {
  test("gives the same connection again, and says whether it is fresh", async () => {
    await start(2);
    const first = await borrow();
    expect(first.fresh).toBe(true);
    pool.giveBack(first.connection);
    const second = await borrow();
    expect(second.fresh).toBe(false);
    expect(second.connection).toBe(first.connection);
    const third = await borrow();
    expect(third.fresh).toBe(true);
    expect(third.connection).not.toBe(first.connection);
  });

  test("keeps no more than its bound", async () => {
    await start(1);
    const [a, b] = [await borrow(), await borrow()];
    pool.giveBack(a.connection);
    pool.giveBack(b.connection);
    expect(a.connection.idle).toBe(true);
    await b.connection.closed;
  });

  test("keeps none on which something is unread or under way", async () => {
    await start(2);
    const waiting = await borrow();
    const answer = waiting.connection.receive();
    answer.catch(() => undefined);
    pool.giveBack(waiting.connection);
    await waiting.connection.closed;
    expect((await borrow()).fresh).toBe(true);
  });

  test("drops one that the server closed while it lay there", async () => {
    await start(2);
    const first = await borrow();
    pool.giveBack(first.connection);
    for (const connection of server.accepted) connection.close();
    await first.connection.closed;
    expect((await borrow()).fresh).toBe(true);
  });

  test("keeps none on which nothing came for so long that the server may be closing it", async () => {
    await listen(0);
    for (const [restMsMax, kept] of [
      [60_000, true],
      [1, false],
    ] as const) {
      poolTo(server.listener.port, { restMsMax });
      const { connection } = await borrow();
      pool.giveBack(connection);
      await sleep(10);
      expect((await borrow()).connection === connection).toBe(kept);
      expect(connection.idle).toBe(kept);
      connection.destroy(null);
    }
  });

  test("lent a thousand times, a connection keeps one reaction to its closing, and is still dropped when it closes", async () => {
    await start(2);
    const { connection } = await borrow();
    const reactions = vi.spyOn(connection.closed, "then");
    for (let n = 0; n < 1_000; n++) {
      pool.giveBack(connection);
      expect((await borrow()).connection).toBe(connection);
    }
    pool.giveBack(connection);
    expect(reactions).toHaveBeenCalledTimes(1);
    for (const accepted of server.accepted) accepted.close();
    await connection.closed;
    expect((await borrow()).fresh).toBe(true);
  });

  test("drops what waits for a server when it is told to, and nothing that is lent", async () => {
    await start(2);
    const [waiting, lent] = [await borrow(), await borrow()];
    pool.giveBack(waiting.connection);
    pool.drop(one);
    await waiting.connection.closed;
    expect(lent.connection.idle).toBe(true);
    expect((await borrow()).fresh).toBe(true);
  });

  test("passes on why a server cannot be reached, and knows no other servers", async () => {
    await start(2);
    await server.listener.close();
    const refused = await pool.borrow(one);
    expect(!refused.ok && refused.fault.code).toBe("CONNECTION_REFUSED");
    const unknown = await pool.borrow(nodeId(2));
    expect(unknown.ok).toBe(false);
    await start(2);
  });

  test("closed, it destroys what waits and what comes back, and gives nothing more", async () => {
    await start(2);
    const [waiting, out] = [await borrow(), await borrow()];
    const dialing = pool.borrow(one);
    pool.giveBack(waiting.connection);
    pool.close();
    expect(await dialing).toMatchObject({ ok: false, fault: { code: "INTERRUPTED" } });
    pool.giveBack(out.connection);
    await Promise.all([waiting.connection.closed, out.connection.closed]);
    expect(await pool.borrow(one)).toMatchObject({ ok: false, fault: { code: "INTERRUPTED" } });
  });

  test("many requests at once have a connection each, without a warning", async () => {
    await start(8);
    const warnings: Error[] = [];
    const listen = (warning: Error) => warnings.push(warning);
    process.on("warning", listen);
    const all = await Promise.all(Array.from({ length: 20 }, borrow));
    expect(new Set(all.map(({ connection }) => connection)).size).toBe(20);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", listen);
    expect(warnings).toEqual([]);
    for (const { connection } of all) pool.giveBack(connection);
  });
});

test("of a server that lets in and does not answer one dial is awaited at a time, until one gets through", async () => {
  const met: Socket[] = [];
  const frozen = createServer((socket) => met.push(socket)).listen(0, "127.0.0.1");
  await once(frozen, "listening");
  const { port } = frozen.address() as AddressInfo;
  poolTo(port, { dialMs, dialSlowMs: 10 });
  const first = await pool.borrow(one);
  expect(first).toMatchObject({ ok: false, fault: { code: "TIMED_OUT", ms: dialMs } });
  let waiting = true;
  const second = pool.borrow(one).finally(() => {
    waiting = false;
  });
  expect(await pool.borrow(one)).toMatchObject({ ok: false, fault: { code: "TIMED_OUT" } });
  expect(waiting).toBe(true);
  expect((await second).ok).toBe(false);
  expect(met).toHaveLength(2);
  for (const socket of met) socket.destroy();
  frozen.close();
  await once(frozen, "close");
  await listen(port);
  expect((await borrow()).fresh).toBe(true);
  expect(await Promise.all([borrow(), borrow()])).toMatchObject([{ fresh: true }, { fresh: true }]);
});
