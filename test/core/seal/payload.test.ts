import { createCipheriv } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunkBytes, sealedChunkBytesMax, tagBytes } from "../../../core/model/limits.ts";
import {
  createOpener,
  createSealer,
  nonceBytes,
  openWhole,
  payloadBytesOf,
  plainBytesOf,
  sealWhole,
} from "../../../core/seal/payload.ts";

const fileKey = Buffer.alloc(16, 1);
const nonce = Buffer.alloc(nonceBytes, 2);
const plainOf = (bytes: number): Buffer =>
  createCipheriv("aes-128-ctr", fileKey, nonce).update(Buffer.alloc(bytes));

/** Lengths around the places where something changes, and some between. */
const lengths = fc.oneof(
  fc.constantFrom(0, 1, 15, 16, 17),
  fc.constantFrom(
    ...[1, 2, 3].flatMap((chunks) => [-17, -1, 0, 1, 17].map((by) => chunks * chunkBytes + by)),
  ),
  fc.nat({ max: 4 * chunkBytes }),
);
const cuts = fc.array(fc.nat({ max: 4 * sealedChunkBytesMax }), { maxLength: 40 });

/** `bytes` cut at the places that lie within it. */
const cutAt = (bytes: Uint8Array, places: readonly number[]): Uint8Array[] => {
  const edges = [0, ...places.filter((at) => at < bytes.length).sort((a, b) => a - b), bytes.length];
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index] ?? 0, end));
};

const seal = (pieces: readonly Uint8Array[]): readonly Uint8Array[] => {
  const sealer = createSealer({ fileKey, nonce });
  return [...pieces.flatMap((piece) => sealer.push(piece)), ...sealer.finish()];
};

const open = (pieces: readonly Uint8Array[]) => {
  const opener = createOpener({ fileKey, id: "x" });
  const plain = pieces.flatMap((piece) => opener.push(piece).plain);
  const last = opener.finish();
  return { plain: Buffer.concat([...plain, ...last.plain]), code: last.fault?.code ?? null };
};

describe("the payload", () => {
  it("is the same, chunk by chunk, however the plaintext came", () => {
    fc.assert(
      fc.property(lengths, cuts, (length, places) => {
        const plain = plainOf(length);
        const sealed = seal(cutAt(plain, places));
        expect(sealed.map((piece) => piece.length)).toEqual(seal([plain]).map((piece) => piece.length));
        expect(Buffer.concat(sealed).equals(sealWhole(fileKey, nonce, plain))).toBe(true);
      }),
    );
  });

  it("opens to the same plaintext, however it came", () => {
    fc.assert(
      fc.property(lengths, cuts, (length, places) => {
        const plain = plainOf(length);
        const opened = open(cutAt(sealWhole(fileKey, nonce, plain), places));
        expect(opened.code).toBeNull();
        expect(opened.plain.equals(plain)).toBe(true);
      }),
    );
  });

  it("has a length that follows from the plaintext's, and back", () => {
    fc.assert(
      fc.property(lengths, (length) => {
        expect(Buffer.concat(seal([plainOf(length)])).length).toBe(payloadBytesOf(length));
        expect(plainBytesOf(payloadBytesOf(length))).toBe(length);
      }),
    );
    const some = payloadBytesOf(0);
    const full = payloadBytesOf(chunkBytes);
    // No payload is shorter than an empty one, and none ends in an empty chunk or a part of a tag.
    const none = [0, some - 1, full + 1, full + tagBytes];
    expect(none.map(plainBytesOf)).toEqual([null, null, null, null]);
    expect([some, full].map(plainBytesOf)).toEqual([0, chunkBytes]);
  });

  it("begins with the nonce, and holds the last chunk back until it is finished", () => {
    const sealer = createSealer({ fileKey, nonce });
    const pushed = sealer.push(plainOf(2 * chunkBytes));
    expect(pushed.map((piece) => piece.length)).toEqual([nonceBytes, sealedChunkBytesMax]);
    expect(Buffer.from(pushed[0] ?? [])).toEqual(nonce);
    expect(open(pushed).code).toBe("SEAL_BROKEN");
    const last = sealer.finish();
    expect(last.map((piece) => piece.length)).toEqual([sealedChunkBytesMax]);
    expect(open([...pushed, ...last]).code).toBeNull();
  });

  it("is not changed by whoever reuses the nonce's memory", () => {
    const lent = Buffer.from(nonce);
    const sealer = createSealer({ fileKey, nonce: lent });
    lent.fill(0);
    const sealed = Buffer.concat([...sealer.push(plainOf(5)), ...sealer.finish()]);
    expect(sealed.equals(sealWhole(fileKey, nonce, plainOf(5)))).toBe(true);
  });

  it("does not open when any one bit is flipped", () => {
    const small = sealWhole(fileKey, nonce, plainOf(3));
    for (let bit = 0; bit < small.length * 8; bit++) expectBroken(flipped(small, bit));
    const large = sealWhole(fileKey, nonce, plainOf(2 * chunkBytes + 9));
    fc.assert(fc.property(fc.nat({ max: large.length * 8 - 1 }), (bit) => expectBroken(flipped(large, bit))));
  });

  it("does not open when it is cut off at any byte, and gives only what is proven", () => {
    const small = sealWhole(fileKey, nonce, plainOf(3));
    for (let bytes = 0; bytes < small.length; bytes++) expectBroken(small.subarray(0, bytes));
    const plain = plainOf(2 * chunkBytes + 9);
    const large = sealWhole(fileKey, nonce, plain);
    const places = fc.oneof(
      fc.nat({ max: large.length - 1 }),
      fc.constantFrom(nonceBytes + sealedChunkBytesMax),
    );
    fc.assert(
      fc.property(places, (bytes) => {
        expectBroken(large.subarray(0, bytes));
        const given = open([large.subarray(0, bytes)]).plain;
        expect(given.length % chunkBytes).toBe(0);
        expect(given.equals(plain.subarray(0, given.length))).toBe(true);
      }),
    );
  });

  it("does not open when anything follows it, or its chunks are swapped", () => {
    const sealed = sealWhole(fileKey, nonce, plainOf(3 * chunkBytes));
    expectBroken(Buffer.concat([sealed, Buffer.alloc(1)]));
    const [first, ...chunks] = cutAt(sealed, [
      nonceBytes,
      nonceBytes + sealedChunkBytesMax,
      nonceBytes + 2 * sealedChunkBytesMax,
    ]);
    const [a, b, c] = chunks;
    expectBroken(Buffer.concat([first, b, a, c].map((piece) => piece ?? Buffer.alloc(0))));
  });

  it("stays broken: later bytes give no plaintext", () => {
    const sealed = sealWhole(fileKey, nonce, plainOf(3 * chunkBytes));
    const opener = createOpener({ fileKey, id: "x" });
    expect(opener.push(flipped(sealed, 900)).fault).toMatchObject({ code: "SEAL_BROKEN", id: "x" });
    expect(opener.push(sealed)).toMatchObject({ plain: [], fault: { code: "SEAL_BROKEN" } });
    expect(opener.finish()).toMatchObject({ plain: [], fault: { code: "SEAL_BROKEN" } });
  });

  it("opens under no other file key", () => {
    const sealed = sealWhole(fileKey, nonce, plainOf(10));
    expect(openWhole(Buffer.alloc(16, 9), sealed, "x")).toMatchObject({
      ok: false,
      fault: { code: "SEAL_BROKEN" },
    });
  });
});

const flipped = (bytes: Uint8Array, bit: number): Buffer => {
  const copy = Buffer.from(bytes);
  const at = bit >> 3;
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7));
  return copy;
};

const expectBroken = (payload: Uint8Array): void => {
  expect(openWhole(fileKey, payload, "x")).toMatchObject({
    ok: false,
    fault: { code: "SEAL_BROKEN", id: "x" },
  });
};
