/**
 * Somebody who uses the cluster all the time: uploads, looks, throws away, takes back, purges; with the real client. What
 * the answers were goes into the ledger.
 *
 * Most reads are asked of one node, whichever: what it shows must be right, however cut off or behind it is; it may
 * only say that it cannot know.
 */
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { askAny } from "../../core/io/client/ask.ts";
import { type Client, createClient } from "../../core/io/client/client.ts";
import { getOpened } from "../../core/io/client/get.ts";
import { interruptible } from "../../core/io/client/interrupt.ts";
import { PartFile } from "../../core/io/client/sealed-file.ts";
import { openSession, type Session } from "../../core/io/client/session.ts";
import { systemClock } from "../../core/io/clock.ts";
import { replyFrom } from "../../core/io/exchange.ts";
import type { User } from "../../core/io/pki/users.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import { type Fault, type FaultCode, good, type Result } from "../../core/model/faults.ts";
import type { ImageId, NodeId, UserName } from "../../core/model/ids.ts";
import { pageRecordsMax } from "../../core/model/limits.ts";
import type { Random } from "../sim/random.ts";
import type { Ledger, Shown, Upload } from "./ledger.ts";
import { paint, sourceOf } from "./noise.ts";
import type { Tally } from "./tally.ts";

export interface PersonOptions {
  readonly config: ClusterConfig;
  readonly name: UserName;
  readonly user: User;
  /** For what comes back sealed. */
  readonly folder: string;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly tally: Tally;
  /** Something did not come about; `expected`: it is what may happen while nodes are missing. */
  readonly onFailure: (what: string, problem: Fault, expected: boolean) => void;
}

/** So many images each owner has about; then more are purged than uploaded. */
const keptMax = 60;
/** For a read from one node, which may be frozen. */
const readMsMax = 5_000;

export class Person {
  readonly #options: PersonOptions;
  readonly #client: Client;
  readonly #session: Session;
  #pictures = 0;

  constructor(options: PersonOptions) {
    const { config, name, user } = options;
    const { credentials, ...keys } = user;
    this.#options = options;
    this.#client = createClient({ config, user: name, credentials, keys, clock: systemClock() });
    this.#session = openSession(config, credentials, systemClock());
  }

  get name(): UserName {
    return this.#options.name;
  }

  /** One thing that people do; resolves when it is answered, and never rejects for what the world does. */
  async act(): Promise<void> {
    const { random, ledger } = this.#options;
    const kept = ledger.kept(this.name);
    const idle = kept.filter(({ busy }) => !busy);
    const kind = random.whole(0, 99);
    if (idle.length === 0 || kind < (kept.length < keptMax ? 40 : 15)) return this.#upload();
    const upload = random.pick(idle);
    if (kind < 64) return this.#read("gets", (node) => this.get(upload, node));
    if (kind < 72) return this.#read("lists", (node) => this.list(node));
    if (kind < 79) return this.#trash(upload, true);
    if (kind < 86) return this.#trash(upload, false);
    return kind < 93 || kept.length >= keptMax ? this.#purge(upload) : this.#upload();
  }

  /** From that node, or, if null, from whichever answers. The fault that kept it from being known; null when none did. */
  async get(upload: Upload, node: NodeId | null): Promise<Fault | null> {
    const { ledger } = this.#options;
    const begunAt = ledger.now;
    const fileFor = (): PartFile => new Unkept();
    const got =
      node === null
        ? await this.#client.get(upload.id, false, fileFor)
        : await getOpened(this.#only(node), this.name, this.#options.user, upload.id, fileFor);
    const by = node === null ? "some node" : `node ${node}`;
    if (got.ok) ledger.got(upload, begunAt, got.value.savedAs, by);
    else if (got.fault.code === "IMAGE_NOT_FOUND") ledger.got(upload, begunAt, "not-found", by);
    else return got.fault;
    return null;
  }

  /** All images, page by page, in the same way. */
  async list(node: NodeId | null): Promise<Fault | null> {
    const { ledger } = this.#options;
    const begunAt = ledger.now;
    const session = node === null ? this.#session : this.#only(node);
    const shown: Shown[] = [];
    for (let before: ImageId | null = null; ; before = shown.at(-1)?.id ?? null) {
      const from: ImageId | null = before;
      const page = await askAny(session, async (connection) => {
        await connection.send({ kind: "list", before: from, limit: pageRecordsMax });
        return replyFrom(connection, ["list.page"]);
      });
      if (!page.ok) return page.fault;
      for (const { facts, trashed } of page.value.records)
        shown.push({ id: facts.id, trashed: trashed.value !== null });
      if (!page.value.more) break;
    }
    ledger.listed(this.name, begunAt, shown, node === null ? "some node" : `node ${node}`);
    return null;
  }

  describe(id: ImageId): ReturnType<Client["describe"]> {
    return this.#client.describe(id);
  }

  close(): void {
    this.#client.close();
    this.#session.pool.close();
  }

  #someNode(): NodeId | null {
    const { random, config } = this.#options;
    return random.chance(0.3) ? null : random.pick(config.servers).id;
  }

  #only(node: NodeId): Session {
    const session = { ...this.#session, servers: [node], answered: { last: null } };
    return interruptible(session, AbortSignal.timeout(readMsMax));
  }

  async #read(kind: "gets" | "lists", read: (node: NodeId | null) => Promise<Fault | null>): Promise<void> {
    const { tally } = this.#options;
    const node = this.#someNode();
    const problem = await read(node);
    tally[problem === null ? kind : "readsFailed"]++;
    if (problem === null) return;
    if (node === null) this.#fail("a read of any node", problem, nothing);
    else this.#fail("a read of one node", problem, readsMayFailWith);
  }

  async #upload(): Promise<void> {
    const { random, ledger, tally, folder } = this.#options;
    const picture = paint(random);
    const name = `${this.name}-${++this.#pictures}.png`;
    let upload: Upload | null = null;
    const stored = await this.#client.upload(sourceOf(name, picture), folder, {
      // The id is made in the client; before anything is sent every node is asked about it.
      onAnswer: (_, { id }) => {
        upload ??= ledger.begun(id, this.name, sha256(picture));
      },
      onRetry: () => {
        tally.retries++;
      },
    });
    if (!stored.ok) {
      tally.uploadsFailed++;
      this.#fail("an upload", stored.fault, nothing);
      return;
    }
    const { receipt, savedAs } = stored.value;
    const known: Upload = upload ?? ledger.begun(receipt.id, this.name, sha256(picture));
    known.acknowledgedAt = ledger.now;
    tally.uploads++;
    tally.fallbacks += Number(receipt.assignedBy === "fallback");
    tally.repeatedReceipts += Number(receipt.repeated);
    await rm(savedAs);
  }

  async #trash(upload: Upload, value: boolean): Promise<void> {
    const { tally, ledger } = this.#options;
    const { trash } = upload;
    const done = await this.#change(upload, () => {
      upload.trash = null;
      return this.#client.trash(upload.id, value);
    });
    if (!done) return;
    tally[value ? "trashed" : "restored"]++;
    // What is in doubt stays so: an earlier change that was not answered may still come.
    if (trash !== null) upload.trash = { value, since: ledger.now };
  }

  async #purge(upload: Upload): Promise<void> {
    const { tally, ledger } = this.#options;
    upload.purgeAskedAt = ledger.now;
    if (!(await this.#change(upload, () => this.#client.purge(upload.id)))) return;
    upload.purgedAt = ledger.now;
    tally.purged++;
  }

  /** Whether it was done. */
  async #change(upload: Upload, change: () => Promise<Result<void>>): Promise<boolean> {
    const { tally, ledger } = this.#options;
    const begunAt = ledger.now;
    upload.busy = true;
    const done = await change();
    upload.busy = false;
    if (done.ok) return true;
    tally.changesFailed++;
    if (done.fault.code === "IMAGE_NOT_FOUND") ledger.got(upload, begunAt, "not-found", "a change");
    this.#fail("a change", done.fault, changesMayFailWith);
    return false;
  }

  #fail(what: string, problem: Fault, allowed: ReadonlySet<FaultCode>): void {
    this.#options.onFailure(what, problem, allowed.has(problem.code));
  }
}

/** A majority can always be reached, so there is no reason to fail. */
const nothing: ReadonlySet<FaultCode> = new Set();

/** What the answer may be to a read of one node, which may be cut off. All else is a bug, or a promise broken. */
const readsMayFailWith: ReadonlySet<FaultCode> = new Set<FaultCode>([
  "NO_SERVER",
  "NO_QUORUM",
  "NODE_NOT_READY",
  "CONNECTION_REFUSED",
  "CONNECTION_LOST",
  "TIMED_OUT",
  "INTERRUPTED",
  "IMAGE_UNAVAILABLE",
  // Of the node whose disk is full to the last byte: its index cannot be told what is on it.
  "DISK_FULL",
]);
/** A change is asked of each node once, and a node may be in the middle of finding out who is there. */
const changesMayFailWith: ReadonlySet<FaultCode> = new Set<FaultCode>([
  "NO_SERVER",
  "NO_QUORUM",
  "NODE_NOT_READY",
  "CONNECTION_LOST",
  "TIMED_OUT",
  "IMAGE_CHANGED",
]);

/** What is opened is only hashed: `savedAs` is the picture's SHA-256. */
class Unkept extends PartFile {
  #hash = createHash("sha256");

  constructor() {
    super("unkept");
  }

  override async restart(): Promise<void> {
    this.#hash = createHash("sha256");
  }

  override async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
  }

  override async finish(): Promise<Result<string>> {
    return good(this.#hash.digest("hex"));
  }

  override async discard(): Promise<void> {}
}

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
