/**
 * What a process shows at the door: a certificate, its key, and the CA that it trusts in return.
 *
 * A connection that fails in TLS says little. So everything that can be known beforehand is checked when the
 * files are read: that each is there and is what its name says, that they belong together, that the
 * certificate is of whom we believe to be, and that it is valid now.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { bad, fault, good, type Result } from "../../model/faults.ts";
import type { Peer } from "../../model/messages.ts";
import { type WallMs, wallMs } from "../../model/units.ts";
import { readText } from "../files.ts";
import { clusterOfAuthority, peerOfCertificate, sayPeer } from "./identity.ts";
import { clockSkewMs } from "./lifetimes.ts";
import type { CredentialPaths, Holder } from "./places.ts";

/** PEM texts as TLS wants them, and whom they speak for. `keyPem` is secret: never logged, never in a fault. */
export interface Credentials {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly caPem: string;
  readonly peer: Peer;
}

/** A certificate is about a kilobyte. */
export const pemBytesMax = 16_384;

/**
 * The credentials at `paths`, checked against each other and against `now`. Faults: CREDENTIALS_MISSING with
 * the command that makes them; CREDENTIALS_INVALID with file and reason; CREDENTIALS_EXPIRED.
 */
export const loadCredentials = (paths: CredentialPaths, now: WallMs): Result<Credentials> => {
  const certificate = readCertificate(paths.certificate, paths.command);
  if (!certificate.ok) return certificate;
  const key = readKey(paths.key, paths.command);
  if (!key.ok) return key;
  const ca = readCertificate(paths.ca, paths.command);
  if (!ca.ok) return ca;
  if (!certificate.value.certificate.checkPrivateKey(key.value.key))
    return invalid(paths.key, "it is not the key of the certificate beside it");
  const peer = checkCertificate(paths.certificate, certificate.value.certificate, ca.value.certificate, now);
  if (!peer.ok) return peer;
  if (!isHeldBy(peer.value, paths.holder)) {
    const wanted = sayHolder(paths.holder);
    return invalid(paths.certificate, `it is the certificate of ${sayPeer(peer.value)}, not of ${wanted}`);
  }
  return good({
    certificatePem: certificate.value.pem,
    keyPem: key.value.pem,
    caPem: ca.value.pem,
    peer: peer.value,
  });
};

/** Whom `certificate` speaks for, when `ca` signed it and both are valid `now`. `path` is for the fault. */
export const checkCertificate = (
  path: string,
  certificate: X509Certificate,
  ca: X509Certificate,
  now: WallMs,
): Result<Peer> => {
  const peer = vouchedFor(path, certificate, ca);
  if (!peer.ok) return peer;
  const valid = checkTimes(path, certificate, sayPeer(peer.value), now);
  if (!valid.ok) return valid;
  const caValid = checkTimes(path, ca, "the cluster's CA", now);
  return caValid.ok ? peer : caValid;
};

/** Whom `certificate` speaks for, when `ca` signed it, whatever the time. */
export const vouchedFor = (path: string, certificate: X509Certificate, ca: X509Certificate): Result<Peer> => {
  if (!ca.ca || !certificate.checkIssued(ca) || !certificate.verify(ca.publicKey))
    return invalid(path, "the CA that came with it did not sign it");
  const peer = peerOfCertificate(certificate.raw);
  if (!peer.ok) return invalid(path, "it names no node, user or operator");
  const cluster = clusterOfAuthority(ca.raw);
  if (!cluster.ok || cluster.value !== peer.value.cluster)
    return invalid(path, "it names another cluster than its CA");
  return peer;
};

/** Whether a certificate is valid at `now`. */
export const checkTimes = (
  path: string,
  certificate: X509Certificate,
  who: string,
  now: WallMs,
): Result<void> => {
  const since = certificate.validToDate;
  if (now > since.getTime())
    return bad(fault("CREDENTIALS_EXPIRED", { who, since: since.toISOString().slice(0, 10) }));
  const from = certificate.validFromDate;
  if (now < from.getTime())
    return invalid(
      path,
      `it is valid only from ${from.toISOString()}; check this machine's clock, and set it: sudo timedatectl set-ntp true`,
    );
  return good(undefined);
};

/** When a certificate was made, to the second: it is valid from `clockSkewMs` before. */
export const madeAtOf = ({ validFromDate }: Pick<X509Certificate, "validFromDate">): WallMs =>
  wallMs(validFromDate.getTime() + clockSkewMs);

/** Exactly one certificate in PEM. */
export const readCertificate = (
  path: string,
  command: string,
): Result<{ readonly pem: string; readonly certificate: X509Certificate }> => {
  const pem = readPem(path, command);
  if (!pem.ok) return pem;
  const certificate = parseCertificate(pem.value);
  if (certificate === null) return invalid(path, "it is not one certificate in PEM");
  return good({ pem: pem.value, certificate });
};

/** The certificate in a PEM text that has exactly one, or null. */
export const parseCertificate = (pem: string): X509Certificate | null => {
  if (pem.split("-----BEGIN ").length !== 2) return null;
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
};

export const readKey = (
  path: string,
  command: string,
): Result<{ readonly pem: string; readonly key: KeyObject }> => {
  const pem = readPem(path, command);
  if (!pem.ok) return pem;
  try {
    return good({ pem: pem.value, key: createPrivateKey(pem.value) });
  } catch {
    // The library's words could quote the key.
    return invalid(path, "it is not a private key in PEM");
  }
};

export const invalid = (path: string, reason: string): Result<never> =>
  bad(fault("CREDENTIALS_INVALID", { path, reason }));

const readPem = (path: string, command: string): Result<string> => {
  const text = readText(path, pemBytesMax);
  if (text.ok) return text;
  if (text.fault.code === "FILE_NOT_FOUND") return bad(fault("CREDENTIALS_MISSING", { path, command }));
  return invalid(path, text.fault.code === "FILE_UNREADABLE" ? text.fault.reason : text.fault.code);
};

const isHeldBy = (peer: Peer, holder: Holder): boolean =>
  peer.role === "node"
    ? holder.role === "node" && holder.id === peer.id
    : holder.role === peer.role && holder.name === peer.name;

const sayHolder = (holder: Holder): string =>
  holder.role === "node" ? `node ${holder.id}` : `${holder.role} ${holder.name}`;
