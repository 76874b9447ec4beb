/**
 * What stands behind a console over nodes of our own: their processes, an operator's connections if there is a
 * certificate, and the client.
 */
import { systemClock, wallNow } from "../../core/io/clock.ts";
import { levelOf, type ProcessAct } from "../../core/model/events.ts";
import { type Fault, wordFault } from "../../core/model/faults.ts";
import type { NodeId } from "../../core/model/ids.ts";
import type { ConsoleCrew, ConsoleEvent } from "../../ui/run.ts";
import type { PaneClient } from "../client/pane.ts";
import type { Processes } from "../console/acts.ts";
import type { Hub } from "../console/hub.ts";
import { type ClusterNews, type LocalCluster, startLocalCluster } from "./local-cluster.ts";
import type { LaunchOptions } from "./local-config.ts";

export interface NodesCrew extends ConsoleCrew {
  readonly cluster: LocalCluster;
  /** Why the first node that ended badly did. */
  firstFault(): Fault | null;
  /** Everything but the nodes. */
  hangUp(): Promise<void>;
}

/** Nodes take longest, so they are started first; whatever fails after that stops them again. */
export const gatherNodes = async (
  options: LaunchOptions,
  hub: Hub,
  openClient: () => Promise<PaneClient>,
): Promise<NodesCrew> => {
  let firstFault: Fault | null = null;
  const cluster = startLocalCluster(options, (news) => {
    if (news.kind === "exited") firstFault ??= news.fault;
    const event = consoleEventOf(news);
    if (event !== null) hub.tell(event);
  });
  try {
    const others = await gatherOthers(options, hub, cluster, openClient);
    return { ...others, cluster, firstFault: () => firstFault };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
};

const gatherOthers = async (
  { config, data, only }: LaunchOptions,
  hub: Hub,
  cluster: LocalCluster,
  openClient: () => Promise<PaneClient>,
): Promise<Omit<NodesCrew, "cluster" | "firstFault">> => {
  const client = await openClient();
  const { bestOf, findCredentials } = await import("../../core/io/pki/found.ts");
  const { openSession } = await import("../../core/io/client/session.ts");
  const { consoleActs } = await import("../console/acts.ts");
  const { followOthersInto } = await import("../console/servers.ts");
  const best = bestOf(await findCredentials(data, config, wallNow()));
  const session = best === null ? null : openSession(config, best, systemClock());
  const operator = best?.peer.role === "operator" ? best.peer.name : null;
  const unfollow =
    session === null || only === undefined ? () => undefined : followOthersInto(hub, session, only);
  const processes =
    only === undefined ? processesOf(cluster, hub, operator ?? "somebody at this console") : null;
  return {
    client,
    acts: consoleActs(operator === null ? null : session, processes),
    hangUp: async () => {
      unfollow();
      await client.close();
      session?.pool.close();
    },
  };
};

/** Each is logged on behalf of the node, with who did it: the node itself may not be able to any more. */
const processesOf = (cluster: LocalCluster, hub: Hub, by: string): Processes => ({
  handle: async (act: ProcessAct, node: NodeId) => {
    const event = { kind: "process.handled", act, by } as const;
    hub.tell({ kind: "log", entry: { at: wallNow(), node, level: levelOf(event), event } });
    await cluster.handle(act, node);
  },
});

const consoleEventOf = (news: ClusterNews): ConsoleEvent | null => {
  switch (news.kind) {
    case "log":
    case "snapshot":
      return news;
    case "started":
      return { kind: "process", node: news.node, state: "running", pid: news.pid, cut: false, reason: null };
    case "handled": {
      const state = news.frozen ? "frozen" : "running";
      return { kind: "process", node: news.node, state, pid: news.pid, cut: news.cut, reason: null };
    }
    case "exited": {
      const reason = news.fault === null ? "stopped" : reasonOf(news.fault);
      return { kind: "process", node: news.node, state: "exited", pid: news.pid, cut: false, reason };
    }
    case "ready":
      return null;
  }
};

const reasonOf = (problem: Fault): string =>
  problem.code === "NODE_EXITED" ? problem.reason : wordFault(problem).what;
