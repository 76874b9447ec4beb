/**
 * Who we are on this machine. On a cluster that is all on loopback, what is missing is made; elsewhere it is a
 * fault with the command to type.
 */
import { wallNow } from "../core/io/clock.ts";
import type { Authority } from "../core/io/pki/authority.ts";
import { type Credentials, loadCredentials } from "../core/io/pki/credentials.ts";
import { bestOf, findCredentials } from "../core/io/pki/found.ts";
import { ensureLocalPki, ensureLocalUser } from "../core/io/pki/local.ts";
import {
  defaultOperator,
  hasAuthority,
  nodeCredentials,
  operatorCredentials,
} from "../core/io/pki/places.ts";
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

/** Throws FaultError: CREDENTIALS_*. */
export const operatorCredentialsFor = async (data: string, config: ClusterConfig): Promise<Credentials> => {
  const now = wallNow();
  if (hasAuthority(data)) must(await ensureLocalPki(data, config, now));
  const found = await findCredentials(data, config, now);
  const best = bestOf(found.filter(({ paths }) => paths.holder.role === "operator"));
  return best ?? must(loadCredentials(operatorCredentials(data), now));
};

/** An operator's of that CA; made for this once where none are here. */
export const operatorCredentialsWith = async (
  authority: Authority,
  data: string,
  config: ClusterConfig,
): Promise<Credentials> => {
  const now = wallNow();
  const { cluster } = authority;
  const found = await findCredentials(data, config, now);
  const best = bestOf(found.filter(({ paths }) => paths.holder.role === "operator"));
  if (best !== null && best.peer.cluster === cluster) return best;
  const { issueOperator } = await import("../core/io/pki/authority.ts");
  const issued = await issueOperator(authority, defaultOperator, now);
  return { ...issued, peer: { role: "operator", cluster, name: defaultOperator } };
};

/** An operator's, or else those of a node or a user of this machine: any of them may ask for the status. */
export const statusCredentialsFor = async (data: string, config: ClusterConfig): Promise<Credentials> => {
  if (hasAuthority(data)) must(await ensureLocalPki(data, config, wallNow()));
  const now = wallNow();
  const best = bestOf(await findCredentials(data, config, now));
  return best ?? must(loadCredentials(operatorCredentials(data), now));
};
