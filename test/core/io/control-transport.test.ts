import { once } from "node:events";
import * as net from "node:net";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Connection } from "../../../core/io/connection.ts";
import { type ControlLinks, createControlTransport } from "../../../core/io/control-transport.ts";
import type { Credentials } from "../../../core/io/pki/credentials.ts";
import { dialSecure, type Listener, listenSecure } from "../../../core/io/tls.ts";
import type { ServerAddress } from "../../../core/model/config.ts";
import type { ControlMessage } from "../../../core/model/control.ts";
import type { Fault } from "../../../core/model/faults.ts";
import { boot, type NodeId, nodeId, storeId, term } from "../../../core/model/ids.ts";
import { monotonicMs } from "../../../core/model/units.ts";
import type { LinkEvent } from "../../../core/ports.ts";
import { type ControlNetwork, describeControlTransport } from "../../contracts/control-transport.ts";
import { type TestCluster, testCluster } from "./doors.ts";

let cluster: TestCluster;
let credentials: ReadonlyMap<number, Credentials>;
beforeAll(async () => {
  cluster = await testCluster();
  credentials = new Map(await Promise.all([1, 2].map(async (id) => [id, await cluster.node(id)] as const)));
});

interface RunningNode {
  readonly links: ControlLinks;
  readonly listener: Listener;
  readonly problems: Fault[];
  /** Peers, each time that the link to one of them closed. */
  readonly closedLinks: NodeId[];
}

const startNode = async (
  id: 1 | 2,
  servers: readonly ServerAddress[],
  heartbeatMs = 10,
): Promise<RunningNode> => {
  const own = credentials.get(id);
  const address = servers.find((server) => server.id === id);
  if (own === undefined || address === undefined) throw new Error("no such node");
  const hello = () => cluster.hello({ purpose: "control" });
  const problems: Fault[] = [];
  const closedLinks: NodeId[] = [];
  const links = createControlTransport({
    self: nodeId(id),
    servers,
    credentials: own,
    hello,
    heartbeatMs,
    onProblem: (_, problem) => problems.push(problem),
    onLinkClosed: (peer) => closedLinks.push(peer),
  });
  const listener = await listenSecure({
    host: address.host,
    port: address.port,
    credentials: own,
    hello,
    connectionsMax: 20,
    onConnection: (connection) => links.accept(connection),
    onRejected: () => undefined,
  });
  if (!listener.ok) throw new Error(listener.fault.code);
  return { links, listener: listener.value, problems, closedLinks };
};

const freeServers = async (): Promise<readonly ServerAddress[]> => {
  const held = [1, 2].map(() => net.createServer().listen(0, "127.0.0.1"));
  await Promise.all(held.map((server) => once(server, "listening")));
  const servers = held.map((server, index) => ({
    id: nodeId(index + 1),
    host: "127.0.0.1",
    port: (server.address() as net.AddressInfo).port,
  }));
  await Promise.all(held.map((server) => once(server.close(), "close")));
  return servers;
};

/** Looks again and again; the test's own time limit is the patience. */
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

const loopback = async (): Promise<ControlNetwork> => {
  const servers = await freeServers();
  const running = new Map<number, RunningNode>();
  const kill = async (id: number): Promise<void> => {
    const node = running.get(id);
    running.delete(id);
    node?.links.close();
    await node?.listener.close();
  };
  return {
    start: async (id) => {
      const node = await startNode(id, servers);
      running.set(id, node);
      return node.links;
    },
    kill,
    until,
    stop: async () => {
      for (const id of [...running.keys()]) await kill(id);
    },
  };
};

describeControlTransport("over TLS on loopback", loopback);

describe("control over TLS", () => {
  const running: RunningNode[] = [];
  const others: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of others.splice(0)) await close();
    for (const node of running.splice(0)) {
      node.links.close();
      await node.listener.close();
    }
  });

  const start = async (id: 1 | 2, servers: readonly ServerAddress[]) => {
    const node = await startNode(id, servers);
    running.push(node);
    const events: LinkEvent[] = [];
    node.links.listen((event) => events.push(event));
    return { ...node, events };
  };

  const dialAs = async (id: 1 | 2, server: ServerAddress | undefined): Promise<Connection> => {
    const own = credentials.get(id);
    if (own === undefined || server === undefined) throw new Error("no such node");
    const hello = cluster.hello({ purpose: "control" });
    const dialed = await dialSecure({
      address: server,
      credentials: own,
      hello,
      expect: { role: "node", id: server.id },
    });
    if (!dialed.ok) throw new Error(dialed.fault.code);
    return dialed.value;
  };

  test("anything but a control message cuts the connection, and nothing of it is passed on", async () => {
    const servers = await freeServers();
    const one = await start(1, servers);
    for (const say of [
      (connection: Connection) => connection.send({ kind: "status" }),
      (connection: Connection) => connection.sendChunk(new Uint8Array(8)),
    ]) {
      const connection = await dialAs(2, servers[0]);
      await say(connection);
      await expect(connection.receive()).rejects.toMatchObject({ fault: { code: "CONNECTION_LOST" } });
    }
    expect(one.events.filter(({ kind }) => kind === "message")).toEqual([]);
  });

  test("a peer's new connection replaces its old one", async () => {
    const servers = await freeServers();
    const one = await start(1, servers);
    const old = await dialAs(2, servers[0]);
    const fresh = await dialAs(2, servers[0]);
    await old.closed;
    await fresh.send({ kind: "goodbye", boot: boot(7) });
    await until(() => one.events.some(({ kind }) => kind === "message"));
    fresh.destroy(null);
  });

  test("a node that waits to dial dials at once when the peer connects", async () => {
    const servers = await freeServers();
    const [own, peer] = [credentials.get(1), servers[0]];
    if (own === undefined || peer === undefined) throw new Error("no such node");
    // Its heartbeat is longer than the test's patience.
    const one = await startNode(1, servers, 600_000);
    running.push(one);
    const events: LinkEvent[] = [];
    one.links.listen((event) => events.push(event));
    const refused = await dialSecure({
      address: servers[1] ?? peer,
      credentials: own,
      hello: cluster.hello({ purpose: "control" }),
      expect: { role: "node", id: nodeId(2) },
    });
    expect(!refused.ok && refused.fault.code).toBe("CONNECTION_REFUSED");
    await start(2, servers);
    await until(() => events.some(({ kind }) => kind === "link.opened"));
  });

  test("messages to a peer that takes nothing are dropped beyond a bound", async () => {
    const servers = await freeServers();
    const silent: Connection[] = [];
    const second = servers[1];
    const own = credentials.get(2);
    if (second === undefined || own === undefined) throw new Error("no such node");
    const listener = await listenSecure({
      host: second.host,
      port: second.port,
      credentials: own,
      hello: () => cluster.hello({ purpose: "control" }),
      connectionsMax: 5,
      onConnection: (connection) => silent.push(connection),
      onRejected: () => undefined,
    });
    if (!listener.ok) throw new Error(listener.fault.code);
    others.push(() => listener.value.close());
    const one = await start(1, servers);
    await until(() => one.events.some(({ kind }) => kind === "link.opened"));
    // Far more than the network's buffers hold; the receiver's connection pauses at its own bound.
    const sent = 30_000;
    for (let count = 0; count < sent; count++) one.links.send(nodeId(2), longPing);
    one.links.close();
    let received = 0;
    const [receiver] = silent;
    if (receiver === undefined) throw new Error("nobody came in");
    await expect(
      (async () => {
        for (;;) {
          await receiver.receive();
          received++;
        }
      })(),
    ).rejects.toMatchObject({ fault: { code: "CONNECTION_LOST" } });
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThan(sent);
    expect(one.events.filter(({ kind }) => kind === "link.closed")).toEqual([]);
  });

  test("a link on whose peer nothing more is heard is dialed anew", async () => {
    const servers = await freeServers();
    const [one, two] = [await start(1, servers), await start(2, servers)];
    await until(() => [one, two].every(({ events }) => events.some(({ kind }) => kind === "link.opened")));
    two.links.send(nodeId(1), { kind: "goodbye", boot: boot(1) });
    await until(() => one.events.some(({ kind }) => kind === "message"));
    const linkEvents = () => one.events.filter(({ kind }) => kind !== "message").map(({ kind }) => kind);
    await until(() => {
      one.links.send(nodeId(2), { kind: "goodbye", boot: boot(1) });
      return linkEvents().length === 3;
    });
    expect(linkEvents()).toEqual(["link.opened", "link.closed", "link.opened"]);
    expect(one.closedLinks).toEqual([nodeId(2)]);
  });

  test("a peer that answers with another configuration is a problem, not a refusal", async () => {
    const servers = await freeServers();
    const second = servers[1];
    const own = credentials.get(2);
    if (second === undefined || own === undefined) throw new Error("no such node");
    const listener = await listenSecure({
      host: second.host,
      port: second.port,
      credentials: own,
      hello: () => cluster.hello({ agreement: ["cluster.replication = 9"] }),
      connectionsMax: 5,
      onConnection: () => undefined,
      onRejected: () => undefined,
    });
    if (!listener.ok) throw new Error(listener.fault.code);
    others.push(() => listener.value.close());
    const one = await start(1, servers);
    await until(() => one.problems.some(({ code }) => code === "CONFIG_DIFFERS"));
    expect(one.events).toEqual([]);
  });
});

const nodes = Array.from({ length: 9 }, (_, index) => nodeId(index + 1));
const longPing: ControlMessage = {
  kind: "ping",
  boot: boot(1),
  run: 2 ** 48,
  store: storeId("0".repeat(32)),
  saves: 1,
  replaces: false,
  term: term(1),
  leader: null,
  electable: true,
  generation: 1,
  ready: true,
  feedHead: 0,
  load: {
    inFlight: 0,
    bytesInFlight: 0,
    cpu: 0,
    memory: 0,
    lagMs: 0,
    images: 0,
    payloadBytes: 0,
    diskFreeBytes: 0,
    uptimeMs: 0,
    uploadsPerSecond: 0,
    uploadMsP50: null,
    uploadMsP99: null,
    drained: false,
    readOnly: false,
    rebuild: null,
    scrub: null,
  },
  hears: nodes,
  silenceMs: nodes.map((id) => ({ id, ms: 0.5, roundTripMs: 0.25 })),
  sentAt: monotonicMs(0.125),
  echo: null,
  remembers: null,
  pulled: null,
};
