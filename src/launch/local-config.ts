/**
 * The configuration of a cluster on this machine: the shipped or given one, with N nodes on 127.0.0.1.
 *
 * It is written to `<data>/config.toml`, where every command with this data folder finds it. A data folder
 * that already holds a cluster of another size is refused: majorities would no longer overlap.
 */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { loadConfig, parseConfig, renderConfig } from "../../core/io/config-file.ts";
import { makeFolder, writeFileAtomically } from "../../core/io/files.ts";
import { type ClusterConfig, formatAddress } from "../../core/model/config.ts";
import { FaultError, fault } from "../../core/model/faults.ts";
import { type NodeId, nodeId, nodeIdMax } from "../../core/model/ids.ts";
import { nameConfig } from "../output.ts";
import { must, numberOf, type Settings } from "../settings.ts";
import { takenAddress } from "./free-ports.ts";

export interface LaunchOptions {
  readonly config: ClusterConfig;
  readonly configPath: string;
  readonly data: string;
  /** Which of the configuration's nodes; all of them when left out. */
  readonly only?: readonly NodeId[];
  /** See `NodeOptions`. */
  readonly acceptLoss?: boolean;
}

/** Nothing is written when it throws FaultError: USAGE, CONFIG_*, ADDRESS_IN_USE, FILE_UNWRITABLE. */
export const writeLocalConfig = async (settings: Settings): Promise<LaunchOptions> => {
  const { data } = settings;
  const nodes = numberOf("--nodes", settings.nodes ?? "3", 1, nodeIdMax);
  const basePort = numberOf("--base-port", settings.basePort ?? "8001", 1, 65_536 - nodes);
  const configPath = join(data, "config.toml");
  await refuseOtherSize(data, configPath, nodes);
  const servers = localServers(nodes, basePort);
  const base = await baseConfig(settings);
  const config =
    base === null
      ? parseServers(servers)
      : { ...base, servers, replication: Math.min(base.replication, nodes) };
  const taken = await takenAddress(servers);
  if (taken !== null) throw new FaultError(taken);
  must(makeFolder(data));
  must(writeFileAtomically(configPath, renderConfig(config)));
  nameConfig(configPath);
  return { config, configPath, data };
};

const localServers = (nodes: number, basePort: number): ClusterConfig["servers"] =>
  Array.from({ length: nodes }, (_, index) => ({
    id: nodeId(index + 1),
    host: "127.0.0.1",
    port: basePort + index,
  }));

/** The configuration whose other tables are taken over; null when there is no file, and all is as by default. */
const baseConfig = async (settings: Settings): Promise<ClusterConfig | null> => {
  if (settings.config !== undefined) return must(await loadConfig(settings.config));
  return existsSync("config.toml") ? must(await loadConfig("config.toml")) : null;
};

const parseServers = (servers: ClusterConfig["servers"]): ClusterConfig => {
  const lines = servers.map((server) => `node${server.id} = "${formatAddress(server)}"`);
  return must(parseConfig(["[servers]", ...lines].join("\n")));
};

const refuseOtherSize = async (data: string, configPath: string, nodes: number): Promise<void> => {
  const folder = join(data, "nodes");
  const born = existsSync(folder) && readdirSync(folder).length > 0;
  if (!born || !existsSync(configPath)) return;
  const before = must(await loadConfig(configPath)).servers.length;
  if (before === nodes) return;
  const message = `${data} holds the images of a cluster of ${before} nodes, not of ${nodes}`;
  throw new FaultError(
    fault("USAGE", { message, hint: `add --nodes ${before}, or take another folder with --data DIR` }),
  );
};
