/** Chance, from the operating system. */
import { randomInt } from "node:crypto";
import type { Entropy } from "../ports.ts";

const steps = 2 ** 32;

export const systemEntropy = (): Entropy => ({ next: () => randomInt(steps) / steps });
