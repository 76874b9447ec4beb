/**
 * How one node answers offers: the leader by placing them, the others by passing on what the leader says.
 */
import type { Assigned } from "../model/control.ts";
import { type NodeId, term as termOf } from "../model/ids.ts";
import { assign } from "./balancer.ts";
import type { Effect, Moment } from "./effects.ts";
import { holdsLease } from "./election-state.ts";
import { adoptTerm } from "./election-term.ts";
import { type NodeState, surroundings, workersOf } from "./node-state.ts";
import {
  awaitLeader,
  expireOffers,
  type Placement,
  placementOf,
  placeOffer,
  type WaitingOffer,
  waitingMax,
} from "./offers.ts";

/** Work given out within this many heartbeat intervals is taken to be missing from the reports. */
export const settleHeartbeats = 2;

const zeroTerm = termOf(0);

/** An offer has come: placed at once under a lease, otherwise kept until the leader's choice is heard. */
export const takeOffer = (
  state: NodeState,
  offer: Omit<WaitingOffer, "until">,
  moment: Moment,
  effects: Effect[],
): NodeState => {
  const { now } = moment;
  const { timings } = state.setup;
  const { ticket, request, bytes } = offer;
  const waiting: WaitingOffer = { ticket, request, bytes, until: now };
  if (holdsLease(state.election, now)) return place(state, waiting, moment, effects);
  const { term } = state.election.durable;
  const placement = placementOf(state.offers, offer.request, term, now);
  if (placement !== null) {
    decline(waiting, placement, effects);
    return state;
  }
  if (state.offers.waiting.length >= waitingMax || state.stop.kind !== "no") {
    noLeader(state, waiting, effects);
    return state;
  }
  return { ...state, offers: awaitLeader(state.offers, waiting, now, timings.heartbeatMs) };
};

/** Gives one request to a node and tells everybody. Only under a lease, at this very moment (DESIGN §5.7). */
const place = (state: NodeState, offer: WaitingOffer, moment: Moment, effects: Effect[]): NodeState => {
  const { now } = moment;
  const { setup, election } = state;
  const { term, boot } = election.durable;
  if (!holdsLease(election, now)) throw new Error(`node ${setup.id} acts in term ${term} without a lease`);
  const workers = workersOf(state, now);
  const before = placementOf(state.offers, offer.request, zeroTerm, now);
  const kept = workers.find((worker) => worker.id === before?.node)?.id ?? null;
  const settleMs = settleHeartbeats * setup.timings.heartbeatMs;
  const { balancer, node, candidates } =
    kept === null
      ? assign(state.balancer, offer.request, offer.bytes, workers, now, settleMs)
      : { balancer: state.balancer, node: kept, candidates: [] };
  if (node === null) {
    noLeader(state, offer, effects);
    return { ...state, balancer };
  }
  const { request, bytes } = offer;
  const [offers, others] = placeOffer(state.offers, { request, node, term }, setup.id, now);
  effects.push({ kind: "log", event: { kind: "request.assigned", request, to: node, term } });
  for (const to of setup.peers) {
    effects.push({ kind: "send", to, message: { kind: "assigned", boot, term, request, node, bytes } });
  }
  const reply = { kind: "offer.assigned", id: request, node, term, leader: setup.id, candidates } as const;
  for (const { ticket } of [offer, ...others]) effects.push({ kind: "reply", ticket, reply });
  return { ...state, balancer, offers };
};

/** A command of a lower term, or of somebody who does not lead this one, is not listened to. */
export const hearAssigned = (
  state: NodeState,
  from: NodeId,
  message: Assigned,
  moment: Moment,
  effects: Effect[],
): NodeState => {
  const election = adoptTerm(state.election, message.term, surroundings(state, moment), effects);
  const current = { ...state, election };
  if (message.term < election.durable.term) return current;
  if (election.leader !== null && election.leader !== from) return current;
  const [offers, answered] = placeOffer(state.offers, message, from, moment.now);
  for (const offer of answered) decline(offer, { ...message, leader: from }, effects);
  return { ...current, offers };
};

/** Answers the offers that have waited long enough, and all of them once this node may place them itself. */
export const answerWaiting = (state: NodeState, moment: Moment, effects: Effect[]): NodeState => {
  if (state.offers.waiting.length === 0) return state;
  const [offers, expired] = expireOffers(state.offers, moment.now);
  let next: NodeState = { ...state, offers };
  if (holdsLease(next.election, moment.now)) {
    const open = [...expired, ...offers.waiting];
    next = { ...next, offers: { ...offers, waiting: [] } };
    for (const offer of open) next = place(next, offer, moment, effects);
    return next;
  }
  for (const offer of expired) noLeader(next, offer, effects);
  return next;
};

const decline = (
  offer: WaitingOffer,
  { node, term, leader }: Pick<Placement, "node" | "term" | "leader">,
  effects: Effect[],
): void => {
  const reply = { kind: "offer.declined", id: offer.request, node, term, leader } as const;
  effects.push({ kind: "reply", ticket: offer.ticket, reply });
};

export const noLeader = (state: NodeState, offer: WaitingOffer, effects: Effect[]): void => {
  const reply = { kind: "offer.no-leader", id: offer.request, term: state.election.durable.term } as const;
  effects.push({ kind: "reply", ticket: offer.ticket, reply });
};
