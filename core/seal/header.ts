/**
 * The small part of a sealed image: an age header, which wraps the image's 16-byte file key to each reader.
 *
 * Whoever holds a reader's identity gets the file key back; nobody else does. Headers are made and opened on
 * the client, so that a node never needs an identity; it is given header and file key, and only copies the
 * header. Sharing makes another header for the same file key, and the payload never moves.
 *
 * The format is the age library's business (https://age-encryption.org/v1). It has no call for a header alone,
 * but it shows the file key to every recipient, and a recipient may answer with no stanza. So a silent first
 * recipient sees the key, or puts the wanted one in its place, and what comes out of encrypting nothing is
 * header, nonce and one empty chunk. That the library really took the key is checked against the header's MAC.
 */
import assert from "node:assert/strict";
import { createHmac, hkdfSync } from "node:crypto";
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import { headerBytesMax, readersMax } from "../model/limits.ts";
import { fileKeyBytes, payloadBytesOf } from "./payload.ts";

/** A header and the key that it wraps. */
export interface Wrapped {
  /** From `age-encryption.org/v1` to the newline behind the MAC; at most `headerBytesMax`. */
  readonly header: Uint8Array;
  /** 16 bytes. */
  readonly fileKey: Uint8Array;
}

/** A header for a new, random file key, which each of `recipients` (`age1…`, X25519) can open. */
export const makeHeader = (recipients: readonly string[]): Promise<Result<Wrapped>> => wrap(recipients, null);

/** Another header for a file key that exists already: how an image is shared. */
export const wrapFileKey = async (
  fileKey: Uint8Array,
  recipients: readonly string[],
): Promise<Result<Uint8Array>> => {
  assert.equal(fileKey.length, fileKeyBytes);
  const wrapped = await wrap(recipients, fileKey);
  return wrapped.ok ? good(wrapped.value.header) : wrapped;
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
  if (!head.subarray(0, versionLine.length).equals(versionLine)) return null;
  // Stanzas are lines of "-> …" and base64, so that "---" begins no line but the last.
  const macLine = head.indexOf("\n---");
  if (macLine < 0) return null;
  const end = head.indexOf("\n", macLine + 1);
  return end < 0 ? null : end + 1;
};

/** Whether `text` is an X25519 recipient (`age1…`) with a right checksum. */
export const isRecipient = async (text: string): Promise<boolean> => {
  const { Encrypter } = await ageLibrary();
  return addRecipient(new Encrypter(), text);
};

const versionLine = Buffer.from("age-encryption.org/v1\n");
/** `age1`, 52 symbols of key, 6 of checksum; the library also takes post-quantum and hardware recipients. */
const x25519Recipient = /^age1[02-9ac-hj-np-z]{58}$/;

type Library = typeof import("age-encryption");
/** Loaded at first use: it takes a tenth of a second, and nodes never need it. */
const ageLibrary = (): Promise<Library> => import("age-encryption");

const wrap = async (recipients: readonly string[], wanted: Uint8Array | null): Promise<Result<Wrapped>> => {
  assert(recipients.length > 0 && recipients.length <= readersMax, "a header has 1 to readersMax readers");
  const { Encrypter } = await ageLibrary();
  const encrypter = new Encrypter();
  let fileKey = new Uint8Array(0);
  encrypter.addRecipient({
    wrapFileKey: (key) => {
      if (wanted !== null) key.set(wanted);
      fileKey = Uint8Array.from(key);
      return [];
    },
  });
  for (const recipient of new Set(recipients)) {
    if (!addRecipient(encrypter, recipient)) return bad(notARecipient(recipient));
  }
  try {
    const file = await encrypter.encrypt(new Uint8Array(0));
    const header = file.slice(0, file.length - payloadBytesOf(0));
    assert(header.length <= headerBytesMax);
    assert(macAgrees(header, fileKey), "the age library wraps the key that it showed");
    return good({ header, fileKey });
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    // A well-formed recipient can still be a point that no secret leads to.
    return bad(notARecipient(recipients.join(", ")));
  }
};

const addRecipient = (encrypter: InstanceType<Library["Encrypter"]>, recipient: string): boolean => {
  if (!x25519Recipient.test(recipient)) return false;
  try {
    encrypter.addRecipient(recipient);
    return true;
  } catch {
    return false;
  }
};

const notARecipient = (recipient: string): Fault =>
  fault("CREDENTIALS_INVALID", { path: recipient, reason: "it is not an age X25519 recipient" });

/** age v1, "Header MAC": HMAC-SHA-256 of everything up to and with `---`, under HKDF(file key, "header"). */
const macAgrees = (header: Uint8Array, fileKey: Uint8Array): boolean => {
  const text = Buffer.from(header);
  const macAt = text.lastIndexOf("\n---") + "\n---".length;
  const key = Buffer.from(hkdfSync("sha256", fileKey, new Uint8Array(0), "header", 32));
  const mac = createHmac("sha256", key).update(text.subarray(0, macAt)).digest("base64").replace(/=+$/, "");
  return text.subarray(macAt).toString("latin1") === ` ${mac}\n`;
};

const reasonOf = (error: unknown): string => {
  const text = error instanceof Error ? error.message : "";
  if (text.includes("no identity matched")) return "it is not sealed to this identity";
  if (text.includes("header HMAC")) return "its header was altered";
  if (text.includes("identity")) return "the identity is not an AGE-SECRET-KEY-1…";
  return "its header is damaged";
};
