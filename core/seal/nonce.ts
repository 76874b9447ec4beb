/**
 * What is derived from a picture and a key, and why sealing twice is safe.
 *
 * A cipher must never use one key and nonce for two different texts. Retries are sealed again, possibly by
 * another node and at the same time, so the nonce is not random: it follows from the file key and the hash of
 * the picture. The same picture under the same key gives the same bytes, which is harmless and makes retries
 * idempotent; another picture gives another nonce.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { derive, noSalt } from "./derive.ts";
import { fileKeyBytes, nonceBytes } from "./payload.ts";

export const sha256Bytes = 32;

/** The nonce of an image's payload, 16 bytes: HKDF-SHA-256(file key, salt = SHA-256 of the plain image, "distinsta nonce"). */
export const payloadNonce = (fileKey: Uint8Array, sha256: Uint8Array): Uint8Array => {
  assert.equal(fileKey.length, fileKeyBytes);
  assert.equal(sha256.length, sha256Bytes);
  return derive(fileKey, sha256, "distinsta nonce", nonceBytes);
};

/**
 * What the cluster remembers of a plain image, 32 bytes: HMAC-SHA-256 of its hash, under a key that only the
 * owner can derive. The owner can check what comes back; a node that guesses a picture cannot confirm it.
 */
export const fingerprint = (identity: string, sha256: Uint8Array): Uint8Array => {
  assert.equal(sha256.length, sha256Bytes);
  const secret = Buffer.from(identity.trim().toUpperCase(), "ascii");
  const key = derive(secret, noSalt, "distinsta fingerprint", 32);
  return new Uint8Array(createHmac("sha256", key).update(sha256).digest());
};
