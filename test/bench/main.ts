/**
 * `npm run bench -- [--quick] [--only NAME] [--kills N] [--profile FOLDER] [--json]` measures the promises about
 * speed on three nodes on this machine, each beside a floor, and prints medians and ratios.
 * docs/benchmarks.md has the figures of one run and says what they mean.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { measureConsole } from "./console.ts";
import { type Figure, jsonOf, nowMs, tableOf } from "./figures.ts";
import { measureFreeze, measureKill, measureStart } from "./leaders.ts";
import { describeMachine, sayMachine } from "./machine.ts";
import { measureMillion } from "./million.ts";
import { type Options, quickRun, wholeRun } from "./options.ts";
import { profileArguments, sayProfiles } from "./profile.ts";
import { measureRefill } from "./refill.ts";
import { measureStall } from "./stall.ts";
import { measureCrowd, measureMemory, measureUploads } from "./uploads.ts";
import { measureWire } from "./wire.ts";

const parts: Readonly<Record<string, (options: Options) => Promise<readonly Figure[]>>> = {
  start: measureStart,
  kill: measureKill,
  freeze: measureFreeze,
  stall: measureStall,
  upload: measureUploads,
  crowd: measureCrowd,
  memory: measureMemory,
  refill: measureRefill,
  wire: measureWire,
  console: measureConsole,
  million: measureMillion,
};

const usage = [
  "npm run bench -- [--quick] [--only NAME] [--kills N] [--profile FOLDER] [--json]",
  `names: ${Object.keys(parts).join(", ")}`,
  "--profile has nodes and clients write CPU profiles into FOLDER, and says where the time went; times are longer then",
].join("\n");

interface Wish {
  readonly names: readonly string[];
  readonly options: Options;
  readonly profile: string | null;
  readonly json: boolean;
}

/** What was asked for, or null when it makes no sense; `parseArgs` throws for options that do not exist. */
const parseWish = (args: readonly string[]): Wish | null => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      kills: { type: "string" },
      profile: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const names = values.only === undefined ? Object.keys(parts) : [values.only];
  const base = values.quick ? quickRun : wholeRun;
  const kills = values.kills === undefined ? base.kills : Number(values.kills);
  if (names.some((name) => !Object.hasOwn(parts, name)) || !Number.isSafeInteger(kills) || kills < 1)
    return null;
  const profile = values.profile === undefined ? null : resolve(values.profile);
  const options = { ...base, kills, ...(profile !== null && profileArguments(profile)) };
  return { names, options, profile, json: values.json };
};

const main = async (args: readonly string[]): Promise<number> => {
  const wish = parseWish(args);
  if (wish === null) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  const machine = describeMachine();
  const startedAtMs = nowMs();
  const figures: Figure[] = [];
  for (const name of wish.names) {
    process.stderr.write(`bench: ${name}\n`);
    figures.push(...((await parts[name]?.(wish.options)) ?? []));
  }
  const tookS = Math.round((nowMs() - startedAtMs) / 1_000);
  if (wish.json) {
    process.stdout.write(`${JSON.stringify({ ...machine, tookS })}\n`);
    for (const figure of figures) process.stdout.write(`${jsonOf(figure)}\n`);
  } else process.stdout.write(`${sayMachine(machine)}; took ${tookS} s\n\n${tableOf(figures)}\n`);
  if (wish.profile !== null) process.stderr.write(`\n${sayProfiles(wish.profile)}\n`);
  return 0;
};

// Ending this process ends its children: the exit handler in fleet.ts.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));

process.exitCode = await main(process.argv.slice(2));
