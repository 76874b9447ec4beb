/**
 * A person is let in whose machine is not where the CA is kept.
 *
 *     her machine                     where the CA is kept
 *     requestUser: keys, request  ->  signUserRequest: certificate
 *     installUser                 <-  bundle: certificate and CA
 *
 * Her identity and key never leave her machine; the two files that travel hold no secret. What they need is
 * that nobody changes them on the way, so both ends are given something short to compare: the recipient in
 * the request, the fingerprint of the CA in the bundle. The same three steps renew a certificate.
 */
import { X509Certificate } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { bad, fault, good, type Result } from "../../model/faults.ts";
import type { ClusterId, UserName } from "../../model/ids.ts";
import type { WallMs } from "../../model/units.ts";
import { identityFile, makeIdentity } from "../../seal/identity.ts";
import { publicFile, publishFolder, readText, secretFile, writeFileAtomically } from "../files.ts";
import {
  checkCertificate,
  invalid,
  parseCertificate,
  pemBytesMax,
  readCertificate,
  readKey,
} from "./credentials.ts";
import { loadAuthority, prepareFolders } from "./keep.ts";
import { enterUser, isNameGiven, knownUser, shutOut, signingTimeFor } from "./ledger.ts";
import { identityPath, requestPath, userCredentials, userFolder } from "./places.ts";
import { ensureKey, loadIdentity, nameTaken } from "./users.ts";

export interface Requested {
  /** The file to send. */
  readonly path: string;
  readonly recipient: string;
}

export interface Signed {
  readonly recipient: string;
  /** The file to send back: the user's certificate and the CA's, PEM. */
  readonly bundlePem: string;
  /** SHA-256 of the CA's certificate, as `AB:CD:…`: to compare with what the user's machine says. */
  readonly authorityFingerprint: string;
  readonly state: "made" | "renewed";
}

export interface Installed {
  readonly cluster: ClusterId;
  readonly recipient: string;
  readonly authorityFingerprint: string;
}

/**
 * What `distinsta user request NAME` does on the user's machine: makes identity and key if there are none,
 * and a request over them. Faults: CREDENTIALS_INVALID or _MISSING when a part of an existing user is broken.
 */
export const requestUser = async (data: string, name: UserName, now: WallMs): Promise<Result<Requested>> => {
  const prepared = prepareFolders(data, now);
  if (!prepared.ok) return prepared;
  const { makeKey } = await import("./authority.ts");
  const { makeRequest } = await import("./request.ts");
  const path = requestPath(data, name);
  const paths = userCredentials(data, name);
  if (!existsSync(identityPath(data, name))) {
    const pair = await makeIdentity();
    const keyPem = makeKey();
    const published = publishFolder(userFolder(data, name), [
      { name: "identity.txt", content: identityFile(pair, now), mode: secretFile },
      { name: "key.pem", content: keyPem, mode: secretFile },
      { name: "request.pem", content: await makeRequest(name, pair.recipient, keyPem), mode: publicFile },
    ]);
    if (!published.ok) return published;
    if (published.value === "made") return good({ path, recipient: pair.recipient });
  }
  const pair = await loadIdentity(data, name);
  if (!pair.ok) return pair;
  const ensured = await ensureKey(paths);
  if (!ensured.ok) return ensured;
  const key = readKey(paths.key, paths.command);
  if (!key.ok) return key;
  const written = writeFileAtomically(path, await makeRequest(name, pair.value.recipient, key.value.pem));
  return written.ok ? good({ path, recipient: pair.value.recipient }) : written;
};

/**
 * What `distinsta user add NAME --request FILE` does where the CA is kept. A name that was given to the same
 * key and recipient before is renewed; given to another, it is refused (USAGE), unless it was revoked: then the same key
 * is. Faults: FILE_NOT_FOUND, FILE_UNREADABLE, CREDENTIALS_INVALID for a request that is not right,
 * CREDENTIALS_MISSING without a CA.
 */
export const signUserRequest = async (
  data: string,
  name: UserName,
  requestFile: string,
  now: WallMs,
): Promise<Result<Signed>> => {
  const authority = loadAuthority(data, now);
  if (!authority.ok) return authority;
  const pem = readText(requestFile, pemBytesMax);
  if (!pem.ok) return pem;
  const { readRequest } = await import("./request.ts");
  const request = await readRequest(requestFile, pem.value);
  if (!request.ok) return request;
  const { recipient, publicKeyDer } = request.value;
  if (request.value.name !== name)
    return invalid(requestFile, `it asks for the name ${request.value.name}, not for ${name}`);
  const known = knownUser(data, name);
  const hasKey = known !== null && Buffer.compare(known.publicKeyDer, publicKeyDer) === 0;
  const isShutOut = shutOut(data, authority.value, name) !== null;
  // Whoever stole her key could use any certificate over it.
  if (isShutOut && hasKey) return revokedKey(name, requestFile);
  const isSame = hasKey && known.recipient === recipient;
  if (!isSame && !isShutOut && isNameGiven(data, name)) return nameTaken(name);
  const { certify } = await import("./authority.ts");
  const { cluster, certificatePem: caPem } = authority.value;
  const certificatePem = await certify(
    authority.value,
    { role: "user", cluster, name, recipient },
    publicKeyDer,
    signingTimeFor(data, authority.value, name, now),
  );
  const entered = enterUser(data, name, certificatePem);
  if (!entered.ok) return entered;
  return good({
    recipient,
    bundlePem: certificatePem + caPem,
    authorityFingerprint: new X509Certificate(caPem).fingerprint256,
    state: isSame ? "renewed" : "made",
  });
};

/**
 * What `distinsta user install NAME FILE` does on the user's machine: puts certificate and CA beside her key,
 * once they belong to her key, her recipient and, if she has a certificate, her cluster. Faults: FILE_NOT_FOUND,
 * FILE_UNREADABLE, CREDENTIALS_MISSING when there is no key, CREDENTIALS_INVALID, CREDENTIALS_EXPIRED.
 */
export const installUser = async (
  data: string,
  name: UserName,
  bundleFile: string,
  now: WallMs,
): Promise<Result<Installed>> => {
  const paths = userCredentials(data, name);
  const key = readKey(paths.key, paths.command);
  if (!key.ok) return key;
  const pair = await loadIdentity(data, name, paths);
  if (!pair.ok) return pair;
  const text = readText(bundleFile, pemBytesMax);
  if (!text.ok) return text;
  const bundle = splitBundle(text.value);
  if (bundle === null) return invalid(bundleFile, "it is not a certificate and its CA in PEM");
  const peer = checkCertificate(bundleFile, bundle.certificate, bundle.ca, now);
  if (!peer.ok) return peer;
  if (peer.value.role !== "user" || peer.value.name !== name)
    return invalid(bundleFile, `it is not for the user ${name}`);
  if (!bundle.certificate.checkPrivateKey(key.value.key))
    return invalid(bundleFile, `it was made for another key than ${paths.key}`);
  if (peer.value.recipient !== pair.value.recipient)
    return invalid(bundleFile, "it names another age recipient than the identity beside the key");
  const old = readCertificate(paths.ca, paths.command);
  if (old.ok ? !old.value.certificate.raw.equals(bundle.ca.raw) : old.fault.code !== "CREDENTIALS_MISSING")
    return invalid(bundleFile, `it comes from another CA than ${paths.ca}; nothing was changed`);
  const ca = writeFileAtomically(paths.ca, bundle.ca.toString());
  if (!ca.ok) return ca;
  const certificate = writeFileAtomically(paths.certificate, bundle.certificate.toString());
  if (!certificate.ok) return certificate;
  rmSync(requestPath(data, name), { force: true });
  const { cluster, recipient } = peer.value;
  return good({ cluster, recipient, authorityFingerprint: bundle.ca.fingerprint256 });
};

const revokedKey = (name: UserName, requestFile: string): Result<never> =>
  bad(
    fault("USAGE", {
      message: `${requestFile} is over the key of ${name} that was revoked, and whoever else has that could use the certificate`,
      hint: `where it was made remove key.pem (never identity.txt), then type: distinsta user request ${name}`,
    }),
  );

/** Exactly two certificates: the user's, then the CA's. */
const splitBundle = (text: string) => {
  const [first, second, ...more] = text.trim().split(/(?=-----BEGIN )/);
  if (first === undefined || second === undefined || more.length > 0) return null;
  const certificate = parseCertificate(first);
  const ca = parseCertificate(second);
  return certificate === null || ca === null ? null : { certificate, ca };
};
