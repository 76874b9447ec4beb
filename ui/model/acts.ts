/**
 * What can be done to a node from here, once: the menu, the command line, the questions and the docs come from this
 * table. Which of it is possible depends on who opened the console; with `--read-only` nothing is.
 *
 * An act that takes something away asks first, and the question says what will follow. To add one: an entry here,
 * and whoever performs acts (`src/console/acts.ts`) must know it.
 */
import type { ClusterNode, ClusterView } from "./cluster.ts";

export type ActName =
  | "move-lead"
  | "drain"
  | "undrain"
  | "check"
  | "pause"
  | "start"
  | "stop"
  | "kill"
  | "freeze"
  | "wake"
  | "restart"
  | "cut"
  | "mend";

export interface ActEntry {
  readonly name: ActName;
  /** Its letter in the menu. */
  readonly key: string;
  /** For the menu, the help and the docs. */
  readonly says: string;
  readonly asks: boolean;
  /** Why it makes no sense for this node now; null when it does. */
  readonly senseless: (node: ClusterNode, cluster: ClusterView) => string | null;
}

const runs = ({ process }: ClusterNode): boolean => process !== null && process.state !== "exited";
const isFrozen = ({ process }: ClusterNode): boolean => process?.state === "frozen";
const isCut = ({ process }: ClusterNode): boolean => process?.cut === true;
const unless = (holds: boolean, why: string): string | null => (holds ? null : why);

export const acts: readonly ActEntry[] = [
  {
    name: "move-lead",
    key: "l",
    says: "hand the lead to it",
    asks: true,
    senseless: (node, cluster) =>
      node.leads
        ? "leads already"
        : cluster.leader === null
          ? "nobody leads"
          : unless(node.state === "up", "not up"),
  },
  {
    name: "drain",
    key: "d",
    says: "no new images for it, and no lead",
    asks: true,
    senseless: (node) =>
      node.view.drained === true ? "drained already" : unless(node.state !== "down", "down"),
  },
  {
    name: "undrain",
    key: "u",
    says: "images for it again",
    asks: false,
    senseless: (node) => unless(node.view.drained === true && node.state !== "down", "not drained"),
  },
  {
    name: "check",
    key: "h",
    says: "check its disk now",
    asks: false,
    senseless: (node) =>
      node.view.scrub?.state === "running" ? "checking" : unless(node.state === "up", "not up"),
  },
  {
    name: "pause",
    key: "p",
    says: "let the check of its disk wait",
    asks: false,
    senseless: (node) => unless(node.view.scrub?.state === "running", "no check under way"),
  },
  {
    name: "start",
    key: "s",
    says: "start its process",
    asks: false,
    senseless: (node) => unless(!runs(node), "running"),
  },
  {
    name: "stop",
    key: "t",
    says: "stop it in good order",
    asks: true,
    senseless: (node) => unless(runs(node), "not running"),
  },
  {
    name: "kill",
    key: "k",
    says: "kill its process at once",
    asks: true,
    senseless: (node) => unless(runs(node), "not running"),
  },
  {
    name: "restart",
    key: "r",
    says: "stop it and start it again",
    asks: true,
    senseless: (node) => unless(runs(node), "not running"),
  },
  {
    name: "freeze",
    key: "f",
    says: "freeze its process (SIGSTOP)",
    asks: true,
    senseless: (node) => (isFrozen(node) ? "frozen already" : unless(runs(node), "not running")),
  },
  {
    name: "wake",
    key: "w",
    says: "wake it from being frozen",
    asks: false,
    senseless: (node) => unless(isFrozen(node), "not frozen"),
  },
  {
    name: "cut",
    key: "c",
    says: "cut its network",
    asks: true,
    senseless: (node) => (isCut(node) ? "cut off already" : unless(runs(node), "not running")),
  },
  {
    name: "mend",
    key: "m",
    says: "mend its network",
    asks: false,
    senseless: (node) => unless(isCut(node), "its network is whole"),
  },
];

export const actEntry = (name: ActName): ActEntry => {
  const entry = acts.find((each) => each.name === name);
  if (entry === undefined) throw new RangeError(`no act ${name}`);
  return entry;
};

/** What follows from it, for the question. */
export const consequenceOf = (name: ActName, node: ClusterNode, cluster: ClusterView): string => {
  switch (name) {
    case "move-lead":
      return "The highest node takes it back when it is steady; drain that one to prevent it.";
    case "drain":
      return node.leads
        ? "It leads: another is elected. It keeps its copies and goes on answering."
        : "It keeps its copies and goes on answering.";
    case "stop":
    case "kill":
    case "restart":
    case "freeze":
    case "cut":
      return withoutIt(name, node, cluster);
    case "undrain":
    case "check":
    case "pause":
    case "start":
    case "wake":
    case "mend":
      return "";
  }
};

const withoutIt = (name: ActName, node: ClusterNode, cluster: ClusterView): string => {
  const { live, needed } = cluster.quorum;
  const left = node.state === "up" || node.state === "suspect" ? live - 1 : live;
  if (left < needed) {
    const until = name === "restart" ? "until it is back" : "then";
    return `${left} of ${cluster.nodes.length} live ${until}: NO QUORUM, nothing can be written.`;
  }
  const stays = `${left} of ${cluster.nodes.length} live then: the quorum holds.`;
  return node.leads ? `${stays} It leads: an election follows.` : stays;
};
