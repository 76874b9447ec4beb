/**
 * A broken run made small: without the faults that it does not take, and no longer than it has to be. What is left is
 * a story that a person can follow.
 */
import { Broken } from "./ledger.ts";
import { type FaultName, faultNames } from "./whole-faults.ts";
import { durationsMs, runWholeSeed, type WholeRunOptions } from "./whole-run.ts";

export interface Shrunk {
  readonly seed: number;
  readonly nodes: number;
  readonly durationMs: number;
  /** What it does not take. */
  readonly without: readonly FaultName[];
  readonly broken: Broken;
}

const durationMsMin = 100;

/** Null when the run breaks nothing in the end. */
export const shrink = async (options: WholeRunOptions): Promise<Shrunk | null> => {
  const { seed, nodes, parts, sharing = false } = options;
  const plan = { seed, nodes, sharing, ...(parts !== undefined && { parts }) };
  const tryOut = async (durationMs: number, without: readonly FaultName[]): Promise<Shrunk | null> => {
    const broken = await brokenBy({ ...plan, durationMs, without });
    return broken === null ? null : { seed, nodes, durationMs, without, broken };
  };
  let best: Shrunk | null = null;
  for (const durationMs of new Set(durationsMs)) best ??= await tryOut(durationMs, []);
  for (const name of best === null ? [] : faultNames) {
    if (best === null) break;
    best = (await tryOut(best.durationMs, [...best.without, name])) ?? best;
  }
  while (best !== null && best.durationMs > durationMsMin) {
    const shorter = await tryOut(Math.round(best.durationMs * 0.8), best.without);
    if (shorter === null) break;
    best = shorter;
  }
  return best;
};

export const brokenBy = async (options: WholeRunOptions): Promise<Broken | null> => {
  try {
    await runWholeSeed(options);
    return null;
  } catch (error) {
    if (error instanceof Broken) return error;
    throw error;
  }
};
