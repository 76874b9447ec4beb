/**
 * The people of a cluster, as far as they live where the CA is.
 *
 * A user is a folder: an age identity that opens images, and a certificate with its key that opens the door.
 * Whom the CA has let in is noted in `ledger.ts`.
 */
import { existsSync, rmSync } from "node:fs";
import { bad, fault, good, type Result } from "../../model/faults.ts";
import type { UserName } from "../../model/ids.ts";
import type { Peer } from "../../model/messages.ts";
import type { WallMs } from "../../model/units.ts";
import { identityFile, type KeyPair, makeIdentity, parseIdentityFile } from "../../seal/identity.ts";
import {
  publicFile,
  publishFolder,
  readText,
  secretFile,
  writeFileAtomically,
  writeFileOnce,
} from "../files.ts";
import type { Authority } from "./authority.ts";
import { type Credentials, invalid, loadCredentials, pemBytesMax, readCertificate } from "./credentials.ts";
import { type Establishment, isDue, keepIfOf, loadAuthority, prepareFolders, renew } from "./keep.ts";
import { enterUser, isNameGiven, shutOut, signingTimeFor } from "./ledger.ts";
import { type CredentialPaths, identityPath, requestPath, userCredentials } from "./places.ts";

/** All that a client needs to act as a user. `identity` is secret. */
export interface User extends KeyPair {
  readonly credentials: Credentials;
}

/**
 * A user's credentials and age identity, which must belong together: what is sealed to another recipient than
 * hers she could never open. Faults: those of `loadCredentials`.
 */
export const loadUser = async (data: string, name: UserName, now: WallMs): Promise<Result<User>> => {
  const paths = userCredentials(data, name);
  const credentials = loadCredentials(paths, now);
  if (!credentials.ok) return credentials;
  const pair = await loadIdentity(data, name, paths);
  if (!pair.ok) return pair;
  const { peer } = credentials.value;
  if (peer.role !== "user" || peer.recipient !== pair.value.recipient)
    return invalid(identityPath(data, name), "its public key is not the one in the certificate beside it");
  return good({ credentials: credentials.value, ...pair.value });
};

/** A user's age identity and its recipient. */
export const loadIdentity = async (
  data: string,
  name: UserName,
  paths: CredentialPaths = userCredentials(data, name),
): Promise<Result<KeyPair>> => {
  const path = identityPath(data, name);
  const text = readText(path, pemBytesMax);
  if (text.ok) return parseIdentityFile(text.value, path);
  if (text.fault.code === "FILE_NOT_FOUND")
    return bad(fault("CREDENTIALS_MISSING", { path, command: paths.command }));
  return invalid(path, text.fault.code === "FILE_UNREADABLE" ? text.fault.reason : text.fault.code);
};

/**
 * What `distinsta user add NAME` does where the CA is kept: makes the user here, with a new identity. Who is revoked is
 * let in again: her identity stays, so that she opens her images, and her key, which may be known to others, is
 * replaced. Faults: CREDENTIALS_MISSING without a CA; USAGE when the name is taken, and then nothing was touched.
 */
export const addUser = async (data: string, name: UserName, now: WallMs): Promise<Result<User>> => {
  const authority = loadAuthority(data, now);
  if (!authority.ok) return authority;
  if (shutOut(data, authority.value, name) !== null) return readmitUser(authority.value, data, name, now);
  const before = await loadUser(data, name, now);
  const isNew = !existsSync(userCredentials(data, name).certificate) && !isNameGiven(data, name);
  const isEnding = before.ok
    ? isDue(before.value.credentials.certificatePem, now)
    : before.fault.code === "CREDENTIALS_EXPIRED";
  if (!isNew && !isEnding) return nameTaken(name);
  const established = await establishUser(authority.value, data, name, now);
  if (!established.ok) return established;
  return established.value === "kept" ? nameTaken(name) : loadUser(data, name, now);
};

/** Her certificate is entered last: until then she is shut out, and the same again makes it whole. */
const readmitUser = async (
  authority: Authority,
  data: string,
  name: UserName,
  now: WallMs,
): Promise<Result<User>> => {
  const prepared = prepareFolders(data, now);
  if (!prepared.ok) return prepared;
  const paths = userCredentials(data, name);
  if (existsSync(identityPath(data, name))) {
    const pair = await loadIdentity(data, name, paths);
    if (!pair.ok) return pair;
    const { recipient } = pair.value;
    const { issueUser } = await import("./authority.ts");
    const issued = await issueUser(authority, name, recipient, signingTimeFor(data, authority, name, now));
    for (const [path, content, mode] of [
      [paths.key, issued.keyPem, secretFile],
      [paths.ca, issued.caPem, publicFile],
      [paths.certificate, issued.certificatePem, publicFile],
    ] as const) {
      const written = writeFileAtomically(path, content, mode);
      if (!written.ok) return written;
    }
  } else {
    if (isNameGiven(data, name)) return identityElsewhere(name);
    const made = await makeUser(authority, data, name, now);
    if (!made.ok) return made;
  }
  const certificate = readCertificate(paths.certificate, paths.command);
  if (!certificate.ok) return certificate;
  const entered = enterUser(data, name, certificate.value.pem);
  return entered.ok ? loadUser(data, name, now) : entered;
};

const identityElsewhere = (name: UserName): Result<never> =>
  bad(
    fault("USAGE", {
      message: `${name} was revoked, and her identity is not on this machine`,
      hint: `sign a request over a new key, which is made on hers: distinsta user add ${name} --request FILE`,
    }),
  );

/** The user in this data folder: kept if good, renewed or signed over the same key, or made. */
export const establishUser = async (
  authority: Authority,
  data: string,
  name: UserName,
  now: WallMs,
): Promise<Result<Establishment>> => {
  const prepared = prepareFolders(data, now);
  if (!prepared.ok) return prepared;
  const paths = userCredentials(data, name);
  const made = existsSync(identityPath(data, name))
    ? good<Establishment>("kept")
    : await makeUser(authority, data, name, now);
  if (!made.ok) return made;
  const settled = made.value === "made" ? made : await settleUser(authority, data, name, now);
  if (!settled.ok) return settled;
  const certificate = readCertificate(paths.certificate, paths.command);
  if (!certificate.ok) return certificate;
  const entered = enterUser(data, name, certificate.value.pem);
  return entered.ok ? settled : entered;
};

export const nameTaken = (name: UserName): Result<never> =>
  bad(
    fault("USAGE", {
      message: `there is a user ${name} already; nothing was changed`,
      hint: "choose another name, or see who is there: distinsta user list",
    }),
  );

const makeUser = async (
  authority: Authority,
  data: string,
  name: UserName,
  now: WallMs,
): Promise<Result<Establishment>> => {
  const { issueUser } = await import("./authority.ts");
  const pair = await makeIdentity();
  const issued = await issueUser(authority, name, pair.recipient, signingTimeFor(data, authority, name, now));
  const published = publishFolder(userCredentials(data, name).folder, [
    { name: "identity.txt", content: identityFile(pair, now), mode: secretFile },
    { name: "key.pem", content: issued.keyPem, mode: secretFile },
    { name: "certificate.pem", content: issued.certificatePem, mode: publicFile },
    { name: "ca.pem", content: issued.caPem, mode: publicFile },
  ]);
  if (!published.ok) return published;
  return good(published.value === "made" ? "made" : "kept");
};

/** A user whose identity is there: it stays, whatever became of key and certificate. */
const settleUser = async (
  authority: Authority,
  data: string,
  name: UserName,
  now: WallMs,
): Promise<Result<Establishment>> => {
  const paths = userCredentials(data, name);
  const pair = await loadIdentity(data, name, paths);
  if (!pair.ok) return pair;
  const key = await ensureKey(paths);
  if (!key.ok) return key;
  const loaded = await loadUser(data, name, now);
  if (loaded.ok && !isDue(loaded.value.credentials.certificatePem, now))
    return keepIfOf(authority, paths, loaded.value.credentials);
  const isSignable =
    loaded.ok ||
    key.value === "made" ||
    loaded.fault.code === "CREDENTIALS_EXPIRED" ||
    !existsSync(paths.certificate);
  if (!isSignable) return loaded;
  const peer: Peer = { role: "user", cluster: authority.cluster, name, recipient: pair.value.recipient };
  const renewed = await renew(authority, paths, peer, signingTimeFor(data, authority, name, now));
  if (renewed.ok) rmSync(requestPath(data, name), { force: true });
  return renewed;
};

/** A key is beside the identity when this returns; of several processes that make one, one's stays. */
export const ensureKey = async (paths: CredentialPaths): Promise<Result<"made" | "existed">> => {
  if (existsSync(paths.key)) return good("existed");
  const { makeKey } = await import("./authority.ts");
  return writeFileOnce(paths.key, makeKey(), secretFile);
};
