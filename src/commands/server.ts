/**
 * `distinsta server ID`: one node.
 *
 * On a terminal the console is here and the node is a child process, so that ^Z or a slow frame never delays
 * a heartbeat. Headless, this process is the node. Then most of the program is loaded only after the node's lock
 * was taken, because the silence after a restart, which is counted from there, may as well pass meanwhile.
 */
import { lockKnownNode } from "../../core/io/node-lock.ts";
import { type ExitCode, FaultError, fault } from "../../core/model/faults.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { configOf, type Located, must, nodeIdOf, onTerminal, type Settings } from "../settings.ts";

export const server = async (settings: Settings, word: string): Promise<ExitCode> => {
  const id = nodeIdOf(word);
  if (settings.headless === true || !onTerminal()) return serveHeadless(settings, id);
  const located = await locate(settings, id);
  const { serverWithConsole } = await import("./server-console.ts");
  return serverWithConsole(settings, located, id);
};

const serveHeadless = async (settings: Settings, id: NodeId): Promise<ExitCode> => {
  const { data } = settings;
  const lock = must(lockKnownNode(data, id));
  try {
    const { config } = await locate(settings, id);
    const { nodeCredentialsFor } = await import("../credentials.ts");
    const credentials = await nodeCredentialsFor(data, config, id);
    const { runNode } = await import("../launch/run-node.ts");
    const acceptLoss = settings.acceptLoss === true;
    return await runNode({ id, config, data, credentials, lock, acceptLoss });
  } finally {
    lock?.release();
  }
};

/** The configuration, which must name the node. Throws FaultError. */
const locate = async (settings: Settings, id: NodeId): Promise<Located> => {
  const located = await configOf(settings);
  const { path, config } = located;
  if (config.servers.some((known) => known.id === id)) return located;
  const nodes = config.servers.length;
  const hint = nodes === 1 ? "it names node 1" : `it names nodes 1 to ${nodes}`;
  throw new FaultError(fault("USAGE", { message: `${path} names no node ${id}`, hint }));
};
