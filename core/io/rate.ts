/** How fast a number grows, by what it was in the last seconds. */
import type { Clock } from "../ports.ts";

export interface Rate {
  sample(value: number): void;
  /** Null until there are two samples. */
  perSecond(): number | null;
}

export const createRate = (clock: Clock, windowMs: number): Rate => {
  const samples: { readonly at: number; readonly value: number }[] = [];
  return {
    sample: (value) => {
      const now = clock.monotonic();
      samples.push({ at: now, value });
      while ((samples[0]?.at ?? now) < now - windowMs) samples.shift();
    },
    perSecond: () => {
      const [first] = samples;
      const last = samples.at(-1);
      if (first === undefined || last === undefined || last.at <= first.at) return null;
      return ((last.value - first.value) * 1_000) / (last.at - first.at);
    },
  };
};
