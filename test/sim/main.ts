/**
 * `npm run sim -- …` runs whole nodes (`whole/main.ts`), `npm run sim -- elections …` elections alone:
 * `SEED [--nodes N] [--seconds S] [--mutant NAME]` tells one simulated run as a story,
 * `--seeds N [--from SEED] [--nodes N] [--mutant NAME]` runs many and prints what happened in them.
 */
import { parseArgs } from "node:util";
import { realMachine } from "../../core/io/driver.ts";
import { addCounts, noCounts } from "./counters.ts";
import { type Mutant, mutants } from "./mutants.ts";
import { Violation } from "./oracle.ts";
import { runSeed } from "./run.ts";
import { sayCounts } from "./say-counts.ts";
import { simulateWhole, wholeUsage } from "./whole/main.ts";

const usage = [
  "npm run sim -- elections SEED [--nodes N] [--seconds S] [--mutant NAME]",
  "npm run sim -- elections --seeds N [--from SEED] [--nodes N] [--seconds S] [--mutant NAME]",
  "mutants:",
  ...mutants.map(({ name, bug }) => `  ${name.padEnd(22)}${bug}`),
].join("\n");

interface Wish {
  readonly seed: number | null;
  readonly seeds: number;
  readonly from: number;
  readonly nodes: number;
  readonly durationMs: number;
  readonly mutant: Mutant | null;
}

/** What was asked for, or null when it makes no sense; `parseArgs` throws for options that do not exist. */
const parseWish = (args: readonly string[]): Wish | null => {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      nodes: { type: "string", default: "3" },
      seconds: { type: "string", default: "20" },
      mutant: { type: "string" },
      seeds: { type: "string" },
      from: { type: "string", default: "1" },
    },
  });
  const seed = positionals[0] === undefined ? null : Number(positionals[0]);
  const wish: Wish = {
    seed,
    seeds: values.seeds === undefined ? 0 : Number(values.seeds),
    from: Number(values.from),
    nodes: Number(values.nodes),
    durationMs: Number(values.seconds) * 1_000,
    mutant: mutants.find(({ name }) => name === values.mutant) ?? null,
  };
  const isWhole = (value: number, min: number, max: number): boolean =>
    Number.isSafeInteger(value) && value >= min && value <= max;
  const hasWork = wish.seed === null ? isWhole(wish.seeds, 1, 1e6) : isWhole(wish.seed, 0, 1e9);
  const known = values.mutant === undefined || wish.mutant !== null;
  return hasWork &&
    known &&
    isWhole(wish.nodes, 1, 9) &&
    isWhole(wish.from, 0, 1e9) &&
    wish.durationMs >= 1_000
    ? wish
    : null;
};

const tellOne = (wish: Wish, seed: number): boolean => {
  const tell = (atMs: number, sentence: string): void => {
    const [who, what] = sentence.startsWith("* ") ? ["*", sentence.slice(2)] : ["", sentence];
    console.log(`${(atMs / 1_000).toFixed(3).padStart(8)} s ${who.padEnd(2)}${what}`);
  };
  console.log(`seed ${seed}, ${wish.nodes} nodes; what is done to them is marked with *\n`);
  try {
    const counters = runSeed({ ...optionsOf(wish, seed), tell });
    console.log(`\nEvery invariant held.\n${sayCounts(counters)}`);
    return true;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    console.log(`\nBROKEN: ${error.message}`);
    return false;
  }
};

const runMany = (wish: Wish): boolean => {
  const total = noCounts();
  const broken: string[] = [];
  for (let seed = wish.from; seed < wish.from + wish.seeds; seed++) {
    try {
      addCounts(total, runSeed(optionsOf(wish, seed)));
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      broken.push(error.message);
    }
  }
  console.log(`${wish.seeds} seeds from ${wish.from}, ${wish.nodes} nodes, ${broken.length} broken`);
  for (const message of broken.slice(0, brokenShownMax)) console.log(`  ${message}`);
  console.log(sayCounts(total));
  return broken.length === 0;
};

const brokenShownMax = 20;

const optionsOf = ({ nodes, durationMs, mutant }: Wish, seed: number): Parameters<typeof runSeed>[0] => ({
  seed,
  nodes,
  durationMs,
  machine: mutant?.machine ?? realMachine,
});

const simulateElections = (args: readonly string[]): boolean | null => {
  let wish: Wish | null = null;
  try {
    wish = parseWish(args);
  } catch {
    return null;
  }
  if (wish === null) return null;
  return wish.seed === null ? runMany(wish) : tellOne(wish, wish.seed);
};

const [first, ...rest] = process.argv.slice(2);
const held = first === "elections" ? simulateElections(rest) : await simulateWhole(process.argv.slice(2));
if (held === null) console.error(`${wholeUsage}\n\n${usage}`);
process.exitCode = held === null ? 2 : held ? 0 : 1;
