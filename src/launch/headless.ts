/**
 * `launch-local` for scripts: one JSON line per event, the first `ready` or `failed`.
 *
 * Three nodes see the same thing three times; here each fact is told once, by whoever knows it first-hand.
 */
import { wallNow } from "../../core/io/clock.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import { formatAddress } from "../../core/model/config.ts";
import { type LogEntry, sentenceOf } from "../../core/model/events.ts";
import { type ExitCode, type Fault, fault } from "../../core/model/faults.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { complainAsEvent, printJson } from "../output.ts";
import { type ClusterNews, type LocalCluster, startLocalCluster } from "./local-cluster.ts";
import type { LaunchOptions } from "./local-config.ts";
import { stopAsked } from "./signals.ts";

/** A cluster that has not agreed on a leader by then has failed to start. */
const readyMsMax = 30_000;

export const runHeadless = async (options: LaunchOptions): Promise<ExitCode> => {
  const teller = new Teller(options.config);
  const { promise: settled, resolve: settle } = Promise.withResolvers<Fault | null>();
  const asked = stopAsked();
  const cluster = startLocalCluster(options, (news) => {
    if (news.kind === "ready") settle(null);
    if (news.kind === "exited")
      settle(news.fault ?? fault("NODE_EXITED", { node: news.node, reason: "it stopped" }));
    teller.take(news);
  });
  const late = setTimeout(() => settle(fault("NO_LEADER", {})), readyMsMax);
  const problem = await Promise.race([settled, asked.then(() => null)]);
  clearTimeout(late);
  if (problem !== null) {
    teller.stopTelling();
    await cluster.stop();
    return complainAsEvent(problem);
  }
  teller.begin(cluster);
  await asked;
  await cluster.stop();
  return 0;
};

class Teller {
  readonly #config: ClusterConfig;
  readonly #down = new Set<NodeId>();
  #ready: Extract<ClusterNews, { kind: "ready" }> | null = null;
  #telling = false;

  constructor(config: ClusterConfig) {
    this.#config = config;
  }

  /** The first line; whatever happened before it is part of it. */
  begin({ children }: LocalCluster): void {
    if (this.#ready === null) return;
    const { leader, term } = this.#ready;
    const nodes = this.#config.servers.map((server) => ({
      id: server.id,
      address: formatAddress(server),
      pid: children.find((child) => child.id === server.id)?.pid ?? 0,
    }));
    printJson({ event: "ready", leader, term, nodes });
    this.#telling = true;
  }

  stopTelling(): void {
    this.#telling = false;
  }

  take(news: ClusterNews): void {
    switch (news.kind) {
      case "ready":
        this.#ready = news;
        break;
      case "log":
        this.#takeLog(news.entry);
        break;
      case "exited":
        this.#tell("node.exited", wallNow(), news.node, { pid: news.pid, code: news.fault?.code ?? null });
        break;
      case "snapshot":
      case "started":
      case "handled":
        break;
    }
  }

  #takeLog({ at, node, level, event }: LogEntry): void {
    const { kind, ...fields } = event;
    const message = sentenceOf(node, event);
    if (event.kind === "leader.elected") {
      if (event.leader === node) this.#tell(kind, at, node, { message, ...fields });
    } else if (event.kind === "node.down") {
      if (this.#down.has(event.peer)) return;
      this.#down.add(event.peer);
      this.#tell(kind, at, event.peer, { message, reason: event.reason, by: node });
    } else if (event.kind === "node.up") {
      if (this.#down.delete(event.peer)) this.#tell(kind, at, event.peer, { message, by: node });
    } else if (level !== "debug") {
      this.#tell(kind, at, node, { message, ...fields });
    }
  }

  #tell(event: string, at: number, node: NodeId, fields: object): void {
    if (this.#telling) printJson({ event, at: new Date(at).toISOString(), node, ...fields });
  }
}
