import { hkdfSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseImageId, userNameOf } from "../../../core/model/ids.ts";
import { createdAtOf } from "../../../core/model/image-id.ts";
import { wallMs } from "../../../core/model/units.ts";
import { imageIdOf, isIdOf } from "../../../core/seal/image-id.ts";

const alice = userNameOf("alice");
const at = wallMs(1_763_000_000_123);
const fileKey = new Uint8Array(16).fill(1);
const sha256 = new Uint8Array(32).fill(2);

const arbitraryBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const request = fc.record({
  at: fc.integer({ min: 0, max: 2 ** 48 - 1 }).map(wallMs),
  fileKey: arbitraryBytes(16),
  sha256: arbitraryBytes(32),
  owner: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,31}$/).map(userNameOf),
});
type Request = typeof request extends fc.Arbitrary<infer Value> ? Value : never;
const idOf = (of: Request) => imageIdOf(of.at, of.fileKey, of.sha256, of.owner);

describe("an image's id", () => {
  test("is the same at every try, and a sound UUIDv7 from which the time can be read back", () => {
    fc.assert(
      fc.property(request, (one) => {
        const id = idOf(one);
        expect(idOf(one)).toBe(id);
        expect(parseImageId(id)).toBe(id);
        expect(createdAtOf(id)).toBe(one.at);
      }),
    );
  });

  test("is made as it is written down: 74 bits of HKDF-SHA-256 behind the time", () => {
    const bits = Buffer.from(hkdfSync("sha256", fileKey, sha256, "distinsta id alice", 10)).toString("hex");
    const id = imageIdOf(at, fileKey, sha256, alice);
    const [, , versioned = "", varied = "", rest = ""] = id.split("-");
    expect(versioned).toBe(`7${bits.slice(1, 4)}`);
    expect(varied.slice(1)).toBe(bits.slice(5, 8));
    expect(rest).toBe(bits.slice(8));
    // Computed with another program.
    expect(id).toBe("019a7afd-1e7b-79d3-88fd-43ddf16a6e95");
  });

  test("of another owner, another key or another picture is another", () => {
    fc.assert(
      fc.property(request, request, (one, other) => {
        const ids = new Set([
          idOf(one),
          idOf({ ...one, fileKey: other.fileKey }),
          idOf({ ...one, sha256: other.sha256 }),
          idOf({ ...one, owner: other.owner }),
        ]);
        const differing = [
          Buffer.compare(one.fileKey, other.fileKey) !== 0,
          Buffer.compare(one.sha256, other.sha256) !== 0,
          one.owner !== other.owner,
        ];
        expect(ids.size).toBe(1 + differing.filter(Boolean).length);
      }),
    );
  });

  test("of one bit more or less is another", () => {
    const id = imageIdOf(at, fileKey, sha256, alice);
    fc.assert(
      fc.property(fc.constantFrom("key", "hash"), fc.nat(31), fc.nat(7), (part, byte, bit) => {
        const flip = (bytes: Uint8Array): Uint8Array =>
          bytes.with(byte % bytes.length, (bytes[byte % bytes.length] ?? 0) ^ (1 << bit));
        const key = part === "key" ? flip(fileKey) : fileKey;
        const hash = part === "hash" ? flip(sha256) : sha256;
        expect(imageIdOf(at, key, hash, alice)).not.toBe(id);
        expect(isIdOf(id, key, hash, alice)).toBe(false);
      }),
    );
  });

  test("is not made of a key or a hash of another length", () => {
    for (const length of [0, 15, 17, 32])
      expect(() => imageIdOf(at, new Uint8Array(length), sha256, alice)).toThrow();
    for (const length of [0, 16, 31, 33])
      expect(() => imageIdOf(at, fileKey, new Uint8Array(length), alice)).toThrow();
  });
});

describe("the check of an id", () => {
  test("agrees whenever the id was picked: the time says nothing about whose it is", () => {
    fc.assert(
      fc.property(request, (one) => {
        expect(isIdOf(idOf(one), one.fileKey, one.sha256, one.owner)).toBe(true);
      }),
    );
  });

  test("refuses an id that was picked by hand, for another, or changed in any place behind the time", () => {
    const id = imageIdOf(at, fileKey, sha256, alice);
    expect(isIdOf(id, fileKey, sha256, userNameOf("bob"))).toBe(false);
    expect(isIdOf(id, fileKey, sha256, userNameOf("alice2"))).toBe(false);
    for (let place = 15; place < id.length; place++) {
      const digit = id[place] ?? "-";
      if (digit === "-") continue;
      for (const other of "0123456789abcdef") {
        const changed = parseImageId(id.slice(0, place) + other + id.slice(place + 1));
        if (changed === null || changed === id) continue;
        expect(isIdOf(changed, fileKey, sha256, alice), changed).toBe(false);
      }
    }
  });
});
