/** `distinsta server ID` on a terminal: the console here, the node in a child process. */
import { wallNow } from "../../core/io/clock.ts";
import { findCredentials } from "../../core/io/pki/found.ts";
import { userCredentials } from "../../core/io/pki/places.ts";
import { loadUser } from "../../core/io/pki/users.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import type { ExitCode } from "../../core/model/faults.ts";
import { type NodeId, type UserName, userNameOf } from "../../core/model/ids.ts";
import { openDesk } from "../client/desk.ts";
import { historyPath, openHistory } from "../client/history.ts";
import { absentClient, openPaneClient, type PaneClient } from "../client/pane.ts";
import { runWithConsole } from "../launch/with-console.ts";
import { type Located, type Settings, userOf } from "../settings.ts";

export const serverWithConsole = async (
  settings: Settings,
  { path, config }: Located,
  id: NodeId,
): Promise<ExitCode> => {
  const client = await clientHere(settings, config);
  const acceptLoss = settings.acceptLoss === true;
  const options = { config, configPath: path, data: settings.data, only: [id], acceptLoss };
  return runWithConsole(options, `server ${id}`, client);
};

/** For the console's pane: of the user that was named, or of the first whose credentials are here. */
const clientHere = async (settings: Settings, config: ClusterConfig): Promise<PaneClient> => {
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
