/**
 * The small part of a sealed image: an age header, which wraps the image's 16-byte file key to each reader.
 *
 * Whoever holds a reader's identity gets the file key back; nobody else does. Headers are made and opened on
 * the client, so that a node never needs an identity; it is given header and file key, and only copies the
 * header. Sharing makes another header for the same file key, and the payload never moves.
 *
 * The format is age's (https://age-encryption.org/v1). Headers are made here, with the system's own cryptography,
 * because the age library takes some milliseconds for one, more than all the rest of a small upload; they are opened
 * by the age library, which also keeps the making honest in the tests.
 */
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import { headerBytesMax, readersMax } from "../model/limits.ts";
import { derive, noSalt } from "./derive.ts";
import { fileKeyBytes } from "./payload.ts";
import { publicKeyOf, unpadded, wrapTo } from "./recipient.ts";

/** A header and the key that it wraps. */
export interface Wrapped {
  /** From `age-encryption.org/v1` to the newline behind the MAC; at most `headerBytesMax`. */
  readonly header: Uint8Array;
  /** 16 bytes. */
  readonly fileKey: Uint8Array;
}

/** A header for a new, random file key, which each of `recipients` (`age1…`, X25519) can open. */
export const makeHeader = (recipients: readonly string[]): Result<Wrapped> => {
  const fileKey = new Uint8Array(randomBytes(fileKeyBytes));
  const header = wrapFileKey(fileKey, recipients);
  return header.ok ? good({ header: header.value, fileKey }) : header;
};

/** Another header for a file key that exists already: how an image is shared. */
export const wrapFileKey = (fileKey: Uint8Array, recipients: readonly string[]): Result<Uint8Array> => {
  assert.equal(fileKey.length, fileKeyBytes);
  assert(recipients.length > 0 && recipients.length <= readersMax, "a header has 1 to readersMax readers");
  const stanzas: string[] = [];
  for (const recipient of new Set(recipients)) {
    const publicKey = publicKeyOf(recipient);
    if (publicKey === null) return bad(notARecipient(recipient));
    try {
      stanzas.push(wrapTo(publicKey, fileKey));
    } catch {
      // A well-formed recipient can still be a point that no secret leads to.
      return bad(notARecipient(recipient));
    }
  }
  const text = `${versionLine}${stanzas.join("")}---`;
  const header = new Uint8Array(Buffer.from(`${text} ${unpadded(macOf(text, fileKey))}\n`));
  assert(header.length <= headerBytesMax);
  return good(header);
};

/**
 * The file key, 16 bytes, of a header that `identity` (`AGE-SECRET-KEY-1…`) can open. Fails with SEAL_BROKEN
 * when the header is damaged or meant for others; `id` is what to call the image then.
 */
export const openHeader = async (
  header: Uint8Array,
  identity: string,
  id: string,
): Promise<Result<Uint8Array>> => {
  if (header.length > headerBytesMax)
    return bad(fault("SEAL_BROKEN", { id, reason: "its header is too long" }));
  const { Decrypter } = await ageLibrary();
  const decrypter = new Decrypter();
  try {
    decrypter.addIdentity(identity);
    return good(await decrypter.decryptHeader(header));
  } catch (error) {
    return bad(fault("SEAL_BROKEN", { id, reason: reasonOf(error) }));
  }
};

/**
 * Where the header of an `.age` file ends: its length in bytes, or null when none ends within the first
 * `headerBytesMax` bytes of `file`. Says nothing about whether the header is sound; opening it does.
 */
export const splitAgeFile = (file: Uint8Array): number | null => {
  const head = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, headerBytesMax));
  if (head.subarray(0, versionLine.length).toString("latin1") !== versionLine) return null;
  // Stanzas are lines of "-> …" and base64, so that "---" begins no line but the last.
  const macLine = head.indexOf("\n---");
  if (macLine < 0) return null;
  const end = head.indexOf("\n", macLine + 1);
  return end < 0 ? null : end + 1;
};

/** Whether `text` is an X25519 recipient (`age1…`) with a right checksum. */
export const isRecipient = (text: string): boolean => publicKeyOf(text) !== null;

const versionLine = "age-encryption.org/v1\n";

type Library = typeof import("age-encryption");
/** Loaded at first use: it takes a tenth of a second, and nodes never need it. */
const ageLibrary = (): Promise<Library> => import("age-encryption");

const notARecipient = (recipient: string): Fault =>
  fault("CREDENTIALS_INVALID", { path: recipient, reason: "it is not an age X25519 recipient" });

/** age v1, "Header MAC": HMAC-SHA-256 of everything up to and with `---`, under HKDF(file key, "header"). */
const macOf = (text: string, fileKey: Uint8Array): Uint8Array => {
  const key = derive(fileKey, noSalt, "header", 32);
  return createHmac("sha256", key).update(text).digest();
};

const reasonOf = (error: unknown): string => {
  const text = error instanceof Error ? error.message : "";
  if (text.includes("no identity matched")) return "it is not sealed to this identity";
  if (text.includes("header HMAC")) return "its header was altered";
  if (text.includes("identity")) return "the identity is not an AGE-SECRET-KEY-1…";
  return "its header is damaged";
};
