/**
 * One report of a node as a line of the story, or as more about a line that is there already.
 */
import type { Event, LogEntry } from "../../core/model/events.ts";
import { wordFault } from "../../core/model/faults.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { sayNodes } from "../../core/model/say.ts";
import { formatAge, formatBytes } from "./format.ts";
import { leaderlessMsOf } from "./leaderless.ts";
import type { Tone } from "./line.ts";
import type { Item, Moment } from "./timeline.ts";

export interface Told {
  /** Reports with the same key are of the same thing. */
  readonly key: string;
  /** A sign that says it without colour, and the colour that repeats it. */
  readonly sign: "★" | "⇄" | "▼" | "▲" | "✚" | "!" | "·";
  readonly tone: Tone;
  /** Whom it is about; null for the cluster. */
  readonly node: NodeId | null;
  readonly text: string;
  /** What more reports added. */
  readonly more: string;
  /** Images and bytes, where they are added up. */
  readonly images: number;
  readonly bytes: number;
}

export type Telling =
  | {
      readonly kind: "line";
      readonly key: string;
      readonly told: Told;
      readonly merge: (told: Told) => Told;
      /** How long after the first report others belong to it, where that is not the usual. */
      readonly lastsMs?: number;
    }
  /** Only adds to a line, and is nothing without it. */
  | {
      readonly kind: "more";
      readonly key: string;
      readonly merge: (told: Told) => Told;
      readonly lastsMs?: number;
    };

/** Whether it is about copies or the disks that hold them. */
export const isOfDisks = ({ key }: Told): boolean =>
  /^(copied|lacks|full|freed|failed|disk|damage|checked|check|check-wait) /.test(key);

const line = (
  key: string,
  sign: Told["sign"],
  tone: Tone,
  node: NodeId | null,
  text: string,
  merge: (told: Told) => Told = (told) => told,
): Telling => ({
  kind: "line",
  key,
  told: { key, sign, tone, node, text, more: "", images: 0, bytes: 0 },
  merge,
});

/** Null for what is no part of the story. `recent` are the items before, oldest first. */
export const tellingOf = (entry: LogEntry, recent: readonly Item[], moment: Moment): Telling | null => {
  const { event, node } = entry;
  switch (event.kind) {
    case "leader.elected":
      return elected(event, node);
    case "leaderless.ended": {
      const longestMs = Math.max(event.leaderlessMs, leaderlessMsOf(entry, event.term, recent, moment));
      const more = `, after ${formatAge(longestMs)} without a leader`;
      const key = `term ${event.term}`;
      return { kind: "more", key, merge: (told) => ({ ...told, more }) };
    }
    case "leader.handed-over": {
      const text = `node ${node} hands the lead to node ${event.to}, term ${event.term} ends`;
      return line(`handed ${event.term}`, "⇄", "accent", node, text);
    }
    case "leader.stepped-down":
      return steppedDown(event, node);
    case "node.down":
    case "node.up":
      return standing(entry, event, recent);
    case "quorum.lost": {
      const text = `no quorum: ${event.live} live, ${event.needed} needed; nothing is written`;
      return line("no quorum", "!", "bad", null, text);
    }
    case "quorum.regained":
      return line("quorum", "▲", "good", null, `quorum again: ${event.live} live, ${event.needed} needed`);
    case "node.started":
      return line(
        `started ${node} ${event.boot}`,
        "▲",
        "plain",
        node,
        `node ${node} started, boot ${event.boot}`,
      );
    case "node.stopped":
      return line(`stopped ${node}`, "▼", "plain", node, `node ${node} stopped in good order`);
    case "copy.made":
      return repaired(entry, event);
    case "copy.missing":
      return lacking(node);
    default:
      return care(entry);
  }
};

/** What the disk, the clock and people do. */
const care = (entry: LogEntry): Telling | null => {
  const { event, node } = entry;
  switch (event.kind) {
    case "disk.filled":
      return line(
        `full ${node}`,
        "!",
        "warn",
        node,
        `node ${node} takes no images: ${wordFault(event.fault).what}`,
      );
    case "disk.freed":
      return line(`freed ${node}`, "▲", "good", node, `node ${node} has room again and takes images`);
    case "disk.failed":
      return line(
        `failed ${node}`,
        "!",
        "bad",
        node,
        `disk of node ${node} failed: ${wordFault(event.fault).what}`,
      );
    case "clock.differed": {
      const text = `clocks of nodes ${node} and ${event.peer} differ by ${formatAge(Math.abs(event.aheadMs))}`;
      return line(pairKey("clocks", node, event.peer), "!", "warn", event.peer, text);
    }
    case "clock.agreed": {
      const text = `clocks of nodes ${node} and ${event.peer} agree again`;
      return line(pairKey("clocks agree", node, event.peer), "▲", "good", event.peer, text);
    }
    case "lead.moved":
      return line(`moved ${node}`, "·", "plain", event.to, `${event.by} wants node ${event.to} to lead`);
    case "node.drained":
      return line(`drained ${node}`, "·", "warn", node, `${event.by} drained node ${node}`);
    case "node.undrained":
      return line(`undrained ${node}`, "·", "plain", node, `${event.by} undrained node ${node}`);
    case "users.revoked":
      return revoked(event);
    case "process.handled":
      return line(
        `${event.act} ${node}`,
        "·",
        "warn",
        node,
        `${event.by} ${handledWords[event.act]} node ${node}`,
      );
    default:
      return disk(entry);
  }
};

/** Every node says so when it has heard of it; who was away, long after. */
const revoked = ({ number, users }: Extract<Event, { kind: "users.revoked" }>): Telling => {
  const all = users === 1 ? "1 user is revoked" : `${users} users are revoked`;
  const telling = line(`revoked ${number}`, "·", "warn", null, `list ${number} of the revoked: ${all} now`);
  return { ...telling, lastsMs: Number.POSITIVE_INFINITY };
};

/** How a disk stands that is not what it was. */
const disk = ({ event, node }: LogEntry): Telling | null => {
  switch (event.kind) {
    case "disk.born":
      return event.generation === 1 ? null : line(`disk whole ${node}`, "▲", "good", node, wholeAgain(node));
    case "disk.rebuilding":
      return line(`disk empty ${node}`, "!", "warn", node, `disk of node ${node} is empty: it is refilled`);
    case "disk.outdated":
      return line(`disk old ${node}`, "!", "warn", node, `disk of node ${node} is old: ${event.reason}`);
    case "disk.set-aside":
      return line(`disk aside ${node}`, "!", "warn", node, `disk of node ${node} set aside: ${event.reason}`);
    case "disk.refilled":
      return line(
        `disk refilled ${node}`,
        "✚",
        "accent",
        node,
        `node ${node} has ${event.records} records again, in ${formatAge(event.ms)}; its copies follow`,
      );
    case "disk.waiting":
    case "disk.still-waiting": {
      const text = `node ${node} waits for ${sayNodes(event.nodes)} to know its disk`;
      return line(`disk waits ${node} ${event.nodes.join()}`, "!", "warn", node, text);
    }
    case "disk.lost":
      return line(`disk lost ${node}`, "!", "bad", node, "all disks are empty, and one was set aside");
    case "scrub.found":
      return damaged(node);
    case "scrub.ended": {
      const text = `node ${node} checked ${imagesIn(event.checked)}, ${event.bad} damaged`;
      return line(`checked ${node}`, "·", event.bad > 0 ? "warn" : "good", node, text);
    }
    case "scrub.begun":
      return line(`check ${node}`, "·", "plain", node, `${event.by} has the disk of node ${node} checked`);
    case "scrub.paused":
      return line(`check-wait ${node}`, "·", "plain", node, `${event.by} let the check of node ${node} wait`);
    default:
      return null;
  }
};

const wholeAgain = (node: NodeId): string => `disk of node ${node} is whole again; it votes and answers`;

const handledWords = {
  start: "started",
  stop: "stopped",
  kill: "killed",
  freeze: "froze",
  wake: "woke",
  cut: "cut the network of",
  mend: "mended the network of",
} as const;

const pairKey = (what: string, one: NodeId, other: NodeId): string =>
  `${what} ${Math.min(one, other)} ${Math.max(one, other)}`;

const elected = (event: Extract<Event, { kind: "leader.elected" }>, node: NodeId): Telling => {
  const text = `node ${event.leader} leads term ${event.term}`;
  const telling = line(`term ${event.term}`, "★", "good", event.leader, text);
  // Followers hear of it a moment later; who comes back after minutes hears of an old election.
  return node === event.leader ? telling : { ...telling, lastsMs: Number.POSITIVE_INFINITY };
};

const steppedDownWords = {
  "lease-lost": "a majority no longer answers",
  suspended: "its machine was asleep",
} as const;

const steppedDown = (
  event: Extract<Event, { kind: "leader.stepped-down" }>,
  node: NodeId,
): Telling | null => {
  if (event.reason === "handover" || event.reason === "higher-term") return null;
  const text = `node ${node} no longer leads term ${event.term}: ${steppedDownWords[event.reason]}`;
  return line(`stepped ${event.term}`, "▼", "warn", node, text);
};

const downWords = {
  silent: "nothing is heard from it",
  refused: "it refuses connections",
  restarted: "it restarted",
  goodbye: "it was stopped",
} as const;

/** Down and up take turns: a report belongs to the item before exactly while nothing else happened to that node. */
const standing = (
  entry: LogEntry,
  event: Extract<Event, { kind: "node.down" | "node.up" }>,
  recent: readonly Item[],
): Telling => {
  const { peer } = event;
  const before = recent.findLast(({ told }) => /^(down|up) /.test(told.key) && told.node === peer);
  const what = event.kind === "node.down" ? "down" : "up";
  const goesOn = before?.told.key.startsWith(`${what} `) === true;
  const key = goesOn ? before.told.key : `${what} ${peer} ${before?.number ?? "first"}`;
  if (event.kind === "node.down") {
    const led = leaderBefore(recent) === peer ? " (it led)" : "";
    const text = `node ${peer} is down${led}: ${downWords[event.reason]}`;
    return { ...line(key, "▼", "bad", peer, text), lastsMs: Number.POSITIVE_INFINITY };
  }
  const since = before !== undefined && !goesOn ? `, after ${formatAge(entry.at - before.at)}` : "";
  const text = `node ${peer} is up${since}`;
  return { ...line(key, "▲", "good", peer, text), lastsMs: Number.POSITIVE_INFINITY };
};

const leaderBefore = (recent: readonly Item[]): NodeId | null =>
  recent.findLast(({ told }) => told.sign === "★")?.told.node ?? null;

/** Copies come in crowds: those of one node within half a minute are one repair. */
const repairMsMax = 30_000;

const repaired = ({ node }: LogEntry, event: Extract<Event, { kind: "copy.made" }>): Telling => {
  const say = (images: number, bytes: number): string =>
    `node ${node} copied ${imagesIn(images)}, ${formatBytes(bytes)}`;
  const key = `copied ${node}`;
  const first: Told = {
    key,
    sign: "✚",
    tone: "accent",
    node,
    text: say(1, event.bytes),
    more: "",
    images: 1,
    bytes: event.bytes,
  };
  return {
    kind: "line",
    key,
    lastsMs: repairMsMax,
    told: first,
    merge: (told) => {
      const images = told.images + 1;
      const bytes = told.bytes + event.bytes;
      return { ...told, images, bytes, text: say(images, bytes) };
    },
  };
};

const lacking = (node: NodeId): Telling =>
  counted(node, "lacks", (images) => `node ${node} should have ${images} that no live node has`);

const damaged = (node: NodeId): Telling =>
  counted(node, "damage", (images) => `on the disk of node ${node}: ${images} damaged, to be made again`);

const imagesIn = (images: number): string => `${images} ${images === 1 ? "image" : "images"}`;

/** Images in trouble come in crowds, too. */
const counted = (node: NodeId, trouble: string, words: (images: string) => string): Telling => {
  const say = (images: number): string => words(imagesIn(images));
  const key = `${trouble} ${node}`;
  const merge = (told: Told): Told => ({ ...told, images: told.images + 1, text: say(told.images + 1) });
  const first: Told = { key, sign: "!", tone: "bad", node, text: say(1), more: "", images: 1, bytes: 0 };
  return { kind: "line", key, lastsMs: repairMsMax, told: first, merge };
};
