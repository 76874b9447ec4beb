/** Serving a connection, over real TLS: who may rest on it, and what a client notices when it may not. */
import { beforeAll, expect, test } from "vitest";
import { createConnectionPool } from "../../../core/io/connection-pool.ts";
import type { Credentials } from "../../../core/io/pki/credentials.ts";
import { type Rest, type Service, serveConnection } from "../../../core/io/serve.ts";
import { listenSecure } from "../../../core/io/tls.ts";
import { nodeId } from "../../../core/model/ids.ts";
import type { Snapshot } from "../../../core/model/snapshot.ts";
import { must } from "./cluster.ts";
import { type TestCluster, testCluster } from "./doors.ts";

const one = nodeId(1);
/** Whoever rests for so long is cut. */
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

const listening = async (rest: Rest, act: (port: number) => Promise<void>): Promise<void> => {
  const service = { snapshot: () => ({}) as Snapshot } as Service;
  const listener = must(
    await listenSecure({
      host: "127.0.0.1",
      port: 0,
      credentials: await cluster.node(1),
      hello: () => cluster.hello(),
      connectionsMax: 50,
      onConnection: (connection) => void serveConnection(service, connection, rest),
      onRejected: () => undefined,
    }),
  );
  try {
    await act(listener.port);
  } finally {
    await listener.close();
  }
};

test.for([
  {
    who: "a user and an operator",
    not: "a node",
    rest: { guestMs: idleMs, peerMs: 60_000 },
    cut: [false, true, true],
  },
  {
    who: "a node",
    not: "a user and an operator",
    rest: { guestMs: 60_000, peerMs: idleMs },
    cut: [true, false, false],
  },
])(
  "of those who ask nothing for long $who are cut, $not not; the next request has a new connection",
  ({ rest, cut }) =>
    listening(rest, async (port) => {
      const people = [await cluster.node(2), await cluster.user("alice"), await cluster.operator("olga")];
      const pools = people.map((credentials) => poolOf(credentials, port));
      const lent = await Promise.all(pools.map(async (pool) => must(await pool.borrow(one)).connection));
      for (const [index, connection] of lent.entries()) pools[index]?.giveBack(connection);
      const gone = lent.filter((_, index) => cut[index]);
      expect(await Promise.all(gone.map(({ closed }) => closed))).toEqual(gone.map(() => null));
      expect(lent.map(({ idle }) => !idle)).toEqual(cut);
      const again = await Promise.all(pools.map(async (pool) => must(await pool.borrow(one)).fresh));
      expect(again).toEqual(cut);
      for (const pool of pools) pool.close();
    }),
);
