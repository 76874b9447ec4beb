/** Serving a connection, over real TLS: who may rest on it, and what a client notices when it may not. */
import { beforeAll, expect, test } from "vitest";
import { createConnectionPool } from "../../../core/io/connection-pool.ts";
import type { Credentials } from "../../../core/io/pki/credentials.ts";
import { type Service, serveConnection } from "../../../core/io/serve.ts";
import { listenSecure } from "../../../core/io/tls.ts";
import { nodeId } from "../../../core/model/ids.ts";
import type { Snapshot } from "../../../core/model/snapshot.ts";
import { must } from "./cluster.ts";
import { type TestCluster, testCluster } from "./doors.ts";

const one = nodeId(1);
const idleMs = 100;
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await testCluster();
});

const poolOf = (credentials: Credentials, port: number) =>
  createConnectionPool({
    servers: [{ id: one, host: "127.0.0.1", port }],
    credentials,
    hello: () => cluster.hello(),
  });

test("a user and an operator who ask nothing for long are cut, a node is not; the next request has a new connection", async () => {
  const service = { snapshot: () => ({}) as Snapshot } as Service;
  const listener = must(
    await listenSecure({
      host: "127.0.0.1",
      port: 0,
      credentials: await cluster.node(1),
      hello: () => cluster.hello(),
      connectionsMax: 50,
      onConnection: (connection) => void serveConnection(service, connection, idleMs),
      onRejected: () => undefined,
    }),
  );
  const people = [await cluster.node(2), await cluster.user("alice"), await cluster.operator("olga")];
  const pools = people.map((credentials) => poolOf(credentials, listener.port));
  try {
    const lent = await Promise.all(pools.map(async (pool) => must(await pool.borrow(one)).connection));
    const [ofNode, ...others] = lent;
    for (const [index, connection] of lent.entries()) pools[index]?.giveBack(connection);
    expect(await Promise.all(others.map(({ closed }) => closed))).toEqual([null, null]);
    expect(ofNode?.idle).toBe(true);
    const again = await Promise.all(pools.map(async (pool) => must(await pool.borrow(one)).fresh));
    expect(again).toEqual([false, true, true]);
  } finally {
    for (const pool of pools) pool.close();
    await listener.close();
  }
});
