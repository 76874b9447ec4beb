/**
 * Whom the CA has let in: a copy of the certificate that each user was given last, and who of them is revoked.
 *
 * So a name is given to one person only, whoever is revoked stays out until the operator says otherwise, and the
 * operator can say who may use the cluster.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { good, type Result } from "../../model/faults.ts";
import { parseUserName, type UserName } from "../../model/ids.ts";
import { revokedAt } from "../../model/revocations.ts";
import { type WallMs, wallMs } from "../../model/units.ts";
import { makeFolder, readText, secretFolder, writeFileAtomically } from "../files.ts";
import type { Authority } from "./authority.ts";
import { madeAtOf, parseCertificate, pemBytesMax } from "./credentials.ts";
import { peerOfCertificate } from "./identity.ts";
import { loadAuthority } from "./keep.ts";
import { authorityPaths, userCredentials } from "./places.ts";
import { ownRevocations, signingTime } from "./revoke.ts";

/** A user as the CA knows her. */
export interface KnownUser {
  readonly name: UserName;
  /** Null, like `validUntil`, when the note of her certificate is gone: then only that she is revoked is known. */
  readonly recipient: string | null;
  readonly validUntil: WallMs | null;
  /** Certificates that were made for her then or before are revoked, and she has no later one; null when she may come. */
  readonly revokedAt: WallMs | null;
}

/** What is noted of a user's newest certificate. */
export interface GivenCertificate {
  readonly name: UserName;
  readonly recipient: string;
  readonly validUntil: WallMs;
  readonly madeAt: WallMs;
  readonly publicKeyDer: Uint8Array;
}

/** Everybody who was given a certificate, by name. Faults: CREDENTIALS_MISSING where the CA is not kept. */
export const listUsers = (data: string, now: WallMs): Result<readonly KnownUser[]> => {
  const authority = loadAuthority(data, now);
  if (!authority.ok) return authority;
  const folder = authorityPaths(data).users;
  const revoked = ownRevocations(data, authority.value.certificatePem)?.users ?? new Map<UserName, WallMs>();
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const given = files.flatMap((file) =>
    file.endsWith(".pem") ? (parseUserName(file.slice(0, -".pem".length)) ?? []) : [],
  );
  const names = [...new Set([...given, ...revoked.keys()])].sort();
  return good(
    names.flatMap((name) => {
      const known = knownUser(data, name);
      const at = revokedAt(revoked, name, known?.madeAt ?? 0);
      if (known === null && at === null) return [];
      return [
        { name, recipient: known?.recipient ?? null, validUntil: known?.validUntil ?? null, revokedAt: at },
      ];
    }),
  );
};

/**
 * Since when a user is revoked whom the CA has not let in again; null when she may come. Whoever signs by itself must
 * look at this first.
 */
export const shutOut = (
  data: string,
  { certificatePem }: Pick<Authority, "certificatePem">,
  name: UserName,
): WallMs | null => {
  const list = ownRevocations(data, certificatePem);
  return list === null ? null : revokedAt(list.users, name, knownUser(data, name)?.madeAt ?? 0);
};

/** When a certificate that is made for this user now has to be made, so that it counts. */
export const signingTimeFor = (
  data: string,
  { certificatePem }: Pick<Authority, "certificatePem">,
  name: UserName,
  now: WallMs,
): WallMs => {
  const list = ownRevocations(data, certificatePem);
  return list === null ? now : signingTime(list.users, name, now);
};

/** When those of her certificates were made that are noted, or lie on this machine: one may be there and not noted yet. */
export const givenAt = (data: string, name: UserName): readonly WallMs[] =>
  [ledgerPath(data, name), userCredentials(data, name).certificate].flatMap((path) => {
    const pem = readText(path, pemBytesMax);
    const certificate = pem.ok ? parseCertificate(pem.value) : null;
    return certificate === null ? [] : [madeAtOf(certificate)];
  });

/** What the CA knows of a name, or null when it was never given, or the note is not readable. */
export const knownUser = (data: string, name: UserName): GivenCertificate | null => {
  const pem = readText(ledgerPath(data, name), pemBytesMax);
  const certificate = pem.ok ? parseCertificate(pem.value) : null;
  const peer = certificate === null ? null : peerOfCertificate(certificate.raw);
  if (certificate === null || peer === null || !peer.ok || peer.value.role !== "user") return null;
  return {
    name,
    recipient: peer.value.recipient,
    validUntil: wallMs(certificate.validToDate.getTime()),
    madeAt: madeAtOf(certificate),
    publicKeyDer: certificate.publicKey.export({ type: "spki", format: "der" }),
  };
};

/** Whether the CA gave this name to somebody. */
export const isNameGiven = (data: string, name: UserName): boolean => existsSync(ledgerPath(data, name));

/** Notes the certificate that a user has from now on. */
export const enterUser = (data: string, name: UserName, certificatePem: string): Result<void> => {
  const noted = readText(ledgerPath(data, name), pemBytesMax);
  if (noted.ok && noted.value === certificatePem) return good(undefined);
  const folder = makeFolder(authorityPaths(data).users, secretFolder);
  return folder.ok ? writeFileAtomically(ledgerPath(data, name), certificatePem) : folder;
};

const ledgerPath = (data: string, name: UserName): string => join(authorityPaths(data).users, `${name}.pem`);
