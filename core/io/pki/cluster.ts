/**
 * A cluster is founded: its CA, a certificate for each node of the configuration, and an operator.
 *
 * Founding again changes nothing that is there. It adds what is missing, because the configuration has a new
 * node, and renews what ends soon; a CA is never replaced, since every certificate outside would die with it.
 */
import { existsSync } from "node:fs";
import type { ClusterConfig } from "../../model/config.ts";
import { formatAddress } from "../../model/config.ts";
import { bad, fault, good, type Result } from "../../model/faults.ts";
import type { ClusterId, NodeId } from "../../model/ids.ts";
import type { Peer } from "../../model/messages.ts";
import type { WallMs } from "../../model/units.ts";
import { invalid } from "./credentials.ts";
import { type Establishment, establish, establishAuthority, prepareFolders } from "./keep.ts";
import {
  authorityPaths,
  type CredentialPaths,
  type Holder,
  hasAuthority,
  nodeCredentials,
  operatorCredentials,
} from "./places.ts";

export interface Founded {
  readonly cluster: ClusterId;
  readonly authority: "made" | "kept";
  /** `pki/`: to be kept by the operator, and nowhere on the nodes. */
  readonly authorityFolder: string;
  readonly certificates: readonly {
    readonly holder: Holder;
    readonly folder: string;
    readonly state: Establishment;
  }[];
  /** Which folder goes to which machine, there to lie at `<data>/certificates/node<ID>`. */
  readonly copies: readonly { readonly node: NodeId; readonly address: string; readonly folder: string }[];
}

/**
 * What `distinsta init` does. Faults: USAGE when the CA and everything else is there already; those of
 * `establishCluster`.
 */
export const initCluster = async (
  data: string,
  config: Pick<ClusterConfig, "servers">,
  now: WallMs,
): Promise<Result<Founded>> => {
  const founded = await establishCluster(data, config, now);
  if (!founded.ok) return founded;
  const { authority, authorityFolder, certificates } = founded.value;
  if (authority === "kept" && certificates.every(({ state }) => state === "kept"))
    return bad(
      fault("USAGE", {
        message: `the cluster exists already: its CA is in ${authorityFolder}, and no certificate is missing`,
        hint: "for another cluster take another folder: distinsta init --data DIR",
      }),
    );
  return founded;
};

/**
 * CA, node certificates and operator, each made if absent, renewed if it ends soon, else kept. Faults:
 * CREDENTIALS_INVALID when certificates are here whose CA is not, or are of another cluster; FILE_UNWRITABLE.
 */
export const establishCluster = async (
  data: string,
  config: Pick<ClusterConfig, "servers">,
  now: WallMs,
): Promise<Result<Founded>> => {
  // Makers put the CA first. So certificates that are seen before a missing CA were signed by one that is gone.
  const signed = holders(data, config).find((paths) => existsSync(paths.certificate));
  if (signed !== undefined && !hasAuthority(data))
    return invalid(
      authorityPaths(data).folder,
      `the CA that signed ${signed.certificate} is not here; run this where it is kept, or take another --data DIR`,
    );
  const prepared = prepareFolders(data, now);
  if (!prepared.ok) return prepared;
  const established = await establishAuthority(data, now);
  if (!established.ok) return established;
  const { authority, state } = established.value;
  const certificates = [];
  for (const paths of holders(data, config)) {
    const made = await establish(authority, paths, peerOf(paths.holder, authority.cluster), now);
    if (!made.ok) return made;
    certificates.push({ holder: paths.holder, folder: paths.folder, state: made.value });
  }
  return good({
    cluster: authority.cluster,
    authority: state,
    authorityFolder: authorityPaths(data).folder,
    certificates,
    copies: config.servers.map((server) => ({
      node: server.id,
      address: formatAddress(server),
      folder: nodeCredentials(data, server.id).folder,
    })),
  });
};

/** Whose credentials a founded cluster has: every node's, and an operator's. */
export const holders = (data: string, config: Pick<ClusterConfig, "servers">): readonly CredentialPaths[] => [
  ...config.servers.map((server) => nodeCredentials(data, server.id)),
  operatorCredentials(data),
];

const peerOf = (holder: Holder, cluster: ClusterId): Peer => {
  if (holder.role === "user") throw new TypeError("a user's certificate needs her recipient");
  return holder.role === "node"
    ? { role: "node", cluster, id: holder.id }
    : { role: "operator", cluster, name: holder.name };
};
