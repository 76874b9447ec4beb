import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import * as net from "node:net";
import * as tls from "node:tls";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Connection } from "../../../core/io/connection.ts";
import type { Credentials } from "../../../core/io/pki/credentials.ts";
import { dialSecure, type Listener, type ListenOptions, listenSecure } from "../../../core/io/tls.ts";
import { type Fault, fault } from "../../../core/model/faults.ts";
import { clusterId, nodeId } from "../../../core/model/ids.ts";
import { frameBytesMax, helloBytesMax, keepAliveMs } from "../../../core/model/limits.ts";
import { type Hello, protocolVersion } from "../../../core/model/messages.ts";
import { encodeMessage } from "../../../core/wire/codec.ts";
import { encodeFrame } from "../../../core/wire/frame.ts";
import { because, needs } from "../../support/skip.ts";
import { until } from "../../support/until.ts";
import { type TestCluster, testCluster } from "./doors.ts";

let cluster: TestCluster;
let node1: Credentials;
let node2: Credentials;
let alice: Credentials;
/** What is said to a peer of the version after this one. */
const newerThere = { code: "VERSION_MISMATCH", theirs: protocolVersion + 1, ours: protocolVersion };
const listeners: Listener[] = [];

beforeAll(async () => {
  cluster = await testCluster();
  [node1, node2, alice] = await Promise.all([cluster.node(1), cluster.node(2), cluster.user("alice")]);
});
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close()));
});

const serialOf = ({ certificatePem }: Credentials): string =>
  new X509Certificate(certificatePem).serialNumber;
const careless = { checkServerIdentity: () => undefined };

interface Door {
  readonly address: { readonly host: string; readonly port: number };
  /** Who came in. */
  readonly entered: Connection[];
  /** Who was turned away, and why. */
  readonly rejected: { readonly remote: string; readonly problem: Fault }[];
  /** Resolves when one more of either has happened. */
  readonly happened: () => Promise<void>;
}

const openDoor = async (changes: Partial<ListenOptions> = {}): Promise<Door> => {
  const entered: Connection[] = [];
  const rejected: { remote: string; problem: Fault }[] = [];
  const events = new EventTarget();
  const listener = await listenSecure({
    host: "127.0.0.1",
    port: 0,
    credentials: node1,
    hello: () => cluster.hello(),
    connectionsMax: 50,
    onConnection: (connection) => {
      entered.push(connection);
      events.dispatchEvent(new Event("happened"));
    },
    onRejected: (remote, problem) => {
      rejected.push({ remote, problem });
      events.dispatchEvent(new Event("happened"));
    },
    ...changes,
  });
  if (!listener.ok) throw new Error(listener.fault.code);
  listeners.push(listener.value);
  return {
    address: { host: "127.0.0.1", port: listener.value.port },
    entered,
    rejected,
    happened: async () => {
      if (entered.length + rejected.length === 0) await once(events, "happened");
    },
  };
};

const dial = (door: Door, credentials: Credentials, hello: Hello = cluster.hello(), id = 1) =>
  dialSecure({ address: door.address, credentials, hello, expect: { role: "node", id: nodeId(id) } });

/** A peer that speaks TLS with good credentials and then whatever it likes. */
const rawPeer = async (door: Door, credentials: Credentials): Promise<tls.TLSSocket> => {
  const socket = tls.connect({
    ...door.address,
    cert: credentials.certificatePem,
    key: credentials.keyPem,
    ca: credentials.caPem,
    ...careless,
  });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
};

describe("two of one cluster", () => {
  test("a node lets a user in, and both know whom they talk to", async () => {
    const door = await openDoor();
    const result = await dial(door, alice, cluster.hello({ agreement: [] }));
    if (!result.ok) throw new Error(JSON.stringify(result.fault));
    await door.happened();
    expect(result.value.peer).toEqual(node1.peer);
    expect(door.entered[0]?.peer).toEqual(alice.peer);
    expect(result.value.hello).toEqual(cluster.hello());
    expect(door.rejected).toEqual([]);
  });

  test("a message and a chunk arrive as they were sent, in both directions", async () => {
    const door = await openDoor();
    const result = await dial(door, node2);
    if (!result.ok) throw new Error(JSON.stringify(result.fault));
    await door.happened();
    const [a, b] = [result.value, door.entered[0]];
    if (b === undefined) throw new Error("nobody came in");
    const chunk = new Uint8Array(65_552).fill(7);
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      await from.send({ kind: "status" });
      await from.sendChunk(chunk);
      expect(await to.receive()).toEqual({ kind: "message", message: { kind: "status" } });
      const got = await to.receive();
      expect(got.kind === "chunk" && Buffer.compare(got.bytes, chunk)).toBe(0);
      expect(got.kind === "chunk" && Object.getPrototypeOf(got.bytes)).toBe(Uint8Array.prototype);
    }
    expect(a.idle).toBe(true);
    a.close();
    await expect(b.receive()).rejects.toMatchObject({ fault: { code: "CONNECTION_LOST" } });
    expect(await a.closed).toBeNull();
    expect(await b.closed).toBeNull();
  });

  const skipped = needs("linux");
  test.skipIf(skipped !== null)(
    `both ends have TCP probe a connection that rests${because(skipped)}`,
    async () => {
      const door = await openDoor();
      expect((await dial(door, alice)).ok).toBe(true);
      await door.happened();
      const port = door.address.port.toString(16).toUpperCase().padStart(4, "0");
      // "sl local remote state queues timer:when"; state 1 is established, see proc_net_tcp.txt of the kernel.
      const timersNow = (): readonly (readonly string[])[] =>
        readFileSync("/proc/net/tcp", "utf8")
          .split("\n")
          .map((line) => line.trim().split(/\s+/))
          .filter(([, ...ends]) => ends.slice(0, 2).some((end) => end.endsWith(`:${port}`)))
          .filter(([, , , state]) => state === "01")
          .map(([, , , , , timer = ""]) => timer.split(":"));
      // Timer 1 waits for an acknowledgement and passes; timer 2 is keep-alive.
      const timers = await until(() => {
        const now = timersNow();
        return now.some(([kind]) => kind === "01") ? null : now;
      });
      expect(timers.map(([kind]) => kind)).toEqual(["02", "02"]);
      // In hundredths of a second.
      for (const [, when = ""] of timers)
        expect(Number.parseInt(when, 16) * 10).toBeLessThanOrEqual(keepAliveMs);
    },
  );

  test("two nodes open a control connection", async () => {
    const door = await openDoor();
    expect((await dial(door, node2, cluster.hello({ purpose: "control" }))).ok).toBe(true);
  });

  test("TLS is 1.3 with AES-256-GCM, and a session cannot be resumed without a certificate", async () => {
    const door = await openDoor();
    const socket = await rawPeer(door, node2);
    expect(socket.getProtocol()).toBe("TLSv1.3");
    expect(socket.getCipher().name).toBe("TLS_AES_256_GCM_SHA384");
    // Session tickets come before the node's hello, if at all.
    let session = socket.getSession();
    socket.on("session", (ticket) => {
      session = ticket;
    });
    await once(socket, "data");
    socket.destroy();
    const again = tls.connect({ ...door.address, ca: node2.caPem, ...careless, ...(session && { session }) });
    const reused = once(again, "secureConnect").then(() => again.isSessionReused());
    expect(await reused).toBe(false);
    await gone(again);
    expect(door.rejected.map(({ problem }) => problem.code)).toContain("UNAUTHENTICATED");
    expect(door.entered).toEqual([]);
  });
});

describe("who is cut before hello", () => {
  test("somebody without a certificate hears nothing", async () => {
    const door = await openDoor();
    const stranger = tls.connect({ ...door.address, ca: node1.caPem, ...careless });
    let heardBytes = 0;
    stranger.on("data", (bytes) => {
      heardBytes += bytes.length;
    });
    await gone(stranger);
    await door.happened();
    expect(heardBytes).toBe(0);
    expect(door.rejected[0]?.problem).toMatchObject({
      code: "UNAUTHENTICATED",
      reason: "it showed no certificate",
    });
    expect(door.rejected[0]?.remote).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(door.entered).toEqual([]);
  });

  test("a node of another cluster, at both ends", async () => {
    const other = await testCluster();
    const door = await openDoor();
    const foreign = await other.node(2);
    const result = await dial(door, foreign, other.hello());
    expect(!result.ok && result.fault).toMatchObject({ code: "WRONG_CLUSTER" });
    // One that does not look whom it talks to is turned away by the node.
    const socket = await rawPeerOf(door, foreign);
    await gone(socket);
    expect(door.rejected.map(({ problem }) => problem.code)).toContain("WRONG_CLUSTER");
    expect(door.entered).toEqual([]);
  });

  test("a certificate that claims this cluster but was issued by another CA", async () => {
    const forged = await forgedCredentials();
    const door = await openDoor();
    const socket = await rawPeerOf(door, forged);
    await gone(socket);
    await door.happened();
    expect(door.rejected[0]?.problem).toMatchObject({
      code: "UNAUTHENTICATED",
      reason: "its certificate was not issued by this cluster's CA",
    });
    const forgedDoor = await openDoor({ credentials: forged });
    const result = await dial(forgedDoor, node1, cluster.hello(), 2);
    expect(!result.ok && result.fault.code).toBe("UNAUTHENTICATED");
    expect(forgedDoor.entered).toEqual([]);
  });

  test("an expired certificate, with the day it ran out, at both ends", async () => {
    const expired = await cluster.expiredNode(2);
    const door = await openDoor();
    const result = await dial(door, expired);
    expect(!result.ok && result.fault).toMatchObject({
      code: "CREDENTIALS_EXPIRED",
      who: "this machine",
      since: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    });
    expect(door.rejected[0]?.problem.code).toBe("CREDENTIALS_EXPIRED");
    const expiredDoor = await openDoor({ credentials: expired });
    const back = await dial(expiredDoor, node1, cluster.hello(), 2);
    expect(!back.ok && back.fault.code).toBe("CREDENTIALS_EXPIRED");
  });

  test("one of ours who is revoked, who is told so; whoever is not is let in", async () => {
    const revoked = fault("CREDENTIALS_REVOKED", { name: "alice", since: "2026-11-26", command: null });
    const door = await openDoor({
      refusal: (peer, { serialNumber }) =>
        peer.role === "user" && serialNumber === serialOf(alice) ? revoked : null,
    });
    expect(await dial(door, alice)).toEqual({ ok: false, fault: revoked });
    expect(door.rejected.map(({ problem }) => problem)).toEqual([revoked]);
    expect((await dial(door, node2)).ok).toBe(true);
    expect((await dial(door, await cluster.user("alice"))).ok).toBe(true);
  });

  test("a last word arrives after all that was sent before, also when the connection is destroyed right after it", async () => {
    const door = await openDoor();
    const result = await dial(door, alice);
    if (!result.ok) throw new Error(JSON.stringify(result.fault));
    await door.happened();
    const [client, server] = [result.value, door.entered[0]];
    if (server === undefined) throw new Error("nobody came in");
    // More than both sides and the system between them hold.
    const chunks = 200;
    for (let n = 0; n < chunks; n++) void server.sendChunk(new Uint8Array(65_552));
    const waiting = server.receive();
    server.dismiss({ kind: "refused", code: "NOT_ALLOWED", detail: { what: "this" } });
    // As whoever was in the middle of the body does.
    server.destroy(null);
    await expect(waiting).rejects.toMatchObject({ fault: { code: "CONNECTION_LOST" } });
    for (let n = 0; n < chunks; n++) expect((await client.receive()).kind).toBe("chunk");
    expect(await client.receive()).toMatchObject({ message: { kind: "refused", code: "NOT_ALLOWED" } });
    client.destroy(null);
    expect(await server.closed).toBeNull();
  });

  test("somebody who does not speak TLS", async () => {
    const door = await openDoor();
    const socket = net.connect(door.address);
    socket.write("GET / HTTP/1.1\r\nHost: node\r\n\r\n");
    await gone(socket);
    await door.happened();
    expect(door.rejected[0]?.problem).toMatchObject({
      code: "UNAUTHENTICATED",
      reason: "it does not speak TLS",
    });
    expect(door.rejected[0]?.remote).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  test("somebody who speaks TLS 1.2", async () => {
    const door = await openDoor();
    await gone(tls.connect({ ...door.address, maxVersion: "TLSv1.2", ca: node1.caPem }));
    await door.happened();
    expect(door.rejected[0]?.problem.code).toBe("UNAUTHENTICATED");
  });

  test("one user more than are allowed, who is told so; nodes and an operator still come in, and a user when one has left", async () => {
    const door = await openDoor({ connectionsMax: 8 });
    const users = await Promise.all(Array.from({ length: 6 }, () => dial(door, alice)));
    expect(users.map(({ ok }) => ok)).toEqual(users.map(() => true));
    const busy = fault("BUSY", { what: "6 connections of users are open" });
    expect(await dial(door, alice)).toEqual({ ok: false, fault: busy });
    expect(door.rejected.map(({ problem }) => problem)).toEqual([busy]);
    expect((await dial(door, node2)).ok).toBe(true);
    expect((await dial(door, await cluster.operator("olga"))).ok).toBe(true);
    const [leaving] = door.entered;
    leaving?.destroy(null);
    await leaving?.closed;
    expect((await dial(door, alice)).ok).toBe(true);
  });

  test("one connection more than are allowed", async () => {
    const door = await openDoor({ connectionsMax: 1 });
    const first = await dial(door, node2);
    expect(first.ok).toBe(true);
    const second = await dial(door, alice);
    expect(second.ok).toBe(false);
    expect(door.rejected[0]?.problem.code).toBe("BUSY");
  });
});

describe("who is cut at hello", () => {
  test("another configuration: both sides are told the lines that differ, each from its own side", async () => {
    const door = await openDoor();
    const ours = cluster.hello();
    const theirs = cluster.hello({ agreement: [...ours.agreement.slice(0, 2), "cluster.replication = 3"] });
    const result = await dial(door, node2, theirs);
    expect(!result.ok && result.fault).toMatchObject({
      code: "CONFIG_DIFFERS",
      ours: ["cluster.replication = 3"],
      theirs: ["cluster.replication = 2"],
    });
    await door.happened();
    expect(door.rejected[0]?.problem).toMatchObject({
      code: "CONFIG_DIFFERS",
      ours: ["cluster.replication = 2"],
      theirs: ["cluster.replication = 3"],
    });
    expect(door.entered).toEqual([]);
  });

  test("a node without an opinion on the configuration", async () => {
    const door = await openDoor();
    const result = await dial(door, node2, cluster.hello({ agreement: [] }));
    expect(!result.ok && result.fault.code).toBe("CONFIG_DIFFERS");
    await door.happened();
    expect(door.rejected[0]?.problem.code).toBe("CONFIG_DIFFERS");
  });

  test("another version of the protocol", async () => {
    const door = await openDoor();
    const socket = await rawPeer(door, node2);
    socket.write(encodeFrame("message", encodeMessage(cluster.hello({ protocol: protocolVersion + 1 }))));
    await gone(socket);
    expect(door.rejected[0]?.problem).toMatchObject(newerThere);
  });

  test("another version of the protocol, whose hello has other fields", async () => {
    const door = await openDoor();
    const socket = await rawPeer(door, node2);
    const hello = { kind: "hello", protocol: protocolVersion + 1, greeting: "hi" } as unknown as Hello;
    socket.write(encodeFrame("message", encodeMessage(hello)));
    await gone(socket);
    expect(door.rejected[0]?.problem).toMatchObject(newerThere);
  });

  test("a hello that names another cluster than the certificate", async () => {
    const door = await openDoor();
    const result = await dial(door, node2, cluster.hello({ cluster: clusterId("0".repeat(32)) }));
    expect(!result.ok && result.fault.code).toBe("WRONG_CLUSTER");
    await door.happened();
    expect(door.rejected[0]?.problem.code).toBe("WRONG_CLUSTER");
  });

  test("a user, an operator and the node itself may not open a control connection", async () => {
    for (const credentials of [alice, await cluster.operator("olga"), node1]) {
      const door = await openDoor();
      const result = await dial(door, credentials, cluster.hello({ purpose: "control" }));
      expect(!result.ok && result.fault.code).toBe("CONNECTION_LOST");
      expect(door.entered).toEqual([]);
      const socket = await rawPeer(door, credentials);
      socket.write(encodeFrame("message", encodeMessage(cluster.hello({ purpose: "control" }))));
      await gone(socket);
      expect(door.rejected.map(({ problem }) => problem.code)).toContain("WRONG_ROLE");
      expect(door.entered).toEqual([]);
    }
  });

  test("garbage, another first message, a chunk, and a hello that is too long", async () => {
    const firsts: readonly Uint8Array[] = [
      new Uint8Array(64).fill(255),
      encodeFrame("message", new Uint8Array([0xc1])),
      encodeFrame("message", encodeMessage({ kind: "status" })),
      encodeFrame("chunk", new Uint8Array(10)),
      encodeFrame("message", new Uint8Array(helloBytesMax + 1)),
    ];
    for (const first of firsts) {
      const door = await openDoor();
      const socket = await rawPeer(door, node2);
      socket.write(first);
      await gone(socket);
      await door.happened();
      expect(door.rejected.map(({ problem }) => problem.code)).toEqual(["PROTOCOL_VIOLATION"]);
      expect(door.entered).toEqual([]);
    }
  });
});

describe("who is slow", () => {
  test("somebody who connects and says nothing", async () => {
    const door = await openDoor({ handshakeMs: 50 });
    await gone(net.connect(door.address));
    await door.happened();
    expect(door.rejected[0]?.problem).toMatchObject({
      code: "UNAUTHENTICATED",
      reason: "it did not finish TLS in time",
    });
  });

  test("a hello that comes byte by byte", async () => {
    const door = await openDoor({ handshakeMs: 1_000 });
    const socket = await rawPeer(door, node2);
    const hello = encodeFrame("message", encodeMessage(cluster.hello()));
    let at = 0;
    const drip = setInterval(() => socket.write(hello.subarray(at, ++at)), 20);
    await gone(socket);
    clearInterval(drip);
    expect(at).toBeLessThan(hello.length);
    expect(door.rejected[0]?.problem).toMatchObject({ code: "TIMED_OUT", what: "say hello" });
    expect(door.entered).toEqual([]);
  });
});

describe("who is cut after hello", () => {
  test("a frame that announces more than is allowed ends the connection", async () => {
    const door = await openDoor();
    const socket = await rawPeer(door, node2);
    socket.write(encodeFrame("message", encodeMessage(cluster.hello())));
    await door.happened();
    const connection = door.entered[0];
    if (connection === undefined) throw new Error("nobody came in");
    const head = Buffer.alloc(5);
    head.writeUInt32BE(frameBytesMax + 2);
    head[4] = 1;
    socket.write(head);
    await expect(connection.receive()).rejects.toMatchObject({ fault: { code: "PROTOCOL_VIOLATION" } });
    expect(await connection.closed).toMatchObject({ code: "PROTOCOL_VIOLATION" });
    socket.destroy();
  });
});

describe("what a dialer is told", () => {
  test("nothing listens there", async () => {
    const door = await openDoor();
    await listeners.splice(0)[0]?.close();
    const result = await dial(door, alice);
    expect(!result.ok && result.fault).toEqual({
      kind: "fault",
      code: "CONNECTION_REFUSED",
      address: `127.0.0.1:${door.address.port}`,
    });
  });

  test("another node listens there", async () => {
    const door = await openDoor();
    const result = await dial(door, alice, cluster.hello(), 2);
    expect(!result.ok && result.fault).toMatchObject({
      code: "WRONG_ROLE",
      role: "node 1",
      wanted: "node 2",
    });
  });

  test("a user's certificate cannot pose as a node", async () => {
    const door = await openDoor({ credentials: alice });
    const result = await dial(door, node2, cluster.hello());
    expect(result.ok).toBe(false);
    expect(door.entered).toEqual([]);
  });

  test("something else listens there", async () => {
    const server = net.createServer((socket) => socket.end("SSH-2.0-OpenSSH\r\n")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    const result = await dial({ address: { host: "127.0.0.1", port } } as Door, alice);
    expect(!result.ok && result.fault.code).toBe("UNAUTHENTICATED");
    server.close();
  });

  test("nobody answers in time, or the caller gives up", async () => {
    const silent: net.Socket[] = [];
    const server = net.createServer((socket) => silent.push(socket)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as net.AddressInfo;
    const options = {
      address: { host: "127.0.0.1", port },
      credentials: alice,
      hello: cluster.hello(),
      expect: { role: "node", id: nodeId(1) },
    } as const;
    const late = await dialSecure({ ...options, withinMs: 50 });
    expect(!late.ok && late.fault.code).toBe("TIMED_OUT");
    const controller = new AbortController();
    const connected = once(server, "connection");
    const pending = dialSecure({ ...options, signal: controller.signal });
    await connected;
    controller.abort();
    const given = await pending;
    expect(!given.ok && given.fault.code).toBe("INTERRUPTED");
    for (const socket of silent) socket.destroy();
    server.close();
  });
});

describe("listening", () => {
  test("a port in use names its holder", async () => {
    const door = await openDoor();
    const second = await listenSecure({
      host: "127.0.0.1",
      port: door.address.port,
      credentials: node1,
      hello: () => cluster.hello(),
      connectionsMax: 1,
      onConnection: () => undefined,
      onRejected: () => undefined,
    });
    expect(!second.ok && second.fault).toMatchObject({
      code: "ADDRESS_IN_USE",
      holder: process.platform === "linux" ? expect.stringContaining(`(pid ${process.pid})`) : null,
    });
  });

  test("an address of another machine", async () => {
    const result = await listenSecure({
      host: "192.0.2.1",
      port: 0,
      credentials: node1,
      hello: () => cluster.hello(),
      connectionsMax: 1,
      onConnection: () => undefined,
      onRejected: () => undefined,
    });
    expect(!result.ok && result.fault.code).toBe("ADDRESS_NOT_HERE");
  });

  test("closing cuts whoever is connected", async () => {
    const door = await openDoor();
    const result = await dial(door, node2);
    if (!result.ok) throw new Error(result.fault.code);
    await door.happened();
    await listeners.splice(0)[0]?.close();
    await result.value.closed;
    expect(result.value.idle).toBe(false);
  });
});

/** Resolves when the socket is closed, however that came about. */
const gone = async (socket: net.Socket): Promise<void> => {
  socket.on("error", () => undefined);
  socket.resume();
  await new Promise((resolve) => socket.once("close", resolve));
};

/** Speaks TLS with any credentials and does not look whom it talks to. */
const rawPeerOf = async (door: Door, credentials: Credentials): Promise<tls.TLSSocket> => {
  const socket = tls.connect({
    ...door.address,
    cert: credentials.certificatePem,
    key: credentials.keyPem,
    rejectUnauthorized: false,
  });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
};

/** Another CA that took this cluster's name. */
const forgedCredentials = async (): Promise<Credentials> => {
  const other = await testCluster();
  const authority = { ...other.authority, cluster: cluster.authority.cluster };
  const { issueNode } = await import("../../../core/io/pki/authority.ts");
  const { wallMs } = await import("../../../core/model/units.ts");
  const issued = await issueNode(authority, nodeId(2), wallMs(Date.now()));
  return { ...issued, peer: node2.peer };
};
