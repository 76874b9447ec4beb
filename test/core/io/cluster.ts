/**
 * A cluster of real nodes in this process: real TLS on loopback, real files in a folder that vanishes, and
 * people who talk to it with the real client or, where the client is too well-behaved, frame by frame.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, createClient } from "../../../core/io/client/client.ts";
import type { Source } from "../../../core/io/client/source.ts";
import { systemClock, wallNow } from "../../../core/io/clock.ts";
import { parseConfig } from "../../../core/io/config-file.ts";
import type { Connection } from "../../../core/io/connection.ts";
import { type ConnectionPool, createConnectionPool } from "../../../core/io/connection-pool.ts";
import { type NodeOptions, type RunningNode, startNode } from "../../../core/io/node.ts";
import { nodeFolderOf } from "../../../core/io/node-lock.ts";
import { type Credentials, loadCredentials } from "../../../core/io/pki/credentials.ts";
import { ensureLocalPki, ensureLocalUser } from "../../../core/io/pki/local.ts";
import { nodeCredentials } from "../../../core/io/pki/places.ts";
import { loadUser, type User } from "../../../core/io/pki/users.ts";
import { agreement, type ClusterConfig } from "../../../core/model/config.ts";
import type { Event } from "../../../core/model/events.ts";
import type { Result } from "../../../core/model/faults.ts";
import {
  type ImageId,
  type NodeId,
  nodeId,
  term,
  type UserName,
  userNameOf,
} from "../../../core/model/ids.ts";
import { chunkBytes } from "../../../core/model/limits.ts";
import {
  type Assignment,
  type Hello,
  type Message,
  protocolVersion,
  type Upload,
} from "../../../core/model/messages.ts";
import type { AnyRecord, ImageRecord } from "../../../core/model/records.ts";
import type { Snapshot } from "../../../core/model/snapshot.ts";
import { makeHeader } from "../../../core/seal/header.ts";
import { imageIdOf } from "../../../core/seal/image-id.ts";
import { fingerprint } from "../../../core/seal/nonce.ts";
import { until } from "../../support/until.ts";

export const must = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new Error(`expected a value, got ${JSON.stringify(result.fault)}`);
  return result.value;
};

export interface TestUser extends User {
  readonly name: UserName;
}

export class TestCluster {
  readonly config: ClusterConfig;
  readonly data: string;
  /** What each node said, in order. */
  readonly events: { readonly node: NodeId; readonly event: Event }[] = [];
  readonly #running = new Map<NodeId, RunningNode>();
  readonly #pools: ConnectionPool[] = [];
  readonly #clients: Client[] = [];

  constructor(config: ClusterConfig, data: string) {
    this.config = config;
    this.data = data;
  }

  get nodes(): readonly NodeId[] {
    return this.config.servers.map((server) => server.id);
  }

  get running(): readonly NodeId[] {
    return [...this.#running.keys()];
  }

  /** The options of a node of this cluster, not started. */
  optionsOf(id: NodeId, acceptLoss = false): NodeOptions {
    const credentials = must(loadCredentials(nodeCredentials(this.data, id), wallNow()));
    const onEvent = (event: Event): void => {
      this.events.push({ node: id, event });
    };
    const onChange = (): void => undefined;
    return { id, config: this.config, data: this.data, credentials, acceptLoss, onEvent, onChange };
  }

  async start(id: NodeId, acceptLoss = false): Promise<void> {
    this.#running.set(id, must(await startNode(this.optionsOf(id, acceptLoss))));
  }

  /** How a running node sees itself and the others. */
  view(id: NodeId): Snapshot {
    const node = this.#running.get(id);
    if (node === undefined) throw new Error(`node ${id} does not run`);
    return node.snapshot();
  }

  /** What a node has said of its disk, oldest first. */
  diskEvents(id: NodeId): readonly string[] {
    return this.events.flatMap(({ node, event }) =>
      node === id && event.kind.startsWith("disk.") ? [event.kind] : [],
    );
  }

  async stop(id: NodeId): Promise<void> {
    const node = this.#running.get(id);
    this.#running.delete(id);
    await node?.stop();
  }

  snapshotOf(id: NodeId): Snapshot {
    const node = this.#running.get(id);
    if (node === undefined) throw new Error(`node ${id} does not run`);
    return node.snapshot();
  }

  cutNetwork(id: NodeId, cut: boolean): void {
    this.#running.get(id)?.cutNetwork(cut);
  }

  /** Until every running node sees the same leader and all that run, and may answer. */
  async settled(): Promise<NodeId> {
    return until(() => {
      const snapshots = [...this.#running.values()].map((node) => node.snapshot());
      const leaders = new Set(snapshots.map((snapshot) => snapshot.leader));
      const [leader] = leaders;
      const whole = snapshots.every(
        ({ quorum, observer, nodes }) =>
          quorum.live === this.#running.size && nodes.find(({ id }) => id === observer)?.state === "up",
      );
      return whole && leaders.size === 1 ? leader : null;
    });
  }

  async user(name: string): Promise<TestUser> {
    const user = userNameOf(name);
    must(await ensureLocalUser(this.data, this.config, user, wallNow()));
    return { ...must(await loadUser(this.data, user, wallNow())), name: user };
  }

  async client(name: string): Promise<Client> {
    const { credentials, name: user, ...keys } = await this.user(name);
    const client = createClient({ config: this.config, user, credentials, keys, clock: systemClock() });
    this.#clients.push(client);
    return client;
  }

  /** A connection of one's own to one node, as `credentials` say who one is. */
  async connect(node: NodeId, credentials: Credentials): Promise<Connection> {
    const { cluster } = credentials.peer;
    const hello: Hello = {
      kind: "hello",
      protocol: protocolVersion,
      version: "test",
      cluster,
      agreement: agreement(cluster, this.config),
      purpose: "request",
    };
    const pool = createConnectionPool({ servers: this.config.servers, credentials, hello: () => hello });
    this.#pools.push(pool);
    return must(await pool.borrow(node)).connection;
  }

  /** What `node` knows of an image, and whether the payload is on its own disk: asked as another node would. */
  async look(node: NodeId, id: ImageId): Promise<Look | null> {
    const connection = await this.connectAsNode(node);
    try {
      return await lookOn(connection, id);
    } finally {
      connection.destroy(null);
    }
  }

  /** A connection to `node` as another node has it. */
  connectAsNode(node: NodeId): Promise<Connection> {
    const other = this.nodes.find((each) => each !== node) ?? node;
    return this.connect(node, this.nodeCredentials(other));
  }

  /** The nodes on whose disks the payload is. */
  async holdersOf(id: ImageId): Promise<readonly NodeId[]> {
    const looks = await Promise.all(
      this.running.map(async (node) => [node, await this.look(node, id)] as const),
    );
    return looks.flatMap(([node, look]) => (look?.here === true ? [node] : [])).toSorted();
  }

  /** Flips some bytes of a sealed payload on the disk of a node that does not run. */
  damage(node: NodeId, payload: Uint8Array): void {
    const folder = join(nodeFolderOf(this.data, node), "segments");
    let found = 0;
    for (const name of readdirSync(folder)) {
      const content = readFileSync(join(folder, name));
      const at = content.indexOf(payload.subarray(100, 200));
      if (at < 0) continue;
      found++;
      content.fill(0xff, at, at + 50);
      writeFileSync(join(folder, name), content);
    }
    if (found !== 1) throw new Error(`the payload is ${found} times on the disk of node ${node}`);
  }

  nodeCredentials(id: NodeId): Credentials {
    return must(loadCredentials(nodeCredentials(this.data, id), wallNow()));
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const pool of this.#pools) pool.close();
    await Promise.all(this.running.map((id) => this.stop(id)));
    rmSync(this.data, { recursive: true, force: true });
  }
}

/** N nodes on free ports, running and agreed on a leader. `more` is further TOML. */
export const startCluster = async (nodes: number, more = ""): Promise<TestCluster> => {
  const ports = await freePorts(nodes);
  const servers = ports.map((port, index) => `node${index + 1} = "127.0.0.1:${port}"`);
  const config = must(parseConfig(`[servers]\n${servers.join("\n")}\n${more}`));
  const data = mkdtempSync(join(tmpdir(), "distinsta-cluster-"));
  must(await ensureLocalPki(data, config, wallNow()));
  const cluster = new TestCluster(config, data);
  for (const id of cluster.nodes) await cluster.start(id);
  await cluster.settled();
  return cluster;
};

/** Ports that nobody listened on a moment ago. */
const freePorts = async (count: number): Promise<readonly number[]> => {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port was given");
    ports.push(address.port);
  }
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
};

/** An upload request for `image`, under an id that is made of it (or `id`), to be sent frame by frame. */
export const requestFor = async (
  user: TestUser,
  image: Uint8Array,
  changes: Partial<Upload> = {},
): Promise<Upload> => {
  const sha256 = createHash("sha256").update(image).digest();
  const { header, fileKey } = must(makeHeader([user.recipient]));
  return {
    kind: "upload",
    id: imageIdOf(wallNow(), fileKey, sha256, user.name),
    name: "picture.png",
    bytes: image.length,
    type: "image/png",
    sha256,
    fileKey,
    header,
    fingerprint: fingerprint(user.identity, sha256),
    assignment: assignedTo(nodeId(1)),
    attempt: 1,
    ...changes,
  };
};

/** To `node`, as a client's fallback would choose it. */
export const assignedTo = (node: NodeId): Assignment => ({
  node,
  term: term(0),
  by: "fallback",
  leader: null,
  candidates: [],
});

export interface Answered {
  /** The node began to process it. */
  readonly accepted: boolean;
  readonly payload: Buffer;
  readonly last: Message;
}

/** Sends request and body, reads what comes back until the receipt or the refusal. */
export const sendUpload = async (
  connection: Connection,
  upload: Upload,
  image: Uint8Array,
): Promise<Answered> => {
  await connection.send(upload);
  const sending = sendBody(connection, image).catch(() => undefined);
  const answered = await readAnswer(connection);
  await sending;
  return answered;
};

export const sendBody = async (connection: Connection, image: Uint8Array): Promise<void> => {
  for (let from = 0; from < image.length; from += chunkBytes)
    await connection.sendChunk(new Uint8Array(image.subarray(from, from + chunkBytes)));
};

export const readAnswer = async (connection: Connection): Promise<Answered> => {
  const chunks: Uint8Array[] = [];
  let accepted = false;
  for (;;) {
    const incoming = await connection.receive({ withinMs: 20_000 });
    if (incoming.kind === "chunk") chunks.push(incoming.bytes);
    else if (incoming.message.kind === "upload.accepted") accepted = true;
    else return { accepted, payload: Buffer.concat(chunks), last: incoming.message };
  }
};

/** What `get` gives on this connection: record and payload, or the refusal's code. */
interface Look {
  readonly record: AnyRecord;
  readonly here: boolean;
}

/** What a node says of an image; when the payload is `here`, it follows on the connection (`payloadOn`). */
export const lookOn = async (connection: Connection, id: ImageId): Promise<Look | null> => {
  const ask = async (message: Message): Promise<Message | null> => {
    await connection.send(message);
    const incoming = await connection.receive({ withinMs: 20_000 });
    return incoming.kind === "message" ? incoming.message : null;
  };
  const told = await ask({ kind: "records", ids: [id] });
  const record = told?.kind === "records.reply" ? told.records[0] : undefined;
  if (record === undefined) return null;
  if (record.kind === "tombstone") return { record, here: false };
  const found = await ask({ kind: "fetch", id, payloadHash: record.facts.payloadHash });
  return { record, here: found?.kind === "fetch.found" };
};

export const getOn = async (
  connection: Connection,
  id: ImageId,
): Promise<{ readonly record: ImageRecord; readonly payload: Buffer } | string> => {
  await connection.send({ kind: "get", id });
  const first = await connection.receive({ withinMs: 20_000 });
  if (first.kind !== "message") return "a chunk";
  if (first.message.kind === "refused") return first.message.code;
  if (first.message.kind !== "get.found") return first.message.kind;
  const { record } = first.message;
  const payload = await payloadOn(connection, record);
  return typeof payload === "string" ? payload : { record, payload };
};

/** The payload of an image that was found; or the kind of the message that came instead. */
export const payloadOn = async (connection: Connection, { facts }: ImageRecord): Promise<Buffer | string> => {
  const chunks: Uint8Array[] = [];
  for (let received = 0; received < facts.payloadBytes; ) {
    const incoming = await connection.receive({ withinMs: 20_000 });
    if (incoming.kind !== "chunk") return incoming.message.kind;
    chunks.push(incoming.bytes);
    received += incoming.bytes.length;
  }
  return Buffer.concat(chunks);
};

/** A picture in memory whose second half is not read before `gate` opens. */
export const gatedSource = (name: string, image: Uint8Array, gate: Promise<void>): Source => ({
  path: name,
  name,
  bytes: image.length,
  open: (() => {
    let opened = 0;
    return async function* () {
      // The client first reads it all to look at it.
      const gated = opened++ > 0;
      for (let from = 0; from < image.length; from += chunkBytes) {
        if (gated && from >= image.length / 2) await gate;
        yield new Uint8Array(image.subarray(from, from + chunkBytes));
      }
    };
  })(),
});

export const memorySource = (name: string, image: Uint8Array): Source =>
  gatedSource(name, image, Promise.resolve());
