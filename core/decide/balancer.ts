/**
 * Which node takes the next image?
 *
 * The one with the least work in front of it. What nodes report is always a little old, and a burst of offers
 * comes within one report; so the leader adds what it has handed out itself and what no report can show yet.
 * Without that all of a burst would go to the node that happened to be idle a moment ago.
 *
 * A node that has just started is slow for a moment: its code is not compiled yet, it has connections to open and
 * news to fetch. Others are asked first, if there are any.
 *
 * Equal nodes take turns: whoever was given work longest ago is next.
 */
import type { LoadReport } from "../model/control.ts";
import type { ImageId, NodeId } from "../model/ids.ts";
import type { Candidate } from "../model/records.ts";
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
/** How long a node counts as just started. Measured: uploads on it take twice as long for a second after it is up. */
export const youngMsMax = 2_500;

export const initialBalancer: Balancer = { given: [], turn: 0, lastTurn: [] };

export interface Choice {
  readonly balancer: Balancer;
  /** Null when nobody can take it. */
  readonly node: NodeId | null;
  /** Those who could, and what each had in front of it. */
  readonly candidates: readonly Candidate[];
}

/**
 * Gives `request` of `bytes` bytes to one of `workers`. Work given less than `settleMs` ago is taken to be
 * missing from its node's report.
 */
export const assign = (
  state: Balancer,
  request: ImageId,
  bytes: number,
  workers: readonly Worker[],
  now: MonotonicMs,
  settleMs: number,
): Choice => {
  const given = state.given.filter((entry) => now - entry.at < settleMs).slice(-(givenMax - 1));
  const able = workers.filter(({ load }) => !load.drained && !load.readOnly && load.diskFreeBytes >= bytes);
  const burdens = able.map((worker) => burdenOf(worker, given, state.lastTurn));
  const best = burdens.reduce<Burden | null>(
    (least, burden) => (least === null || compareBurdens(burden, least) < 0 ? burden : least),
    null,
  );
  if (best === null) return { balancer: { ...state, given }, node: null, candidates: [] };
  const { id } = best;
  const turn = state.turn + 1;
  const lastTurn = Array.from({ length: Math.max(state.lastTurn.length, id) }, (_, index) =>
    index === id - 1 ? turn : (state.lastTurn[index] ?? 0),
  );
  return {
    balancer: { given: [...given, { request, node: id, bytes, at: now }], turn, lastTurn },
    node: id,
    candidates: burdens.map((burden) => ({
      node: burden.id,
      images: burden.images,
      bytes: burden.bytes,
      cpu: burden.cpu * cpuStep,
    })),
  };
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
  readonly isYoung: boolean;
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
  return {
    id,
    isYoung: load.uptimeMs < youngMsMax,
    bytes,
    images,
    cpu: Math.floor(load.cpu / cpuStep),
    lastTurn: lastTurn[id - 1] ?? 0,
  };
};

const compareBurdens = (a: Burden, b: Burden): number =>
  Number(a.isYoung) - Number(b.isYoung) ||
  a.bytes - b.bytes ||
  a.images - b.images ||
  a.cpu - b.cpu ||
  a.lastTurn - b.lastTurn ||
  a.id - b.id;
