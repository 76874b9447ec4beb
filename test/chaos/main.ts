/**
 * `npm run chaos -- [--minutes M] [--seed S] [--nodes N] [--rounds R] [--faults NAME,NAME]`: real nodes on machines of
 * their own are killed, frozen, burnt, filled and cut off for M minutes while eight people use them; then everything is
 * looked at. Needs root, `ip` and `nft`. Rounds after the first have the next seeds. Ends with 1 when a promise is broken.
 */
import { parseArgs } from "node:util";
import { needs } from "../support/skip.ts";
import { faults } from "./faults.ts";
import { chaosNeeds, runChaos } from "./run.ts";
import { sayReport } from "./say-report.ts";

const usage = (problem: string, hint: string): never => {
  console.error(`error: ${problem}\nhint: ${hint}`);
  process.exit(2);
};

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e6)) },
    nodes: { type: "string", default: "5" },
    rounds: { type: "string", default: "1" },
    faults: { type: "string", default: faults.map(({ name }) => name).join() },
  },
});

const numberIn = (key: "minutes" | "seed" | "nodes" | "rounds", min: number, max: number): number => {
  const value = Number(values[key]);
  return value >= min && value <= max
    ? value
    : usage(`--${key} ${values[key]} is no number from ${min} to ${max}`, `for example: --${key} ${min}`);
};
const minutes = numberIn("minutes", 0, 10_000);
const seed = numberIn("seed", 0, 1e9);
const nodes = numberIn("nodes", 3, 9);
const rounds = numberIn("rounds", 1, 10_000);
const only = values.faults.split(",").map((name) => name.trim());
const unknown = only.find((wanted) => !faults.some(({ name }) => name === wanted));
if (unknown !== undefined)
  usage(`there is no fault "${unknown}"`, `there are: ${faults.map(({ name }) => name).join(", ")}`);
const lack = needs(...chaosNeeds);
if (lack !== null) usage(`a chaos ${lack}`, "run it as root on Linux, with iproute2 and nftables");

// Whatever was made is taken away first.
const breaking = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => breaking.abort());

const begunAt = performance.now();
for (let round = 0; round < rounds && process.exitCode === undefined; round++) {
  const report = await runChaos({
    seed: seed + round,
    nodes,
    plagueMs: minutes * 60_000,
    only,
    signal: breaking.signal,
    tell: (sentence) => {
      console.log(`${((performance.now() - begunAt) / 1_000).toFixed(1).padStart(7)} s  ${sentence}`);
    },
  });
  for (const line of sayReport(report)) console.log(line);
  if (report.wrong.length > 0) process.exitCode = 1;
}
