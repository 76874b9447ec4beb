/**
 * What a node says of itself each heartbeat interval, to everybody.
 */
import type { Ping } from "../model/control.ts";
import type { NodeId } from "../model/ids.ts";
import type { MonotonicMs } from "../model/units.ts";
import type { Effect } from "./effects.ts";
import { isHeard, type PeerView } from "./liveness.ts";
import { hasNode } from "./node-set.ts";
import { isReady, type NodeState, surroundings } from "./node-state.ts";
import { knownBefore } from "./standing.ts";

/** Appends one ping for each peer; they differ only in what they echo. */
export const pingsTo = (state: NodeState, now: MonotonicMs, effects: Effect[]): void => {
  const { setup, election } = state;
  const { electable } = surroundings(state, { now, wall: state.seenAt.wall, chance: 0 });
  const hears: NodeId[] = [];
  const silenceMs: { id: NodeId; ms: number; roundTripMs: number | null }[] = [];
  for (const peer of state.peers) {
    if (peer.id === setup.id) continue;
    if (isHeard(peer, now, setup.timings)) hears.push(peer.id);
    if (peer.ping !== null)
      silenceMs.push({ id: peer.id, ms: now - peer.heardAt, roundTripMs: peer.roundTripMs });
  }
  const common = {
    kind: "ping",
    boot: election.durable.boot,
    run: setup.run,
    replaces: setup.replaces,
    store: setup.disk.store,
    saves: election.durable.saves,
    term: election.durable.term,
    leader: election.leader,
    electable: hasNode(electable, setup.id),
    generation: state.generation,
    ready: isReady(state) && state.stop.kind === "no",
    feedHead: state.feedHead,
    load: state.load,
    hears,
    silenceMs,
    sentAt: now,
  } as const;
  for (const peer of state.peers) {
    if (peer.id === setup.id) continue;
    const own = {
      echo: echoOf(peer, now),
      remembers: remembersOf(peer),
      pulled: state.pulled.get(peer.id) ?? null,
    };
    effects.push({ kind: "send", to: peer.id, message: { ...common, ...own } });
  }
};

const echoOf = (peer: PeerView, now: MonotonicMs): Ping["echo"] =>
  peer.ping === null ? null : { sentAt: peer.ping.sentAt, heldMs: now - peer.heardAt };

/** What we know of its disk from before its present process, or from before that of a process on an earlier state of it. */
const remembersOf = ({ ping, memory, pastRun }: PeerView): Ping["remembers"] => {
  if (pastRun !== null) return { run: pastRun, disk: memory?.latest ?? null };
  return ping === null ? null : { run: ping.run, disk: knownBefore(memory, ping.run) };
};
