/**
 * Whose client the console has: the user that was named, or the first whose credentials are on this machine.
 */
import { wallNow } from "../../core/io/clock.ts";
import { findCredentials } from "../../core/io/pki/found.ts";
import { userCredentials } from "../../core/io/pki/places.ts";
import { loadUser } from "../../core/io/pki/users.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import { good, type Result } from "../../core/model/faults.ts";
import { type UserName, userNameOf } from "../../core/model/ids.ts";
import { openDesk } from "../client/desk.ts";
import { historyPath, openHistory } from "../client/history.ts";
import { absentClient, openPaneClient, type PaneClient, type PaneWords } from "../client/pane.ts";
import { type Settings, userOf } from "../settings.ts";

export const clientHere = async (
  settings: Settings,
  config: ClusterConfig,
  words: PaneWords,
): Promise<PaneClient> => {
  const { data } = settings;
  const found =
    settings.user === undefined ? await usersWithCredentials(data, config) : [userOf(settings.user)];
  for (const name of found) {
    const client = await clientOfUser(data, config, name, words);
    if (client.ok) return client.value;
  }
  return absentClient(userCredentials(data, found[0] ?? userNameOf("alice")).command);
};

export const clientOfUser = async (
  data: string,
  config: ClusterConfig,
  name: UserName,
  words: PaneWords,
): Promise<Result<PaneClient>> => {
  const user = await loadUser(data, name, wallNow());
  if (!user.ok) return user;
  const history = openHistory(historyPath(data, name));
  return good(openPaneClient(openDesk(config, name, user.value), history, words));
};

const usersWithCredentials = async (data: string, config: ClusterConfig): Promise<readonly UserName[]> => {
  const all = await findCredentials(data, config, wallNow());
  return all.flatMap(({ paths, loaded }) =>
    loaded.ok && paths.holder.role === "user" ? [paths.holder.name] : [],
  );
};
