/**
 * Nodes as processes of their own, each of which a test can kill, freeze and start again; and clients in the
 * test's own process, who keep a ledger of everything that was acknowledged to them.
 *
 * Judging is harsh: every image of the ledger is asked of every node, and opened.
 */
import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "../../core/io/client/client.ts";
import { wallNow } from "../../core/io/clock.ts";
import { parseConfig } from "../../core/io/config-file.ts";
import type { Connection } from "../../core/io/connection.ts";
import { ensureLocalPki } from "../../core/io/pki/local.ts";
import type { User } from "../../core/io/pki/users.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import type { Fault, Result } from "../../core/model/faults.ts";
import { type ImageId, type NodeId, nodeId } from "../../core/model/ids.ts";
import type { Receipt } from "../../core/model/messages.ts";
import { headerFor } from "../../core/model/readers.ts";
import type { Snapshot } from "../../core/model/snapshot.ts";
import { openHeader } from "../../core/seal/header.ts";
import { openWhole } from "../../core/seal/payload.ts";
import { getOn, lookOn, memorySource, must, payloadOn, TestCluster } from "../core/io/cluster.ts";
import type { Picture } from "../support/pictures.ts";
import { type Ended, eventually, freePorts, type Lab, openLab, type Running } from "./lab.ts";

/** Something acknowledged. */
export interface Entry {
  readonly receipt: Receipt;
  /** Of the plain picture. */
  readonly sha256: string;
}

export interface Ledger {
  readonly entries: Entry[];
  readonly failures: Fault[];
}

export class Fleet {
  readonly lab: Lab;
  readonly config: ClusterConfig;
  /** The clients' side of a cluster; the nodes themselves are processes. */
  readonly clients: TestCluster;
  /** Where clients put what comes back. */
  readonly folder: string;
  /** Every id of alice's that was ever acknowledged. */
  readonly acknowledged = new Set<string>();
  readonly #nodes = new Map<NodeId, Running>();

  constructor(lab: Lab, config: ClusterConfig, data: string) {
    this.lab = lab;
    this.config = config;
    this.clients = new TestCluster(config, data);
    this.folder = mkdtempSync(join(lab.folder, "sealed-"));
  }

  get nodes(): readonly NodeId[] {
    return this.config.servers.map((server) => server.id);
  }

  start(id: NodeId): Running {
    const running = this.lab.start([
      ...["server", String(id), "--headless"],
      ...["--data", this.clients.data, "--config", join(this.lab.folder, "fleet.toml")],
    ]);
    this.#nodes.set(id, running);
    return running;
  }

  /** The process that is, or was last, this node. */
  process(id: NodeId): Running {
    const running = this.#nodes.get(id);
    if (running === undefined) throw new Error(`node ${id} was never started`);
    return running;
  }

  /** Ends the process as a power cut would, and waits until it is gone. */
  async kill(id: NodeId): Promise<void> {
    const running = this.process(id);
    running.child.kill("SIGKILL");
    await running.ended;
  }

  /** Asks the process to stop, and waits until it has: all that it said. */
  async stop(id: NodeId): Promise<Ended> {
    const running = this.process(id);
    running.child.kill("SIGTERM");
    return running.ended;
  }

  /** Each node's own view; null of one that does not say. */
  async views(): Promise<ReadonlyMap<NodeId, Snapshot | null>> {
    const asker = await this.#asker;
    const answers = await asker.askEach(1_000);
    return new Map(answers.map(({ server, answer }) => [server, answer.ok ? answer.value : null]));
  }

  /** Until all nodes hear each other and follow one leader; who it is. */
  settled(): Promise<NodeId> {
    return look(async () => {
      const views = [...(await this.views()).values()];
      const leader = views[0]?.leader ?? null;
      const whole = views.every((view) => view?.quorum.live === this.nodes.length);
      return whole && views.every((view) => view?.leader === leader) ? leader : null;
    });
  }

  /** Until some node other than `not` leads, by its own word and a majority's. */
  newLeader(not: NodeId): Promise<NodeId> {
    return look(async () => {
      const views = await this.views();
      const leader = [...views].find(([id, view]) => id !== not && view?.leader === id)?.[0];
      return leader ?? null;
    });
  }

  /** Until every node has the payload of each image on its own disk, as it shows by giving it. */
  async copiedEverywhere(images: readonly ImageId[]): Promise<void> {
    for (const node of this.nodes) {
      const connection = await this.clients.connectAsNode(node);
      for (const image of images)
        await look(async () => {
          const seen = await lookOn(connection, image);
          if (seen?.here !== true || seen.record.kind !== "image") return null;
          return typeof (await payloadOn(connection, seen.record)) === "string" ? null : true;
        });
      connection.destroy(null);
    }
  }

  async close(): Promise<void> {
    await this.lab.close();
    await this.clients.close();
  }

  readonly #asker: Promise<Client> = Promise.resolve().then(() => this.clients.client("watcher"));
}

/** Asking costs the nodes time, so there is a pause in between. */
const look = async <Value>(ask: () => Promise<Value | null>): Promise<Value> => {
  for (;;) {
    const seen = await ask();
    if (seen !== null) return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** `nodes` processes on free ports, agreed on a leader. `more` is further TOML. */
export const startFleet = async (nodes: number, more: string): Promise<Fleet> => {
  const lab = openLab();
  const base = await freePorts(nodes);
  const servers = Array.from({ length: nodes }, (_, at) => `node${at + 1} = "127.0.0.1:${base + at}"`);
  const toml = `[servers]\n${servers.join("\n")}\n${more}`;
  writeFileSync(join(lab.folder, "fleet.toml"), toml);
  const config = must(parseConfig(toml));
  const data = join(lab.folder, "data");
  must(await ensureLocalPki(data, config, wallNow()));
  const fleet = new Fleet(lab, config, data);
  for (const id of fleet.nodes) fleet.start(nodeId(id));
  await fleet.settled();
  return fleet;
};

/** Between a client's uploads, so that the machine has time for the nodes. */
const pauseMs = 25;

export interface Uploaders {
  readonly ledger: Ledger;
  /** Resolves when `count` more images have been acknowledged from now on. */
  more(count: number): Promise<void>;
  /** Lets everybody finish the image in hand. */
  stop(): Promise<Ledger>;
}

/** `clients` people who upload one picture after the other. */
export const keepUploading = async (
  fleet: Fleet,
  clients: number,
  pictures: readonly Picture[],
): Promise<Uploaders> => {
  const ledger: Ledger = { entries: [], failures: [] };
  let stopping = false;
  const people = await Promise.all(Array.from({ length: clients }, () => fleet.clients.client("alice")));
  const work = people.map(async (client, who) => {
    for (let turn = who; !stopping; turn++) {
      const picture = pictures[turn % pictures.length];
      if (picture !== undefined) await uploadOne(fleet, client, picture, ledger);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  });
  return {
    ledger,
    more: (count) => {
      const goal = ledger.entries.length + count;
      return eventually(() => ledger.entries.length >= goal || ledger.failures.length > 0);
    },
    stop: async () => {
      stopping = true;
      await Promise.all(work);
      return ledger;
    },
  };
};

export const uploadOne = async (
  fleet: Fleet,
  client: Client,
  picture: Picture,
  ledger: Ledger,
): Promise<void> => {
  const uploaded = await client.upload(memorySource(picture.name, picture.bytes), fleet.folder, {});
  if (!uploaded.ok) ledger.failures.push(uploaded.fault);
  else {
    fleet.acknowledged.add(uploaded.value.receipt.id);
    ledger.entries.push({ receipt: uploaded.value.receipt, sha256: sha256(picture.bytes) });
  }
};

/**
 * What is wrong with the ledger, as sentences: nothing may have failed, and every node must give every image,
 * with the payload of the receipt, and it must open to what was uploaded.
 */
export const faultsIn = async (fleet: Fleet, ledger: Ledger, owner?: User): Promise<readonly string[]> => {
  const wrong = ledger.failures.map((problem) => `an upload failed: ${JSON.stringify(problem)}`);
  const user = owner ?? (await fleet.clients.user("alice"));
  const keys: FileKeys = new Map();
  for (const node of fleet.nodes) {
    const connection = await fleet.clients.connect(node, user.credentials);
    for (const entry of ledger.entries) {
      const problem = await faultOf(connection, user, entry, keys);
      if (problem !== null) wrong.push(`node ${node}, image ${entry.receipt.id}: ${problem}`);
    }
    connection.destroy(null);
  }
  return wrong;
};

/** What each header opens to, by its bytes: all nodes have the same one, and to open it takes long. */
type FileKeys = Map<string, Result<Uint8Array>>;

const faultOf = async (
  connection: Connection,
  user: User,
  entry: Entry,
  keys: FileKeys,
): Promise<string | null> => {
  const { id, payloadHash } = entry.receipt;
  const got = await getOn(connection, id);
  if (typeof got === "string") return got;
  if (sha256(got.payload) !== Buffer.from(payloadHash).toString("hex")) return "another payload";
  const header = headerFor(got.record, got.record.facts.owner);
  if (header === null) return "no header";
  const text = Buffer.from(header).toString("base64");
  const fileKey = keys.get(text) ?? (await openHeader(header, user.identity, id));
  keys.set(text, fileKey);
  if (!fileKey.ok) return fileKey.fault.code;
  const plain = openWhole(fileKey.value, got.payload, id);
  if (!plain.ok) return plain.fault.code;
  return sha256(plain.value) === entry.sha256 ? null : "another picture";
};

/** All of alice's images as one node lists them, page by page; or the code with which it refuses. */
export const listOn = async (connection: Connection): Promise<readonly ImageId[] | string> => {
  const ids: ImageId[] = [];
  for (let before: ImageId | null = null; ; before = ids.at(-1) ?? null) {
    await connection.send({ kind: "list", before, limit: 500 });
    const incoming = await connection.receive({ withinMs: 20_000 });
    if (incoming.kind === "chunk") return "a chunk";
    const { message } = incoming;
    if (message.kind === "refused") return message.code;
    if (message.kind !== "list.page") return message.kind;
    ids.push(...message.records.map((record) => record.facts.id));
    if (!message.more) return ids;
  }
};

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
