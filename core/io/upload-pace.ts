/**
 * How many uploads a node processes in a second, and how long they take: over the last ten seconds, because one
 * second is chance and a minute is history.
 */
import type { MeasuredLoad } from "../model/control.ts";
import type { Clock } from "../ports.ts";

export const paceWindowMs = 10_000;
/** A thousand a second; no node does that, and one that did would show a thousand. */
const rememberedMax = 10_000;

export type PaceFigures = Pick<MeasuredLoad, "uploadsPerSecond" | "uploadMsP50" | "uploadMsP99">;

export interface UploadPace {
  /** One took `ms` and is done now. */
  add(ms: number): void;
  /** Sorts what it remembers: for twice a second, not for every heartbeat. */
  figures(): PaceFigures;
}

export const createUploadPace = (clock: Pick<Clock, "monotonic">): UploadPace => {
  let done: { readonly at: number; readonly ms: number }[] = [];
  return {
    add: (ms) => {
      done.push({ at: clock.monotonic(), ms });
      if (done.length > 2 * rememberedMax) done = done.slice(-rememberedMax);
    },
    figures: () => {
      const since = clock.monotonic() - paceWindowMs;
      done = done.filter(({ at }) => at > since).slice(-rememberedMax);
      const sorted = done.map(({ ms }) => ms).sort((a, b) => a - b);
      const quantile = (share: number): number | null => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
      return {
        uploadsPerSecond: done.length / (paceWindowMs / 1_000),
        uploadMsP50: quantile(0.5),
        uploadMsP99: quantile(0.99),
      };
    },
  };
};
