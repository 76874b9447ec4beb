/**
 * Where the nodes' time went: V8's CPU profiles, summed by function.
 */
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Options } from "./options.ts";

/** The part of a `.cpuprofile` that is read here; times in microseconds. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const shown = 25;

/** What Node needs to write profiles below `folder` when a process ends in good order. */
export const profileArguments = (folder: string): Pick<Options, "nodeArguments" | "clientArguments"> => {
  const into = (who: string): readonly string[] => {
    mkdirSync(join(folder, who), { recursive: true });
    return ["--cpu-prof", `--cpu-prof-dir=${join(folder, who)}`];
  };
  return { nodeArguments: into("nodes"), clientArguments: into("clients") };
};

/** The functions in which nodes, and then clients, spent most time themselves, as shares of their busy time. */
export const sayProfiles = (folder: string): string =>
  ["nodes", "clients"]
    // Some parts of the benchmark have no clients.
    .filter((who) => readdirSync(join(folder, who)).length > 0)
    .map((who) => `${who}: ${sayProfilesIn(join(folder, who))}`)
    .join("\n\n");

const sayProfilesIn = (folder: string): string => {
  const times = new Map<string, number>();
  const names = readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"));
  for (const name of names)
    addProfile(times, JSON.parse(readFileSync(join(folder, name), "utf8")) as Profile);
  const idle = times.get("(idle)") ?? 0;
  times.delete("(idle)");
  const busy = [...times.values()].reduce((sum, time) => sum + time, 0);
  const rows = [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(([name, time]) => `${((100 * time) / busy).toFixed(1).padStart(5)} %  ${name}`);
  const share = ((100 * busy) / (busy + idle)).toFixed(0);
  return [`${names.length} profiles; busy ${share} % of the time, in:`, ...rows].join("\n");
};

const addProfile = (times: Map<string, number>, { nodes, samples, timeDeltas }: Profile): void => {
  const nameOf = new Map(nodes.map(({ id, callFrame }) => [id, sayFrame(callFrame)]));
  for (const [at, sample] of samples.entries()) {
    const name = nameOf.get(sample) ?? "(unknown)";
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[at] ?? 0));
  }
};

const sayFrame = ({ functionName, url, lineNumber }: Profile["nodes"][number]["callFrame"]): string => {
  const name = functionName === "" ? "(anonymous)" : functionName;
  return url === "" ? name : `${name} (${basename(url)}:${lineNumber + 1})`;
};
