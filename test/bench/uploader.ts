/**
 * Clients in a process of their own, so that neither they nor the measuring wait for each other.
 * `node dist/test/bench/uploader.js '{"config":…}'`, with a channel to the benchmark that starts it.
 *
 * Each client uploads either to the cluster, with the real client, or the same bytes to the bare processes.
 */
import { readFileSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import * as tls from "node:tls";
import { type Client, createClient } from "../../core/io/client/client.ts";
import { PartFile } from "../../core/io/client/sealed-file.ts";
import type { Source } from "../../core/io/client/source.ts";
import { systemClock, wallNow } from "../../core/io/clock.ts";
import { parseConfig } from "../../core/io/config-file.ts";
import { loadUser, type User } from "../../core/io/pki/users.ts";
import { type ImageId, userNameOf } from "../../core/model/ids.ts";
import { chunkBytes } from "../../core/model/limits.ts";
import { lengthBytes, securely } from "./bare.ts";
import { nowMs } from "./figures.ts";
import { must } from "./must.ts";

export interface UploaderOptions {
  readonly configPath: string;
  readonly data: string;
  /** Where sealed images come back to, for a moment. */
  readonly folder: string;
  readonly clients: number;
  /** Where the bare relay listens; null: only the cluster is asked. */
  readonly barePort: number | null;
  /** Paths. */
  readonly pictures: readonly string[];
}

/** `get`: what was uploaded to the cluster before is fetched and opened. */
export type Target = "cluster" | "bare" | "get";

/** `upload`: one, by the first client. `begin`: all clients, one after the other, until `end`. `stop`: exit. */
export type Order =
  | { readonly kind: "upload"; readonly picture: number; readonly target: Target }
  | { readonly kind: "begin"; readonly picture: number; readonly target: Target }
  | { readonly kind: "end" }
  | { readonly kind: "stop" };

export interface Done {
  readonly startedAtMs: number;
  readonly ms: number;
  /** Null of the bare processes, and of what was fetched. */
  readonly id: string | null;
}

/** To every `upload` and every `end`. */
export interface Answer {
  readonly uploads: readonly Done[];
  /** What uploads failed with; the benchmark stops at any. */
  readonly failures: readonly string[];
}

interface Worker {
  /** The latest upload of each picture. */
  readonly stored: Map<number, ImageId>;
  upload(picture: number, target: Target): Promise<string | null>;
}

const sourceOf = (path: string, bytes: Uint8Array): Source => ({
  path,
  name: basename(path),
  bytes: bytes.length,
  open: async function* () {
    for (let from = 0; from < bytes.length; from += chunkBytes) yield bytes.subarray(from, from + chunkBytes);
  },
});

const workerOf = (
  client: Client,
  options: UploaderOptions,
  pictures: readonly Uint8Array[],
  bare: Bare | null,
): Worker => ({
  stored: new Map(),
  async upload(at, target) {
    const bytes = pictures[at];
    const path = options.pictures[at];
    if (bytes === undefined || path === undefined) throw new Error(`there is no picture ${at}`);
    if (target === "bare") {
      if (bare === null) throw new Error("there is no bare process");
      await bare.upload(bytes);
      return null;
    }
    if (target === "get") {
      const id = this.stored.get(at);
      if (id === undefined) throw new Error("nothing was uploaded yet");
      const fetched = must(
        await client.get(id, false, () => new PartFile(join(options.folder, `got-${id}`))),
      );
      void unlink(fetched.savedAs);
      return null;
    }
    const uploaded = must(await client.upload(sourceOf(path, bytes), options.folder, {}));
    void unlink(uploaded.savedAs);
    this.stored.set(at, uploaded.receipt.id);
    return uploaded.receipt.id;
  },
});

interface Bare {
  upload(bytes: Uint8Array): Promise<void>;
}

const dialBare = (port: number, { credentials }: User): Promise<Bare> =>
  new Promise((resolve, reject) => {
    const socket = tls.connect({ host: "127.0.0.1", port, ...securely(credentials) }, () => {
      let left = 0;
      let onWhole = (): void => undefined;
      socket.on("data", (back: Buffer) => {
        left -= back.length;
        if (left === 0) onWhole();
      });
      resolve({
        upload: (bytes) =>
          new Promise((whole) => {
            onWhole = whole;
            // All of it comes back, and the byte that says it is stored.
            left = bytes.length + 1;
            const head = Buffer.alloc(lengthBytes);
            head.writeUInt32BE(bytes.length);
            socket.cork();
            socket.write(head);
            for (let from = 0; from < bytes.length; from += chunkBytes)
              socket.write(bytes.subarray(from, from + chunkBytes));
            socket.uncork();
          }),
      });
    });
    socket.setNoDelay(true);
    socket.once("error", reject);
  });

const openWorkers = async (options: UploaderOptions): Promise<readonly Worker[]> => {
  const config = must(parseConfig(readFileSync(options.configPath, "utf8")));
  const user = userNameOf("alice");
  const alice = must(await loadUser(options.data, user, wallNow()));
  const { credentials, ...keys } = alice;
  const pictures = options.pictures.map((path) => readFileSync(path));
  return Promise.all(
    Array.from({ length: options.clients }, async () => {
      const client = createClient({ config, user, credentials, keys, clock: systemClock() });
      const bare = options.barePort === null ? null : await dialBare(options.barePort, alice);
      return workerOf(client, options, pictures, bare);
    }),
  );
};

const timed = async (worker: Worker, picture: number, target: Target, answer: Collected): Promise<void> => {
  const startedAtMs = nowMs();
  try {
    const id = await worker.upload(picture, target);
    answer.uploads.push({ startedAtMs, ms: nowMs() - startedAtMs, id });
  } catch (error) {
    answer.failures.push(String(error));
  }
};

interface Collected {
  readonly uploads: Done[];
  readonly failures: string[];
}

const main = async (options: UploaderOptions): Promise<void> => {
  const workers = await openWorkers({ ...options, folder: join(options.folder, String(process.pid)) });
  let ending = false;
  let running: Promise<Collected> | null = null;
  const say = (answer: Answer): void => void process.send?.(answer);
  const begin = async (picture: number, target: Target): Promise<Collected> => {
    const answer: Collected = { uploads: [], failures: [] };
    ending = false;
    await Promise.all(
      workers.map(async (worker) => {
        while (!ending && answer.failures.length === 0) await timed(worker, picture, target, answer);
      }),
    );
    return answer;
  };
  const obey = async (order: Order): Promise<void> => {
    switch (order.kind) {
      case "begin":
        running = begin(order.picture, order.target);
        return;
      case "end":
        ending = true;
        if (running !== null) say(await running);
        return;
      case "upload": {
        const answer: Collected = { uploads: [], failures: [] };
        const [first] = workers;
        if (first !== undefined) await timed(first, order.picture, order.target, answer);
        say(answer);
        return;
      }
      case "stop":
        process.exit();
    }
  };
  process.on("message", (order: Order) => void obey(order));
  process.on("disconnect", () => process.exit());
  say({ uploads: [], failures: [] });
};

const given = process.argv[2];
if (import.meta.main && given !== undefined) await main(JSON.parse(given) as UploaderOptions);
