/**
 * One node as a child process of this one.
 *
 * It is the same program with `server ID --headless`, and it reports over the channel between us. When this
 * process dies in any way, the channel closes and the child stops by itself: no orphans. Only a child that was told
 * to stay goes on, because a person wanted it to.
 */
import { join } from "node:path";
import { execa } from "execa";
import { programFolder } from "../../core/io/version.ts";
import type { Fault } from "../../core/model/faults.ts";
import { fault } from "../../core/model/faults.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { nodeFlags } from "./node-flags.ts";
import { isReport, type Order, type Report } from "./report.ts";

export interface ChildNode {
  readonly id: NodeId;
  readonly pid: number;
  /** Resolves when the process is gone: to null when it stopped in good order, else to why not. */
  readonly exited: Promise<Fault | null>;
  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void;
  order(order: Order): void;
  /** Asks it to stop; after `stopMsMax` it is ended. Resolves when it is gone. */
  stop(): Promise<void>;
  /** Lets it go on without this process; resolves to the file that it logs into, or to null when it ended instead. */
  release(): Promise<string | null>;
}

export interface ChildOptions {
  readonly id: NodeId;
  readonly data: string;
  readonly configPath: string;
  readonly acceptLoss: boolean;
  readonly onReport: (report: Report) => void;
}

/** Longer than a node waits for its uploads under way. */
const stopMsMax = 15_000;
const program = join(programFolder(), "bin", "distinsta.js");

/** NODE_EXITED when the process cannot be started; everything later comes by `exited`. */
export const startChild = (options: ChildOptions): ChildNode => {
  const { id, data, configPath, acceptLoss, onReport } = options;
  const words = [program, "server", String(id), "--headless", "--data", data, "--config", configPath];
  if (acceptLoss) words.push("--accept-loss");
  const child = execa(process.execPath, [...nodeFlags, ...words], {
    ipc: true,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    maxBuffer: 64_000,
    reject: false,
    cleanup: false,
    forceKillAfterDelay: stopMsMax,
  });
  let failed: Fault | null = null;
  const { promise: staying, resolve: stay } = Promise.withResolvers<string | null>();
  const { nodeChildProcess } = child;
  nodeChildProcess.on("message", (message: unknown) => {
    if (!isReport(message)) return;
    if (message.kind === "failed") failed = message.fault;
    if (message.kind === "staying") stay(message.logPath);
    onReport(message);
  });
  let toldToStop = false;
  const exited = child.then((result): Fault | null => {
    stay(null);
    if (failed !== null) return failed;
    if (result.exitCode === 0) return null;
    // Told to stop before it had anything to stop: it does not listen for signals yet.
    if (toldToStop && result.signal === "SIGTERM") return null;
    const reason = result.signal ?? `exit code ${result.exitCode ?? "none"}${lastLine(result.stderr)}`;
    return fault("NODE_EXITED", { node: id, reason });
  });
  const order = (what: Order): void => {
    if (nodeChildProcess.connected) nodeChildProcess.send(what, undefined, {}, () => undefined);
  };
  return {
    id,
    pid: child.pid ?? 0,
    exited,
    signal: (signal) => void child.kill(signal),
    order,
    stop: async () => {
      // A frozen process would not hear of it.
      child.kill("SIGCONT");
      child.kill("SIGTERM");
      toldToStop = true;
      await exited;
    },
    release: async () => {
      child.kill("SIGCONT");
      order({ kind: "stay" });
      const logPath = await staying;
      if (logPath === null) return null;
      nodeChildProcess.disconnect();
      nodeChildProcess.stderr?.destroy();
      nodeChildProcess.unref();
      return logPath;
    },
  };
};

const lastLine = (text: string | undefined): string => {
  const line = text?.trim().split("\n").at(-1);
  return line === undefined || line === "" ? "" : `: ${line}`;
};
