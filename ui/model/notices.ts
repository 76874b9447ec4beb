/**
 * What the operator should know now, worst first, each ending with what to type next.
 *
 * A notice is made from the cluster's present state, never from past events, so that it goes away by itself when
 * its cause does. Sound and available are two things: a cluster that works without one node is told apart
 * from one where all is well.
 */
import type { NodeId } from "../../core/model/ids.ts";
import { type ClusterNode, type ClusterView, isLive, isStarting, type Sources } from "./cluster.ts";
import { formatSeconds } from "./format.ts";
import { careNotices } from "./notices-care.ts";

export interface Notice {
  readonly tone: "good" | "warn" | "bad";
  readonly text: string;
  /** The command that mends it, or that says more; null when there is nothing to do. */
  readonly command: string | null;
}

/** What to type; `ID` stands for a node's number. */
export interface NoticeCommands {
  readonly start: string;
  readonly status: string;
  readonly doctor: string;
}

/** At least one, worst first. */
export const noticesOf = (
  cluster: ClusterView | null,
  sources: Sources,
  commands: NoticeCommands,
): readonly Notice[] => {
  if (cluster === null) return noSnapshot(sources, commands);
  const notices = [
    ...stale(cluster, commands),
    ...quorum(cluster, commands),
    ...cluster.nodes.flatMap((node) => silentNode(cluster, node, commands)),
    ...leaderless(cluster, commands),
    ...careNotices(cluster, commands),
    ...thin(cluster, commands),
  ].toSorted((one, other) => rank[one.tone] - rank[other.tone]);
  return notices.length > 0 ? notices : [allWell(cluster)];
};

const rank: Readonly<Record<Notice["tone"], number>> = { bad: 0, warn: 1, good: 2 };

const count = (nodes: number): string => `${nodes} ${nodes === 1 ? "node" : "nodes"}`;

export const forNode = (command: string, id: NodeId): string => command.replace("ID", String(id));

const startCommand = (commands: NoticeCommands, id: NodeId): string =>
  `start it: ${forNode(commands.start, id)}`;

/** A process that stops in good order is still there for a moment after it has said goodbye. */
const hangingMsMin = 2_000;

/** A process that is there but is not heard holds the node's port and disk. */
const mendCommand = (commands: NoticeCommands, { view, process, pid, silentMs }: ClusterNode): string => {
  if (process?.state === "frozen") return `wake it: :wake ${view.id}`;
  if (process?.cut === true) return `mend its network: :mend ${view.id}`;
  if (pid === null) return startCommand(commands, view.id);
  const hangs = silentMs === null || silentMs >= hangingMsMin;
  return hangs ? `end it: kill -9 ${pid}` : `look: ${commands.status}`;
};

const noSnapshot = ({ processes, links }: Sources, commands: NoticeCommands): readonly Notice[] => {
  const exited = [...processes].filter(([, process]) => process.state === "exited");
  const ended = exited.map(
    ([id, process]): Notice => ({
      tone: "bad",
      text: `node ${id} ended before it said a word: ${process.reason ?? "no reason known"}`,
      command: startCommand(commands, id),
    }),
  );
  const unreached = [...links].map(
    ([id, { what }]): Notice => ({
      tone: "bad",
      text: `node ${id}: ${what}`,
      command: startCommand(commands, id),
    }),
  );
  const all = [...ended, ...unreached];
  return all.length > 0
    ? all
    : [{ tone: "warn", text: "waiting for the first word of a node", command: null }];
};

const stale = (cluster: ClusterView, commands: NoticeCommands): readonly Notice[] =>
  cluster.stale
    ? [
        {
          tone: "bad",
          text: `no node has said anything for ${formatSeconds(cluster.ageMs)}: what you see is that old`,
          command: `look: ${commands.status}`,
        },
      ]
    : [];

const quorum = (cluster: ClusterView, commands: NoticeCommands): readonly Notice[] => {
  if (cluster.quorum.ok) return [];
  const { live, needed } = cluster.quorum;
  const missing = cluster.nodes.filter((node) => node.state === "down");
  const first = missing.find((node) => node.pid === null) ?? missing.find((node) => !isStarting(node));
  return [
    {
      tone: "bad",
      text: `quorum lost, no writes: ${live} of ${count(cluster.nodes.length)} up, ${needed} needed`,
      command: first === undefined ? `look: ${commands.status}` : mendCommand(commands, first),
    },
  ];
};

const silentNode = (cluster: ClusterView, node: ClusterNode, commands: NoticeCommands): readonly Notice[] => {
  const { id } = node.view;
  const consequence = cluster.quorum.ok
    ? `writes go on with ${cluster.quorum.live} of ${count(cluster.nodes.length)}`
    : "it is missing for a quorum";
  switch (node.state) {
    case "up":
    case "rebuilding":
      return [];
    case "suspect": {
      const text = `node ${id} silent for ${formatSeconds(node.silentMs)}: it gets no new work`;
      return [{ tone: "warn", text, command: `look: ${commands.status}` }];
    }
    case "down": {
      if (isStarting(node))
        return [{ tone: "warn", text: `node ${id} is starting: ${consequence}`, command: null }];
      const text = `node ${id} ${whatHappened(node)}: ${consequence}`;
      return [{ tone: "bad", text, command: mendCommand(commands, node) }];
    }
  }
};

const whatHappened = (node: ClusterNode): string => {
  if (node.exit !== null) return `ended ${formatSeconds(node.silentMs)} ago (${node.exit})`;
  const silent = node.silentMs === null ? "not heard yet" : `silent for ${formatSeconds(node.silentMs)}`;
  if (node.process?.state === "frozen") return `frozen, ${silent}`;
  if (node.process?.cut === true) return `cut off, ${silent}`;
  if (node.pid === null) return silent;
  return node.unheardMs === null
    ? `${silent} though its process runs`
    : `started ${formatSeconds(node.unheardMs)} ago and not heard since`;
};

const leaderless = (cluster: ClusterView, commands: NoticeCommands): readonly Notice[] =>
  cluster.leader === null && cluster.quorum.ok
    ? [
        {
          tone: "warn",
          text: "no leader yet: one is being elected, uploads go on",
          command: `look: ${commands.status}`,
        },
      ]
    : [];

/** Everybody is up, and yet none may stop: an image has one copy. Of two nodes none ever may. */
const thin = (cluster: ClusterView, commands: NoticeCommands): readonly Notice[] =>
  cluster.tolerance === 0 &&
  cluster.nodes.length > 2 &&
  cluster.quorum.ok &&
  cluster.nodes.every((node) => isLive(node.state))
    ? [
        {
          tone: "warn",
          text: `all ${count(cluster.nodes.length)} up, but none may stop until there are more copies`,
          command: `look: ${commands.status}`,
        },
      ]
    : [];

const allWell = (cluster: ClusterView): Notice => ({
  tone: "good",
  text: allWellText(cluster),
  command: null,
});

const allWellText = ({ nodes, tolerance }: ClusterView): string => {
  switch (nodes.length) {
    case 1:
      return "the only node is up: nothing else holds a copy";
    case 2:
      return "both nodes are up: writing takes both, so neither may ever stop";
    default:
      return `all ${count(nodes.length)} up: ${tolerance} more may stop and nothing is lost`;
  }
};
