/**
 * `distinsta server ID`: one node.
 *
 * On a terminal the console is here and the node is a child process, so that ^Z or a slow frame never delays
 * a heartbeat. Headless, this process is the node.
 */
import { type ExitCode, FaultError, fault } from "../../core/model/faults.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { nodeCredentialsFor } from "../credentials.ts";
import { configOf, nodeIdOf, type Settings } from "../settings.ts";

export const server = async (settings: Settings, word: string): Promise<ExitCode> => {
  const id = nodeIdOf(word);
  const { path, config } = await configOf(settings);
  if (!config.servers.some((known) => known.id === id)) throw noSuchNode(id, path, config.servers.length);
  const onTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  if (settings.headless !== true && onTerminal) {
    const { runWithConsole } = await import("../launch/with-console.ts");
    return runWithConsole({ config, configPath: path, data: settings.data, only: [id] }, `server ${id}`);
  }
  const credentials = await nodeCredentialsFor(settings.data, config, id);
  const { runNode } = await import("../launch/run-node.ts");
  return runNode({ id, config, data: settings.data, credentials });
};

const noSuchNode = (id: NodeId, path: string, nodes: number): FaultError => {
  const hint = nodes === 1 ? "it names node 1" : `it names nodes 1 to ${nodes}`;
  return new FaultError(fault("USAGE", { message: `${path} names no node ${id}`, hint }));
};
