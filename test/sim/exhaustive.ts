/**
 * Every order of everything, for three nodes over two terms.
 *
 * Random runs seldom hit the one order in which a forgotten vote matters; a search hits them all. Time is taken
 * away: all durations are zero, so that any timeout may come at any moment and no lease or silence protects
 * anybody. What must hold then rests on votes, terms and the disk alone. Pre-votes, which only make elections
 * rarer, are had for free. A message that was sent may arrive at any time, any number of times, or never; a
 * node may crash at any time, also between two effects, and finds what its disk holds.
 *
 * The steps are the real ones. Each is computed once per (node state, event) and remembered; the search itself
 * goes over small numbers.
 */
import type { Effect, Moment } from "../../core/decide/effects.ts";
import { handOver } from "../../core/decide/election-leader.ts";
import { initialElection } from "../../core/decide/election-state.ts";
import { setOf } from "../../core/decide/node-set.ts";
import { initialNode, type NodeSetup, type NodeState, surroundings } from "../../core/decide/node-state.ts";
import type { Machine } from "../../core/io/driver.ts";
import type { ControlMessage } from "../../core/model/control.ts";
import { boot, type NodeId, nextTerm, nodeId, storeId, type Term, term } from "../../core/model/ids.ts";
import { monotonicMs, wallMs } from "../../core/model/units.ts";
import type { DurableTerm } from "../../core/ports.ts";
import { type Invariant, Violation } from "./oracle.ts";

export interface SearchOptions {
  readonly machine: Machine;
  readonly nodes: number;
  readonly termMax: number;
  readonly crashesMax: number;
  /** Leaders may hand over at any time. */
  readonly handovers: boolean;
  /** Gives up, as our bug, when there are more states than this. */
  readonly statesMax: number;
}

export interface SearchResult {
  readonly states: number;
  readonly steps: number;
  /** The invariant that broke, with the shortest way there, or null. */
  readonly broken: { readonly invariant: Invariant; readonly path: readonly string[] } | null;
}

export const search = (options: SearchOptions): SearchResult => new Search(options).run();

/** One node: what it knows and what is on its disk. */
interface Local {
  readonly state: NodeState;
  readonly disk: DurableTerm;
}
/** A message on its way; `to` is null when it went to everybody else. */
interface Letter {
  readonly from: NodeId;
  readonly to: NodeId | null;
  readonly message: ControlMessage;
}
/** What a step of one node leads to: its new state and the letters that it has sent by then. */
interface Outcome {
  readonly local: number;
  readonly letters: readonly number[];
  readonly crashed: boolean;
}
interface Global {
  readonly locals: readonly number[];
  readonly sent: bigint;
  readonly crashes: number;
  /** Who has ever led each term: a node id, or 0. */
  readonly leaders: readonly number[];
  readonly before: Global | null;
  readonly how: string;
}

const moment: Moment = { now: monotonicMs(0), wall: wallMs(0), chance: 0 };
const noTime = {
  heartbeatMs: 0,
  electionTimeoutMs: 0,
  rankStepMs: 0,
  jitterMsMax: 0,
  leaseMs: 0,
  stableWindowMs: 0,
};
const onlyBoot = boot(1);

class Search {
  private readonly options: SearchOptions;
  private readonly ids: readonly NodeId[];
  private readonly locals: Local[] = [];
  private readonly localByKey = new Map<string, number>();
  private readonly letters: Letter[] = [];
  private readonly letterByKey = new Map<string, number>();
  private readonly outcomes = new Map<string, readonly Outcome[]>();
  private readonly seen = new Set<string>();
  private readonly queue: Global[] = [];
  private steps = 0;

  constructor(options: SearchOptions) {
    this.options = options;
    this.ids = Array.from({ length: options.nodes }, (_, index) => nodeId(index + 1));
  }

  run(): SearchResult {
    const born = { term: term(0), votedFor: null, boot: onlyBoot, saves: 0 };
    const locals = this.ids.map((id) => this.numberLocal({ state: this.reborn(id, born), disk: born }));
    const leaders = Array.from({ length: this.options.termMax + 1 }, () => 0);
    this.visit({ locals, sent: 0n, crashes: 0, leaders, before: null, how: "the beginning" });
    try {
      for (let at = 0; at < this.queue.length; at++) {
        const global = this.queue[at];
        if (global !== undefined) this.expand(global);
      }
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      const broken = { invariant: error.invariant, path: pathOf(error.global) };
      return { states: this.seen.size, steps: this.steps, broken };
    }
    return { states: this.seen.size, steps: this.steps, broken: null };
  }

  private expand(global: Global): void {
    for (const [index, id] of this.ids.entries()) {
      const local = global.locals[index] ?? 0;
      for (const act of this.actsOf(id, local)) this.follow(global, id, local, act);
      if (global.crashes < this.options.crashesMax) this.follow(global, id, local, "crash");
    }
    let rest = global.sent;
    for (let number = 0; rest !== 0n; number++, rest >>= 1n) {
      if ((rest & 1n) === 0n) continue;
      const { from, to } = this.letter(number);
      for (const id of this.ids) {
        if (id === from || (to !== null && to !== id)) continue;
        this.follow(global, id, global.locals[id - 1] ?? 0, `letter ${number}`);
      }
    }
  }

  /** What a node may do by itself: time out, give up, beat, hand over. */
  private actsOf(id: NodeId, local: number): readonly string[] {
    const { election } = this.local(local).state;
    const mayRise = election.durable.term < this.options.termMax;
    switch (election.role.kind) {
      case "leader":
        return [
          "tick",
          ...(mayRise && this.options.handovers
            ? this.ids.filter((to) => to !== id).map((to) => `hand over to ${to}`)
            : []),
        ];
      case "candidate":
        return ["tick", ...(mayRise ? ["stand"] : [])];
      case "follower":
      case "asking":
        return mayRise ? ["stand"] : [];
    }
  }

  private follow(global: Global, id: NodeId, local: number, act: string): void {
    for (const outcome of this.outcomesOf(id, local, act)) {
      const crashes = global.crashes + (outcome.crashed ? 1 : 0);
      if (crashes > this.options.crashesMax) continue;
      this.steps++;
      let { sent } = global;
      for (const number of outcome.letters) sent |= 1n << BigInt(number);
      const locals = global.locals.with(id - 1, outcome.local);
      const { election } = this.local(outcome.local).state;
      const leads = election.role.kind === "leader";
      const { term: ownTerm } = election.durable;
      const how = `node ${id}: ${this.describe(act)}${outcome.crashed ? ", then a crash" : ""}`;
      const leaders = leads ? global.leaders.with(ownTerm, id) : global.leaders;
      const next: Global = { locals, sent, crashes, leaders, before: global, how };
      const ledBy = global.leaders[ownTerm] ?? 0;
      if (leads && ledBy !== 0 && ledBy !== id) throw new Broken("oneLeader", next);
      this.visit(next);
    }
  }

  private visit(global: Global): void {
    const key = `${global.locals.join()};${global.sent};${global.crashes};${global.leaders.join()}`;
    if (this.seen.has(key)) return;
    this.check(global);
    this.seen.add(key);
    if (this.seen.size > this.options.statesMax)
      throw new Error(`more than ${this.options.statesMax} states`);
    this.queue.push(global);
  }

  /** What was ever told stays in `sent`, so that the past can be judged from the present. */
  private check(global: Global): void {
    const votes = new Map<string, NodeId>();
    let rest = global.sent;
    for (let number = 0; rest !== 0n; number++, rest >>= 1n) {
      if ((rest & 1n) === 0n) continue;
      const { from, to, message } = this.letter(number);
      const told = "ownTerm" in message ? message.ownTerm : "term" in message ? message.term : 0;
      const { durable } = this.local(global.locals[from - 1] ?? 0).state.election;
      if (durable.term < told) throw new Broken("termGrows", global);
      const votedFor =
        message.kind === "vote.request" ? from : message.kind === "vote.reply" && message.granted ? to : null;
      if (votedFor === null || !("term" in message)) continue;
      const key = `${from}:${message.term}`;
      if ((votes.get(key) ?? votedFor) !== votedFor) throw new Broken("voteStays", global);
      votes.set(key, votedFor);
    }
  }

  private outcomesOf(id: NodeId, local: number, act: string): readonly Outcome[] {
    const key = `${local};${act}`;
    const known = this.outcomes.get(key);
    if (known !== undefined) return known;
    const outcomes = this.compute(id, this.local(local), act);
    this.outcomes.set(key, outcomes);
    return outcomes;
  }

  private compute(id: NodeId, { state, disk }: Local, act: string): readonly Outcome[] {
    if (act === "crash") return [this.restarted(id, disk, [])];
    const [next, effects] = this.perform(id, state, act);
    const lasting = effects.filter(
      (effect) => effect.kind === "persist" || (effect.kind === "send" && matters(effect.message)),
    );
    let saved = disk;
    const letters: number[] = [];
    const crashes: Outcome[] = [];
    for (const effect of lasting) {
      if (letters.length > 0 || saved !== disk) crashes.push(this.restarted(id, saved, [...letters]));
      if (effect.kind === "persist") saved = effect.state;
      if (effect.kind === "send") letters.push(this.numberLetter(id, effect.to, effect.message));
    }
    const after = this.numberLocal({ state: this.settled(next), disk: saved });
    return [{ local: after, letters, crashed: false }, ...crashes];
  }

  private perform(id: NodeId, state: NodeState, act: string): readonly [NodeState, readonly Effect[]] {
    const { step } = this.options.machine;
    if (act === "tick") return step(state, { kind: "tick" }, moment);
    const peer = state.setup.peers[0] ?? id;
    if (act === "stand") {
      const asked = nextTerm(state.election.durable.term);
      const granted = setOf([id]);
      const role = {
        kind: "asking",
        term: asked,
        granted,
        since: moment.now,
        repeatAt: moment.now,
        reason: "timeout",
      } as const;
      return step(
        { ...state, election: { ...state.election, role } },
        { kind: "message", from: peer, message: preVote(asked, state.election.durable.term) },
        moment,
      );
    }
    if (act.startsWith("hand over to ")) {
      const effects: Effect[] = [];
      const to = nodeId(Number(act.slice(-1)));
      return [
        { ...state, election: handOver(state.election, to, surroundings(state, moment), effects) },
        effects,
      ];
    }
    const { from, message } = this.letter(Number(act.slice("letter ".length)));
    return step(state, { kind: "message", from, message }, moment);
  }

  private restarted(id: NodeId, disk: DurableTerm, letters: readonly number[]): Outcome {
    const durable = { ...disk, boot: onlyBoot };
    return {
      local: this.numberLocal({ state: this.reborn(id, durable), disk: durable }),
      letters,
      crashed: true,
    };
  }

  private reborn(id: NodeId, durable: DurableTerm): NodeState {
    const setup: NodeSetup = {
      id,
      peers: this.ids.filter((other) => other !== id),
      majority: Math.floor(this.ids.length / 2) + 1,
      timings: noTime,
      run: 1,
      disk: { store: storeId("0".repeat(32)), generation: 1, saves: 0, feedHead: 0 },
      memories: new Map(),
      acceptLoss: false,
      replaces: false,
      aloneSince: moment.now,
    };
    return ready(this.options.machine.initial(setup, durable, moment));
  }

  /** Without what only time or liveness would read, so that equal states are one. */
  private settled(state: NodeState): NodeState {
    const { setup, election } = state;
    const fresh = ready(initialNode(setup, election.durable, moment));
    const { role, leader, endedTerm } = election;
    const heeded = this.options.handovers ? { leader, endedTerm } : {};
    const still = role.kind === "asking" ? ({ kind: "follower" } as const) : role;
    const plain = initialElection(setup, election.durable, false, moment);
    return { ...fresh, election: { ...plain, role: still, ...heeded } };
  }

  private numberLocal(local: Local): number {
    const { setup, election } = local.state;
    const { role, durable, leader, endedTerm } = election;
    const part = role.kind === "candidate" ? `${role.granted},${role.refused},${role.handover}` : "";
    const { disk } = local;
    const key = `${setup.id} ${role.kind} ${part} ${durable.term},${durable.votedFor} ${leader} ${endedTerm} ${disk.term},${disk.votedFor}`;
    const known = this.localByKey.get(key);
    if (known !== undefined) return known;
    this.locals.push(local);
    this.localByKey.set(key, this.locals.length - 1);
    return this.locals.length - 1;
  }

  private numberLetter(from: NodeId, to: NodeId, message: ControlMessage): number {
    const toAll =
      message.kind === "vote.request" || message.kind === "heartbeat" || message.kind === "handover";
    const letter: Letter = { from, to: toAll ? null : to, message };
    const key = JSON.stringify(letter);
    const known = this.letterByKey.get(key);
    if (known !== undefined) return known;
    this.letters.push(letter);
    this.letterByKey.set(key, this.letters.length - 1);
    return this.letters.length - 1;
  }

  private local(number: number): Local {
    const local = this.locals[number];
    if (local === undefined) throw new RangeError(`no local state ${number}`);
    return local;
  }

  private letter(number: number): Letter {
    const letter = this.letters[number];
    if (letter === undefined) throw new RangeError(`no letter ${number}`);
    return letter;
  }

  private describe(act: string): string {
    if (!act.startsWith("letter ")) return act;
    const { from, message } = this.letter(Number(act.slice("letter ".length)));
    const about = "term" in message ? ` of term ${message.term}` : "";
    const answer = "granted" in message ? (message.granted ? ", granted" : ", refused") : "";
    return `hears ${message.kind}${about} from node ${from}${answer}`;
  }
}

/**
 * What can do harm. Refusals and acknowledgements only make their receiver step down, give up or adopt a term,
 * and all of that may happen here at any time anyway; pings are about liveness.
 */
const matters = (message: ControlMessage): boolean =>
  message.kind === "vote.request" ||
  (message.kind === "vote.reply" && message.granted) ||
  message.kind === "heartbeat" ||
  message.kind === "handover";

class Broken extends Violation {
  readonly global: Global;
  constructor(invariant: Invariant, global: Global) {
    super(invariant, "");
    this.global = global;
  }
}

const preVote = (asked: Term, ownTerm: Term): ControlMessage => ({
  kind: "pre-vote.reply",
  boot: onlyBoot,
  term: asked,
  ownTerm,
  granted: true,
  reason: null,
});

const pathOf = (global: Global): readonly string[] =>
  global.before === null ? [] : [...pathOf(global.before), global.how];

/** Its disk is what the others remember: there is nothing to wait for. */
const ready = (state: NodeState): NodeState => ({ ...state, standing: { kind: "ready" }, generation: 1 });
