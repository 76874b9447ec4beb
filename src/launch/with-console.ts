/**
 * The console over nodes that run as our children: all of a local cluster, or the one of `server ID`.
 */
import { systemClock } from "../../core/io/clock.ts";
import { commandFor } from "../../core/io/pki/places.ts";
import type { ExitCode } from "../../core/model/faults.ts";
import { type Fault, wordFault } from "../../core/model/faults.ts";
import { type ConsoleEvent, runConsole } from "../../ui/run.ts";
import type { PaneClient } from "../client/pane.ts";
import { complain, note } from "../output.ts";
import { type ClusterNews, startLocalCluster } from "./local-cluster.ts";
import type { LaunchOptions } from "./local-config.ts";

/** Ends when the person quits; then the client hangs up, and every node is stopped in good order. */
export const runWithConsole = async (
  options: LaunchOptions,
  subtitle: string,
  client: PaneClient,
): Promise<ExitCode> => {
  const listeners = new Set<(event: ConsoleEvent) => void>();
  const before: ConsoleEvent[] = [];
  let firstFault: Fault | null = null;
  const tell = (event: ConsoleEvent): void => {
    if (listeners.size === 0 && before.length < beforeMax) before.push(event);
    for (const listener of listeners) listener(event);
  };
  const cluster = startLocalCluster(options, (news) => {
    if (news.kind === "exited") firstFault ??= news.fault;
    const event = consoleEventOf(news);
    if (event !== null) tell(event);
  });
  const source = {
    subscribe: (listener: (event: ConsoleEvent) => void) => {
      listeners.add(listener);
      for (const event of before.splice(0)) listener(event);
      return () => listeners.delete(listener);
    },
  };
  const ended = await runConsole({
    source,
    client,
    title: "DISTINSTA",
    subtitle,
    commands: { start: commandFor(options.data, "server ID"), status: commandFor(options.data, "status") },
    clock: systemClock(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
  });
  note("stopping the nodes …");
  await client.close();
  await cluster.stop();
  if (ended.exit === "failed") return 1;
  if (firstFault !== null && cluster.children.length === 1) return complain(firstFault, {});
  return 0;
};

/** What happens before the console listens is kept for it. */
const beforeMax = 1_000;

const consoleEventOf = (news: ClusterNews): ConsoleEvent | null => {
  switch (news.kind) {
    case "log":
    case "snapshot":
      return news;
    case "started":
      return { kind: "process", node: news.node, state: "running", pid: news.pid, reason: null };
    case "exited": {
      const reason = news.fault === null ? "stopped" : reasonOf(news.fault);
      return { kind: "process", node: news.node, state: "exited", pid: news.pid, reason };
    }
    case "ready":
      return null;
  }
};

const reasonOf = (problem: Fault): string =>
  problem.code === "NODE_EXITED" ? problem.reason : wordFault(problem).what;
