/**
 * A person's key pair: the identity opens images and stays with that person, the recipient seals them and may
 * be known to all. Kept in the text file that `age-keygen` writes, so that `age -d -i identity.txt` works.
 */
import { bad, fault, good, type Result } from "../model/faults.ts";
import type { WallMs } from "../model/units.ts";

export interface KeyPair {
  /** `AGE-SECRET-KEY-1…`: secret. */
  readonly identity: string;
  /** `age1…`: public. */
  readonly recipient: string;
}

/** A new X25519 key pair, from the operating system's randomness. */
export const makeIdentity = async (): Promise<KeyPair> => {
  const { generateX25519Identity, identityToRecipient } = await import("age-encryption");
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
};

/** The text of an identity file, as `age-keygen` writes it. */
export const identityFile = (pair: KeyPair, createdAt: WallMs): string =>
  `# created: ${secondsOf(createdAt)}\n# public key: ${pair.recipient}\n${pair.identity}\n`;

/**
 * The key pair in the text of an identity file: the first line that is not empty and not a comment must be an
 * X25519 identity. The recipient is computed, not taken from the comment. Fails with CREDENTIALS_INVALID, which
 * names `path` and nothing of what the file says.
 */
export const parseIdentityFile = async (text: string, path: string): Promise<Result<KeyPair>> => {
  const invalid = (reason: string) => bad(fault("CREDENTIALS_INVALID", { path, reason }));
  if (text.length > identityFileCharactersMax) return invalid("it is too long for an age identity file");
  const identity = text
    .split("\n")
    .map((line) => line.trim())
    .find((line) => line !== "" && !line.startsWith("#"));
  if (identity === undefined) return invalid("it has no line AGE-SECRET-KEY-1…");
  if (!identity.startsWith("AGE-SECRET-KEY-1")) return invalid("its first key is not an AGE-SECRET-KEY-1…");
  const { identityToRecipient } = await import("age-encryption");
  try {
    return good({ identity, recipient: await identityToRecipient(identity) });
  } catch {
    return invalid("its AGE-SECRET-KEY-1… is mistyped or cut off");
  }
};

const identityFileCharactersMax = 65_536;

/** `2026-01-31T12:00:00Z`: RFC 3339 in whole seconds. */
const secondsOf = (at: WallMs): string => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
