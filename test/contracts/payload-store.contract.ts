/**
 * What every payload store keeps: nothing is visible before commit, what is visible is whole and stays, and no
 * reader takes damaged bytes for good ones.
 */
import { describe, expect, test } from "vitest";
import { FaultError, type Result } from "../../core/model/faults.ts";
import { sealedChunkBytesMax } from "../../core/model/limits.ts";
import type { PayloadStore } from "../../core/ports.ts";
import { gather } from "../support/gather.ts";
import { noise } from "../support/pictures.ts";
import { hashOf, idOf } from "../support/records.ts";

export interface PayloadStoreLab {
  /** Opens the store, or opens it again, as after a crash: nothing was closed in good order. */
  open(): Promise<PayloadStore>;
  /** Damages a byte of a payload that is stored. */
  flipByte(store: PayloadStore, payloadHash: Uint8Array): Promise<void>;
}

/** Runs the contract on the stores of new labs. */
export const describePayloadStore = (name: string, makeLab: () => Promise<PayloadStoreLab>): void => {
  describe(`${name} keeps payloads`, () => {
    const payload = noise(200_000, 1);
    const hash = hashOf(payload);
    const id = idOf(1);

    test("and gives them back as they were, in chunks that fit a frame", async () => {
      const store = await (await makeLab()).open();
      await keep(store, id, payload);
      const chunks = await chunksOf(store, id, hash);
      expect(chunks.every((chunk) => chunk.length > 0 && chunk.length <= sealedChunkBytesMax)).toBe(true);
      expect(Buffer.concat(chunks).equals(payload)).toBe(true);
      expect([store.images, store.payloadBytes]).toEqual([1, payload.length]);
    });

    test("invisible until they are committed", async () => {
      const store = await (await makeLab()).open();
      const writer = must(await store.begin(id, payload.length));
      await writer.write(payload);
      expect(store.has(id, hash)).toBe(false);
      expect(await codeOfReading(store, id, hash)).toBe("IMAGE_UNAVAILABLE");
      expect([store.images, store.payloadBytes]).toEqual([0, 0]);
      expect(await writer.commit(hash)).toEqual({ ok: true, value: undefined });
      expect(store.has(id, hash)).toBe(true);
      await writer.abort();
      expect(store.has(id, hash)).toBe(true);
    });

    test("not when they are given up, also twice", async () => {
      const store = await (await makeLab()).open();
      const writer = must(await store.begin(id, payload.length));
      await writer.write(payload.subarray(0, 5));
      await writer.abort();
      await writer.abort();
      expect(store.has(id, hash)).toBe(false);
      await keep(store, id, payload);
    });

    test("not under a hash that they do not have", async () => {
      const store = await (await makeLab()).open();
      const writer = must(await store.begin(id, payload.length));
      await writer.write(payload);
      const wrong = hashOf(noise(10, 2));
      expect(await writer.commit(wrong)).toMatchObject({ ok: false, fault: { code: "HASH_MISMATCH" } });
      await writer.abort();
      expect(store.has(id, wrong) || store.has(id, hash)).toBe(false);
    });

    test("not shorter than was told", async () => {
      const store = await (await makeLab()).open();
      const writer = must(await store.begin(id, payload.length + 1));
      await writer.write(payload);
      expect(await writer.commit(hash)).toMatchObject({ ok: false, fault: { code: "HASH_MISMATCH" } });
      expect(store.has(id, hash)).toBe(false);
    });

    test("not longer than was told", async () => {
      const store = await (await makeLab()).open();
      const writer = must(await store.begin(id, payload.length - 1));
      await expect(writer.write(payload)).rejects.toMatchObject({ fault: { code: "HASH_MISMATCH" } });
      await writer.abort();
      expect(store.has(id, hash)).toBe(false);
    });

    test("once, however often the same one is written, also at once", async () => {
      const store = await (await makeLab()).open();
      await Promise.all([keep(store, id, payload), keep(store, id, payload)]);
      await keep(store, id, payload);
      expect([store.images, store.payloadBytes]).toEqual([1, payload.length]);
      expect(Buffer.concat(await chunksOf(store, id, hash)).equals(payload)).toBe(true);
    });

    test("apart: the same bytes under another id, other bytes under the same id", async () => {
      const store = await (await makeLab()).open();
      const other = noise(3_000, 3);
      await keep(store, id, payload);
      await keep(store, idOf(2), payload);
      await keep(store, id, other);
      expect(store.has(idOf(2), hashOf(other))).toBe(false);
      expect([store.images, store.payloadBytes]).toEqual([3, 2 * payload.length + 3_000]);
      expect(Buffer.concat(await chunksOf(store, id, hashOf(other))).equals(other)).toBe(true);
    });

    test("through a restart, but nothing that was not committed", async () => {
      const lab = await makeLab();
      const before = await lab.open();
      await keep(before, id, payload);
      const unfinished = must(await before.begin(idOf(2), payload.length));
      await unfinished.write(payload);
      const after = await lab.open();
      expect([after.images, after.payloadBytes]).toEqual([1, payload.length]);
      expect(after.has(id, hash)).toBe(true);
      expect(after.has(idOf(2), hash)).toBe(false);
      expect(Buffer.concat(await chunksOf(after, id, hash)).equals(payload)).toBe(true);
      await keep(after, idOf(2), payload);
      await unfinished.abort();
      expect(after.has(idOf(2), hash)).toBe(true);
    });

    test("and says so when one is damaged, instead of giving it for good", async () => {
      const lab = await makeLab();
      const store = await lab.open();
      await keep(store, id, payload);
      await lab.flipByte(store, hash);
      expect(await codeOfReading(store, id, hash)).toBe("SEAL_BROKEN");
    });

    test("of any size, down to one byte", async () => {
      const store = await (await makeLab()).open();
      const sizes = [1, sealedChunkBytesMax, sealedChunkBytesMax + 1];
      for (const [n, size] of sizes.entries()) {
        const bytes = noise(size, 10 + n);
        await keep(store, idOf(10 + n), bytes);
        expect(Buffer.concat(await chunksOf(store, idOf(10 + n), hashOf(bytes))).equals(bytes)).toBe(true);
      }
    });
  });
};

const must = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new FaultError(result.fault);
  return result.value;
};

const keep = async (
  store: PayloadStore,
  id: Parameters<PayloadStore["begin"]>[0],
  payload: Uint8Array,
): Promise<void> => {
  const writer = must(await store.begin(id, payload.length));
  for (let from = 0; from < payload.length; from += 70_000)
    await writer.write(payload.subarray(from, from + 70_000));
  must(await writer.commit(hashOf(payload)));
};

const chunksOf = async (
  store: PayloadStore,
  id: Parameters<PayloadStore["read"]>[0],
  payloadHash: Uint8Array,
): Promise<readonly Uint8Array[]> => gather(must(await store.read(id, payloadHash)));

const codeOfReading = async (...[store, id, hash]: Parameters<typeof chunksOf>): Promise<string> => {
  try {
    await chunksOf(store, id, hash);
    return "none";
  } catch (error) {
    return error instanceof FaultError ? error.fault.code : String(error);
  }
};
