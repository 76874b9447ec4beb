/**
 * What happened, as typed facts in the past tense. The log prints them, the console and the tests read them;
 * `sentenceOf` gives each its one plain sentence: fact, number with unit, consequence.
 */
import type { RefusalReason } from "./control.ts";
import { type Fault, sayBytes, wordFault } from "./faults.ts";
import type { Boot, ImageId, NodeId, StoreId, Term, UserName } from "./ids.ts";
import { shortId } from "./ids.ts";
import type { AssignedBy, Verdict } from "./records.ts";
import { sayNodes } from "./say.ts";

export type Level = "debug" | "info" | "warn" | "error";

export type Event =
  | { readonly kind: "node.started"; readonly boot: Boot; readonly store: StoreId; readonly address: string }
  | { readonly kind: "node.listening"; readonly address: string }
  | { readonly kind: "node.stopped" }
  | {
      readonly kind: "election.started";
      readonly term: Term;
      readonly reason: "timeout" | "leader-dead" | "handover";
    }
  | { readonly kind: "vote.granted"; readonly term: Term; readonly to: NodeId }
  | {
      readonly kind: "vote.refused";
      readonly term: Term;
      readonly to: NodeId;
      readonly reason: RefusalReason;
    }
  | { readonly kind: "leader.elected"; readonly term: Term; readonly leader: NodeId }
  /** Said by the new leader: how long it had heard none, or had been up without one. */
  | { readonly kind: "leaderless.ended"; readonly term: Term; readonly leaderlessMs: number }
  | {
      readonly kind: "leader.stepped-down";
      readonly term: Term;
      readonly reason: "higher-term" | "lease-lost" | "handover" | "suspended";
    }
  | { readonly kind: "leader.handed-over"; readonly term: Term; readonly to: NodeId }
  | { readonly kind: "leader.lost"; readonly term: Term; readonly leader: NodeId; readonly silenceMs: number }
  | { readonly kind: "node.up"; readonly peer: NodeId }
  | { readonly kind: "node.suspect"; readonly peer: NodeId; readonly silenceMs: number }
  | {
      readonly kind: "node.down";
      readonly peer: NodeId;
      readonly reason: "silent" | "refused" | "restarted" | "goodbye";
    }
  | { readonly kind: "quorum.lost"; readonly live: number; readonly needed: number }
  | { readonly kind: "quorum.regained"; readonly live: number; readonly needed: number }
  | { readonly kind: "request.assigned"; readonly request: ImageId; readonly to: NodeId; readonly term: Term }
  | {
      readonly kind: "image.stored";
      readonly image: ImageId;
      readonly bytes: number;
      readonly copies: number;
      readonly ms: number;
      readonly assignedBy: AssignedBy;
    }
  | { readonly kind: "image.refused"; readonly image: ImageId; readonly fault: Fault }
  | {
      readonly kind: "image.inspected";
      readonly image: ImageId;
      readonly verdict: Verdict;
      readonly ms: number;
    }
  | { readonly kind: "copy.dropped"; readonly image: ImageId; readonly home: NodeId; readonly fault: Fault }
  /** A payload that this node should have had was fetched. */
  | { readonly kind: "copy.made"; readonly image: ImageId; readonly from: NodeId; readonly bytes: number }
  /** This node was listed as a home, has no copy, and could get none. */
  | { readonly kind: "copy.missing"; readonly image: ImageId; readonly fault: Fault }
  | { readonly kind: "records.pulled"; readonly from: NodeId; readonly records: number }
  /** Digests differed: records were joined in that the feed had not brought. */
  | { readonly kind: "records.compared"; readonly peer: NodeId; readonly records: number }
  | { readonly kind: "segment.compacted"; readonly segment: string }
  /** Its log was damaged; what lives in it was moved. */
  | { readonly kind: "segment.mended"; readonly segment: string }
  /** Damage on this disk: of a payload, which is fetched again, or of an entry, which was written anew. */
  | { readonly kind: "scrub.found"; readonly image: ImageId; readonly payload: boolean }
  | { readonly kind: "scrub.ended"; readonly checked: number; readonly bad: number; readonly ms: number }
  /** This disk is new with the cluster, or was filled: its `generation`th birth. */
  | { readonly kind: "disk.born"; readonly generation: number }
  | { readonly kind: "disk.confirmed" }
  | { readonly kind: "disk.rebuilding" }
  | { readonly kind: "disk.outdated"; readonly reason: string }
  | { readonly kind: "disk.lost" }
  | { readonly kind: "disk.waiting"; readonly nodes: readonly NodeId[] }
  /** After a while in which nobody started them. */
  | { readonly kind: "disk.still-waiting"; readonly nodes: readonly NodeId[] }
  | { readonly kind: "disk.set-aside"; readonly path: string; readonly reason: string }
  | { readonly kind: "disk.refilled"; readonly records: number; readonly ms: number }
  | { readonly kind: "peer.rejected"; readonly remote: string; readonly fault: Fault }
  /** `aheadMs`: the peer's wall clock minus this node's. */
  | { readonly kind: "clock.differed"; readonly peer: NodeId; readonly aheadMs: number }
  | { readonly kind: "clock.agreed"; readonly peer: NodeId; readonly aheadMs: number }
  /** What operators did; `by` is the name in the certificate. */
  | { readonly kind: "lead.moved"; readonly to: NodeId; readonly by: UserName }
  | { readonly kind: "node.drained"; readonly by: UserName }
  | { readonly kind: "node.undrained"; readonly by: UserName }
  | { readonly kind: "scrub.begun"; readonly by: UserName }
  | { readonly kind: "scrub.paused"; readonly by: UserName }
  /** A newer list of revoked users has come, and counts here from now on; `closed` connections were theirs. */
  | {
      readonly kind: "users.revoked";
      readonly number: number;
      readonly users: number;
      readonly closed: number;
      readonly by: string;
    }
  /** Something was done to the node's process; said by whoever runs it, because the node may not be able to. */
  | { readonly kind: "process.handled"; readonly act: ProcessAct; readonly by: string }
  /** The disk is below its headroom, or above it again. */
  | { readonly kind: "disk.filled"; readonly fault: Fault }
  | { readonly kind: "disk.freed" }
  | { readonly kind: "disk.failed"; readonly fault: Fault };

/** What can be done to the process of a node. `cut`: it hears nobody and nobody hears it. */
export type ProcessAct = "start" | "stop" | "kill" | "freeze" | "wake" | "cut" | "mend";

/** An event with where and when: one line of the log. */
export interface LogEntry {
  /** Wall time, milliseconds. */
  readonly at: number;
  readonly node: NodeId;
  readonly level: Level;
  readonly event: Event;
}

export const levelOf = (event: Event): Level => {
  switch (event.kind) {
    case "disk.failed":
      return "error";
    case "quorum.lost":
    case "node.suspect":
    case "node.down":
    case "leader.lost":
    case "peer.rejected":
    case "copy.dropped":
    case "copy.missing":
    case "scrub.found":
    case "segment.mended":
    case "disk.rebuilding":
    case "disk.outdated":
    case "disk.still-waiting":
    case "disk.lost":
    case "disk.set-aside":
    case "clock.differed":
    case "disk.filled":
    case "process.handled":
      return "warn";
    case "image.refused":
      return isGivenUp(event.fault) ? "info" : "warn";
    case "vote.granted":
    case "vote.refused":
    case "records.pulled":
    case "records.compared":
    case "segment.compacted":
    case "request.assigned":
      return "debug";
    case "scrub.ended":
    case "disk.born":
    case "disk.waiting":
    case "disk.confirmed":
    case "disk.refilled":
    case "node.started":
    case "node.listening":
    case "node.stopped":
    case "election.started":
    case "leader.elected":
    case "leaderless.ended":
    case "leader.stepped-down":
    case "leader.handed-over":
    case "node.up":
    case "quorum.regained":
    case "clock.agreed":
    case "disk.freed":
    case "image.stored":
    case "image.inspected":
    case "copy.made":
    case "lead.moved":
    case "node.drained":
    case "node.undrained":
    case "scrub.begun":
    case "scrub.paused":
    case "users.revoked":
      return "info";
  }
};

/** Of an upload: its own client was lost, not one of the nodes that were to store it. */
const isGivenUp = (problem: Fault): boolean =>
  problem.code === "CONNECTION_LOST" && !problem.peer.startsWith("node ");

const sayImages = (images: number): string => (images === 1 ? "1 image" : `${images} images`);

const refusals: Readonly<Record<RefusalReason, string>> = {
  "lower-term": "its term is over",
  "hears-leader": "I hear the leader",
  "is-leader": "I lead",
  "silent-after-restart": "I have just restarted",
  "higher-electable": "a higher id is alive",
  "already-voted": "I voted for another",
  rebuilding: "I am rebuilding",
};
const electionReasons = {
  timeout: "nobody leads",
  "leader-dead": "the leader is dead",
  handover: "the leader handed over",
} as const;
const stepDownReasons = {
  "higher-term": "a higher term exists",
  "lease-lost": "a majority no longer answers",
  handover: "it handed over",
  suspended: "this machine was asleep",
} as const;
const downReasons = {
  silent: "nothing was heard from it",
  refused: "it refuses connections",
  restarted: "it restarted",
  goodbye: "it was stopped",
} as const;

const handled: Readonly<Record<ProcessAct, string>> = {
  start: "started by",
  stop: "told to stop by",
  kill: "killed by",
  freeze: "frozen by",
  wake: "woken by",
  cut: "cut off from the others by",
  mend: "connected to the others again by",
};

/** One sentence for people; `node` is who says it. */
export const sentenceOf = (node: NodeId, event: Event): string => {
  const who = `Node ${node}`;
  switch (event.kind) {
    case "node.started":
      return `${who}: started (boot ${event.boot}), will listen on ${event.address}`;
    case "node.listening":
      return `${who} listening on ${event.address}`;
    case "node.stopped":
      return `${who}: stopped in good order`;
    case "election.started":
      return `${who}: I ask for votes for term ${event.term}, because ${electionReasons[event.reason]}`;
    case "vote.granted":
      return `${who}: I vote for node ${event.to} in term ${event.term}`;
    case "vote.refused":
      return `${who}: no vote for node ${event.to} in term ${event.term}: ${refusals[event.reason]}`;
    case "leader.elected":
      return event.leader === node
        ? `${who}: I am the new leader (term ${event.term})`
        : `${who}: node ${event.leader} leads term ${event.term}`;
    case "leaderless.ended":
      return `${who}: nobody led for ${Math.round(event.leaderlessMs)} ms; term ${event.term} has begun`;
    case "leader.stepped-down":
      return `${who}: I no longer lead term ${event.term}: ${stepDownReasons[event.reason]}`;
    case "leader.handed-over":
      return `${who}: I hand over to node ${event.to} after term ${event.term}`;
    case "leader.lost":
      return `${who}: leader ${event.leader} of term ${event.term} silent for ${Math.round(event.silenceMs)} ms`;
    case "node.up":
      return `${who}: node ${event.peer} is up`;
    case "node.suspect":
      return `${who}: node ${event.peer} silent for ${Math.round(event.silenceMs)} ms, no new work for it`;
    case "node.down":
      return `${who}: node ${event.peer} is down: ${downReasons[event.reason]}`;
    case "quorum.lost":
      return `${who}: quorum lost: ${event.live} live, ${event.needed} needed; nothing is written until they return`;
    case "quorum.regained":
      return `${who}: quorum regained: ${event.live} live, ${event.needed} needed`;
    case "request.assigned":
      return `${who}: request ${shortId(event.request)} goes to node ${event.to} (term ${event.term})`;
    case "image.stored":
      return `${who}: stored image ${shortId(event.image)}, ${sayBytes(event.bytes)}, ${event.copies} copies, ${event.ms.toFixed(1)} ms`;
    case "image.refused":
      if (isGivenUp(event.fault))
        return `${who}: the client of ${shortId(event.image)} went away before the image was stored`;
      return `${who}: refused ${shortId(event.image)}: ${wordFault(event.fault).what}`;
    case "image.inspected":
      return `${who}: decoded ${shortId(event.image)}: ${event.verdict}, ${event.ms.toFixed(1)} ms`;
    case "copy.dropped":
      return `${who}: node ${event.home} dropped as a home of ${shortId(event.image)}: ${wordFault(event.fault).what}`;
    case "copy.made":
      return `${who}: copied image ${shortId(event.image)} from node ${event.from}, ${sayBytes(event.bytes)}; one more copy of it is safe`;
    case "copy.missing":
      return `${who}: no copy of image ${shortId(event.image)} to be had (${wordFault(event.fault).what}); this node no longer counts as its home`;
    case "disk.born":
      return event.generation === 1
        ? `${who}: this disk is new, like those of all nodes; the cluster is born`
        : `${who}: this disk has what the others know; it is the node's disk ${event.generation}`;
    case "disk.confirmed":
      return `${who}: this disk is what the others remember; the node votes and answers`;
    case "disk.rebuilding":
      return `${who}: this disk is empty and the others are not; it is refilled before the node votes or answers`;
    case "disk.outdated":
      return `${who}: this disk is old: ${event.reason}; it is set aside and refilled`;
    case "disk.waiting":
      return `${who}: waiting for ${sayNodes(event.nodes)} to say what ${event.nodes.length === 1 ? "it knows" : "they know"} of this disk; the first time all nodes have to come`;
    case "disk.still-waiting":
      return `${who}: still waiting for ${sayNodes(event.nodes)}; if ${event.nodes.length === 1 ? "it" : "they"} will never come back, and only then: distinsta server ${node} --accept-loss`;
    case "disk.lost":
      return `${who}: all disks are empty, and one took the place of a damaged one: look at what is set aside, or begin anew: distinsta server ${node} --accept-loss`;
    case "disk.set-aside":
      return `${who}: what was on this disk is at ${event.path} until it is refilled, because ${event.reason}`;
    case "disk.refilled":
      return `${who}: refilled ${event.records} records in ${(event.ms / 1000).toFixed(1)} s; copies of images follow`;
    case "records.pulled":
      return `${who}: pulled ${event.records} records from node ${event.from}`;
    case "records.compared":
      return `${who}: compared digests with node ${event.peer}; ${event.records} records were news`;
    case "segment.compacted":
      return `${who}: segment ${event.segment.slice(0, 8)} was mostly dead and is gone; its space is free`;
    case "segment.mended":
      return `${who}: the log in segment ${event.segment.slice(0, 8)} was damaged; what lives in it was moved, and it is gone`;
    case "scrub.found":
      return event.payload
        ? `${who}: the copy of image ${shortId(event.image)} on this disk is damaged; it is set aside and fetched again`
        : `${who}: the entry of image ${shortId(event.image)} on this disk was damaged; it was written anew`;
    case "scrub.ended":
      return `${who}: checked ${sayImages(event.checked)} in ${(event.ms / 1000).toFixed(1)} s, ${event.bad} of them damaged`;
    case "peer.rejected":
      return `${who}: closed the connection from ${event.remote}: ${wordFault(event.fault).what}`;
    case "clock.differed":
      return `${who}: the clock of node ${event.peer} is ${sayAhead(event.aheadMs)} mine; set both: timedatectl set-ntp true`;
    case "clock.agreed":
      return `${who}: the clock of node ${event.peer} agrees with mine again`;
    case "lead.moved":
      return `${who}: ${event.by} wants node ${event.to} to lead`;
    case "node.drained":
      return `${who}: drained by ${event.by}: it gets no new images and leads only if nobody else can`;
    case "node.undrained":
      return `${who}: no longer drained, says ${event.by}: it gets new images`;
    case "scrub.begun":
      return `${who}: ${event.by} has the background check of this disk run now`;
    case "scrub.paused":
      return `${who}: ${event.by} has the background check of this disk wait`;
    case "users.revoked":
      return `${who}: list ${event.number} of the revoked came from ${event.by}: ${event.users === 1 ? "1 user is" : `${event.users} users are`} on it; ${event.closed === 1 ? "1 connection was" : `${event.closed} connections were`} closed`;
    case "process.handled":
      return `${who}: ${handled[event.act]} ${event.by}`;
    case "disk.filled":
      return `${who}: ${wordFault(event.fault).what}, below its headroom; this node takes no new images`;
    case "disk.freed":
      return `${who}: the disk has room again; this node takes images`;
    case "disk.failed":
      return `${who}: disk failed: ${wordFault(event.fault).what}; this node takes no more work`;
  }
};

const sayAhead = (aheadMs: number): string =>
  `${(Math.abs(aheadMs) / 1000).toFixed(1)} s ${aheadMs > 0 ? "ahead of" : "behind"}`;
