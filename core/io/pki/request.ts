/**
 * How a person on another machine asks to be let in.
 *
 * Her keys are made on her machine and stay there. What travels is a certificate request (PKCS#10, RFC 2986):
 * the public key, her name and her age recipient, signed with the private key to show that she has it. It is
 * safe to send by any way that nobody can change unnoticed. The authority reads name, recipient and key out
 * of it and makes a certificate of its own; nothing else of a request ends up in what is signed.
 */
import "./reflection.ts";
import { createPublicKey, webcrypto } from "node:crypto";
import {
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import { bad, fault, good, type Result } from "../../model/faults.ts";
import { parseUserName, type UserName } from "../../model/ids.ts";
import { makeHeader } from "../../seal/header.ts";
import { endLine, publicKeyOf, signingAlgorithm, signingKeyOf } from "./authority.ts";
import { pemBytesMax } from "./credentials.ts";
import { parseRecipient, recipientScheme } from "./identity.ts";

export interface UserRequest {
  readonly name: UserName;
  readonly recipient: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyDer: Uint8Array<ArrayBuffer>;
}

/** A request for `name`, signed with `keyPem`. Returns PEM. */
export const makeRequest = async (name: UserName, recipient: string, keyPem: string): Promise<string> => {
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [`user ${name}`] }],
    keys: { privateKey: await signingKeyOf(keyPem), publicKey: await verifyingKeyOf(publicKeyOf(keyPem)) },
    signingAlgorithm,
    extensions: [
      new SubjectAlternativeNameExtension([
        { type: "url", value: `${nameScheme}${name}` },
        { type: "url", value: `${recipientScheme}${recipient}` },
      ]),
    ],
  });
  return endLine(request.toString("pem"));
};

/** What a request asks for, once its signature holds. `path` is for the fault: CREDENTIALS_INVALID with the reason. */
export const readRequest = async (path: string, pem: string): Promise<Result<UserRequest>> => {
  const refuse = (reason: string): Result<never> => bad(fault("CREDENTIALS_INVALID", { path, reason }));
  const request = parseRequest(pem);
  if (request === null) return refuse("it is not one certificate request in PEM");
  const publicKeyDer = keyOf(request);
  if (publicKeyDer === null) return refuse("its key is not ECDSA on P-256");
  if (!(await isSigned(request))) return refuse("its signature does not match its key");
  const asked = namesOf(request);
  if (asked === null) return refuse("it does not name one user and one age recipient");
  // The library knows checksum and curve: a recipient to which nothing can be sealed is none.
  if (!makeHeader([asked.recipient]).ok) return refuse("its age recipient is mistyped");
  return good({ ...asked, publicKeyDer });
};

const nameScheme = "distinsta-request:user/";

const verifyingKeyOf = (publicKeyDer: Uint8Array<ArrayBuffer>) =>
  webcrypto.subtle.importKey("spki", publicKeyDer, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);

const parseRequest = (pem: string): Pkcs10CertificateRequest | null => {
  if (pem.length > pemBytesMax || pem.split("-----BEGIN ").length !== 2) return null;
  if (!pem.includes("-----BEGIN CERTIFICATE REQUEST-----")) return null;
  try {
    return new Pkcs10CertificateRequest(pem);
  } catch {
    return null;
  }
};

/** The key of a request when it is on P-256. Both libraries throw on keys that they cannot read. */
const keyOf = (request: Pkcs10CertificateRequest): Uint8Array<ArrayBuffer> | null => {
  try {
    const der = new Uint8Array(request.publicKey.rawData);
    const key = createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
    const isP256 = key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1";
    return isP256 ? der : null;
  } catch {
    return null;
  }
};

const isSigned = async (request: Pkcs10CertificateRequest): Promise<boolean> => {
  try {
    return await request.verify();
  } catch {
    return false;
  }
};

/** Exactly one name extension with exactly our two URIs; the library throws on extensions that it cannot read. */
const namesOf = (request: Pkcs10CertificateRequest): Omit<UserRequest, "publicKeyDer"> | null => {
  try {
    const [extension, ...more] = request.extensions;
    if (!(extension instanceof SubjectAlternativeNameExtension) || more.length > 0) return null;
    const [first, second, ...others] = extension.names.items;
    if (first?.type !== "url" || second?.type !== "url" || others.length > 0) return null;
    const name = first.value.startsWith(nameScheme)
      ? parseUserName(first.value.slice(nameScheme.length))
      : null;
    const recipient = second.value.startsWith(recipientScheme)
      ? parseRecipient(second.value.slice(recipientScheme.length))
      : null;
    return name === null || recipient === null ? null : { name, recipient };
  } catch {
    return null;
  }
};
