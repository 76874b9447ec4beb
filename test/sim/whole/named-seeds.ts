/** Runs that once broke a promise, kept so that they never do again. `npm run sim -- --seeds N --keep` adds to them. */
import { readFileSync, writeFileSync } from "node:fs";
import { type FaultName, faultNames } from "./whole-faults.ts";
import type { Shrunk } from "./whole-shrink.ts";

export interface NamedSeed {
  readonly name: string;
  readonly seed: number;
  readonly nodes: number;
  readonly durationMs: number;
  readonly without: readonly FaultName[];
}

/** From the root of the repository, which is where npm runs. */
const path = "test/sim/whole/named-seeds.json";

export const namedSeeds = (): readonly NamedSeed[] => {
  const kept = JSON.parse(readFileSync(path, "utf8")) as readonly NamedSeed[];
  for (const { name, without } of kept)
    for (const fault of without)
      if (!faultNames.includes(fault))
        throw new RangeError(`'${name}' knows a fault '${fault}' that is none`);
  return kept;
};

export const keepSeed = ({ seed, nodes, durationMs, without, broken }: Shrunk): void => {
  const name = `${broken.promise}, seed ${seed} of ${nodes} nodes`;
  const kept = [
    ...namedSeeds().filter((known) => known.name !== name),
    { name, seed, nodes, durationMs, without },
  ];
  writeFileSync(path, `${JSON.stringify(kept, null, 2)}\n`);
};
