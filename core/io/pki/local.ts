/**
 * Credentials that make themselves, where nobody else could come in anyway.
 *
 * On a cluster whose addresses are all loopback, everything is on one machine and belongs to one person; there
 * the CA, every node's certificate, an operator and the users are made on first use. Wherever one address is
 * not loopback, nothing is signed by itself, and what is missing is a fault with the command to type.
 */
import { existsSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import type { ClusterConfig } from "../../model/config.ts";
import { bad, fault, good, type Result } from "../../model/faults.ts";
import type { UserName } from "../../model/ids.ts";
import type { WallMs } from "../../model/units.ts";
import { establishCluster, holders } from "./cluster.ts";
import { loadCredentials } from "./credentials.ts";
import { loadAuthority } from "./keep.ts";
import { shutOut } from "./ledger.ts";
import { authorityPaths, commandFor, hasAuthority, userFolder } from "./places.ts";
import { revokedFault } from "./revoke.ts";
import { establishUser, loadUser } from "./users.ts";

/** Whether every server of the configuration is reached at this machine only: 127.0.0.0/8, ::1 or `localhost`. */
export const isAllLoopback = (config: Pick<ClusterConfig, "servers">): boolean =>
  config.servers.length > 0 && config.servers.every((server) => isLoopback(server.host));

/**
 * On an all-loopback configuration: the CA, all nodes' certificates and an operator exist when this returns,
 * whoever made them. On any other it does nothing.
 */
export const ensureLocalPki = async (
  data: string,
  config: Pick<ClusterConfig, "servers">,
  now: WallMs,
): Promise<Result<void>> => {
  if (!isAllLoopback(config)) return good(undefined);
  // A CA that was taken away is missed only when something must be signed.
  if (!hasAuthority(data) && holders(data, config).every((paths) => loadCredentials(paths, now).ok))
    return good(undefined);
  const established = await establishCluster(data, config, now);
  return established.ok ? good(undefined) : established;
};

/**
 * On an all-loopback configuration whose CA is in this data folder: the user exists when this returns, with
 * one identity, however many clients came at once. On any other configuration it does nothing. Fault:
 * CREDENTIALS_REVOKED for a user whom only an operator may let in again.
 */
export const ensureLocalUser = async (
  data: string,
  config: Pick<ClusterConfig, "servers">,
  name: UserName,
  now: WallMs,
): Promise<Result<void>> => {
  if (!isAllLoopback(config)) return good(undefined);
  if (!hasAuthority(data)) {
    const loaded = await loadUser(data, name, now);
    if (loaded.ok) return good(undefined);
    if (existsSync(userFolder(data, name))) return loaded;
    const path = authorityPaths(data).certificate;
    return bad(fault("CREDENTIALS_MISSING", { path, command: commandFor(data, "launch-local") }));
  }
  const authority = loadAuthority(data, now);
  if (!authority.ok) return authority;
  const since = shutOut(data, authority.value, name);
  if (since !== null) return bad(revokedFault(name, since, commandFor(data, `user add ${name}`)));
  const established = await establishUser(authority.value, data, name, now);
  return established.ok ? good(undefined) : established;
};

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

const isLoopback = (host: string): boolean => {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === "localhost";
  return loopback.check(host, family === 4 ? "ipv4" : "ipv6");
};
