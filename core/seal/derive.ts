/**
 * Keys, nonces and ids out of one secret: HKDF-SHA-256 (RFC 5869), the construction that age uses for its own.
 *
 * The secret goes in as a key object: Node finds out that plain bytes are none by throwing and catching, which costs as
 * much as the hashing.
 */
import { createSecretKey, hkdfSync } from "node:crypto";

/** `bytes` bytes for the purpose that `info` names. */
export const derive = (secret: Uint8Array, salt: Uint8Array, info: string, bytes: number): Uint8Array =>
  new Uint8Array(hkdfSync("sha256", createSecretKey(secret), salt, info, bytes));

export const noSalt = new Uint8Array(0);
