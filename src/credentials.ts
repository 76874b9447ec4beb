/**
 * Who we are on this machine. On a cluster that is all on loopback, what is missing is made; elsewhere it is a
 * fault with the command to type.
 */
import { wallNow } from "../core/io/clock.ts";
import { type Credentials, loadCredentials } from "../core/io/pki/credentials.ts";
import { ensureLocalPki, ensureLocalUser } from "../core/io/pki/local.ts";
import { hasAuthority, nodeCredentials, operatorCredentials } from "../core/io/pki/places.ts";
import { loadUser, type User } from "../core/io/pki/users.ts";
import type { ClusterConfig } from "../core/model/config.ts";
import type { NodeId, UserName } from "../core/model/ids.ts";
import { must } from "./settings.ts";

/** Throws FaultError: CREDENTIALS_*. */
export const nodeCredentialsFor = async (
  data: string,
  config: ClusterConfig,
  id: NodeId,
): Promise<Credentials> => {
  must(await ensureLocalPki(data, config, wallNow()));
  return must(loadCredentials(nodeCredentials(data, id), wallNow()));
};

export const userCredentialsFor = async (
  data: string,
  config: ClusterConfig,
  name: UserName,
): Promise<User> => {
  must(await ensureLocalPki(data, config, wallNow()));
  must(await ensureLocalUser(data, config, name, wallNow()));
  return must(await loadUser(data, name, wallNow()));
};

/** An operator's, or else those of a node of this machine: either may ask for the status. */
export const statusCredentialsFor = async (data: string, config: ClusterConfig): Promise<Credentials> => {
  if (hasAuthority(data)) must(await ensureLocalPki(data, config, wallNow()));
  const now = wallNow();
  const operator = loadCredentials(operatorCredentials(data), now);
  if (operator.ok) return operator.value;
  for (const server of config.servers) {
    const node = loadCredentials(nodeCredentials(data, server.id), now);
    if (node.ok) return node.value;
  }
  return must(operator);
};
