/**
 * Who knows the truth judges: the invariants of DESIGN §5, checked after every step of every node against what
 * the oracle has seen itself. It believes nothing that a node says about its own lease or vote.
 */

import type { NodeState } from "../../core/decide/node-state.ts";
import type { ControlMessage } from "../../core/model/control.ts";
import type { NodeId, Term } from "../../core/model/ids.ts";
import type { DurableTerm } from "../../core/ports.ts";

/** The names under which runs fail and mutants die. */
export const invariants = {
  oneLeader: "at most one leader per term",
  termGrows: "a term never decreases, across restarts too",
  voteStays: "a vote never changes within a term",
  onDiskFirst: "nothing is said of a term or vote that is not on disk",
  noLowerTerm: "no command of a lower term is accepted",
  higherTermWins: "whoever sees a higher term adopts it and does not lead below it",
  leaseHeld: "a leader without a majority stops within its lease",
  oneActs: "leaders of two terms act at once only after false evidence, for at most one lease",
  handedOver: "who has handed over acts no more in that term",
  silence: "a restarted node neither votes nor stands for one election timeout after its last process ended",
  promise: "who has acknowledged a leader promises nobody else a vote within one election timeout",
  notPushed: "a leader is pushed aside by nobody: to stand takes a majority of pre-votes or a hand-over",
  elects: "with a connected majority a leader appears in time",
  highestLeads: "a stable highest id ends up leading, and all agree",
  ownBug: "no assertion in the code fails",
} as const;
export type Invariant = keyof typeof invariants;

export class Violation extends Error {
  readonly invariant: Invariant;
  constructor(invariant: Invariant, detail: string) {
    super(`${invariants[invariant]}: ${detail}`);
    this.name = "Violation";
    this.invariant = invariant;
  }
}

/**
 * The invariants whose breach is the harm itself. The others are the laws that prevent it; a run may be judged
 * by harm alone, to see whether the faults are foul enough for a broken law to do any.
 */
const harms: readonly Invariant[] = [
  "oneLeader",
  "termGrows",
  "voteStays",
  "noLowerTerm",
  "leaseHeld",
  "oneActs",
  "elects",
  "highestLeads",
];

export interface OracleSetup {
  readonly byHarmAlone: boolean;
  readonly majority: number;
  readonly electionTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly leaseMs: number;
}

/** How much clocks may differ in pace between any two nodes; DESIGN's 1.1 × lease covers it. */
const paceShareMax = 0.1;

/** What the oracle remembers of one node. */
interface Seen {
  /** The highest term that it has told anybody, in any life. */
  toldTerm: number;
  /** Its term in this life. */
  term: number;
  aloneSince: number;
  bornSilent: boolean;
  /** When it last acknowledged a heartbeat, and whose. */
  acknowledgedAt: number;
  acknowledged: NodeId | null;
  /** Who has promised it a vote, by the term asked for. */
  promises: Map<number, Set<NodeId>>;
  /** When it sent its heartbeats: its own clock, and true time. */
  beats: { sentAt: number; trueMs: number }[];
  /** As leader of `confirmedTerm`: true time of the newest confirmed heartbeat, by peer. */
  confirmedTerm: number;
  confirmed: Map<NodeId, number>;
}

const beatsMax = 64;

export class Oracle {
  private readonly setup: OracleSetup;
  private readonly nodes = new Map<NodeId, Seen>();
  private readonly leaders = new Map<number, NodeId>();
  private readonly votes = new Map<string, NodeId>();
  private readonly handovers = new Set<string>();
  /** Terms whose leader has given up. */
  private readonly ended = new Set<number>();
  private readonly actedFirst = new Map<number, number>();
  private lastLieAt = Number.NEGATIVE_INFINITY;

  constructor(setup: OracleSetup) {
    this.setup = setup;
  }

  private accuse(invariant: Invariant, detail: string): void {
    if (!this.setup.byHarmAlone || harms.includes(invariant)) throw new Violation(invariant, detail);
  }

  /** A process begins. `durable` is what it found on its disk. */
  /** `aloneSinceMs`: when its process before this one ended. */
  started(id: NodeId, durable: DurableTerm | null, aloneSinceMs: number): void {
    const before = this.nodes.get(id);
    const forgot = durable === null;
    this.nodes.set(id, {
      toldTerm: forgot ? 0 : (before?.toldTerm ?? 0),
      term: 0,
      aloneSince: aloneSinceMs,
      bornSilent: !forgot && durable.term > 0 && this.setup.majority > 1,
      acknowledgedAt: Number.NEGATIVE_INFINITY,
      acknowledged: null,
      // A promise on its way to a node that restarts reaches it all the same. It is only a hint; votes are votes.
      promises: before?.promises ?? new Map(),
      beats: [],
      confirmedTerm: 0,
      confirmed: new Map(),
    });
    if (forgot) for (const key of this.votes.keys()) if (key.startsWith(`${id}:`)) this.votes.delete(key);
  }

  /** A live node was called dead to somebody. */
  lied(nowMs: number): void {
    this.lastLieAt = nowMs;
  }

  /** Somebody was told, truly, that `of` is dead: what was promised to it no longer binds `by`. */
  released(by: NodeId, of: NodeId): void {
    const seen = this.seen(by);
    if (seen.acknowledged === of) seen.acknowledged = null;
  }

  /** After every step. */
  stepped(state: NodeState): void {
    const { id } = state.setup;
    const seen = this.seen(id);
    const { term } = state.election.durable;
    if (term < seen.term) this.accuse("termGrows", `node ${id} went from term ${seen.term} to ${term}`);
    if (term < seen.toldTerm)
      this.accuse("termGrows", `node ${id} is in term ${term} and has told ${seen.toldTerm} before`);
    seen.term = term;
    if (state.election.role.kind !== "leader") return;
    const other = this.leaders.get(term);
    if (other === undefined) this.leaders.set(term, id);
    else if (other !== id) this.accuse("oneLeader", `nodes ${other} and ${id} both lead term ${term}`);
  }

  /** After a node has taken in a message. */
  heard(id: NodeId, message: ControlMessage, state: NodeState, taken: boolean): void {
    if (!taken) return;
    const shown = "ownTerm" in message ? message.ownTerm : commandTerm(message);
    if (shown !== null && shown > state.election.durable.term)
      this.accuse(
        "higherTermWins",
        `node ${id} saw term ${shown} and stays in ${state.election.durable.term}`,
      );
  }

  /** Before a message leaves a node whose disk holds `disk`. */
  sent(from: NodeId, to: NodeId, message: ControlMessage, disk: DurableTerm | null, nowMs: number): void {
    const seen = this.seen(from);
    const told = toldTerm(message);
    if (told !== null) {
      if (told > (disk?.term ?? 0))
        this.accuse(
          "onDiskFirst",
          `node ${from} says ${message.kind} of term ${told}, on disk is ${disk?.term ?? "none"}`,
        );
      seen.toldTerm = Math.max(seen.toldTerm, told);
    }
    switch (message.kind) {
      case "heartbeat":
        this.sentHeartbeat(seen, message.term, message.sentAt, nowMs);
        return;
      case "heartbeat.reply":
        if (!message.accepted) return;
        seen.acknowledgedAt = nowMs;
        seen.acknowledged = to;
        return;
      case "pre-vote.reply":
        if (!message.granted) return;
        this.checkSilence(from, seen, `promises node ${to} a vote`, nowMs);
        this.checkPromise(from, seen, to, nowMs);
        this.promised(from, to, message.term);
        return;
      case "vote.reply":
        if (!message.granted) return;
        this.checkSilence(from, seen, `votes for node ${to}`, nowMs);
        if (!this.handovers.has(`${message.term - 1}:${to}`)) this.checkPromise(from, seen, to, nowMs);
        this.voted(from, to, message.term, disk);
        return;
      case "vote.request":
        this.checkSilence(from, seen, "stands", nowMs);
        this.checkStand(from, seen, message.term, message.handover);
        if (!message.handover) this.checkPromise(from, seen, from, nowMs);
        this.voted(from, from, message.term, disk);
        return;
      case "handover":
        this.handovers.add(`${message.term}:${message.to}`);
        this.ended.add(message.term);
        return;
      default:
        return;
    }
  }

  /** A leader was given an acknowledgement. */
  confirmed(leader: NodeId, by: NodeId, term: Term, sentAt: number): void {
    const seen = this.seen(leader);
    if (seen.confirmedTerm !== term) return;
    const beat = seen.beats.find((entry) => entry.sentAt === sentAt);
    if (beat === undefined) return;
    seen.confirmed.set(by, Math.max(seen.confirmed.get(by) ?? 0, beat.trueMs));
  }

  /** A leader has placed a request. */
  acted(leader: NodeId, term: Term, nowMs: number): void {
    const seen = this.seen(leader);
    const leaseMs = this.setup.leaseMs * (1 + paceShareMax) + this.setup.heartbeatMs;
    const needed = this.setup.majority - 1;
    if (needed > 0) {
      const newest = seen.confirmedTerm === term ? [...seen.confirmed.values()].sort((a, b) => b - a) : [];
      const since = newest[needed - 1] ?? Number.NEGATIVE_INFINITY;
      if (nowMs - since > leaseMs)
        this.accuse(
          "leaseHeld",
          `node ${leader} acts in term ${term}, a majority confirmed it ${Math.round(nowMs - since)} ms ago`,
        );
    }
    if (this.ended.has(term))
      this.accuse("handedOver", `node ${leader} acts in term ${term}, which it gave up`);
    const first = this.actedFirst.get(term);
    if (first === undefined) this.actedFirst.set(term, nowMs);
    for (const [later, actedAt] of this.actedFirst) {
      if (later <= term) continue;
      const excused =
        actedAt - this.lastLieAt <= 2 * this.setup.electionTimeoutMs && nowMs - actedAt <= leaseMs;
      if (!excused)
        this.accuse(
          "oneActs",
          `node ${leader} acts in term ${term}, ${Math.round(nowMs - actedAt)} ms after term ${later} began to act`,
        );
    }
  }

  /** A node has let an assignment in. */
  admitted(id: NodeId, assignmentTerm: number): void {
    const { toldTerm } = this.seen(id);
    if (assignmentTerm < toldTerm)
      this.accuse("noLowerTerm", `node ${id} of term ${toldTerm} works for term ${assignmentTerm}`);
  }

  private seen(id: NodeId): Seen {
    const seen = this.nodes.get(id);
    if (seen === undefined) throw new Error(`node ${id} never started`);
    return seen;
  }

  private sentHeartbeat(seen: Seen, term: Term, sentAt: number, nowMs: number): void {
    if (seen.confirmedTerm !== term) {
      seen.confirmedTerm = term;
      seen.confirmed.clear();
    }
    if (seen.beats.at(-1)?.sentAt === sentAt) return;
    seen.beats.push({ sentAt, trueMs: nowMs });
    if (seen.beats.length > beatsMax) seen.beats.shift();
  }

  private promised(by: NodeId, to: NodeId, term: Term): void {
    const { promises } = this.seen(to);
    const granted = promises.get(term) ?? new Set();
    promises.set(term, granted.add(by));
  }

  private voted(by: NodeId, to: NodeId, term: Term, disk: DurableTerm | null): void {
    if (disk?.term !== term || disk.votedFor !== to)
      this.accuse("onDiskFirst", `node ${by} tells a vote for ${to} in term ${term} that is not on disk`);
    const key = `${by}:${term}`;
    const before = this.votes.get(key);
    if (before === undefined) this.votes.set(key, to);
    else if (before !== to)
      this.accuse("voteStays", `node ${by} votes for ${before} and for ${to} in term ${term}`);
  }

  private checkSilence(id: NodeId, seen: Seen, what: string, nowMs: number): void {
    const aloneMs = nowMs - seen.aloneSince;
    if (seen.bornSilent && aloneMs < this.setup.electionTimeoutMs * (1 - paceShareMax))
      this.accuse("silence", `node ${id} ${what} ${Math.round(aloneMs)} ms after its last process ended`);
  }

  private checkPromise(id: NodeId, seen: Seen, to: NodeId, nowMs: number): void {
    if (seen.acknowledged === null || seen.acknowledged === to) return;
    const agoMs = nowMs - seen.acknowledgedAt;
    if (agoMs < this.setup.electionTimeoutMs * (1 - paceShareMax))
      this.accuse(
        "promise",
        `node ${id} gives node ${to} its word ${Math.round(agoMs)} ms after it acknowledged node ${seen.acknowledged}`,
      );
  }

  private checkStand(id: NodeId, seen: Seen, term: Term, handover: boolean): void {
    if (handover && this.handovers.has(`${term - 1}:${id}`)) return;
    const promises = (seen.promises.get(term)?.size ?? 0) + 1;
    if (handover || promises < this.setup.majority)
      this.accuse(
        "notPushed",
        `node ${id} stands for term ${term} with ${promises} pre-votes, its own included`,
      );
  }
}

/** The term that a message shows to be its sender's own, if it must be adopted when higher. */
const commandTerm = (message: ControlMessage): Term | null => {
  switch (message.kind) {
    case "ping":
    case "heartbeat":
    case "heartbeat.reply":
    case "handover":
    case "assigned":
      return message.term;
    default:
      return null;
  }
};

/** The term that a message proves its sender to be in. */
const toldTerm = (message: ControlMessage): Term | null =>
  "ownTerm" in message
    ? message.ownTerm
    : message.kind === "vote.request"
      ? message.term
      : commandTerm(message);
