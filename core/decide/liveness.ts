/**
 * Who is there?
 *
 * Everybody pings everybody. A peer is _live_ when it was heard within the election timeout and its ping says
 * that it hears us too: a link that works one way only counts for nothing. Silence makes a peer suspect long
 * before it makes it down, and a suspect gets no new work.
 *
 * Silence is slow evidence. Three things are quick and are believed at once, if they are our own: the peer's
 * port refuses a connection after its old one closed, the peer speaks with a new boot number, or it said
 * goodbye. What others say about a third node is never evidence.
 */
import type { ControlMessage, DiskMemory, PeerMemory, Ping } from "../model/control.ts";
import type { Event } from "../model/events.ts";
import { fault } from "../model/faults.ts";
import type { NodeId, StoreId } from "../model/ids.ts";
import type { MonotonicMs } from "../model/units.ts";
import type { LinkEvent } from "../ports.ts";
import { type Effect, neverMs } from "./effects.ts";
import { type NodeSet, withNode } from "./node-set.ts";
import { remember } from "./standing.ts";

export type Standing = "unknown" | "up" | "suspect" | "down";
export type DeathReason = Extract<Event, { kind: "node.down" }>["reason"];

/** The durations that liveness needs, milliseconds. */
export interface LivenessTimings {
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
}

export interface PeerView {
  readonly id: NodeId;
  /** The highest boot number heard; 0 before any. */
  readonly boot: number;
  /** The disk on which its boots are counted; null before its first ping. */
  readonly store: StoreId | null;
  readonly heardAt: MonotonicMs;
  /** Of its silence, what passed while we ourselves stood still and could hear nobody. */
  readonly forgivenMs: number;
  /** Its last ping; it says all that we know of the peer. */
  readonly ping: Ping | null;
  /** Its last ping names us among those that it hears. */
  readonly hearsUs: boolean;
  readonly roundTripMs: number | null;
  /** Our connection to it is not open. Says nothing by itself. */
  readonly linkClosed: boolean;
  /** Dead at once, by our own evidence; `refused` ends when it is heard again, `goodbye` only with a new boot. */
  readonly gone: "refused" | "goodbye" | null;
  readonly standing: Standing;
  /** Live, electable and ready without a break since then; null when it is not. */
  readonly steadySince: MonotonicMs | null;
  /** A process that speaks from an earlier time of this disk (a backup): it is told what is remembered, and no more. */
  readonly pastRun: number | null;
  /** What is remembered of its disk, from earlier runs of this node too. */
  readonly memory: PeerMemory | null;
  /** How often that broke; each break after the first doubles the time before leadership is handed to it. */
  readonly flaps: number;
}

/** Indexed by id − 1; our own slot is there and never changes. */
export type Peers = readonly PeerView[];

/** A peer is suspect after this many silent heartbeat intervals. */
export const suspectHeartbeats = 3;

export const initialPeers = (
  ids: readonly NodeId[],
  memories: ReadonlyMap<NodeId, PeerMemory> = new Map(),
): Peers =>
  ids.map((id) => ({
    id,
    boot: 0,
    store: null,
    heardAt: neverMs,
    forgivenMs: 0,
    ping: null,
    hearsUs: false,
    roundTripMs: null,
    linkClosed: false,
    gone: null,
    standing: "unknown",
    steadySince: null,
    pastRun: null,
    memory: memories.get(id) ?? null,
    flaps: 0,
  }));

export const peerOf = (peers: Peers, id: NodeId): PeerView => {
  const peer = peers[id - 1];
  if (peer === undefined) throw new RangeError(`no node ${id} in this cluster`);
  return peer;
};

/** Heard within the election timeout and not known to be dead; whether it hears us is another matter. */
export const isHeard = (peer: PeerView, now: MonotonicMs, timings: LivenessTimings): boolean =>
  silenceMsOf(peer, now) < timings.electionTimeoutMs && peer.gone === null;

/** How long it has said nothing to us while we could have heard it. */
export const silenceMsOf = (peer: PeerView, now: MonotonicMs): number => now - peer.heardAt - peer.forgivenMs;

export const isLive = (peer: PeerView, now: MonotonicMs, timings: LivenessTimings): boolean =>
  peer.hearsUs && isHeard(peer, now, timings);

/** The live peers; without ourselves. */
export const livePeers = (peers: Peers, now: MonotonicMs, timings: LivenessTimings): NodeSet => {
  let live = 0 as NodeSet;
  for (const peer of peers) if (isLive(peer, now, timings)) live = withNode(live, peer.id);
  return live;
};

/** The live peers that say they are electable; without ourselves. */
export const electablePeers = (peers: Peers, now: MonotonicMs, timings: LivenessTimings): NodeSet => {
  let electable = 0 as NodeSet;
  for (const peer of peers)
    if (peer.ping?.electable === true && isLive(peer, now, timings)) electable = withNode(electable, peer.id);
  return electable;
};

/** What became of a peer: `died` names quick evidence of its death, for the election. */
export interface Heard {
  readonly peers: Peers;
  /** Of a boot that is over, or after its goodbye: the message must be dropped unread. */
  readonly stale: boolean;
  readonly died: DeathReason | null;
}

/**
 * Any message carries its sender's boot: an older one is stale, a newer one proves that the old process died.
 * Boots are counted on a disk; a ping that names another store begins a new count, unless the one that is known
 * lives: two disks cannot be one node. Nor can two processes on one disk, or on copies of it.
 */
export const heardBoot = (
  peers: Peers,
  from: NodeId,
  message: ControlMessage,
  now: MonotonicMs,
  timings: LivenessTimings,
  effects: Effect[],
): Heard => {
  const peer = peerOf(peers, from);
  const { boot } = message;
  const newStore = message.kind === "ping" && message.store !== peer.store;
  const pastRun = message.kind === "ping" && !newStore ? pastRunIn(peer, message) : null;
  const isSecond = newStore || (pastRun !== null && boot === peer.boot);
  if (isSecond && isTaken(peer, now, timings)) {
    const what = fault("DATA_IN_USE", { path: `the place of node ${from}`, holder: `disk ${peer.store}` });
    effects.push({ kind: "turn-away", peer: from, fault: what });
    return { peers, stale: true, died: null };
  }
  if (pastRun !== null) return { peers: withPast(peers, peer, pastRun), stale: true, died: null };
  const firstStore = newStore && peer.store === null;
  if (boot === peer.boot && peer.gone !== "goodbye" && (!newStore || firstStore))
    return { peers, stale: false, died: null };
  if (boot <= peer.boot && !newStore) return { peers, stale: true, died: null };
  const known = peer.boot > 0;
  if (known && peer.standing !== "down")
    effects.push({ kind: "log", event: { kind: "node.down", peer: from, reason: "restarted" } });
  const reborn: PeerView = {
    ...peer,
    boot,
    // Unless it is a ping, a late message of the disk before could have brought this number: ask the next ping.
    store: message.kind === "ping" ? message.store : null,
    heardAt: neverMs,
    ping: null,
    hearsUs: false,
    gone: null,
    pastRun: null,
    standing: known ? "down" : "unknown",
    steadySince: null,
    flaps: peer.flaps + (peer.steadySince === null ? 0 : 1),
  };
  return { peers: replace(peers, reborn), stale: false, died: known ? "restarted" : null };
};

/** The run of another process on the disk that is known, with a boot that is not newer; null when it is not one. */
const pastRunIn = ({ boot, ping: known }: PeerView, { boot: told, run }: Ping): number | null => {
  const isOther = known === null ? told < boot : run !== known.run;
  return isOther && told <= boot ? run : null;
};

/** Takes in a ping whose boot `heardBoot` has accepted. One that was overtaken by a later one is dropped. */
export const heardPing = (
  peers: Peers,
  self: NodeId,
  from: NodeId,
  ping: Ping,
  now: MonotonicMs,
  timings: LivenessTimings,
  effects: Effect[],
): Peers => {
  const peer = peerOf(peers, from);
  if (peer.ping !== null && ping.sentAt <= peer.ping.sentAt) return peers;
  const roundTripMs =
    ping.echo === null ? peer.roundTripMs : Math.max(0, now - ping.echo.sentAt - ping.echo.heldMs);
  const heard: PeerView = {
    ...peer,
    store: ping.store,
    heardAt: now,
    forgivenMs: 0,
    ping,
    hearsUs: ping.hears.includes(self),
    roundTripMs,
    linkClosed: false,
    gone: null,
    pastRun: null,
    memory: remember(peer.memory, ping.run, diskIn(ping)),
  };
  return replace(peers, judged(heard, self, now, timings, effects));
};

const diskIn = ({ generation, store, saves, feedHead }: Ping): DiskMemory => ({
  generation,
  store,
  saves,
  feedHead,
});

export const heardGoodbye = (peers: Peers, from: NodeId, effects: Effect[]): Heard =>
  died(peers, from, "goodbye", effects);

/** A closed link alone is no evidence; closed and then refused is. */
export const heardLink = (
  peers: Peers,
  event: Exclude<LinkEvent, { kind: "message" }>,
  effects: Effect[],
): Heard => {
  const peer = peerOf(peers, event.peer);
  switch (event.kind) {
    case "link.opened":
      return { peers: replace(peers, { ...peer, linkClosed: false }), stale: false, died: null };
    case "link.closed":
      return { peers: replace(peers, { ...peer, linkClosed: true }), stale: false, died: null };
    case "link.refused":
      return peer.linkClosed && peer.gone === null && peer.boot > 0
        ? died(peers, event.peer, "refused", effects)
        : { peers, stale: false, died: null };
  }
};

/** Looks at every peer again, because time has passed. The same array comes back when nothing changed. */
export const judgeAll = (
  peers: Peers,
  self: NodeId,
  now: MonotonicMs,
  timings: LivenessTimings,
  effects: Effect[],
): Peers => {
  let changed = false;
  const next = peers.map((peer) => {
    if (peer.id === self) return peer;
    const after = judged(peer, self, now, timings, effects);
    changed ||= after !== peer;
    return after;
  });
  return changed ? next : peers;
};

/** We stood still for `deafMs`: what peers said meanwhile is still to be read, so their silence is no evidence. */
export const forgiveSilence = (peers: Peers, deafMs: number): Peers =>
  peers.map((peer) => ({ ...peer, forgivenMs: peer.forgivenMs + deafMs }));

/** The standing that a peer deserves now. */
export const standingOf = (peer: PeerView, now: MonotonicMs, timings: LivenessTimings): Standing => {
  if (peer.boot === 0) return "unknown";
  if (!isHeard(peer, now, timings)) return "down";
  return peer.hearsUs && silenceMsOf(peer, now) < suspectHeartbeats * timings.heartbeatMs ? "up" : "suspect";
};

const judged = (
  peer: PeerView,
  self: NodeId,
  now: MonotonicMs,
  timings: LivenessTimings,
  effects: Effect[],
): PeerView => {
  // A peer that was never up may be on its way: it is neither suspect nor down until it has been up once.
  const deserved = standingOf(peer, now, timings);
  const standing =
    deserved === "suspect" && (peer.standing === "unknown" || peer.standing === "down")
      ? peer.standing
      : deserved;
  const steady = peer.ping?.electable === true && peer.ping.ready && isLive(peer, now, timings);
  const broke = !steady && peer.steadySince !== null;
  if (standing === peer.standing && steady === (peer.steadySince !== null)) return peer;
  if (standing !== peer.standing) tell(peer, standing, self, now, effects);
  return {
    ...peer,
    standing,
    steadySince: steady ? (peer.steadySince ?? now) : null,
    flaps: peer.flaps + (broke ? 1 : 0),
  };
};

const tell = (
  peer: PeerView,
  standing: Standing,
  self: NodeId,
  now: MonotonicMs,
  effects: Effect[],
): void => {
  const event = transitionEvent(peer, standing, self, now);
  if (event !== null) effects.push({ kind: "log", event }, { kind: "changed" });
};

const transitionEvent = (
  peer: PeerView,
  standing: Standing,
  self: NodeId,
  now: MonotonicMs,
): Event | null => {
  switch (standing) {
    case "unknown":
      return null;
    case "up":
      return { kind: "node.up", peer: peer.id };
    case "suspect": {
      // It may be the peer that does not hear us; the longer silence of the two is what ails the link.
      const unheardMs = peer.ping?.silenceMs.find((row) => row.id === self)?.ms ?? 0;
      return { kind: "node.suspect", peer: peer.id, silenceMs: Math.max(silenceMsOf(peer, now), unheardMs) };
    }
    case "down":
      return { kind: "node.down", peer: peer.id, reason: "silent" };
  }
};

const withPast = (peers: Peers, peer: PeerView, pastRun: number): Peers =>
  peer.pastRun === pastRun ? peers : replace(peers, { ...peer, pastRun });

/** The disk that is known under this id is in use: our connection to its process is open and it was just heard. */
const isTaken = (peer: PeerView, now: MonotonicMs, timings: LivenessTimings): boolean =>
  peer.store !== null && !peer.linkClosed && peer.hearsUs && isHeard(peer, now, timings);

const died = (peers: Peers, id: NodeId, reason: "refused" | "goodbye", effects: Effect[]): Heard => {
  const peer = peerOf(peers, id);
  if (peer.standing !== "down") {
    effects.push({ kind: "log", event: { kind: "node.down", peer: id, reason } }, { kind: "changed" });
  }
  const dead: PeerView = {
    ...peer,
    gone: reason,
    hearsUs: false,
    standing: "down",
    steadySince: null,
    flaps: peer.flaps + (peer.steadySince === null ? 0 : 1),
  };
  return { peers: replace(peers, dead), stale: false, died: reason };
};

const replace = (peers: Peers, peer: PeerView): Peers => peers.with(peer.id - 1, peer);
