/**
 * Starting and ending the bare processes that floors are measured on.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { wallNow } from "../../core/io/clock.ts";
import { loadCredentials } from "../../core/io/pki/credentials.ts";
import { nodeCredentials } from "../../core/io/pki/places.ts";
import { nodeId } from "../../core/model/ids.ts";
import type { BareRole, Keys } from "./bare.ts";
import { type Fleet, gone, keepTrackOf, nodeIds } from "./fleet.ts";
import { must } from "./must.ts";

const program = fileURLToPath(new URL("./bare.js", import.meta.url));

export interface Bare {
  readonly child: ChildProcess;
  readonly port: number;
  close(): Promise<void>;
}

/** Resolves when it listens. */
export const startBare = async (role: BareRole): Promise<Bare> => {
  const child = keepTrackOf(
    spawn(process.execPath, [program, JSON.stringify(role)], { stdio: ["ignore", "pipe", "inherit"] }),
  );
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const { port } = JSON.parse(line) as { port: number };
  const close = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone(child);
  };
  return { child, port, close };
};

/** Keys of one of the fleet's nodes. */
export const keysOf = (fleet: Fleet, id: number): Keys => {
  const { caPem, certificatePem, keyPem } = must(
    loadCredentials(nodeCredentials(fleet.data, nodeId(id)), wallNow()),
  );
  return { caPem, certificatePem, keyPem };
};

/** Three processes that store, as the fleet has three nodes: the first passes on to the others. They end with it. */
export const startBareTrio = async (fleet: Fleet): Promise<readonly [Bare, Bare, Bare]> => {
  const [relay = 1, ...others] = nodeIds;
  const roleOf = (id: number, sinks: readonly number[]): BareRole => {
    const folder = join(fleet.folder, `bare-${id}`);
    mkdirSync(folder, { recursive: true });
    return { role: "store", folder, keys: keysOf(fleet, id), sinks };
  };
  const [a, b] = await Promise.all(others.map((id) => startBare(roleOf(id, []))));
  if (a === undefined || b === undefined) throw new Error("three nodes are three");
  const bares = [await startBare(roleOf(relay, [a.port, b.port])), a, b] as const;
  for (const bare of bares) fleet.alsoClose(() => bare.close());
  return bares;
};
