/**
 * Which credentials lie in a data folder, whoever's they are.
 *
 * The status of the cluster may be asked by anybody who belongs to it. So a command that only looks takes the
 * best that is there: an operator's, else a node's, else a user's.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ClusterConfig } from "../../model/config.ts";
import { good, type Result } from "../../model/faults.ts";
import { parseUserName, type UserName } from "../../model/ids.ts";
import type { WallMs } from "../../model/units.ts";
import { type Credentials, loadCredentials } from "./credentials.ts";
import { type CredentialPaths, nodeCredentials, operatorCredentials, userCredentials } from "./places.ts";
import { loadUser } from "./users.ts";

export interface FoundCredentials {
  readonly paths: CredentialPaths;
  /** The faults of `loadCredentials` and `loadUser`. */
  readonly loaded: Result<Credentials>;
}

/** All that have a certificate, good or not, the best for looking first. */
export const findCredentials = async (
  data: string,
  config: Pick<ClusterConfig, "servers">,
  now: WallMs,
): Promise<readonly FoundCredentials[]> => {
  const all = [
    ...namesIn(join(data, "operators")).map((name) => operatorCredentials(data, name)),
    ...config.servers.map(({ id }) => nodeCredentials(data, id)),
    ...namesIn(join(data, "users")).map((name) => userCredentials(data, name)),
  ];
  const present = all.filter((paths) => existsSync(paths.certificate));
  return Promise.all(present.map(async (paths) => ({ paths, loaded: await load(data, paths, now) })));
};

/** The first that can be used. */
export const bestOf = (found: readonly FoundCredentials[]): Credentials | null => {
  for (const { loaded } of found) if (loaded.ok) return loaded.value;
  return null;
};

const load = async (data: string, paths: CredentialPaths, now: WallMs): Promise<Result<Credentials>> => {
  if (paths.holder.role !== "user") return loadCredentials(paths, now);
  const user = await loadUser(data, paths.holder.name, now);
  return user.ok ? good(user.value.credentials) : user;
};

/** The folders in `folder` that are somebody's. */
const namesIn = (folder: string): readonly UserName[] => {
  try {
    return readdirSync(folder)
      .sort()
      .flatMap((name) => parseUserName(name) ?? []);
  } catch {
    return [];
  }
};
