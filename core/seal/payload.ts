/**
 * The large part of a sealed image: the age payload, cut into chunks so that it can be sealed and opened while
 * it flows.
 *
 * A payload is a 16-byte nonce, then 64 KiB of plaintext at a time, each sealed with ChaCha20-Poly1305 under a
 * key made from file key and nonce. The cipher's own nonce counts the chunks and flags the last one, so that
 * chunks cannot be swapped, dropped or cut off unnoticed. Source: age v1, "Payload"; the construction is
 * STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, "Online authenticated-encryption and its nonce-reuse
 * misuse-resistance", 2015).
 *
 * Both machines are synchronous and keep at most one chunk. A chunk is held back until more bytes or `finish`
 * say whether it is the last, because the last one is sealed differently. So nothing that could be opened
 * whole exists before `finish`; whoever seals calls it only after the picture's hash agrees.
 */
import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import { chunkBytes, sealedChunkBytesMax, tagBytes } from "../model/limits.ts";
import { giveBack } from "../model/memory.ts";
import { derive } from "./derive.ts";
import { Pieces } from "./pieces.ts";

export const fileKeyBytes = 16;
export const nonceBytes = 16;

export interface Sealer {
  /**
   * Takes plaintext, gives what is sealed by now: first the nonce, then one array per sealed chunk, each of
   * `sealedChunkBytesMax`. `plain` is kept without a copy until its chunk is sealed: do not write to it again.
   */
  push(plain: Uint8Array): readonly Uint8Array[];
  /** The last chunk, at most `sealedChunkBytesMax` (and the nonce, if nothing was pushed). Once. */
  finish(): readonly Uint8Array[];
}

/**
 * Plaintext that is proven to be a part of the image, in order, and what stopped it, if anything did. Only
 * `finish` without a fault proves that it is all.
 */
export interface Opened {
  readonly plain: readonly Uint8Array[];
  /** SEAL_BROKEN; from then on every call gives no plaintext and the same fault. */
  readonly fault: Fault | null;
}

export interface Opener {
  /** Takes any part of a payload, gives one array per chunk that is proven by now. Do not write to `sealed` again. */
  push(sealed: Uint8Array): Opened;
  /** What is left of the last chunk; broken when the payload does not end here. Once. */
  finish(): Opened;
}

/** The length of the payload that `plainBytes` bytes are sealed into: nonce, bytes, a tag for each chunk. */
export const payloadBytesOf = (plainBytes: number): number =>
  nonceBytes + plainBytes + tagBytes * Math.max(1, Math.ceil(plainBytes / chunkBytes));

/** The inverse; null for a length that no payload has. */
export const plainBytesOf = (payloadBytes: number): number | null => {
  const sealedBytes = payloadBytes - nonceBytes;
  const chunks = Math.ceil(sealedBytes / sealedChunkBytesMax);
  const plainBytes = sealedBytes - chunks * tagBytes;
  return plainBytes >= 0 && payloadBytesOf(plainBytes) === payloadBytes ? plainBytes : null;
};

/**
 * Seals one payload. `nonce` (16 bytes) must never be used with the same file key for another plaintext. `allocate`
 * makes the memory of each chunk, all of which is written over; `onSealed` is told of each piece of plaintext that is
 * not needed any more.
 */
export const createSealer = (
  key: { readonly fileKey: Uint8Array; readonly nonce: Uint8Array },
  allocate: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
  onSealed: (plain: Uint8Array) => void = () => undefined,
): Sealer => {
  const payloadKey = payloadKeyOf(key.fileKey, key.nonce);
  const counter = new ChunkCounter();
  const pending = new Pieces();
  let toAnnounce: readonly Uint8Array[] = [Uint8Array.from(key.nonce)];
  let finished = false;

  const seal = (plain: readonly Uint8Array[], last: boolean): Uint8Array => {
    const sealed = sealChunk(payloadKey, counter.nonce(last), plain, allocate);
    for (const piece of plain) onSealed(piece);
    return sealed;
  };

  const announced = (): Uint8Array[] => {
    const first = [...toAnnounce];
    toAnnounce = [];
    return first;
  };

  return {
    push: (plain) => {
      assert(!finished, "nothing is pushed after finish");
      const sealed = announced();
      pending.add(plain);
      while (pending.bytes > chunkBytes) {
        sealed.push(seal(pending.take(chunkBytes), false));
        counter.advance();
      }
      return sealed;
    },
    finish: () => {
      assert(!finished, "a payload ends once");
      finished = true;
      const sealed = announced();
      sealed.push(seal(pending.take(pending.bytes), true));
      return sealed;
    },
  };
};

/** Opens one payload; `id` is what to call the image when it does not open. */
export const createOpener = (key: { readonly fileKey: Uint8Array; readonly id: string }): Opener => {
  const counter = new ChunkCounter();
  const pending = new Pieces();
  let state: "nonce" | "chunks" | "ended" | "broken" | "finished" = "nonce";
  let payloadKey: KeyObject | null = null;
  let broken: Fault | null = null;

  const breaks = (reason: string): void => {
    state = "broken";
    broken = fault("SEAL_BROKEN", { id: key.id, reason });
  };

  /** A chunk of full length says only by its cipher nonce whether it is the last. */
  const openFullChunk = (): Uint8Array | null => {
    const sealed = pending.take(chunkBytes);
    const tag = joined(pending.take(tagBytes));
    const plain = openChunk(payloadKey, counter.nonce(false), sealed, tag);
    if (plain !== null) {
      counter.advance();
      return plain;
    }
    const last = openChunk(payloadKey, counter.nonce(true), sealed, tag);
    if (last === null) breaks("it was altered");
    else state = "ended";
    return last;
  };

  /** The last chunk, when it is shorter than the others. */
  const openRest = (): Uint8Array | null => {
    if (pending.bytes < tagBytes) {
      breaks("it is cut off");
      return null;
    }
    const sealed = pending.take(pending.bytes - tagBytes);
    const plain = openChunk(payloadKey, counter.nonce(true), sealed, joined(pending.take(tagBytes)));
    if (plain === null) breaks("it is cut off or altered");
    else if (plain.length === 0 && !counter.atFirst) breaks("its last chunk is empty");
    else return plain;
    return null;
  };

  return {
    push: (sealed) => {
      assert(state !== "finished", "nothing is pushed after finish");
      if (state === "broken") return { plain: [], fault: broken };
      pending.add(sealed);
      if (state === "nonce" && pending.bytes >= nonceBytes) {
        payloadKey = payloadKeyOf(key.fileKey, joined(pending.take(nonceBytes)));
        state = "chunks";
      }
      const plain: Uint8Array[] = [];
      while (state === "chunks" && pending.bytes >= sealedChunkBytesMax) {
        const chunk = openFullChunk();
        if (chunk !== null) plain.push(chunk);
      }
      if (state === "ended" && pending.bytes > 0) breaks("something follows its last chunk");
      return { plain, fault: broken };
    },
    finish: () => {
      assert(state !== "finished", "a payload ends once");
      if (state === "nonce") breaks("it is cut off within its nonce");
      const chunk = state === "chunks" ? openRest() : null;
      state = "finished";
      return { plain: chunk === null ? [] : [chunk], fault: broken };
    },
  };
};

/** A whole payload at once, for what is small: thumbnails. */
export const sealWhole = (fileKey: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Uint8Array => {
  const sealer = createSealer({ fileKey, nonce });
  const payload = Buffer.concat([...sealer.push(plain), ...sealer.finish()], payloadBytesOf(plain.length));
  return new Uint8Array(payload.buffer, payload.byteOffset, payload.length);
};

/** All of the plaintext or SEAL_BROKEN, never a part. */
export const openWhole = (fileKey: Uint8Array, payload: Uint8Array, id: string): Result<Uint8Array> => {
  const opener = createOpener({ fileKey, id });
  const first = opener.push(payload);
  const rest = opener.finish();
  if (rest.fault !== null) return bad(rest.fault);
  const plain = Buffer.concat([...first.plain, ...rest.plain]);
  return good(new Uint8Array(plain.buffer, plain.byteOffset, plain.length));
};

const cipherName = "chacha20-poly1305";
const cipherOptions = { authTagLength: tagBytes } as const;

/** age v1: HKDF-SHA-256(ikm = file key, salt = nonce, info = "payload"), 32 bytes. */
const payloadKeyOf = (fileKey: Uint8Array, nonce: Uint8Array): KeyObject => {
  assert.equal(fileKey.length, fileKeyBytes);
  assert.equal(nonce.length, nonceBytes);
  return createSecretKey(derive(fileKey, nonce, "payload", 32));
};

const sealChunk = (
  key: KeyObject,
  nonce: Uint8Array,
  plain: readonly Uint8Array[],
  allocate: (bytes: number) => Uint8Array,
): Uint8Array => {
  const plainBytes = plain.reduce((sum, piece) => sum + piece.length, 0);
  const sealed = allocate(plainBytes + tagBytes);
  const cipher = createCipheriv(cipherName, key, nonce, cipherOptions);
  let at = 0;
  for (const piece of plain) {
    const part = cipher.update(piece);
    sealed.set(part, at);
    at += part.length;
    giveBack(part);
  }
  cipher.final();
  sealed.set(cipher.getAuthTag(), at);
  return sealed;
};

/** Null when the tag does not prove it. */
const openChunk = (
  key: KeyObject | null,
  nonce: Uint8Array,
  sealed: readonly Uint8Array[],
  tag: Uint8Array,
): Uint8Array | null => {
  assert(key !== null, "the nonce comes first");
  const decipher = createDecipheriv(cipherName, key, nonce, cipherOptions);
  decipher.setAuthTag(tag);
  const plain = sealed.map((piece) => decipher.update(piece));
  try {
    decipher.final();
  } catch {
    return null;
  }
  const whole = joined(plain);
  if (plain.length > 1) for (const piece of plain) giveBack(piece);
  return whole;
};

const joined = (pieces: readonly Uint8Array[]): Uint8Array => {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
};

/** age v1: an 11-byte big-endian count of chunks from 0, then 1 for the last chunk and 0 for the others. */
class ChunkCounter {
  #count = 0;

  get atFirst(): boolean {
    return this.#count === 0;
  }

  nonce(last: boolean): Uint8Array {
    // Six bytes count past what any disk holds.
    const nonce = Buffer.alloc(12);
    nonce.writeUIntBE(this.#count, 5, 6);
    nonce[11] = last ? 1 : 0;
    return nonce;
  }

  advance(): void {
    this.#count++;
  }
}
