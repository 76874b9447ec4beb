/**
 * The CA and what it signed, on disk: made once, used by all who come later.
 *
 * Several processes may start on a fresh folder at the same moment. Each thing here is therefore one folder
 * that appears at once (`publishFolder`), and whoever comes second reads what is there. First the CA; then,
 * from whichever CA won, the certificates. At no instant can a crash leave something that blocks the next
 * start.
 */
import { join } from "node:path";
import { bad, good, type Result } from "../../model/faults.ts";
import type { Peer } from "../../model/messages.ts";
import type { WallMs } from "../../model/units.ts";
import {
  makeFolder,
  publicFile,
  publishFolder,
  secretFile,
  secretFolder,
  sweepLeftovers,
  writeFileAtomically,
} from "../files.ts";
import type { Authority } from "./authority.ts";
import {
  type Credentials,
  checkTimes,
  invalid,
  loadCredentials,
  parseCertificate,
  readCertificate,
  readKey,
} from "./credentials.ts";
import { clusterOfAuthority } from "./identity.ts";
import { renewalMs } from "./lifetimes.ts";
import { authorityPaths, type CredentialPaths, commandFor } from "./places.ts";

export type Establishment = "made" | "renewed" | "kept";

/** The CA of this data folder. Faults: CREDENTIALS_MISSING where it is not kept, CREDENTIALS_INVALID, CREDENTIALS_EXPIRED. */
export const loadAuthority = (data: string, now: WallMs): Result<Authority> => {
  const paths = authorityPaths(data);
  const command = `${commandFor(data, "init")}, or go where the CA is kept`;
  const certificate = readCertificate(paths.certificate, command);
  if (!certificate.ok) return certificate;
  const key = readKey(paths.key, command);
  if (!key.ok) return key;
  const ca = certificate.value.certificate;
  const cluster = clusterOfAuthority(ca.raw);
  if (!ca.ca || !cluster.ok) return invalid(paths.certificate, "it is no cluster's CA");
  if (!ca.checkPrivateKey(key.value.key)) return invalid(paths.key, "it is not the key of ca.pem");
  const valid = checkTimes(paths.certificate, ca, "the cluster's CA", now);
  if (!valid.ok) return valid;
  return good({ cluster: cluster.value, certificatePem: certificate.value.pem, keyPem: key.value.pem });
};

/** The CA of this data folder; made now if there is none. Of several processes that come at once, one makes it. */
export const establishAuthority = async (
  data: string,
  now: WallMs,
): Promise<Result<{ readonly authority: Authority; readonly state: "made" | "kept" }>> => {
  const kept = loadAuthority(data, now);
  if (kept.ok) return good({ authority: kept.value, state: "kept" });
  if (kept.fault.code !== "CREDENTIALS_MISSING") return kept;
  const paths = authorityPaths(data);
  const { makeAuthority } = await import("./authority.ts");
  const authority = await makeAuthority(now);
  const published = publishFolder(paths.folder, [
    { name: "ca.pem", content: authority.certificatePem, mode: publicFile },
    { name: "ca-key.pem", content: authority.keyPem, mode: secretFile },
  ]);
  if (!published.ok) return published;
  if (published.value === "made") return good({ authority, state: "made" });
  const winner = loadAuthority(data, now);
  if (winner.ok) return good({ authority: winner.value, state: "kept" });
  return winner.fault.code === "CREDENTIALS_MISSING"
    ? invalid(winner.fault.path, "it is missing from its folder; bring it back, or take another --data DIR")
    : winner;
};

/**
 * Credentials for a node or an operator: kept if good, renewed over the same key if they end soon, made if
 * absent. Those of another cluster are a fault (CREDENTIALS_INVALID) and stay untouched.
 */
export const establish = async (
  authority: Authority,
  paths: CredentialPaths,
  peer: Peer,
  now: WallMs,
): Promise<Result<Establishment>> => {
  const loaded = loadCredentials(paths, now);
  if (loaded.ok || loaded.fault.code === "CREDENTIALS_EXPIRED")
    return loaded.ok && !isDue(loaded.value.certificatePem, now)
      ? keepIfOf(authority, paths, loaded.value)
      : renew(authority, paths, peer, now);
  if (loaded.fault.code !== "CREDENTIALS_MISSING") return loaded;
  const { issue } = await import("./authority.ts");
  const issued = await issue(authority, peer, now);
  const published = publishFolder(paths.folder, [
    { name: "certificate.pem", content: issued.certificatePem, mode: publicFile },
    { name: "key.pem", content: issued.keyPem, mode: secretFile },
    { name: "ca.pem", content: issued.caPem, mode: publicFile },
  ]);
  if (!published.ok) return published;
  if (published.value === "made") return good("made");
  const winner = loadCredentials(paths, now);
  if (winner.ok) return keepIfOf(authority, paths, winner.value);
  return winner.fault.code === "CREDENTIALS_MISSING"
    ? invalid(winner.fault.path, `it is missing; remove ${paths.folder}, and it is made again`)
    : winner;
};

/** A new certificate for `peer` over the key at `paths`, when the old one is this CA's or absent. */
export const renew = async (
  authority: Authority,
  paths: CredentialPaths,
  peer: Peer,
  now: WallMs,
): Promise<Result<"renewed">> => {
  const key = readKey(paths.key, paths.command);
  if (!key.ok) return key;
  const old = readCertificate(paths.certificate, paths.command);
  if (old.ok) {
    const ca = parseCertificate(authority.certificatePem);
    if (ca === null || !old.value.certificate.verify(ca.publicKey)) return foreign(paths);
  } else if (old.fault.code !== "CREDENTIALS_MISSING") return old;
  const { certify, publicKeyOf } = await import("./authority.ts");
  const certificatePem = await certify(authority, peer, publicKeyOf(key.value.pem), now);
  const ca = writeFileAtomically(paths.ca, authority.certificatePem);
  if (!ca.ok) return ca;
  const written = writeFileAtomically(paths.certificate, certificatePem);
  return written.ok ? good("renewed") : written;
};

/** Whether a certificate ends so soon that it should be renewed. */
export const isDue = (certificatePem: string, now: WallMs): boolean => {
  const certificate = parseCertificate(certificatePem);
  return certificate === null || certificate.validToDate.getTime() - now < renewalMs;
};

/** The folders that hold folders of credentials; what crashed makers left in them is removed. */
export const prepareFolders = (data: string, now: WallMs): Result<void> => {
  const made = makeFolder(data);
  if (!made.ok) return made;
  sweepLeftovers(data, now);
  for (const name of ["certificates", "operators", "users"]) {
    const folder = makeFolder(join(data, name), secretFolder);
    if (!folder.ok) return bad(folder.fault);
    sweepLeftovers(join(data, name), now);
  }
  return good(undefined);
};

/** `kept`, if the credentials are of the authority's cluster. */
export const keepIfOf = (
  authority: Authority,
  paths: CredentialPaths,
  credentials: Credentials,
): Result<"kept"> => (credentials.peer.cluster === authority.cluster ? good("kept") : foreign(paths));

const foreign = (paths: CredentialPaths): Result<never> =>
  invalid(
    paths.certificate,
    "it is of another cluster than the CA in this data folder; take another --data DIR",
  );
