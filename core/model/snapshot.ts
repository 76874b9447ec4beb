/**
 * The cluster at one moment, as one node sees it: what `status` prints and the console draws.
 *
 * It is plain data made from a node's state (`decide/observe.ts`); whoever shows it needs no socket.
 */
import type { ClusterId, NodeId, Term } from "./ids.ts";
import type { WallMs } from "./units.ts";

export type NodeState = "up" | "suspect" | "down" | "rebuilding";
export type NodeRole = "leader" | "follower" | "candidate";

/** A node that is being refilled. */
export interface RebuildView {
  /** `waiting`: for enough other nodes; then `records`, then `payloads`. */
  readonly phase: "waiting" | "records" | "payloads";
  /** Images of which this node is to have a copy and has none yet. */
  readonly imagesLeft: number;
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number | null;
  readonly etaMs: number | null;
  /** The nodes whose answer it needs and does not have; empty unless waiting. */
  readonly waitingFor: readonly NodeId[];
}

/** The background check of one disk. */
export interface ScrubView {
  readonly state: "running" | "paused" | "idle";
  /** 0 … 1 of the present round. */
  readonly share: number;
  readonly checked: number;
  readonly bad: number;
  readonly repaired: number;
  readonly unrepairable: number;
}

/** What is at risk in the whole cluster. */
export interface RiskView {
  /** Images with fewer live copies than wanted, and with none. */
  readonly underReplicated: number;
  readonly unreadable: number;
  readonly missingBytes: number;
  /** Expected until every image has its copies; null when that cannot be said. */
  readonly safeInMs: number | null;
}

export interface NodeView {
  readonly id: NodeId;
  readonly address: string;
  readonly state: NodeState;
  readonly role: NodeRole;
  /** Since the observer last heard from it; 0 for itself; null when never. */
  readonly heartbeatMs: number | null;
  readonly roundTripMs: number | null;
  /** From its last report; null when it never sent one. */
  readonly inFlight: number | null;
  /** 0 … 1, what the balancer goes by. */
  readonly load: number | null;
  readonly cpu: number | null;
  readonly memory: number | null;
  readonly lagMs: number | null;
  readonly images: number | null;
  readonly payloadBytes: number | null;
  readonly diskFreeBytes: number | null;
  readonly uptimeMs: number | null;
  /** An operator asked it to take no new images; and its disk has no room for any. */
  readonly drained: boolean | null;
  readonly readOnly: boolean | null;
  /** Of the uploads that it processed within the last ten seconds; the times are null when there were none. */
  readonly uploadsPerSecond: number | null;
  readonly uploadMsP50: number | null;
  readonly uploadMsP99: number | null;
  /** Null when it is whole, and when nobody says. */
  readonly rebuild: RebuildView | null;
  readonly scrub: ScrubView | null;
}

/** One direction of the heartbeat matrix: how long `from` has not heard `to`. */
export interface LinkView {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly silenceMs: number | null;
  readonly roundTripMs: number | null;
}

export interface Snapshot {
  readonly observer: NodeId;
  readonly at: WallMs;
  readonly cluster: ClusterId;
  /** Both null when no leader is known. */
  readonly term: Term | null;
  readonly leader: NodeId | null;
  readonly quorum: { readonly live: number; readonly needed: number; readonly ok: boolean };
  /** How many more nodes may stop before something acknowledged cannot be read, or nothing be written. */
  readonly tolerance: number;
  /** Null when the observer does not know its images yet. */
  readonly risk: RiskView | null;
  readonly nodes: readonly NodeView[];
  readonly links: readonly LinkView[];
}
