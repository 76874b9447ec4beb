/**
 * The floor: what is left of a cluster when everything that makes it one is taken away.
 * `node dist/test/bench/bare.js '{"role":…}'`; the benchmark starts it.
 *
 * A `relay` takes bytes over mutual TLS, gives them back, passes them on to two sinks, and answers when its own
 * disk and one sink's have them: the same bytes, hops and syncs as an upload, and nothing else. A `sink` only
 * stores. A `beat` sends one byte per heartbeat, so that its silence can be noticed.
 */
import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import * as tls from "node:tls";

export interface Keys {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

export type BareRole =
  | { readonly role: "beat"; readonly everyMs: number }
  | {
      readonly role: "store";
      readonly folder: string;
      readonly keys: Keys;
      readonly sinks: readonly number[];
    };

/** Both ends show a certificate of the one CA; names are not compared, as in the product. */
export const securely = ({ caPem, certificatePem, keyPem }: Keys) =>
  ({
    ca: caPem,
    cert: certificatePem,
    key: keyPem,
    minVersion: "TLSv1.3",
    ciphers: "TLS_AES_256_GCM_SHA384",
    requestCert: true,
    checkServerIdentity: () => undefined,
  }) as const;

/** The first four bytes of a request: how many follow. */
export const lengthBytes = 4;
/** The last byte of an answer. */
const done = Buffer.from([6]);

/** One connection to a sink, and how many requests it has stored. */
interface Onward {
  readonly socket: tls.TLSSocket;
  stored: number;
}

/** What one client sends, one request after the other. */
class Session {
  readonly #socket: tls.TLSSocket;
  readonly #folder: string;
  readonly #onward: readonly Onward[];
  readonly #name: string;
  #requests = 0;
  #left = 0;
  #pending: Buffer[] = [];
  #file: Promise<FileHandle> | null = null;
  #writing: Promise<void> = Promise.resolve();
  #onStored = (): void => undefined;

  constructor(socket: tls.TLSSocket, folder: string, name: string, onward: readonly tls.TLSSocket[]) {
    this.#socket = socket;
    this.#folder = folder;
    this.#name = name;
    this.#onward = onward.map((each) => ({ socket: each, stored: 0 }));
    for (const each of this.#onward)
      each.socket.on("data", (acks: Buffer) => {
        each.stored += acks.length;
        this.#onStored();
      });
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("close", () => {
      for (const each of onward) each.destroy();
    });
  }

  #take(bytes: Buffer): void {
    for (const { socket } of this.#onward) socket.write(bytes);
    let body = bytes;
    if (this.#file === null) {
      this.#left = bytes.readUInt32BE();
      body = bytes.subarray(lengthBytes);
      this.#file = open(this.#path, "w");
    }
    if (this.#onward.length > 0) this.#socket.write(body);
    this.#left -= body.length;
    this.#pending.push(body);
    const file = this.#file;
    // What came while the disk was busy is written at once.
    if (this.#pending.length === 1) this.#writing = this.#writing.then(() => this.#flush(file));
    if (this.#left === 0) void this.#finish(file, this.#writing);
  }

  get #path(): string {
    return join(this.#folder, `${this.#name}-${this.#requests}`);
  }

  async #flush(file: Promise<FileHandle>): Promise<void> {
    const handle = await file;
    const batch = this.#pending;
    this.#pending = [];
    await handle.writev(batch);
  }

  async #finish(file: Promise<FileHandle>, written: Promise<void>): Promise<void> {
    const path = this.#path;
    this.#requests++;
    this.#file = null;
    await written;
    const handle = await file;
    await Promise.all([handle.datasync(), this.#storedOnward(this.#requests)]);
    this.#socket.write(done);
    await handle.close();
    await rm(path);
  }

  /** Until one sink has this request: with our own that is a majority of three. */
  #storedOnward(requests: number): Promise<void> {
    return new Promise((resolve) => {
      this.#onStored = (): void => {
        if (this.#onward.length === 0 || this.#onward.some(({ stored }) => stored >= requests)) resolve();
      };
      this.#onStored();
    });
  }
}

const dial = (port: number, keys: Keys): Promise<tls.TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port, ...securely(keys) }, () => resolve(socket));
    socket.setNoDelay(true);
    socket.once("error", reject);
  });

const say = (port: number): void => void process.stdout.write(`${JSON.stringify({ port })}\n`);

const serveStore = ({ folder, keys, sinks }: Extract<BareRole, { role: "store" }>): void => {
  let sessions = 0;
  const server = tls.createServer({ ...securely(keys), noDelay: true }, (socket) => {
    const name = `${process.pid}-${++sessions}`;
    socket.on("error", () => undefined);
    socket.pause();
    void Promise.all(sinks.map((port) => dial(port, keys))).then((onward) => {
      new Session(socket, folder, name, onward);
      socket.resume();
    });
  });
  server.listen(0, "127.0.0.1", () => say((server.address() as AddressInfo).port));
};

const serveBeat = (everyMs: number): void => {
  const server = createServer((socket) => {
    const timer = setInterval(() => socket.write(done), everyMs);
    socket.on("error", () => undefined);
    socket.on("close", () => clearInterval(timer));
  });
  server.listen(0, "127.0.0.1", () => say((server.address() as AddressInfo).port));
};

const main = async (role: BareRole): Promise<void> => {
  // As the nodes do: the thread that serves goes first, those that write to the disk are there before and do not.
  await stat(".");
  try {
    setPriority(constants.priority.PRIORITY_HIGH);
  } catch {
    // Not allowed to: then not.
  }
  if (role.role === "beat") serveBeat(role.everyMs);
  else serveStore(role);
};

const given = process.argv[2];
if (import.meta.main && given !== undefined) await main(JSON.parse(given) as BareRole);
