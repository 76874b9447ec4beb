/**
 * The published test vectors of the age format (https://c2sp.org/CCTV/age): headers through the library that
 * we use, payloads through our own STREAM, whole and byte by byte.
 */
import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { armor, Decrypter } from "age-encryption";
import * as vectors from "cctv-age";
import { describe, expect, it } from "vitest";
import { openHeader, splitAgeFile } from "../../../core/seal/header.ts";
import {
  createOpener,
  createSealer,
  nonceBytes,
  payloadBytesOf,
  plainBytesOf,
} from "../../../core/seal/payload.ts";

interface Vector {
  readonly name: string;
  readonly expect: string;
  /** SHA-256 of all plaintext that may be released, hex; null where the header already fails. */
  readonly plainHash: string | null;
  readonly identities: readonly string[];
  readonly passphrases: readonly string[];
  readonly armored: boolean;
  readonly file: Uint8Array;
}

const all = Object.entries(vectors as unknown as Record<string, Uint8Array>).map(([name, bytes]) =>
  parseVector(name, bytes),
);

describe("the published age vectors", () => {
  it("are all here, so that none is skipped in silence", () => {
    const counts: Record<string, number> = {};
    for (const vector of all) counts[vector.expect] = (counts[vector.expect] ?? 0) + 1;
    expect(all.length).toBe(143);
    expect(counts).toEqual({
      success: 26,
      "payload failure": 19,
      "no match": 13,
      "HMAC failure": 1,
      "header failure": 62,
      "armor failure": 22,
    });
  });

  it.each(all.map((vector) => [vector.name, vector] as const))("%s", async (_, vector) => {
    const file = vector.armored ? dearmored(vector.file) : vector.file;
    const fileKey = file === null ? "armor failure" : await fileKeyOf(file, vector);
    for (const cut of [whole, byteByByte]) {
      const outcome =
        file === null || typeof fileKey === "string"
          ? { kind: String(fileKey), plainHash: null }
          : openPayload(file, fileKey, cut);
      expect(outcome).toEqual(expected(vector));
    }
  });
});

interface Outcome {
  readonly kind: string;
  readonly plainHash: string | null;
}

/** A MAC of the wrong length is malformed to the vectors; to the library it is a MAC that does not agree. */
const malformedMacs = ["hmac_garbage", "hmac_missing", "hmac_truncated"];

const expected = (vector: Vector): Outcome => ({
  kind: malformedMacs.includes(vector.name) ? "HMAC failure" : vector.expect,
  plainHash: vector.plainHash,
});

type Cut = (payload: Uint8Array) => Iterable<Uint8Array>;

const openPayload = (file: Uint8Array, fileKey: Uint8Array, cut: Cut): Outcome => {
  const headerBytes = splitAgeFile(file);
  if (headerBytes === null) throw new Error("a header that opened must have an end");
  const payload = file.subarray(headerBytes);
  const opener = createOpener({ fileKey, id: "vector" });
  const plain: Uint8Array[] = [];
  for (const piece of cut(payload)) plain.push(...opener.push(piece).plain);
  const last = opener.finish();
  plain.push(...last.plain);
  if (payload.length < nonceBytes) {
    // The vectors count the nonce to the header.
    expect(last.fault).toMatchObject({ code: "SEAL_BROKEN" });
    return { kind: "header failure", plainHash: null };
  }
  if (last.fault === null) {
    expect(sealedAgain(fileKey, payload.subarray(0, nonceBytes), plain).equals(payload)).toBe(true);
    const plainBytes = plain.reduce((sum, chunk) => sum + chunk.length, 0);
    expect(payloadBytesOf(plainBytes)).toBe(payload.length);
    expect(plainBytesOf(payload.length)).toBe(plainBytes);
  }
  return { kind: last.fault === null ? "success" : "payload failure", plainHash: sha256(plain) };
};

/** The file key, or which of the vectors' header failures it was. */
const fileKeyOf = async (file: Uint8Array, vector: Vector): Promise<Uint8Array | string> => {
  const decrypter = new Decrypter();
  for (const identity of vector.identities) decrypter.addIdentity(identity);
  for (const passphrase of vector.passphrases) decrypter.addPassphrase(passphrase);
  const [only] = vector.identities;
  const own =
    only?.startsWith("AGE-SECRET-KEY-1") && vector.identities.length === 1 && vector.passphrases.length === 0;
  const ours =
    own && only !== undefined ? await openHeader(file.subarray(0, 16_384), only, vector.name) : null;
  try {
    const fileKey = await decrypter.decryptHeader(file);
    if (ours !== null) expect(ours).toEqual({ ok: true, value: fileKey });
    return fileKey;
  } catch (error) {
    if (ours !== null) expect(ours.ok).toBe(false);
    const message = error instanceof Error ? error.message : "";
    if (message.includes("no identity matched")) return "no match";
    if (message.includes("invalid header HMAC")) return "HMAC failure";
    return "header failure";
  }
};

const dearmored = (file: Uint8Array): Uint8Array | null => {
  try {
    return armor.decode(Buffer.from(file).toString("latin1"));
  } catch {
    return null;
  }
};

const sealedAgain = (fileKey: Uint8Array, nonce: Uint8Array, plain: readonly Uint8Array[]): Buffer => {
  const sealer = createSealer({ fileKey, nonce });
  return Buffer.concat([...plain.flatMap((chunk) => sealer.push(chunk)), ...sealer.finish()]);
};

const whole: Cut = (payload) => [payload];

/** One byte at a time; in the three vectors of 16 MB, near every chunk's edge only, to end within seconds. */
function* byteByByte(payload: Uint8Array): Iterable<Uint8Array> {
  const edge = 100;
  let at = 0;
  while (at < payload.length) {
    const inChunk = (at + 65_552 - nonceBytes) % 65_552;
    const leap = payload.length > 1_000_000 && inChunk >= edge && inChunk < 65_552 - edge;
    const size = leap ? 65_552 - edge - inChunk : 1;
    yield payload.subarray(at, at + size);
    at += size;
  }
}

const sha256 = (chunks: readonly Uint8Array[]): string => {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
};

function parseVector(name: string, bytes: Uint8Array): Vector {
  const text = Buffer.from(bytes);
  const end = text.indexOf("\n\n");
  const fields = text
    .subarray(0, end)
    .toString("utf8")
    .split("\n")
    .map((line): readonly [string, string] => {
      const at = line.indexOf(": ");
      return [line.slice(0, at), line.slice(at + 2)];
    });
  const known = [
    "expect",
    "payload",
    "identity",
    "passphrase",
    "armored",
    "file key",
    "comment",
    "compressed",
  ];
  for (const [key] of fields) if (!known.includes(key)) throw new Error(`${name}: unknown field ${key}`);
  const every = (wanted: string) => fields.filter(([key]) => key === wanted).map(([, value]) => value);
  const body = text.subarray(end + 2);
  return {
    name,
    expect: every("expect")[0] ?? "",
    plainHash: every("payload")[0] ?? null,
    identities: every("identity"),
    passphrases: every("passphrase"),
    armored: every("armored")[0] === "yes",
    file: every("compressed")[0] === "zlib" ? inflateSync(body) : body,
  };
}
