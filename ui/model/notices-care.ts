/**
 * Warnings about what works and yet needs care: disks, copies, refills, nodes that were set aside, and what this
 * console itself cannot see.
 */
import { type ClusterNode, type ClusterView, isLive } from "./cluster.ts";
import { formatAge, formatBytes, formatCount, formatPercent } from "./format.ts";
import { forNode, type Notice, type NoticeCommands } from "./notices.ts";

export const careNotices = (cluster: ClusterView, commands: NoticeCommands): readonly Notice[] => [
  ...copies(cluster, commands),
  ...cluster.nodes.flatMap((node) => [
    ...rebuilding(cluster, node, commands),
    ...disk(node),
    ...drained(node),
    ...unreached(node, commands),
  ]),
];

const images = (count: number): string => `${formatCount(count)} ${count === 1 ? "image" : "images"}`;

const copies = ({ risk, nodes }: ClusterView, commands: NoticeCommands): readonly Notice[] => {
  if (risk === null) return [];
  const missing = nodes.find((node) => node.state === "down");
  const start = missing === undefined ? commands.doctor : forNode(commands.start, missing.view.id);
  const unreadable: readonly Notice[] =
    risk.unreadable === 0
      ? []
      : [
          {
            tone: "bad",
            text: `${images(risk.unreadable)} cannot be read: no live node has ${risk.unreadable === 1 ? "it" : "them"}`,
            command: `${missing === undefined ? "look" : "start who has them"}: ${start}`,
          },
        ];
  const thin: readonly Notice[] =
    risk.underReplicated === 0
      ? []
      : [
          {
            tone: "warn",
            text: `${images(risk.underReplicated)} with too few copies: ${formatBytes(risk.missingBytes)} to copy, ${sayWhenSafe(risk.safeInMs)}`,
            command: "watch it: press 8",
          },
        ];
  return [...unreadable, ...thin];
};

const sayWhenSafe = (safeInMs: number | null): string =>
  safeInMs === null ? "end not known yet" : `safe in ${formatAge(safeInMs)}`;

const rebuilding = (
  { nodes }: ClusterView,
  node: ClusterNode,
  commands: NoticeCommands,
): readonly Notice[] => {
  const { id, rebuild } = node.view;
  if (node.state !== "rebuilding") return [];
  if (rebuild === null) {
    const text = `node ${id} is rebuilding: it votes and answers again when it has all records`;
    return [{ tone: "warn", text, command: "watch it: press 8" }];
  }
  if (rebuild.phase === "waiting") {
    const missing = nodes.filter(
      ({ view, state }) => rebuild.waitingFor.includes(view.id) && state === "down",
    );
    const [first] = missing;
    if (first === undefined && rebuild.waitingFor.length > 0) {
      // So does every node for a moment when it starts.
      const text = `node ${id} waits for word of node ${rebuild.waitingFor.join(", ")} before it votes and answers`;
      return [{ tone: "warn", text, command: "watch it: press 8" }];
    }
    const whom = rebuild.waitingFor.length === 0 ? "the others" : `node ${rebuild.waitingFor.join(", ")}`;
    const command = first === undefined ? commands.status : forNode(commands.start, first.view.id);
    return [
      {
        tone: "bad",
        text: `node ${id} lost its disk and waits for ${whom} before it can be refilled`,
        command: `start: ${command}`,
      },
    ];
  }
  const share = rebuild.totalBytes === 0 ? 0 : rebuild.doneBytes / rebuild.totalBytes;
  const left = rebuild.etaMs === null ? "" : `, ${formatAge(rebuild.etaMs)} left`;
  const text = `node ${id} is being refilled: ${rebuild.phase} ${formatPercent(share)}${left}`;
  return [{ tone: "warn", text, command: "watch it: press 8" }];
};

const disk = ({ view, state }: ClusterNode): readonly Notice[] => {
  const { id, readOnly, scrub, diskFreeBytes } = view;
  const full: readonly Notice[] =
    readOnly === true && state !== "down"
      ? [
          {
            tone: "bad",
            text: `node ${id} takes no new images: its disk is full or failed, ${formatBytes(diskFreeBytes)} free`,
            command: "there: df -h, dmesg",
          },
        ]
      : [];
  const rotten: readonly Notice[] =
    scrub !== null && scrub.unrepairable > 0
      ? [
          {
            tone: "bad",
            text: `node ${id}: ${images(scrub.unrepairable)} damaged on its disk, and no other node has a good copy`,
            command: "there: dmesg",
          },
        ]
      : [];
  return [...full, ...rotten];
};

const drained = ({ view, state }: ClusterNode): readonly Notice[] =>
  view.drained === true && state !== "down"
    ? [
        {
          tone: "warn",
          text: `node ${view.id} is drained: it gets no new images`,
          command: `end that: :undrain ${view.id}`,
        },
      ]
    : [];

/** Others hear the node and this console does not: then it is the way from here. */
const unreached = (node: ClusterNode, commands: NoticeCommands): readonly Notice[] =>
  node.link !== null && isLive(node.state)
    ? [
        {
          tone: "warn",
          text: `node ${node.view.id} is up, but not reached from here: ${node.link.what}`,
          command: `look: ${commands.doctor}`,
        },
      ]
    : [];
