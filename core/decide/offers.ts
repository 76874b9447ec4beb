/**
 * Offers on their way to an answer.
 *
 * A client tells every node of its image. The leader answers at once; the others wait until they hear whom the
 * leader chose, because either message may come first, and say "no leader" when that takes too long. An offer
 * that waits at a node which becomes leader meanwhile is answered by it.
 */
import type { Assigned } from "../model/control.ts";
import type { ImageId, NodeId, Term } from "../model/ids.ts";
import { after, type MonotonicMs } from "../model/units.ts";

export interface WaitingOffer {
  readonly ticket: number;
  readonly request: ImageId;
  readonly bytes: number;
  readonly until: MonotonicMs;
}

/** Where a leader has placed a request. */
export interface Placement {
  readonly node: NodeId;
  readonly term: Term;
  /** Who placed it. */
  readonly leader: NodeId;
  readonly at: MonotonicMs;
}

export interface Offers {
  /** In order of arrival, so also of `until`. */
  readonly waiting: readonly WaitingOffer[];
  /**
   * A retry within `placementMsMax` is sent where the first try was. Two generations: when the young one is
   * full it becomes the old one, which is forgotten; so that a placement copies little.
   */
  readonly placed: {
    readonly young: ReadonlyMap<ImageId, Placement>;
    readonly old: ReadonlyMap<ImageId, Placement>;
  };
}

/** Clients with an offer in flight, at one node; the rest are answered "no leader" at once. */
export const waitingMax = 1_024;
/** Placements in one generation. */
export const placedMax = 64;
export const placementMsMax = 10_000;
/** A follower waits this many heartbeat intervals for the leader's choice. */
export const offerHeartbeatsMax = 3;

export const initialOffers: Offers = { waiting: [], placed: { young: new Map(), old: new Map() } };

export const awaitLeader = (
  offers: Offers,
  offer: Omit<WaitingOffer, "until">,
  now: MonotonicMs,
  heartbeatMs: number,
): Offers => ({
  ...offers,
  waiting: [...offers.waiting, { ...offer, until: after(now, offerHeartbeatsMax * heartbeatMs) }],
});

/** Where the leader of `term` or a later one has placed `request`, when that is recent. */
export const placementOf = (
  offers: Offers,
  request: ImageId,
  term: Term,
  now: MonotonicMs,
): Placement | null => {
  const placement = offers.placed.young.get(request) ?? offers.placed.old.get(request);
  return placement !== undefined && placement.term >= term && now - placement.at < placementMsMax
    ? placement
    : null;
};

/** Remembers a placement and splits off the offers that were waiting for it. */
export const placeOffer = (
  offers: Offers,
  { request, node, term }: Pick<Assigned, "request" | "node" | "term">,
  leader: NodeId,
  now: MonotonicMs,
): readonly [Offers, readonly WaitingOffer[]] => {
  const full = offers.placed.young.size >= placedMax;
  const young = new Map(full ? [] : offers.placed.young).set(request, { node, term, leader, at: now });
  const placed = { young, old: full ? offers.placed.young : offers.placed.old };
  const answered = offers.waiting.filter((offer) => offer.request === request);
  const waiting =
    answered.length === 0 ? offers.waiting : offers.waiting.filter((offer) => offer.request !== request);
  return [{ waiting, placed }, answered];
};

/** Splits off the offers that have waited long enough. */
export const expireOffers = (
  offers: Offers,
  now: MonotonicMs,
): readonly [Offers, readonly WaitingOffer[]] => {
  if (offers.waiting.every((offer) => now < offer.until)) return [offers, []];
  return [
    { ...offers, waiting: offers.waiting.filter((offer) => now < offer.until) },
    offers.waiting.filter((offer) => now >= offer.until),
  ];
};
