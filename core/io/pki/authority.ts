/**
 * The cluster's own certificate authority: a key pair that says who belongs.
 *
 * It is born with the cluster's id in its name, signs node, user and operator certificates, and nothing
 * below them (path length 0). A node may be called and may call; users and operators may only call, so that
 * nobody can pose as a server with a person's certificate. All keys are ECDSA on P-256 with SHA-256: every
 * TLS library has it, and a handshake with it costs less than a millisecond.
 *
 * Loading the certificate library takes a tenth of a second, so only what really signs imports this file, and
 * late.
 */
import "./reflection.ts";
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { ClusterId, NodeId, UserName } from "../../model/ids.ts";
import { clusterId } from "../../model/ids.ts";
import type { Peer } from "../../model/messages.ts";
import type { WallMs } from "../../model/units.ts";
import { sayPeer, uriOfAuthority, urisOfPeer } from "./identity.ts";
import { authorityMs, certificateMs, clockSkewMs } from "./lifetimes.ts";

/** The CA with its key: whoever has this can let anybody in. `keyPem` is PKCS#8. */
export interface Authority {
  readonly cluster: ClusterId;
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** A fresh key with its certificate and the CA's, all PEM. */
export interface Issued {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly caPem: string;
}

/** A new cluster's CA; its id is 16 random bytes. */
export const makeAuthority = async (now: WallMs): Promise<Authority> => {
  const cluster = clusterId(randomBytes(16).toString("hex"));
  const keyPem = makeKey();
  const publicKey = publicKeyOf(keyPem);
  const name = [{ CN: ["distinsta authority"] }, { O: [cluster] }];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: name,
    issuer: name,
    notBefore: dateAt(now - clockSkewMs),
    notAfter: dateAt(now + authorityMs),
    signingAlgorithm,
    publicKey,
    signingKey: await signingKeyOf(keyPem),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new SubjectAlternativeNameExtension([{ type: "url", value: uriOfAuthority(cluster) }]),
      await SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return { cluster, certificatePem: endLine(certificate.toString("pem")), keyPem };
};

export const issueNode = (authority: Authority, id: NodeId, now: WallMs): Promise<Issued> =>
  issue(authority, { role: "node", cluster: authority.cluster, id }, now);

export const issueOperator = (authority: Authority, name: UserName, now: WallMs): Promise<Issued> =>
  issue(authority, { role: "operator", cluster: authority.cluster, name }, now);

/** `recipient`: the user's age recipient, checked by the caller. */
export const issueUser = (
  authority: Authority,
  name: UserName,
  recipient: string,
  now: WallMs,
): Promise<Issued> => issue(authority, { role: "user", cluster: authority.cluster, name, recipient }, now);

/** A certificate for `peer` over the key whose public half is `publicKeyDer` (SubjectPublicKeyInfo). Returns PEM. */
export const certify = async (
  authority: Authority,
  peer: Peer,
  publicKeyDer: Uint8Array<ArrayBuffer>,
  now: WallMs,
): Promise<string> => {
  const ca = new X509Certificate(authority.certificatePem);
  const usages = [
    ExtendedKeyUsage.clientAuth,
    ...(peer.role === "node" ? [ExtendedKeyUsage.serverAuth] : []),
  ];
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [sayPeer(peer)] }, { O: [peer.cluster] }],
    issuer: ca.subjectName,
    notBefore: dateAt(Math.max(now - clockSkewMs, ca.notBefore.getTime())),
    notAfter: dateAt(Math.min(now + certificateMs, ca.notAfter.getTime())),
    signingAlgorithm,
    publicKey: publicKeyDer,
    signingKey: await signingKeyOf(authority.keyPem),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(usages),
      new SubjectAlternativeNameExtension(urisOfPeer(peer).map((value) => ({ type: "url" as const, value }))),
      await SubjectKeyIdentifierExtension.create(publicKeyDer),
      await AuthorityKeyIdentifierExtension.create(ca.publicKey),
    ],
  });
  return endLine(certificate.toString("pem"));
};

/** A new P-256 private key, PKCS#8 PEM. */
export const makeKey = (): string =>
  generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;

/** The public half of a private key: SubjectPublicKeyInfo, DER. */
export const publicKeyOf = (keyPem: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(createPublicKey(keyPem).export({ type: "spki", format: "der" }));

/** A private key as the certificate library wants it. */
export const signingKeyOf = async (keyPem: string) =>
  createPrivateKey(keyPem).toCryptoKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);

export const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };

export const endLine = (pem: string): string => `${pem.trimEnd()}\n`;

export const issue = async (authority: Authority, peer: Peer, now: WallMs): Promise<Issued> => {
  const keyPem = makeKey();
  const certificatePem = await certify(authority, peer, publicKeyOf(keyPem), now);
  return { certificatePem, keyPem, caPem: authority.certificatePem };
};

/** 16 random bytes, the first between 0x40 and 0x7f: positive, and always 16 bytes (RFC 5280 §4.1.2.2). */
const serialNumber = (): string => {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
};

const dateAt = (ms: number): Date => new Date(ms);
