/**
 * Chance from a seed, so that a run can be told again.
 *
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), its state filled
 * from the seed by SplitMix32, the 32-bit relative of Steele, Lea and Flood's SplitMix (2014).
 */
import type { Entropy } from "../../core/ports.ts";

export interface Random extends Entropy {
  /** Uniform in [min, max). */
  between(min: number, max: number): number;
  /** Whole, uniform, min … max. */
  whole(min: number, max: number): number;
  /** True with probability `share`. */
  chance(share: number): boolean;
  pick<Value>(values: readonly Value[]): Value;
}

export const createRandom = (seed: number): Random => {
  let filler = seed | 0;
  const fill = (): number => {
    filler = (filler + 0x9e3779b9) | 0;
    let mixed = Math.imul(filler ^ (filler >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
  let [a, b, c, d] = [fill(), fill(), fill(), fill()];
  const next = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return (result >>> 0) / 4_294_967_296;
  };
  const whole = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  return {
    next,
    whole,
    between: (min, max) => min + next() * (max - min),
    chance: (share) => next() < share,
    pick: (values) => {
      const value = values[whole(0, values.length - 1)];
      if (value === undefined) throw new RangeError("nothing to pick from");
      return value;
    },
  };
};
