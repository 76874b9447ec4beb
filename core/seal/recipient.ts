/**
 * A reader of an image, as age writes it: `age1` and an X25519 public key in Bech32 (BIP 173), with a checksum that
 * finds every mistyped symbol; and the stanza of a header that wraps a file key to it (age v1, "The X25519 recipient
 * type").
 */
import { createCipheriv, createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";
import { derive } from "./derive.ts";

/** The public key, 32 bytes; null when `text` is not an X25519 recipient with a right checksum. */
export const publicKeyOf = (text: string): Uint8Array | null => {
  if (!pattern.test(text)) return null;
  const symbols = Array.from(text.slice(prefix.length + 1), (symbol) => alphabet.indexOf(symbol));
  if (checksumOf([...expandedPrefix, ...symbols]) !== 1) return null;
  return bytesOf(symbols.slice(0, -checksumSymbols));
};

/** Lines of a header that give `fileKey` (16 bytes) to whoever has the key's secret. Throws when nobody can have it. */
export const wrapTo = (publicKey: Uint8Array, fileKey: Uint8Array): string => {
  const ephemeral = generateKeyPairSync("x25519");
  const share = Buffer.from(ephemeral.publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  const x = Buffer.from(publicKey).toString("base64url");
  const theirs = createPublicKey({ key: { kty: "OKP", crv: "X25519", x }, format: "jwk" });
  const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: theirs });
  const salt = Buffer.concat([share, publicKey]);
  const key = derive(secret, salt, "age-encryption.org/v1/X25519", 32);
  const cipher = createCipheriv("chacha20-poly1305", key, Buffer.alloc(12), { authTagLength: 16 });
  const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
  return `-> X25519 ${unpadded(share)}\n${unpadded(body)}\n`;
};

/** Base64 as age writes it. */
export const unpadded = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64").replace(/=+$/, "");

const prefix = "age";
const alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const checksumSymbols = 6;
/** 52 symbols of key, 6 of checksum. */
const pattern = /^age1[02-9ac-hj-np-z]{58}$/;

const codes = Array.from(prefix, (letter) => letter.charCodeAt(0));
const expandedPrefix = [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];

/** BIP 173, `bech32_polymod`; 1 when the checksum is right. */
const checksumOf = (values: readonly number[]): number => {
  let sum = 1;
  for (const value of values) {
    const top = sum >> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    for (const [bit, term] of generator.entries()) if (((top >> bit) & 1) === 1) sum ^= term;
  }
  return sum;
};
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** Five bits a symbol; null when what is left over is not zero. */
const bytesOf = (symbols: readonly number[]): Uint8Array | null => {
  const bytes = new Uint8Array(Math.floor((symbols.length * 5) / 8));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (const symbol of symbols) {
    held = (held << 5) | symbol;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >> bits;
    held &= (1 << bits) - 1;
  }
  return held === 0 ? bytes : null;
};
