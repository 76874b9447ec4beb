/**
 * What TLS and TCP say, in words that a person can act on.
 *
 * OpenSSL's reasons and the system's error numbers are many; what matters to a person are few: nothing
 * listens there, nobody answers, it is not one of ours, its certificate ran out.
 */
import type { X509Certificate } from "node:crypto";
import { type Fault, fault } from "../model/faults.ts";

export interface SocketError {
  readonly code?: string;
  readonly message: string;
}

/** Why a connection could not be opened; `where` is the address that was dialed. */
export const faultOfDialing = (error: SocketError, where: string): Fault => {
  switch (error.code) {
    case "ECONNREFUSED":
      return fault("CONNECTION_REFUSED", { address: where });
    case "EPROTO":
      return fault("UNAUTHENTICATED", { reason: `what listens at ${where} is no distinsta node` });
    default:
      return error.code?.startsWith("ERR_SSL_") === true
        ? fault("UNAUTHENTICATED", { reason: `what listens at ${where} is no distinsta node` })
        : fault("CONNECTION_LOST", { peer: where, reason: error.message || (error.code ?? "unreachable") });
  }
};

/** Why somebody who connected here did not finish TLS. */
export const faultOfHandshake = (error: SocketError): Fault =>
  fault("UNAUTHENTICATED", { reason: handshakeReasons.get(error.code ?? "") ?? error.message });

/** `code`: what OpenSSL's verification says (openssl-verification-options(1), `X509_V_ERR_…`). */
export const faultOfCertificate = (code: string, certificate: X509Certificate, remote: string): Fault => {
  if (code === "CERT_HAS_EXPIRED") {
    const since = certificate.validToDate.toISOString().slice(0, 10);
    return fault("CREDENTIALS_EXPIRED", { who: remote, since });
  }
  return fault("UNAUTHENTICATED", { reason: certificateReasons.get(code) ?? `its certificate: ${code}` });
};

const foreign = "its certificate was not issued by this cluster's CA";
const certificateReasons: ReadonlyMap<string, string> = new Map([
  ["DEPTH_ZERO_SELF_SIGNED_CERT", foreign],
  ["SELF_SIGNED_CERT_IN_CHAIN", foreign],
  ["UNABLE_TO_GET_ISSUER_CERT", foreign],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", foreign],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", foreign],
  ["CERT_SIGNATURE_FAILURE", foreign],
  ["CERT_NOT_YET_VALID", "its certificate is not valid yet: check both machines' clocks"],
  ["INVALID_PURPOSE", "its certificate is for another purpose"],
]);

const notTls = "it does not speak TLS";
const handshakeReasons: ReadonlyMap<string, string> = new Map([
  ["ERR_SSL_HTTP_REQUEST", notTls],
  ["ERR_SSL_WRONG_VERSION_NUMBER", notTls],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", notTls],
  ["ERR_SSL_UNSUPPORTED_PROTOCOL", "it speaks an older TLS than 1.3"],
  ["ERR_TLS_HANDSHAKE_TIMEOUT", "it did not finish TLS in time"],
  ["ECONNRESET", "it went away before TLS was done"],
]);
