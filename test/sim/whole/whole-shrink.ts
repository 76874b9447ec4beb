/**
 * A broken run made small: without the faults that it does not take, and no longer than it has to be. What is left is
 * a story that a person can follow.
 */
import { Broken } from "./ledger.ts";
import { type FaultName, faultNames } from "./whole-faults.ts";
import { runWholeSeed, type WholeRunOptions } from "./whole-run.ts";

export interface Shrunk {
  readonly seed: number;
  readonly nodes: number;
  readonly durationMs: number;
  readonly faults: readonly FaultName[];
  readonly broken: Broken;
}

const durationMsMax = 6_000;
const durationMsMin = 100;

/** Null when the run breaks nothing in the end. Each fault that is left out makes another history of the same seed. */
export const shrink = async ({ seed, nodes, parts }: WholeRunOptions): Promise<Shrunk | null> => {
  const plan = { seed, nodes, ...(parts !== undefined && { parts }) };
  const tryOut = async (durationMs: number, faults: readonly FaultName[]): Promise<Shrunk | null> => {
    const broken = await brokenBy({ ...plan, durationMs, faults });
    return broken === null ? null : { seed, nodes, durationMs, faults, broken };
  };
  let best = await tryOut(durationMsMax, faultNames);
  for (const name of best?.faults ?? []) {
    if (best === null) break;
    const without = best.faults.filter((other) => other !== name);
    best = (await tryOut(best.durationMs, without)) ?? best;
  }
  while (best !== null && best.durationMs > durationMsMin) {
    const shorter = await tryOut(Math.round(best.durationMs * 0.7), best.faults);
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
