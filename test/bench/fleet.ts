/**
 * Nodes as processes of their own, watched through the JSON lines that they log, each line with the moment at
 * which it came. Whatever is started here is ended by its process id, and its folder removed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { wallNow } from "../../core/io/clock.ts";
import { parseConfig } from "../../core/io/config-file.ts";
import { ensureLocalPki, ensureLocalUser } from "../../core/io/pki/local.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import { userNameOf } from "../../core/model/ids.ts";
import { nodeFlags } from "../../src/launch/node-flags.ts";
import { freePorts } from "../e2e/lab.ts";
import { nowMs } from "./figures.ts";
import { must } from "./must.ts";

/** From dist/test/bench. */
const program = fileURLToPath(new URL("../../../bin/distinsta.js", import.meta.url));

export interface Line {
  readonly atMs: number;
  readonly node: number;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface FleetOptions {
  /** Three nodes when left out. */
  readonly nodes?: readonly number[];
  /** Lines of the `[cluster]` section, and sections after it. */
  readonly cluster?: string;
  /** For Node itself, before the program. */
  readonly nodeArguments?: readonly string[];
  /** Where each process writes what it sent, in the fleet's folder; see count-bytes.ts. */
  readonly bytesFile?: string;
}

export const nodeIds: readonly number[] = [1, 2, 3];

/** Nothing here may take longer: then something is wrong, and the benchmark says so and stops. */
const waitMsMax = 20_000;

const everyChild = new Set<ChildProcess>();
const everyFolder = new Set<string>();
process.on("exit", () => {
  for (const child of everyChild) child.kill("SIGKILL");
  for (const folder of everyFolder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Remembers a child until it is gone, so that it cannot outlive this process. */
export const keepTrackOf = <Child extends ChildProcess>(child: Child): Child => {
  everyChild.add(child);
  child.once("close", () => everyChild.delete(child));
  return child;
};

/** Resolves when the process is gone. */
export const gone = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once("close", () => resolve());
  });

export const pauseMs = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Fleet {
  readonly folder: string;
  readonly data: string;
  readonly configPath: string;
  readonly config: ClusterConfig;
  readonly lines: Line[] = [];
  readonly ids: readonly number[];
  readonly #options: FleetOptions;
  readonly #children = new Map<number, ChildProcess>();
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(folder: string, config: ClusterConfig, options: FleetOptions) {
    this.folder = folder;
    this.data = join(folder, "data");
    this.configPath = join(folder, "bench.toml");
    this.config = config;
    this.#options = options;
    this.ids = options.nodes ?? nodeIds;
  }

  start(id: number): void {
    const words = ["server", String(id), "--headless", "--data", this.data, "--config", this.configPath];
    const { bytesFile, nodeArguments = [] } = this.#options;
    const child = keepTrackOf(
      spawn(process.execPath, [...nodeFlags, ...nodeArguments, program, ...words], {
        cwd: this.folder,
        env: {
          ...process.env,
          NODE_ENV: "production",
          ...(bytesFile !== undefined && { DISTINSTA_BENCH_BYTES: join(this.folder, bytesFile) }),
        },
        stdio: ["ignore", "pipe", "inherit"],
      }),
    );
    createInterface({ input: child.stdout }).on("line", (text) => this.#take(id, text));
    this.#children.set(id, child);
  }

  startAll(): void {
    for (const id of this.ids) this.start(id);
  }

  pidOf(id: number): number {
    const pid = this.#children.get(id)?.pid;
    if (pid === undefined) throw new Error(`node ${id} does not run`);
    return pid;
  }

  signal(id: number, signal: NodeJS.Signals): void {
    this.#children.get(id)?.kill(signal);
  }

  async untilGone(id: number): Promise<void> {
    const child = this.#children.get(id);
    if (child !== undefined) await gone(child);
    this.#children.delete(id);
  }

  /** The first line from number `from` on for which `matches` holds. */
  line(what: string, from: number, matches: (line: Line) => boolean): Promise<Line> {
    return this.when(what, () => {
      const at = this.lines.findIndex((line, index) => index >= from && matches(line));
      return this.lines[at] ?? null;
    });
  }

  /** Looks again after every line, until `look` gives something. */
  when<Value>(what: string, look: () => Value | null, withinMs: number = waitMsMax): Promise<Value> {
    return new Promise((resolve, reject) => {
      const tryIt = (): void => {
        const seen = look();
        if (seen === null) return;
        clearTimeout(timer);
        this.#watchers.delete(tryIt);
        resolve(seen);
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(tryIt);
        reject(new Error(`waited ${withinMs} ms in vain: ${what}\n${this.#lastLines()}`));
      }, withinMs);
      this.#watchers.add(tryIt);
      tryIt();
    });
  }

  /** All nodes name one leader of one term, by what they logged from line `from` on; when the last one did. */
  agreed(from: number): Promise<Line> {
    return this.when("agreement", () => {
      const last = this.ids.map(
        (id) =>
          this.lines.findLast(
            (line, at) => at >= from && line.node === id && line.event === "leader.elected",
          ) ?? null,
      );
      const names = new Set(last.map((line) => `${line?.fields.leader} ${line?.fields.term}`));
      const latest = last.reduce((a, b) => (a !== null && b !== null && a.atMs > b.atMs ? a : b));
      return names.size === 1 && last.every((line) => line !== null) ? latest : null;
    });
  }

  /** Node `id`, started at line `from`, hears the others, is heard by them, and follows. */
  async joined(id: number, from: number): Promise<void> {
    const others = this.ids.filter((other) => other !== id);
    const saw = (node: number, peer: number): boolean =>
      this.lines.some(
        (line, at) =>
          at >= from && line.node === node && line.event === "node.up" && line.fields.peer === peer,
      );
    await this.when(
      `node ${id} to join`,
      () => others.every((other) => saw(id, other) && saw(other, id)) || null,
    );
    await this.line(
      `node ${id} to follow`,
      from,
      (line) => line.node === id && line.event === "leader.elected",
    );
  }

  /** Who leads, by the last word of a leader itself. */
  get leader(): number {
    const line = this.lines.findLast(isOwnElection);
    if (line === undefined) throw new Error("nobody was elected");
    return line.node;
  }

  /** Ends all processes in good order. */
  async stopAll(): Promise<void> {
    for (const id of this.ids) this.signal(id, "SIGCONT");
    for (const id of this.ids) this.signal(id, "SIGTERM");
    const late = setTimeout(() => {
      for (const id of this.ids) this.signal(id, "SIGKILL");
    }, waitMsMax);
    await Promise.all(this.ids.map((id) => this.untilGone(id)));
    clearTimeout(late);
  }

  /** What has to end with it. */
  alsoClose(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  /** The same, and removes the folder. */
  async close(): Promise<void> {
    await this.stopAll();
    await Promise.all(this.#closers.map((close) => close()));
    rmSync(this.folder, { recursive: true, force: true });
    everyFolder.delete(this.folder);
  }

  #take(node: number, text: string): void {
    const atMs = nowMs();
    if (!text.startsWith("{")) return;
    const fields = JSON.parse(text) as Record<string, unknown>;
    this.lines.push({ atMs, node, event: String(fields.event), fields });
    for (const watcher of [...this.#watchers]) watcher();
  }

  #lastLines(): string {
    return this.lines
      .slice(-12)
      .map(({ fields }) => `  ${String(fields.message)}`)
      .join("\n");
  }
}

export const isOwnElection = ({ node, event, fields }: Line): boolean =>
  event === "leader.elected" && fields.leader === node;

/** Folder, configuration, certificates and the user alice; nothing runs yet. */
export const openFleet = async (options: FleetOptions = {}): Promise<Fleet> => {
  const folder = mkdtempSync(join(tmpdir(), "distinsta-bench-"));
  everyFolder.add(folder);
  const ids = options.nodes ?? nodeIds;
  const base = await freePorts(ids.length);
  const servers = ids.map((id) => `node${id} = "127.0.0.1:${base + id - 1}"`);
  const toml = ["[servers]", ...servers, "[cluster]", options.cluster ?? "", ""].join("\n");
  writeFileSync(join(folder, "bench.toml"), toml);
  const config = must(parseConfig(toml));
  const fleet = new Fleet(folder, config, options);
  must(await ensureLocalPki(fleet.data, config, wallNow()));
  must(await ensureLocalUser(fleet.data, config, userNameOf("alice"), wallNow()));
  return fleet;
};

/** The same, running and agreed on a leader. */
export const startFleet = async (options: FleetOptions = {}): Promise<Fleet> => {
  const fleet = await openFleet(options);
  fleet.startAll();
  await fleet.agreed(0);
  return fleet;
};
