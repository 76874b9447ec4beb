/**
 * How one node finds out whether its disk may speak: the judgement of `standing.ts`, asked again with every word of
 * a peer until it is final.
 */
import type { PeerMemory } from "../model/control.ts";
import { type Fault, fault } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import { sayNodes } from "../model/say.ts";
import { after, type MonotonicMs } from "../model/units.ts";
import type { Effect, Moment } from "./effects.ts";
import { isHeard, type PeerView } from "./liveness.ts";
import type { NodeState } from "./node-state.ts";
import {
  type Judgement,
  judgeConfirmed,
  judgeDisk,
  rememberBirth,
  type Standing,
  type Witness,
} from "./standing.ts";

/** Judges a disk whose standing is open, or was confirmed by some; one that is being filled is left as it is. */
export const judgeStanding = (state: NodeState, { now }: Moment, effects: Effect[]): NodeState => {
  const judgement = judgementOf(state, now);
  if (judgement === null) return state;
  switch (judgement.kind) {
    case "wait":
      return state;
    case "lost":
      if (state.standing.kind === "lost") return state;
      effects.push({ kind: "log", event: { kind: "disk.lost" } }, { kind: "changed" });
      return { ...state, standing: { kind: "lost" } };
    case "born":
      return born(state, 1, founders(state), effects);
    case "adopt":
      return born(state, judgement.generation, founders(state), effects);
    case "confirmed":
      effects.push({ kind: "log", event: { kind: "disk.confirmed" } }, { kind: "changed" });
      return { ...state, standing: { kind: "ready" } };
    case "rebuild":
      effects.push(
        { kind: "log", event: { kind: "disk.rebuilding" } },
        { kind: "rebuild" },
        { kind: "changed" },
      );
      return { ...state, standing: { kind: "rebuilding" } };
    case "outdated":
      effects.push(
        { kind: "log", event: { kind: "disk.outdated", reason: judgement.reason } },
        { kind: "outdated", reason: judgement.reason },
      );
      return { ...state, standing: { kind: "rebuilding" } };
  }
};

/** Null when there is nothing to judge. */
const judgementOf = (state: NodeState, now: MonotonicMs): Judgement | null => {
  const { standing, setup, startedAt } = state;
  if (standing.kind === "rebuilding") return null;
  // A disk that was born or filled in this process was not there before.
  if (standing.kind === "ready")
    return setup.disk.generation === state.generation
      ? judgeConfirmed(setup.disk, witnessesOf(state, now))
      : null;
  // Those who live have had the time to speak: what they know is not lost.
  const aloneFrom = after(startedAt, alonePatience * setup.timings.electionTimeoutMs);
  const rules = {
    nodes: setup.peers.length + 1,
    majority: setup.majority,
    acceptLoss: setup.acceptLoss,
    replaces: setup.replaces,
    patient: now >= aloneFrom,
  };
  const { saves } = state.election.durable;
  const witnesses = witnessesOf(state, now);
  return standing.kind === "returning"
    ? judgeDisk(setup.disk, "returning", witnesses, setup.peers, rules)
    : judgeDisk({ ...setup.disk, saves }, "unborn", witnesses, setup.peers, rules);
};

/** So many election timeouts the others are waited for, also when loss is accepted. */
const alonePatience = 2;

/** It has all that the others know: from now on it is a disk of its own, one generation after the last. */
export const refilled = (state: NodeState, { now }: Moment, effects: Effect[]): NodeState => {
  if (state.standing.kind !== "rebuilding") return state;
  const known = witnessesOf(state, now).map(({ remembers }) => remembers?.generation ?? 0);
  return born(state, Math.max(0, ...known) + 1, memoriesOf(state), effects);
};

/** The nodes for which an open standing waits; empty when it is not open. */
export const waitingFor = (state: NodeState, now: MonotonicMs): readonly NodeId[] => {
  const judgement = judgementOf(state, now);
  return judgement?.kind === "wait" ? judgement.for : [];
};

/**
 * Why this node may not vote and answer yet; null when it may. While it waits for nodes that are not there, and those that
 * are there are too few, waiting is of no use, and that is what it says: NO_QUORUM. Of a new cluster all have to come.
 */
export const standingFault = (state: NodeState, now: MonotonicMs): Fault | null => {
  const { standing, setup } = state;
  if (standing.kind === "ready") return null;
  const missing = waitingFor(state, now);
  if (missing.length === 0) return fault("NODE_NOT_READY", { reason: openReasons[standing.kind] });
  const nodes = setup.peers.length + 1;
  const live = nodes - missing.length;
  const needed = standing.kind === "unborn" ? nodes : setup.majority;
  if (live < needed) return fault("NO_QUORUM", { live, needed });
  return fault("NODE_NOT_READY", { reason: `it waits for ${sayNodes(missing)} to know its disk` });
};

const openReasons: Readonly<Record<Exclude<Standing["kind"], "ready">, string>> = {
  unborn: "it does not know yet whether its empty disk is new",
  returning: "the others have not said yet what they know of its disk",
  lost: "all disks are empty, and one took the place of a damaged one",
  rebuilding: "it is rebuilding",
};

const born = (
  state: NodeState,
  generation: number,
  memories: ReadonlyMap<NodeId, PeerMemory>,
  effects: Effect[],
): NodeState => {
  effects.push(
    { kind: "birth", generation, memories },
    { kind: "log", event: { kind: "disk.born", generation } },
    { kind: "changed" },
  );
  const peers = state.peers.map((peer) => ({ ...peer, memory: memories.get(peer.id) ?? peer.memory }));
  return { ...state, generation, standing: { kind: "ready" }, peers };
};

/** The live peers that speak of this very process. */
const witnessesOf = (state: NodeState, now: MonotonicMs): readonly Witness[] =>
  state.peers.flatMap((peer) => {
    const { ping } = peer;
    if (ping?.remembers?.run !== state.setup.run || !isHeard(peer, now, state.setup.timings)) return [];
    return [
      {
        node: peer.id,
        store: ping.store,
        generation: ping.generation,
        remembers: ping.remembers.disk,
        replaces: ping.replaces,
      },
    ];
  });

/**
 * All are born together: each that was heard is remembered so, also where it has not noticed yet, lest it come back
 * empty and call itself new.
 */
const founders = (state: NodeState): ReadonlyMap<NodeId, PeerMemory> => {
  const memories = new Map(memoriesOf(state));
  for (const { id, ping } of state.peers) {
    if (ping === null || memories.has(id)) continue;
    const { store, saves, run } = ping;
    memories.set(id, rememberBirth(run, { generation: 1, store, saves, feedHead: 0 }));
  }
  return memories;
};

export const memoriesOf = ({ peers }: Pick<NodeState, "peers">): ReadonlyMap<NodeId, PeerMemory> =>
  new Map(peers.flatMap(({ id, memory }: PeerView) => (memory === null ? [] : [[id, memory] as const])));
