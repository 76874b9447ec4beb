/**
 * What an operator may ask of a node: to hand the lead to another, and to be left alone.
 *
 * Neither touches what the election guarantees. A hand-over is the same one that a stopping leader makes, only
 * to a node that a person chose. A drained node goes on voting, storing copies and answering; it is given no new
 * images, and it says that it is not electable, so that it leads only when nobody else can for long.
 */
import { fault } from "../model/faults.ts";
import type { NodeId, UserName } from "../model/ids.ts";
import type { Effect, Moment } from "./effects.ts";
import { handOver } from "./election-leader.ts";
import { peerOf, standingOf } from "./liveness.ts";
import { hasNode, highestOf, withoutNode } from "./node-set.ts";
import { type NodeState, surroundings } from "./node-state.ts";

export interface LeadWish {
  readonly ticket: number;
  /** Null: the highest that is fit. */
  readonly to: NodeId | null;
  readonly by: UserName;
}

/** Hands the lead over as wished, or answers why not: NOT_LEADER, NO_SUCCESSOR. */
export const moveLead = (
  state: NodeState,
  { ticket, to, by }: LeadWish,
  moment: Moment,
  effects: Effect[],
): NodeState => {
  const { election, setup } = state;
  if (election.role.kind !== "leader") {
    const problem = fault("NOT_LEADER", { node: setup.id, leader: election.leader });
    effects.push({ kind: "answer", ticket, fault: problem });
    return state;
  }
  const around = surroundings(state, moment);
  const fit = withoutNode(around.electable, setup.id);
  const successor = to === null ? highestOf(fit) : hasNode(fit, to) ? to : null;
  if (successor === null) {
    const reason = to === null ? "none of the others is up and fit for it" : unfitness(state, to, moment);
    effects.push({ kind: "answer", ticket, fault: fault("NO_SUCCESSOR", { to, reason }) });
    return state;
  }
  effects.push({ kind: "log", event: { kind: "lead.moved", to: successor, by } });
  const next = { ...state, election: handOver(election, successor, around, effects) };
  effects.push({ kind: "answer", ticket, fault: null });
  return next;
};

const unfitness = (state: NodeState, to: NodeId, { now }: Moment): string => {
  const { setup } = state;
  if (to === setup.id) return "it has it already";
  if (!setup.peers.includes(to)) return "there is no such node";
  const peer = peerOf(state.peers, to);
  const standing = standingOf(peer, now, setup.timings);
  if (standing === "unknown" || standing === "down") return "it is down";
  if (standing === "suspect") return "it is silent";
  if (peer.ping?.ready === false) return "it is rebuilding or stopping";
  if (peer.ping?.load.drained === true) return "it is drained";
  return "it says that it cannot lead now";
};

export const drain = (
  state: NodeState,
  { drained, by }: { readonly drained: boolean; readonly by: UserName },
  effects: Effect[],
): NodeState => {
  if (state.load.drained === drained) return state;
  const kind = drained ? "node.drained" : "node.undrained";
  effects.push({ kind: "log", event: { kind, by } }, { kind: "changed" });
  return { ...state, load: { ...state.load, drained } };
};
