/**
 * What nodes say to each other to know who lives and who leads: small, frequent, and each harmless to lose.
 *
 * Every message names its sender's `boot`, so that a restarted process is never taken for the one before. A
 * time in a message is the _sender's_ monotonic clock and is only ever echoed back to it.
 */
import type { Boot, ImageId, NodeId, StoreId, Term } from "./ids.ts";
import type { RebuildView, ScrubView } from "./snapshot.ts";
import type { MonotonicMs } from "./units.ts";

/** What a node says of its own work and machine; the balancer and the console read it. */
export interface LoadReport {
  /** Images being processed now, and the plaintext bytes of them that are still to come. */
  readonly inFlight: number;
  readonly bytesInFlight: number;
  /** 0 … 1: the share of the machine's processors that are busy. */
  readonly cpu: number;
  /** 0 … 1: the share of the machine's memory that is used. */
  readonly memory: number;
  /** Event loop: how late timers fire, milliseconds, recent 99th percentile. */
  readonly lagMs: number;
  readonly images: number;
  readonly payloadBytes: number;
  readonly diskFreeBytes: number;
  readonly uptimeMs: number;
  /** Of the uploads that it processed within the last ten seconds; the times are null when there were none. */
  readonly uploadsPerSecond: number;
  readonly uploadMsP50: number | null;
  readonly uploadMsP99: number | null;
  /** Takes no new images: asked to (drained), or the disk is below its headroom. */
  readonly drained: boolean;
  readonly readOnly: boolean;
  /** Null when the disk is whole. */
  readonly rebuild: RebuildView | null;
  /** Null before the first round. */
  readonly scrub: ScrubView | null;
}

/** What one node remembers of another's disk: what that one may not have fallen back behind. */
export interface DiskMemory {
  /** How often the node's disk was born: 1 with the cluster, one more each time it was filled anew. */
  readonly generation: number;
  readonly store: StoreId;
  /** How often its term, its vote or its boot number was saved. */
  readonly saves: number;
  /** Its feed head. */
  readonly feedHead: number;
}

/** What is remembered of a peer's disk: now, and from before its present process was started. */
export interface PeerMemory {
  /** Tells one process of the peer from the next. */
  readonly run: number;
  readonly latest: DiskMemory;
  readonly before: DiskMemory | null;
}

/** What the machine can say of that; whether it is drained is the operator's word, and the node's own state. */
export type MeasuredLoad = Omit<LoadReport, "drained">;

/** Sent to every peer each heartbeat interval, by everybody. */
export interface Ping {
  readonly kind: "ping";
  readonly boot: Boot;
  /** A random number, another for each process: a disk that was copied may start with the same boot twice. */
  readonly run: number;
  readonly store: StoreId;
  readonly saves: number;
  readonly term: Term;
  /** Whom the sender takes for leader of `term`. */
  readonly leader: NodeId | null;
  /** Sees a majority, disk healthy, not rebuilding, event loop not lagging. */
  readonly electable: boolean;
  /** 0 while the sender's disk is empty or being refilled. */
  readonly generation: number;
  /** It took the place of a damaged disk, which the sender has set aside. */
  readonly replaces: boolean;
  /** Its disk is what the others remember: it may vote and answer. */
  readonly ready: boolean;
  /** The sender's highest durable change number. */
  readonly feedHead: number;
  readonly load: LoadReport;
  /** Peers heard within the election timeout: a peer that finds itself here knows that it is heard. */
  readonly hears: readonly NodeId[];
  /** Silence of each peer as the sender sees it, milliseconds: one row of the heartbeat matrix. */
  readonly silenceMs: readonly {
    readonly id: NodeId;
    readonly ms: number;
    readonly roundTripMs: number | null;
  }[];
  readonly sentAt: MonotonicMs;
  /** The receiver's own `sentAt` of the last ping heard from it, and how long ago that was heard. */
  readonly echo: { readonly sentAt: MonotonicMs; readonly heldMs: number } | null;
  /** What the sender remembers of the receiver's disk from before the process `run` was started; null when it has heard none. */
  readonly remembers: { readonly run: number; readonly disk: DiskMemory | null } | null;
  /** How much of the receiver's change feed the sender has on its own disk. */
  readonly pulled: { readonly store: StoreId; readonly upTo: number } | null;
}

/** "Would you vote for me in `term`?" Changes nothing durable (Ongaro's thesis, §9.6). */
export interface PreVoteRequest {
  readonly kind: "pre-vote.request";
  readonly boot: Boot;
  readonly term: Term;
}
export interface PreVoteReply {
  readonly kind: "pre-vote.reply";
  readonly boot: Boot;
  /** The term asked for. */
  readonly term: Term;
  /** The voter's own term: higher than the candidate's, and the candidate steps down. */
  readonly ownTerm: Term;
  readonly granted: boolean;
  readonly reason: RefusalReason | null;
}

/** `handover`: the outgoing leader named the sender; the term that it gave up is `term − 1`. */
export interface VoteRequest {
  readonly kind: "vote.request";
  readonly boot: Boot;
  readonly term: Term;
  readonly handover: boolean;
}
export interface VoteReply {
  readonly kind: "vote.reply";
  readonly boot: Boot;
  readonly term: Term;
  readonly ownTerm: Term;
  readonly granted: boolean;
  readonly reason: RefusalReason | null;
}

export type RefusalReason =
  | "lower-term"
  | "hears-leader"
  | "is-leader"
  | "silent-after-restart"
  | "higher-electable"
  | "already-voted"
  | "rebuilding";

/** The leader's beat; a node that acknowledges it extends the lease from `sentAt`. */
export interface Heartbeat {
  readonly kind: "heartbeat";
  readonly boot: Boot;
  readonly term: Term;
  readonly leaseMs: number;
  readonly sentAt: MonotonicMs;
}
export interface HeartbeatReply {
  readonly kind: "heartbeat.reply";
  readonly boot: Boot;
  /** The replier's own term: higher than the heartbeat's, and the leader steps down. */
  readonly term: Term;
  /** Accepted: the heartbeat's term was the replier's. */
  readonly accepted: boolean;
  readonly sentAt: MonotonicMs;
}

/** The leader of `term` acts no more; `to` may stand at `term + 1` at once. */
export interface Handover {
  readonly kind: "handover";
  readonly boot: Boot;
  readonly term: Term;
  readonly to: NodeId;
}

/** "I closed on purpose": the sender stops now; peers need not wait to call it down. */
export interface Goodbye {
  readonly kind: "goodbye";
  readonly boot: Boot;
}

/** The leader tells the others whom it has given a request, so that they can decline and the node can count. */
export interface Assigned {
  readonly kind: "assigned";
  readonly boot: Boot;
  readonly term: Term;
  readonly request: ImageId;
  readonly node: NodeId;
  readonly bytes: number;
}

export type ControlMessage =
  | Ping
  | PreVoteRequest
  | PreVoteReply
  | VoteRequest
  | VoteReply
  | Heartbeat
  | HeartbeatReply
  | Handover
  | Goodbye
  | Assigned;
