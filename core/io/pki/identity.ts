/**
 * Who a certificate speaks for.
 *
 * Machines change addresses and a person has no address at all, so a certificate here names no host. It
 * carries one URI as its subject alternative name (RFC 5280 §4.2.1.6), which says cluster, role and name:
 *
 *     distinsta://<cluster>/node/2
 *     distinsta://<cluster>/user/alice          followed by   distinsta-recipient:age1…
 *     distinsta://<cluster>/operator/operator
 *     distinsta://<cluster>/authority           the cluster's own CA
 *
 * A user's certificate carries her age recipient as well, so that the CA's signature also says to which key
 * her images may be sealed. Reading is strict: a certificate has exactly the names above, in that order, or
 * it speaks for nobody. Whether the cluster's CA signed it is TLS's business (or `loadCredentials`'s).
 */
import { X509Certificate } from "node:crypto";
import { bad, fault, good, type Result } from "../../model/faults.ts";
import { type ClusterId, parseClusterId, parseNodeId, parseUserName } from "../../model/ids.ts";
import type { Peer } from "../../model/messages.ts";

/** The peer that a certificate speaks for. `der`: the certificate in DER. UNAUTHENTICATED when it speaks for nobody. */
export const peerOfCertificate = (der: Uint8Array): Result<Peer> => {
  const uris = urisOf(der);
  const peer = uris === null ? null : peerOfUris(uris);
  return peer === null ? nobody("its certificate names no node, user or operator") : good(peer);
};

/** The cluster whose authority a CA certificate is. */
export const clusterOfAuthority = (der: Uint8Array): Result<ClusterId> => {
  const uris = urisOf(der);
  const cluster = uris?.length === 1 ? /^distinsta:\/\/([^/]+)\/authority$/.exec(uris[0] ?? "")?.[1] : null;
  const parsed = parseClusterId(cluster);
  return parsed === null ? nobody("its CA is no cluster's authority") : good(parsed);
};

/** The identity URI of a peer. */
export const uriOf = (peer: Peer): string =>
  `distinsta://${peer.cluster}/${peer.role}/${peer.role === "node" ? peer.id : peer.name}`;

/** Every URI that a peer's certificate carries, in order. */
export const urisOfPeer = (peer: Peer): readonly string[] =>
  peer.role === "user" ? [uriOf(peer), `${recipientScheme}${peer.recipient}`] : [uriOf(peer)];

export const uriOfAuthority = (cluster: ClusterId): string => `distinsta://${cluster}/authority`;

/** A peer for people: `node 2`, `user alice`. */
export const sayPeer = (peer: Peer): string =>
  peer.role === "node" ? `node ${peer.id}` : `${peer.role} ${peer.name}`;

export const recipientScheme = "distinsta-recipient:";

/**
 * `value` when it has the form of a native X25519 recipient (age v1, "The X25519 recipient type"): `age1` and
 * 58 characters of bech32. The checksum is looked at where recipients are signed and where they are used.
 */
export const parseRecipient = (value: unknown): string | null =>
  typeof value === "string" && /^age1[02-9ac-hj-np-z]{58}$/.test(value) ? value : null;

const nobody = (reason: string): Result<never> => bad(fault("UNAUTHENTICATED", { reason }));

const peerOfUris = (uris: readonly string[]): Peer | null => {
  const [identity = "", second, ...more] = uris;
  const match = /^distinsta:\/\/([^/]+)\/(node|user|operator)\/([^/]+)$/.exec(identity);
  const cluster = parseClusterId(match?.[1]);
  const name = match?.[3];
  if (match === null || cluster === null || name === undefined || more.length > 0) return null;
  if (match[2] === "user") {
    const user = parseUserName(name);
    const recipient = second?.startsWith(recipientScheme)
      ? parseRecipient(second.slice(recipientScheme.length))
      : null;
    return user === null || recipient === null ? null : { role: "user", cluster, name: user, recipient };
  }
  if (second !== undefined) return null;
  if (match[2] === "operator") {
    const operator = parseUserName(name);
    return operator === null ? null : { role: "operator", cluster, name: operator };
  }
  const id = /^[1-9]$/.test(name) ? parseNodeId(Number(name)) : null;
  return id === null ? null : { role: "node", cluster, id };
};

/**
 * The URIs of a certificate, or null when it has other names or none. Node prints the names as one line,
 * `URI:a, URI:b`, and puts a name into JSON quotes as soon as it contains a comma, a quote, a backslash or
 * anything unprintable; none of our URIs does, so a line with anything but plain URIs is refused as a whole
 * and nothing needs to be unquoted.
 */
const urisOf = (der: Uint8Array): readonly string[] | null => {
  let line: string | undefined;
  try {
    line = new X509Certificate(der).subjectAltName;
  } catch {
    return null;
  }
  if (line === undefined || !/^URI:[a-z0-9:/._-]+(, URI:[a-z0-9:/._-]+)*$/.test(line)) return null;
  return line.split(", ").map((name) => name.slice("URI:".length));
};
