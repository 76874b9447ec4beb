/**
 * `npm run sim -- SEED …` tells one simulated run of whole nodes as a story; `--seeds N` runs many, says what happened
 * in them, and makes those small that break a promise.
 */
import { parseArgs } from "node:util";
import { sayCounts } from "../say-counts.ts";
import { Broken } from "./ledger.ts";
import { type WholeMutant, wholeMutants } from "./mutants.ts";
import { keepSeed } from "./named-seeds.ts";
import { addWholeCounts, noWholeCounts } from "./whole-counters.ts";
import { type FaultName, faultNames } from "./whole-faults.ts";
import { realParts, runWholeSeed, type WholeRunOptions } from "./whole-run.ts";
import { shrink } from "./whole-shrink.ts";

export const wholeUsage = [
  "npm run sim -- SEED [--nodes N] [--ms MS] [--faults NAME,NAME] [--without NAME,NAME] [--mutant NAME] [--sharing]",
  "npm run sim -- --seeds N [--from SEED] [--nodes N] [--mutant NAME] [--sharing] [--keep]",
  `faults: ${faultNames.join(" ")}`,
  "mutants:",
  ...wholeMutants.map(({ name, bug }) => `  ${name.padEnd(22)}${bug}`),
].join("\n");

interface Wish {
  readonly seed: number | null;
  readonly seeds: number;
  readonly from: number;
  readonly nodes: number;
  readonly durationMs: number | null;
  readonly faults: readonly FaultName[];
  readonly without: readonly FaultName[];
  readonly mutant: WholeMutant | null;
  readonly keep: boolean;
  readonly sharing: boolean;
}

const namesIn = (list: string | undefined): readonly FaultName[] | null =>
  list === undefined ? null : (list.split(",").filter((name) => name !== "") as FaultName[]);

/** Null when it makes no sense; `parseArgs` throws for options that do not exist. */
const parseWish = (args: readonly string[]): Wish | null => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      nodes: { type: "string", default: "3" },
      ms: { type: "string" },
      faults: { type: "string" },
      without: { type: "string" },
      mutant: { type: "string" },
      seeds: { type: "string" },
      from: { type: "string", default: "1" },
      keep: { type: "boolean", default: false },
      sharing: { type: "boolean", default: false },
    },
  });
  const wish = {
    seed: positionals[0] === undefined ? null : Number(positionals[0]),
    seeds: values.seeds === undefined ? 0 : Number(values.seeds),
    from: Number(values.from),
    nodes: Number(values.nodes),
    durationMs: values.ms === undefined ? null : Number(values.ms),
    faults: namesIn(values.faults) ?? faultNames,
    without: namesIn(values.without) ?? [],
    mutant: wholeMutants.find(({ name }) => name === values.mutant) ?? null,
    keep: values.keep,
    sharing: values.sharing,
  };
  const isWhole = (value: number, min: number, max: number): boolean =>
    Number.isSafeInteger(value) && value >= min && value <= max;
  const hasWork = wish.seed === null ? isWhole(wish.seeds, 1, 1e6) : isWhole(wish.seed, 0, 1e9);
  const isSound =
    (values.mutant === undefined || wish.mutant !== null) &&
    isWhole(wish.nodes, 1, 9) &&
    isWhole(wish.from, 0, 1e9) &&
    (wish.durationMs === null || isWhole(wish.durationMs, 1, 1e6)) &&
    [...wish.faults, ...wish.without].every((name) => faultNames.includes(name));
  return hasWork && isSound ? wish : null;
};

const optionsOf = (wish: Wish, seed: number): WholeRunOptions => {
  const { nodes, faults, without, sharing, mutant, durationMs } = wish;
  const parts = mutant?.parts() ?? realParts;
  return { seed, nodes, faults, without, sharing, parts, ...(durationMs !== null && { durationMs }) };
};

const tellOne = async (wish: Wish, seed: number): Promise<boolean> => {
  const tell = (atMs: number, sentence: string): void => {
    const [who, what] = sentence.startsWith("* ") ? ["*", sentence.slice(2)] : ["", sentence];
    console.log(`${(atMs / 1_000).toFixed(3).padStart(8)} s ${who.padEnd(2)}${what}`);
  };
  console.log(`seed ${seed}, ${wish.nodes} nodes; what is done to them is marked with *\n`);
  try {
    const counters = await runWholeSeed({ ...optionsOf(wish, seed), tell });
    console.log(`\nEvery promise was kept.\n${sayCounts(counters)}`);
    return true;
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    console.log(`\nBROKEN: ${error.message}`);
    return false;
  }
};

const runMany = async (wish: Wish): Promise<boolean> => {
  const total = noWholeCounts();
  let broken = 0;
  for (let seed = wish.from; seed < wish.from + wish.seeds; seed++) {
    try {
      addWholeCounts(total, await runWholeSeed(optionsOf(wish, seed)));
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      broken++;
      if (broken <= shrunkMax) await tellSmall(wish, seed, error);
    }
  }
  console.log(`${wish.seeds} seeds from ${wish.from}, ${wish.nodes} nodes, ${broken} broken`);
  console.log(sayCounts(total));
  return broken === 0;
};

/** Each takes some tens of runs. */
const shrunkMax = 5;

const tellSmall = async (wish: Wish, seed: number, broken: Broken): Promise<void> => {
  console.log(`BROKEN: ${broken.message}`);
  const { nodes, sharing } = wish;
  const small = await shrink({ seed, nodes, sharing, parts: wish.mutant?.parts() ?? realParts });
  if (small === null) {
    console.log("  it could not be made smaller");
    return;
  }
  const { durationMs, without } = small;
  const mutant = wish.mutant === null ? "" : ` --mutant ${wish.mutant.name}`;
  const rest = without.length === 0 ? "" : ` --without ${without.join()}`;
  const shared = sharing ? " --sharing" : "";
  console.log(
    `  smaller: npm run sim -- ${seed} --nodes ${wish.nodes} --ms ${durationMs}${rest}${mutant}${shared}`,
  );
  if (wish.keep && wish.mutant === null && !sharing) keepSeed(small);
};

/** Whether all promises were kept; null when what was asked for makes no sense. */
export const simulateWhole = async (args: readonly string[]): Promise<boolean | null> => {
  let wish: Wish | null = null;
  try {
    wish = parseWish(args);
  } catch {
    return null;
  }
  if (wish === null) return null;
  return wish.seed === null ? runMany(wish) : tellOne(wish, wish.seed);
};
