/**
 * Real processes on this machine, for tests: clusters as `launch-local --headless` starts them, and commands.
 *
 * Everything lives in a folder of its own and on ports that were free a moment ago. Whatever a test started is
 * ended by its process id when the lab closes, whether the test passed or not.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Seen from here as source, or as built. */
const programPath = import.meta.url.endsWith(".ts") ? "../../bin/distinsta.js" : "../../../bin/distinsta.js";
export const program = fileURLToPath(new URL(programPath, import.meta.url));
const pinnedNode = process.execPath;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Each line of standard output as JSON. */
  json(): Record<string, unknown>[];
}

/** A program that runs on; its lines of standard output are events. */
export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly events: readonly Record<string, unknown>[];
  /** The first event, also a past one, for which `matches` holds. Rejects when the program ends before. */
  until(what: string, matches: (event: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  readonly ended: Promise<Ended>;
}

export interface Lab {
  readonly folder: string;
  /** Runs a command to its end, in the lab's folder. */
  run(words: readonly string[], options?: RunOptions): Promise<Ended>;
  start(words: readonly string[], options?: RunOptions): Running;
  /** `launch-local --headless` until it says `ready`. */
  launch(words?: readonly string[]): Promise<LaunchedCluster>;
  close(): Promise<void>;
}

export interface RunOptions {
  readonly input?: Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A command that runs the rest of its line: another host, another clock. */
  readonly within?: readonly string[];
}

export interface LaunchedCluster extends Running {
  readonly basePort: number;
  readonly leader: number;
  readonly term: number;
  readonly nodes: readonly { readonly id: number; readonly address: string; readonly pid: number }[];
}

export const openLab = (): Lab => {
  const folder = mkdtempSync(join(tmpdir(), "distinsta-e2e-"));
  const started = new Set<Running>();

  const start = (words: readonly string[], options: RunOptions = {}): Running => {
    const running = startProgram(words, { cwd: folder, ...options });
    started.add(running);
    void running.ended.then(() => started.delete(running));
    return running;
  };

  const launch = async (words: readonly string[] = []): Promise<LaunchedCluster> => {
    const basePort = await freePorts(5);
    const running = start(["launch-local", "--headless", "--base-port", String(basePort), ...words]);
    const ready = await running.until("ready", (event) => event.event === "ready");
    const { leader, term, nodes } = ready as unknown as LaunchedCluster;
    return Object.assign(running, { basePort, leader, term, nodes });
  };

  const close = async (): Promise<void> => {
    for (const running of started) {
      running.child.kill("SIGTERM");
      const late = setTimeout(() => running.child.kill("SIGKILL"), 20_000);
      await running.ended;
      clearTimeout(late);
    }
    rmSync(folder, { recursive: true, force: true });
  };

  return { folder, run: (words, options) => start(words, options).ended, start, launch, close };
};

const startProgram = (words: readonly string[], options: RunOptions): Running => {
  const env = { ...process.env, NODE_ENV: "production", ...options.env };
  const [command = pinnedNode, ...before] = [...(options.within ?? []), pinnedNode, program];
  const child = spawn(command, [...before, ...words], { cwd: options.cwd, env, stdio: "pipe" });
  if (options.input !== undefined) child.stdin.write(options.input);
  child.stdin.end();
  child.stdin.on("error", () => undefined);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const events: Record<string, unknown>[] = [];
  const watchers = new Set<() => void>();
  child.stdout.on("data", (bytes: Buffer) => stdout.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => stderr.push(bytes));
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (!line.startsWith("{")) return;
    events.push(JSON.parse(line));
    for (const watcher of [...watchers]) watcher();
  });
  const { promise: ended, resolve } = Promise.withResolvers<Ended>();
  child.on("close", (code, signal) => resolve(endedOf(code, signal, stdout, stderr)));
  return { child, pid: child.pid ?? 0, events, ended, until: untilOf(events, watchers, ended) };
};

const untilOf =
  (
    events: readonly Record<string, unknown>[],
    watchers: Set<() => void>,
    ended: Promise<Ended>,
  ): Running["until"] =>
  (what, matches) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = events.find(matches);
        if (found === undefined) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
      void ended.then(({ code, stdout, stderr }) => {
        reject(new Error(`ended with ${code} before ${what}:\n${stdout}\n${stderr}`));
      });
    });

const endedOf = (
  code: number | null,
  signal: NodeJS.Signals | null,
  stdout: readonly Buffer[],
  stderr: readonly Buffer[],
): Ended => {
  const text = Buffer.concat(stdout).toString();
  return {
    code,
    signal,
    stdout: text,
    stderr: Buffer.concat(stderr).toString(),
    json: () =>
      text
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .map((line) => JSON.parse(line)),
  };
};

/** Files that run at the same time take their ports from different ranges: what is free stays so until it is used. */
const portsFrom = 20_000;
const portsEach = 4_000;
const ranges = 3;
const range = Number(process.env.VITEST_POOL_ID ?? 1) % ranges;

/** The first of `count` ports in a row that are free now. */
export const freePorts = async (count: number): Promise<number> => {
  for (let tries = 0; tries < 100; tries++) {
    const base = portsFrom + range * portsEach + Math.floor(Math.random() * (portsEach - count));
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(base + index)));
    if (free.every(Boolean)) return base;
  }
  throw new Error(`no ${count} free ports in a row`);
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });

/** Whether a process with this id exists and is not a zombie that nobody waits for. */
export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Resolves when `holds` does; looks again every few milliseconds. The test's own timeout ends a hang. */
export const eventually = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};
