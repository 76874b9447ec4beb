/**
 * `distinsta server ID`: one node.
 *
 * On a terminal the console is here and the node is a child process, so that ^Z or a slow frame never delays
 * a heartbeat. Headless, this process is the node.
 */
import { wallNow } from "../../core/io/clock.ts";
import { findCredentials } from "../../core/io/pki/found.ts";
import { userCredentials } from "../../core/io/pki/places.ts";
import { loadUser } from "../../core/io/pki/users.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import { type ExitCode, FaultError, fault } from "../../core/model/faults.ts";
import { type NodeId, type UserName, userNameOf } from "../../core/model/ids.ts";
import { openDesk } from "../client/desk.ts";
import { historyPath, openHistory } from "../client/history.ts";
import type { PaneClient } from "../client/pane.ts";
import { nodeCredentialsFor } from "../credentials.ts";
import { configOf, nodeIdOf, type Settings, userOf } from "../settings.ts";

export const server = async (settings: Settings, word: string): Promise<ExitCode> => {
  const id = nodeIdOf(word);
  const { path, config } = await configOf(settings);
  if (!config.servers.some((known) => known.id === id)) throw noSuchNode(id, path, config.servers.length);
  const onTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  if (settings.headless !== true && onTerminal) {
    const { runWithConsole } = await import("../launch/with-console.ts");
    const client = await clientHere(settings, config);
    const options = { config, configPath: path, data: settings.data, only: [id] };
    return runWithConsole(options, `server ${id}`, client);
  }
  const credentials = await nodeCredentialsFor(settings.data, config, id);
  const { runNode } = await import("../launch/run-node.ts");
  return runNode({ id, config, data: settings.data, credentials });
};

/** For the console's pane: of the user that was named, or of the first whose credentials are here. */
const clientHere = async (settings: Settings, config: ClusterConfig): Promise<PaneClient> => {
  const { absentClient, openPaneClient } = await import("../client/pane.ts");
  const { data } = settings;
  const found =
    settings.user === undefined ? await usersWithCredentials(data, config) : [userOf(settings.user)];
  for (const name of found) {
    const user = await loadUser(data, name, wallNow());
    if (user.ok)
      return openPaneClient(openDesk(config, name, user.value), openHistory(historyPath(data, name)));
  }
  return absentClient(userCredentials(data, found[0] ?? userNameOf("alice")).command);
};

const usersWithCredentials = async (data: string, config: ClusterConfig): Promise<readonly UserName[]> => {
  const all = await findCredentials(data, config, wallNow());
  return all.flatMap(({ paths, loaded }) =>
    loaded.ok && paths.holder.role === "user" ? [paths.holder.name] : [],
  );
};

const noSuchNode = (id: NodeId, path: string, nodes: number): FaultError => {
  const hint = nodes === 1 ? "it names node 1" : `it names nodes 1 to ${nodes}`;
  return new FaultError(fault("USAGE", { message: `${path} names no node ${id}`, hint }));
};
