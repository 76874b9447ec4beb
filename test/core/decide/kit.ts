/** One node under a microscope: steps it through events at chosen times, with messages made short. */
import type { Effect } from "../../../core/decide/effects.ts";
import { type NodeEvent, stepNode } from "../../../core/decide/node.ts";
import { initialNode, type NodeState, unknownLoad } from "../../../core/decide/node-state.ts";
import type { OwnDisk } from "../../../core/decide/standing.ts";
import { majorityOf, type Timings } from "../../../core/model/config.ts";
import type { ControlMessage, LoadReport, PeerMemory, Ping } from "../../../core/model/control.ts";
import type { Event } from "../../../core/model/events.ts";
import {
  boot,
  type ImageId,
  imageId,
  type NodeId,
  nodeId,
  type StoreId,
  storeId,
  term,
} from "../../../core/model/ids.ts";
import { monotonicMs, wallMs } from "../../../core/model/units.ts";
import type { DurableTerm } from "../../../core/ports.ts";

export const timings: Timings = {
  heartbeatMs: 50,
  electionTimeoutMs: 300,
  rankStepMs: 60,
  jitterMsMax: 30,
  leaseMs: 200,
  stableWindowMs: 10_000,
};

export const request = (number: number): ImageId =>
  imageId(`01890000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`);

/** The disk of this number; node N has disk N unless a test says otherwise. */
export const diskOf = (number: number): StoreId => storeId(`${number}`.padStart(32, "0"));

export interface PingWish {
  readonly boot?: number;
  /** Another for each boot, unless it is told. */
  readonly run?: number;
  readonly store?: number;
  readonly saves?: number;
  /** 0 for a disk that is not ready, 1 for one that is, unless it is told. */
  readonly generation?: number;
  readonly feedHead?: number;
  /** What it remembers of the disk of the node that is looked at, which it has heard; not given: it has not. */
  readonly remembers?: Ping["remembers"];
  readonly pulled?: Ping["pulled"];
  readonly term?: number;
  readonly leader?: number | null;
  readonly electable?: boolean;
  readonly ready?: boolean;
  readonly hears?: readonly number[];
  readonly load?: Partial<LoadReport>;
  readonly sentAt?: number;
}

export interface SpecimenWish {
  /** `found`: what a start on this disk gives. Not given: the disk is ready, and the test about something else. */
  readonly standing?: "ready" | "rebuilding" | "found";
  readonly disk?: Partial<OwnDisk>;
  readonly memories?: ReadonlyMap<NodeId, PeerMemory>;
  readonly acceptLoss?: boolean;
  readonly replaces?: boolean;
  /** Of this process; always the same unless it is told. */
  readonly run?: number;
  /** When it starts; 0 unless it is told. */
  readonly at?: number;
  /** Since when nobody else could speak for it; 0 unless it is told. */
  readonly aloneSinceMs?: number;
}

/** A node that has just started on the given disk; `at` and `wall` move as the test says. */
export class Specimen {
  state: NodeState;
  at = 0;
  wallAheadMs = 0;
  /** Of the last step. */
  effects: readonly Effect[] = [];

  constructor(id: number, nodes: number, durable: Partial<DurableTerm> = {}, wish: SpecimenWish = {}) {
    const { standing = "ready", memories = new Map(), acceptLoss = false, run = 1_000 * id } = wish;
    this.at = wish.at ?? 0;
    const generation = standing === "rebuilding" ? 0 : 1;
    const ids = Array.from({ length: nodes }, (_, index) => nodeId(index + 1));
    const setup = {
      id: nodeId(id),
      peers: ids.filter((other) => other !== id),
      majority: majorityOf(nodes),
      timings,
      disk: { generation, store: diskOf(id), saves: 0, feedHead: 0, ...wish.disk },
      run,
      acceptLoss,
      replaces: wish.replaces ?? false,
      memories,
      aloneSince: monotonicMs(wish.aloneSinceMs ?? 0),
    };
    const terms = { term: term(0), votedFor: null, boot: boot(1), saves: setup.disk.saves + 1, ...durable };
    const found = initialNode(setup, terms, this.moment());
    this.state = standing === "found" ? found : { ...found, standing: { kind: standing } };
  }

  step(event: NodeEvent): readonly Effect[] {
    const [state, effects] = stepNode(this.state, event, this.moment());
    this.state = state;
    this.effects = effects;
    return effects;
  }

  hear(from: number, message: ControlMessage): readonly Effect[] {
    return this.step({ kind: "message", from: nodeId(from), message });
  }

  ping(from: number, wish: PingWish = {}): readonly Effect[] {
    const everybody = this.state.setup.peers.concat(this.state.setup.id);
    const hears = wish.hears ?? everybody.filter((id) => id !== from);
    const ready = wish.ready ?? true;
    const ping: Ping = {
      kind: "ping",
      boot: boot(wish.boot ?? 1),
      run: wish.run ?? 1_000 * from + (wish.boot ?? 1),
      store: diskOf(wish.store ?? from),
      saves: wish.saves ?? 1,
      replaces: false,
      term: term(wish.term ?? this.state.election.durable.term),
      leader: wish.leader == null ? null : nodeId(wish.leader),
      electable: wish.electable ?? true,
      generation: wish.generation ?? Number(ready),
      ready,
      feedHead: wish.feedHead ?? 0,
      load: { ...unknownLoad, ...wish.load },
      hears: hears.map(nodeId),
      silenceMs: [],
      sentAt: monotonicMs(wish.sentAt ?? this.at),
      echo: null,
      remembers: wish.remembers ?? null,
      pulled: wish.pulled ?? null,
    };
    return this.hear(from, ping);
  }

  /** Time passes in small ticks, in which the given peers ping and, if one leads, it beats. */
  pass(
    durationMs: number,
    peers: readonly number[] = [],
    leader: number | null = null,
    wish: PingWish = {},
  ): void {
    const until = this.at + durationMs;
    while (this.at < until) {
      this.at = Math.min(until, this.at + 10);
      if (this.at % timings.heartbeatMs === 0) {
        for (const peer of peers) this.ping(peer, { leader, ...wish });
        if (leader !== null) this.beat(leader);
      }
      this.step({ kind: "tick" });
    }
  }

  beat(from: number, ofTerm: number = this.state.election.durable.term): readonly Effect[] {
    const sentAt = monotonicMs(this.at);
    return this.hear(from, { kind: "heartbeat", boot: boot(1), term: term(ofTerm), leaseMs: 200, sentAt });
  }

  /** This node becomes leader: all peers live, all votes given, the lease confirmed by all. */
  elect(): void {
    const { peers } = this.state.setup;
    const ids = peers.map(Number);
    this.pass(350, ids, null, { electable: false });
    for (let tries = 0; this.state.election.role.kind !== "leader" && tries < 100; tries++) {
      this.at += 10;
      for (const id of ids) this.ping(id, { electable: false });
      this.step({ kind: "tick" });
      const asked = term(this.state.election.durable.term + 1);
      const ownTerm = this.state.election.durable.term;
      for (const from of ids)
        this.hear(from, {
          kind: "pre-vote.reply",
          boot: boot(1),
          term: asked,
          ownTerm,
          granted: true,
          reason: null,
        });
      const now = this.state.election.durable.term;
      for (const from of ids)
        this.hear(from, {
          kind: "vote.reply",
          boot: boot(1),
          term: now,
          ownTerm: now,
          granted: true,
          reason: null,
        });
    }
    this.confirm();
  }

  /** These peers, all unless said otherwise, acknowledge a heartbeat sent now. */
  confirm(peers: readonly number[] = this.state.setup.peers): void {
    for (const from of peers)
      this.hear(from, {
        kind: "heartbeat.reply",
        boot: boot(1),
        term: this.state.election.durable.term,
        accepted: true,
        sentAt: monotonicMs(this.at),
      });
  }

  get role(): string {
    return this.state.election.role.kind;
  }

  get term(): number {
    return this.state.election.durable.term;
  }

  /** What the last step sends, of one kind, with its receivers. */
  sent<Kind extends ControlMessage["kind"]>(
    kind: Kind,
  ): readonly { to: number; message: Extract<ControlMessage, { kind: Kind }> }[] {
    return this.effects.flatMap((effect) =>
      effect.kind === "send" && effect.message.kind === kind
        ? [{ to: Number(effect.to), message: effect.message as Extract<ControlMessage, { kind: Kind }> }]
        : [],
    );
  }

  logged(kind: Event["kind"]): readonly Event[] {
    return this.effects.flatMap((effect) =>
      effect.kind === "log" && effect.event.kind === kind ? [effect.event] : [],
    );
  }

  private moment(): { now: ReturnType<typeof monotonicMs>; wall: ReturnType<typeof wallMs>; chance: number } {
    return { now: monotonicMs(this.at), wall: wallMs(1e12 + this.at + this.wallAheadMs), chance: 0.5 };
  }
}
