/**
 * An hour of measurements, one a second, for the charts.
 *
 * Values never change, so a new sample must not copy the hour: a series is whole minutes, which are shared, and
 * the minute that is being filled, which is copied. Sixty numbers are copied a second, however long it runs, and
 * the oldest minute goes when the hour is full. What was not known is NaN, which no chart draws.
 */
import type { NodeId } from "../../core/model/ids.ts";

export const historySecondsMax = 3_600;
const chunkSeconds = 60;

export type Metric = "load" | "uploads" | "p50" | "p99";
export const metrics = ["load", "uploads", "p50", "p99"] as const satisfies readonly Metric[];

/** What is known of a node in one second; NaN where nothing is. */
export type Sample = Readonly<Record<Metric, number>>;
export const nothingKnown: Sample = {
  load: Number.NaN,
  uploads: Number.NaN,
  p50: Number.NaN,
  p99: Number.NaN,
};

interface Series {
  /** Full minutes, oldest first. */
  readonly whole: readonly (readonly number[])[];
  /** The minute that is being filled. */
  readonly last: readonly number[];
}

type NodeSeries = Readonly<Record<Metric, Series>>;

export interface History {
  /** Of the newest sample, in wall seconds; null before the first. All series end there. */
  readonly second: number | null;
  readonly nodes: ReadonlyMap<NodeId, NodeSeries>;
}

export const emptyHistory: History = { second: null, nodes: new Map() };

const emptySeries: Series = { whole: [], last: [] };

/**
 * One second more: seconds that nobody measured (the console was stopped) are filled with nothing, and nodes that
 * left the cluster are forgotten. A second that is there already is left as it is.
 */
export const withSamples = (
  history: History,
  second: number,
  samples: ReadonlyMap<NodeId, Sample>,
): History => {
  const before = history.second;
  if (before !== null && second <= before) return history;
  const passed = before === null ? 1 : second - before;
  const missed = Math.min(historySecondsMax, passed - 1);
  const known = lengthOf(history);
  const nodes = new Map(
    [...samples].map(([id, sample]): [NodeId, NodeSeries] => {
      const old = history.nodes.get(id);
      const extended = (metric: Metric): Series =>
        grown(old?.[metric] ?? blank(known), [...blankList(missed), sample[metric]]);
      return [
        id,
        { load: extended("load"), uploads: extended("uploads"), p50: extended("p50"), p99: extended("p99") },
      ];
    }),
  );
  return { second, nodes };
};

/** How many seconds are known. */
export const lengthOf = (history: History): number => {
  for (const { load } of history.nodes.values()) return load.whole.length * chunkSeconds + load.last.length;
  return 0;
};

const blankList = (count: number): readonly number[] => Array<number>(count).fill(Number.NaN);
const blank = (count: number): Series => grown(emptySeries, blankList(count));

const grown = (series: Series, added: readonly number[]): Series => {
  let { whole, last } = series;
  for (const value of added) {
    last = [...last, value];
    if (last.length < chunkSeconds) continue;
    whole = [...whole, last].slice(-(historySecondsMax / chunkSeconds - 1));
    last = [];
  }
  return { whole, last };
};

/** Exactly `seconds` samples up to wall second `end`, oldest first; NaN for what is not known. */
export const samplesOf = (
  history: History,
  node: NodeId,
  metric: Metric,
  seconds: number,
  end: number,
): readonly number[] => {
  const series = history.nodes.get(node)?.[metric];
  if (series === undefined || history.second === null) return blankList(seconds);
  const all = [...series.whole.flat(), ...series.last];
  const after = Math.max(0, history.second - end);
  const upTo = after === 0 ? all : all.slice(0, Math.max(0, all.length - after));
  const ahead = Math.min(seconds, Math.max(0, end - history.second));
  const kept = upTo.slice(-(seconds - ahead) || upTo.length);
  return [...blankList(seconds - ahead - kept.length), ...kept, ...blankList(ahead)].slice(-seconds);
};

/**
 * The samples of `seconds` up to wall second `end` as at most `count` values, oldest first: of each stretch the mean,
 * or the highest where a short peak must not get lost. Stretches begin at fixed seconds of the clock, so that what
 * is drawn moves on and does not shimmer.
 */
export const stretchesOf = (
  history: History,
  node: NodeId,
  metric: Metric,
  { seconds, end, count, how }: StretchWish,
): readonly number[] => {
  const length = Math.ceil(seconds / Math.max(1, count));
  const number = Math.floor(seconds / length);
  const first = (Math.floor(end / length) - number + 1) * length;
  const samples = samplesOf(history, node, metric, end - first + 1, end);
  return Array.from({ length: number }, (_, index) => {
    const known = samples.slice(index * length, (index + 1) * length).filter((value) => !Number.isNaN(value));
    if (known.length === 0) return Number.NaN;
    return how === "highest"
      ? Math.max(...known)
      : known.reduce((sum, value) => sum + value, 0) / known.length;
  });
};

export interface StretchWish {
  readonly seconds: number;
  readonly end: number;
  readonly count: number;
  readonly how: "mean" | "highest";
}
