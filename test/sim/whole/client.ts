/**
 * A simulated person: uploads, reads, lists, throws away and takes back, with the real client between simulated wires.
 * What the answers were goes into the ledger.
 */
import { createHash } from "node:crypto";
import { askAny } from "../../../core/io/client/ask.ts";
import { describeImage, purgeImage, trashImage } from "../../../core/io/client/change.ts";
import { dispatchUpload, type PreparedUpload } from "../../../core/io/client/dispatch-upload.ts";
import { fetchPayload } from "../../../core/io/client/get.ts";
import type { Session } from "../../../core/io/client/session.ts";
import { changeReader } from "../../../core/io/client/share.ts";
import type { Source } from "../../../core/io/client/source.ts";
import type { SealedSink } from "../../../core/io/client/upload-try.ts";
import { replyFrom } from "../../../core/io/exchange.ts";
import type { Credentials } from "../../../core/io/pki/credentials.ts";
import type { ClusterConfig } from "../../../core/model/config.ts";
import { type ImageId, type UserName, userNameOf } from "../../../core/model/ids.ts";
import { registerOf } from "../../../core/model/readers.ts";
import type { ImageRecord } from "../../../core/model/records.ts";
import { imageIdOf } from "../../../core/seal/image-id.ts";
import { payloadNonce } from "../../../core/seal/nonce.ts";
import { createSealer } from "../../../core/seal/payload.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { createSimClock } from "../sim-clock.ts";
import { cluster } from "./host.ts";
import { Broken, type Ledger, type Upload } from "./ledger.ts";
import type { WholeCounters } from "./whole-counters.ts";
import { createSimPool, type Endpoint, type Wires } from "./wires.ts";

export interface PersonOptions {
  readonly number: number;
  /** With whom this one shares: the numbers of the others; nobody in most runs. */
  readonly friends: readonly number[];
  readonly config: ClusterConfig;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly wires: Wires;
  readonly ledger: Ledger;
  readonly counters: WholeCounters;
  readonly endpointOf: Parameters<typeof createSimPool>[2];
}

export interface Person {
  readonly endpoint: Endpoint;
  readonly name: UserName;
  /** Something that people do; resolves when it is answered. */
  act(): Promise<void>;
  /** All images, page by page, from any node; null when nobody answers. */
  list(): Promise<boolean>;
}

interface Picture {
  readonly fileKey: Uint8Array;
  readonly plain: Uint8Array;
}

/** Bytes of a picture: most wait in memory, some are written piece by piece, a few have files of their own. */
const small = [60, 900] as const;
const large = [900, 40_000] as const;
const alone = [66_000, 80_000] as const;

export const createPerson = (options: PersonOptions): Person => new SimPerson(options);

class SimPerson implements Person {
  readonly endpoint: Endpoint;
  readonly name: UserName;
  readonly #options: PersonOptions;
  readonly #session: Session;
  readonly #friends: readonly UserName[];
  /** Pictures that were uploaded, to be uploaded again by others or under another id. */
  readonly #pictures: Picture[] = [];

  constructor(options: PersonOptions) {
    const { number, config, scheduler, random, wires, endpointOf } = options;
    this.#options = options;
    this.name = nameOf(number);
    this.#friends = options.friends.map(nameOf);
    const clock = createSimClock(scheduler, random.between(0.99, 1.01), random.between(0, 1_000_000));
    this.endpoint = {
      name: this.name,
      peer: { role: "user", cluster, name: this.name, recipient: "age1simulated" },
      clock,
      alive: true,
      whenAwake: (act) => act(),
      accept: null,
    };
    const { signal } = new AbortController();
    this.#session = {
      config,
      // Only who it is matters here; wires that are simulated ask for no certificate.
      credentials: { peer: this.endpoint.peer } as Credentials,
      clock,
      servers: config.servers.map(({ id }) => id),
      pool: createSimPool(wires, this.endpoint, endpointOf),
      answered: { last: null },
      revoked: { newest: null },
      signal,
    };
  }

  async act(): Promise<void> {
    const { random, ledger, counters } = this.#options;
    const own = ledger.known(this.name);
    const kind = random.whole(0, 99);
    if (own.length === 0 || kind < 40) return this.#upload();
    const upload = random.pick(own);
    const others = this.#friends.length === 0 ? [] : ledger.readableBy(this.name);
    if (kind < 62) return this.#get(others.length > 0 && random.chance(0.4) ? random.pick(others) : upload);
    if (kind < 76) {
      if (this.#friends.length > 0 && random.chance(0.6))
        return this.#share(this.#sharedAmong(own) ?? upload);
      counters.lists += Number(await this.list());
      return;
    }
    if (kind < 84) return this.#trash(upload, true);
    if (kind < 91) return this.#trash(upload, false);
    if (kind < 97) return this.#purge(upload);
    return this.#cheat(upload.id);
  }

  async list(): Promise<boolean> {
    const { ledger } = this.#options;
    const begunAt = this.#now();
    const records: ImageRecord[] = [];
    let before: ImageId | null = null;
    for (;;) {
      const from: ImageId | null = before;
      const page = await askAny(this.#session, async (connection) => {
        await connection.send({ kind: "list", before: from, limit: 7 });
        return replyFrom(connection, ["list.page"]);
      });
      if (!page.ok) return false;
      records.push(...page.value.records);
      before = page.value.records.at(-1)?.facts.id ?? null;
      if (!page.value.more) break;
    }
    ledger.tick(this.#now());
    ledger.listed(this.name, begunAt, this.#now(), records);
    return true;
  }

  #now(): number {
    return this.#options.scheduler.now();
  }

  async #upload(): Promise<void> {
    const { random } = this.#options;
    const again = this.#pictures.length > 0 && random.chance(0.1);
    const picture = again ? random.pick(this.#pictures) : this.#paint();
    if (!again) this.#pictures.push(picture);
    const id = this.#idOf(picture);
    // A cheat that begins first may find nodes that know nothing of the image yet.
    if (random.chance(0.05)) await Promise.all([this.#cheat(id), this.#send(picture, id)]);
    else await this.#send(picture, id);
  }

  /** Other bytes under an id that is in use: they must never be seen. */
  async #cheat(id: ImageId): Promise<void> {
    const { counters } = this.#options;
    const other = this.#paint();
    const sink = new MemorySink();
    const stored = await dispatchUpload(this.#session, sourceOf(other), this.#prepare(other, id), sink, {});
    if (stored.ok) throw new Broken("rightBytes", `other bytes were accepted under ${id}`);
    counters.cheats++;
  }

  async #send(picture: Picture, id: ImageId): Promise<void> {
    const { ledger, counters } = this.#options;
    const payload = seal(picture);
    const upload = ledger.begun(id, this.name, payload, hashOf(payload));
    const sink = new MemorySink();
    const stored = await dispatchUpload(this.#session, sourceOf(picture), this.#prepare(picture, id), sink, {
      onRetry: () => {
        counters.retries++;
      },
    });
    if (!stored.ok) {
      counters.uploadsFailed++;
      return;
    }
    upload.acknowledgedAt = this.#now();
    counters.uploads++;
    if (stored.value.receipt.assignedBy === "fallback") counters.fallbacks++;
    if (stored.value.receipt.repeated) counters.repeatedReceipts++;
    if (Buffer.compare(sink.content(), payload) !== 0)
      throw new Broken("rightBytes", `what came back of ${id} is not what is stored`);
  }

  async #get(upload: Upload): Promise<void> {
    const { ledger, counters } = this.#options;
    const begunAt = this.#now();
    const sink = new MemorySink();
    const fetched = await fetchPayload(
      this.#session,
      upload.id,
      (chunk) => sink.write(chunk),
      () => sink.restart(),
    );
    ledger.tick(this.#now());
    if (fetched.ok) {
      counters.gets++;
      ledger.got(this.name, upload, begunAt, this.#now(), sink.content());
      counters.sharedGets += Number(upload.owner !== this.name);
    } else if (fetched.fault.code === "IMAGE_NOT_FOUND") {
      ledger.got(this.name, upload, begunAt, this.#now(), "not-found");
    } else {
      counters.getsFailed++;
    }
  }

  async #trash(upload: Upload, value: boolean): Promise<void> {
    const { counters, ledger } = this.#options;
    const before = upload.trash;
    const now = this.#now();
    const since = before.value === false ? now : before.since;
    upload.trash = { value: "unknown", since, knownAt: now };
    const done = await trashImage(this.#session, upload.id, value);
    ledger.tick(this.#now());
    if (!done.ok) {
      counters.changesFailed++;
      return;
    }
    counters[value ? "trashed" : "restored"]++;
    // An image that was put into the trash again is there since then; one that was there already, since before.
    const knownAt = this.#now();
    upload.trash = { value, since: value ? Math.min(upload.trash.since, knownAt) : knownAt, knownAt };
  }

  /** One that is, or was, shared: more happens to it then. */
  #sharedAmong(own: readonly Upload[]): Upload | null {
    const { random } = this.#options;
    const shared = own.filter(({ readers }) => readers.size > 0);
    return shared.length > 0 && random.chance(0.6) ? random.pick(shared) : null;
  }

  /** With somebody, or no longer; the header is not one, which no node can tell. */
  async #share(upload: Upload): Promise<void> {
    const { random, counters, ledger } = this.#options;
    const before = [...upload.readers.keys()];
    const given = before.length === 0 || random.chance(0.5);
    const reader = random.pick(given ? this.#friends : before);
    const described = await describeImage(this.#session, upload.id);
    if (!described.ok) return;
    const seen = registerOf(described.value.record.headers, reader)?.stamp ?? null;
    if (!given && seen === null) return;
    const settle = ledger.sharing(upload, reader);
    const header = given ? Uint8Array.from({ length: 30 }, () => random.whole(0, 255)) : null;
    const done = await changeReader(this.#session, upload.id, reader, header, seen);
    ledger.tick(this.#now());
    if (done.ok) counters[given ? "shared" : "unshared"]++;
    else counters.changesFailed++;
    settle(this.#now(), done.ok ? given : "unknown");
  }

  async #purge(upload: Upload): Promise<void> {
    const { counters } = this.#options;
    upload.purgeAsked = true;
    const done = await purgeImage(this.#session, upload.id);
    if (!done.ok) {
      counters.changesFailed++;
      return;
    }
    upload.purgedAt = this.#now();
    counters.purged++;
  }

  #paint(): Picture {
    const { random } = this.#options;
    const [least, most] = random.chance(0.8) ? small : random.chance(0.85) ? large : alone;
    const bytes = random.whole(least, most);
    const plain = new Uint8Array(bytes);
    plain.set(pngHead(random.whole(1, 500), random.whole(1, 500)));
    for (let at = pngHeadBytes; at < Math.min(bytes, 200); at++) plain[at] = random.whole(0, 255);
    return { plain, fileKey: Uint8Array.from({ length: 16 }, () => random.whole(0, 255)) };
  }

  #idOf({ fileKey, plain }: Picture): ImageId {
    return imageIdOf(this.#session.clock.wall(), fileKey, hashOf(plain), this.name);
  }

  #prepare({ fileKey, plain }: Picture, id: ImageId): PreparedUpload {
    return {
      kind: "upload",
      id,
      name: "picture.png",
      bytes: plain.length,
      type: "image/png",
      sha256: hashOf(plain),
      fileKey,
      header: new Uint8Array(40).fill(7),
      fingerprint: new Uint8Array(32).fill(9),
    };
  }
}

const nameOf = (number: number): UserName => userNameOf(`person${number}`);

const pngHeadBytes = 33;

/** Signature and IHDR: what a node looks at before it takes a picture. */
const pngHead = (width: number, height: number): Uint8Array => {
  const head = Buffer.alloc(pngHeadBytes);
  head.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  head.writeUInt32BE(13, 8);
  head.write("IHDR", 12, "latin1");
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  head.set([8, 2, 0, 0, 0], 24);
  return head;
};

const seal = ({ fileKey, plain }: Picture): Uint8Array => {
  const sealer = createSealer({ fileKey, nonce: payloadNonce(fileKey, hashOf(plain)) });
  return new Uint8Array(Buffer.concat([...sealer.push(plain), ...sealer.finish()]));
};

const hashOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

const sourceOf = ({ plain }: Picture): Source => ({
  path: "picture.png",
  name: "picture.png",
  bytes: plain.length,
  open: async function* () {
    for (let from = 0; from < plain.length; from += 16_384) yield plain.subarray(from, from + 16_384);
  },
});

class MemorySink implements SealedSink {
  #chunks: Uint8Array[] = [];
  bytes = 0;

  async restart(): Promise<void> {
    this.#chunks = [];
    this.bytes = 0;
  }

  settle(): void {
    // There is no disk under it.
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk);
    this.bytes += chunk.length;
  }

  content(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.#chunks));
  }
}
