import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { fingerprint, payloadNonce } from "../../../core/seal/nonce.ts";
import { sealWhole } from "../../../core/seal/payload.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const sha256 = (text: string): Uint8Array => createHash("sha256").update(text).digest();

// The worked bytes of docs/sealing.md; nonce and fingerprint were computed there with another HKDF.
const fileKey = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const identity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

describe("what is derived from a picture", () => {
  it("is, for the nonce, the worked bytes of the documentation", () => {
    const nonce = payloadNonce(fileKey, sha256("a picture"));
    expect(hex(nonce)).toBe("acd1f8cc3981a0feb96cd06ef8cd7b4e");
    expect(hex(sealWhole(fileKey, nonce, Buffer.from("a picture")))).toBe(
      "acd1f8cc3981a0feb96cd06ef8cd7b4e25e588d5a7cd0c7f244820f0cf090ecff45cf7dade652ea2bc",
    );
  });

  it("is, for the fingerprint, the worked bytes of the documentation", () => {
    const expected = "ec54e2bb1ac989348471c3889fb41fa1021cba95c99fa8502ad77e767201957f";
    expect(hex(fingerprint(identity, sha256("a picture")))).toBe(expected);
    expect(hex(fingerprint(`${identity.toLowerCase()}\n`, sha256("a picture")))).toBe(expected);
  });

  it("differs for another picture and for another key", () => {
    const otherKey = Buffer.alloc(16, 9);
    const nonces = [
      payloadNonce(fileKey, sha256("a picture")),
      payloadNonce(fileKey, sha256("another picture")),
      payloadNonce(otherKey, sha256("a picture")),
    ];
    expect(new Set(nonces.map(hex)).size).toBe(3);
    const marks = [
      fingerprint(identity, sha256("a picture")),
      fingerprint(identity, sha256("another picture")),
      fingerprint(identity.replace("Q4EGAEX", "Q4EGAEY"), sha256("a picture")),
    ];
    expect(new Set(marks.map(hex)).size).toBe(3);
  });
});
