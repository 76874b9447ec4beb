/**
 * Which node takes the next image?
 *
 * The one with the least work in front of it. What nodes report is always a little old, and a burst of offers
 * comes within one report; so the leader adds what it has handed out itself and what no report can show yet.
 * Without that all of a burst would go to the node that happened to be idle a moment ago.
 *
 * Equal nodes take turns: whoever was given work longest ago is next.
 */
import type { LoadReport } from "../model/control.ts";
import type { ImageId, NodeId } from "../model/ids.ts";
import type { MonotonicMs } from "../model/units.ts";

/** One request that this leader has placed. */
interface Given {
  readonly request: ImageId;
  readonly node: NodeId;
  readonly bytes: number;
  readonly at: MonotonicMs;
}

export interface Balancer {
  /** Oldest first, at most `givenMax`; those that reports show by now are dropped. */
  readonly given: readonly Given[];
  /** How many requests were ever given: the clock of the turns. */
  readonly turn: number;
  /** `lastTurn[id − 1]`: the turn at which this node was given work; 0 for never. */
  readonly lastTurn: readonly number[];
}

/** A node that may be given work, with its latest report. */
export interface Worker {
  readonly id: NodeId;
  readonly load: LoadReport;
}

/** More than any burst that can pass through one leader within one settling time. */
export const givenMax = 4_096;
/** Differences in processor load below this are noise. */
export const cpuStep = 0.25;

export const initialBalancer: Balancer = { given: [], turn: 0, lastTurn: [] };

/**
 * Gives `request` of `bytes` bytes to one of `workers`. Work given less than `settleMs` ago is taken to be
 * missing from its node's report. Null when nobody can take it.
 */
export const assign = (
  state: Balancer,
  request: ImageId,
  bytes: number,
  workers: readonly Worker[],
  now: MonotonicMs,
  settleMs: number,
): readonly [Balancer, NodeId | null] => {
  const given = state.given.filter((entry) => now - entry.at < settleMs).slice(-(givenMax - 1));
  const able = workers.filter(({ load }) => !load.drained && !load.readOnly && load.diskFreeBytes >= bytes);
  let best: Burden | null = null;
  for (const worker of able) {
    const burden = burdenOf(worker, given, state.lastTurn);
    if (best === null || compareBurdens(burden, best) < 0) best = burden;
  }
  if (best === null) return [{ ...state, given }, null];
  const { id } = best;
  const turn = state.turn + 1;
  const lastTurn = Array.from({ length: Math.max(state.lastTurn.length, id) }, (_, index) =>
    index === id - 1 ? turn : (state.lastTurn[index] ?? 0),
  );
  return [{ given: [...given, { request, node: id, bytes, at: now }], turn, lastTurn }, id];
};

/**
 * 0 … 1, what the console shows as load: the busier of the processor and the queue, where a queue of
 * `queueFull` images counts as full.
 */
export const shownLoad = (load: LoadReport): number =>
  Math.min(1, Math.max(load.cpu, load.inFlight / queueFull, 0));

const queueFull = 16;

interface Burden {
  readonly id: NodeId;
  readonly bytes: number;
  readonly images: number;
  readonly cpu: number;
  readonly lastTurn: number;
}

const burdenOf = ({ id, load }: Worker, given: readonly Given[], lastTurn: readonly number[]): Burden => {
  let bytes = load.bytesInFlight;
  let images = load.inFlight;
  for (const entry of given) {
    if (entry.node !== id) continue;
    bytes += entry.bytes;
    images++;
  }
  return { id, bytes, images, cpu: Math.floor(load.cpu / cpuStep), lastTurn: lastTurn[id - 1] ?? 0 };
};

const compareBurdens = (a: Burden, b: Burden): number =>
  a.bytes - b.bytes || a.images - b.images || a.cpu - b.cpu || a.lastTurn - b.lastTurn || a.id - b.id;
