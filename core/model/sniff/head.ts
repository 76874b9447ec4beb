/**
 * Reading the first bytes of a file without ever reading past them.
 *
 * Numbers beyond the end read as NaN, which fails every comparison; so a parser that forgets a check finds
 * nothing instead of something wrong. A parser that needs bytes that are not there says so with `beyond`.
 */
import type { ImageType } from "../records.ts";
import type { Dimensions, Sniff } from "./answer.ts";

export interface Head {
  readonly bytes: Uint8Array;
  /** Whether this is all of the file. */
  readonly ended: boolean;
  /** More than this is never asked for. */
  readonly bytesMax: number;
}

/** `more` asks in such steps, so that a file made of tiny parts is not walked again for each of them. */
export const sniffStepBytes = 16_384;

export const notAnImage: Sniff = { kind: "not-an-image" };

/** A side of 0 is no picture; some formats say it when they mean "see further behind". */
export const image = (type: ImageType, width: number, height: number): Sniff => {
  const known = width >= 1 && height >= 1;
  const dimensions: Dimensions | null = known ? { width, height } : null;
  return { kind: "image", type, dimensions };
};

/**
 * The answer of a parser that needs the first `end` bytes and has fewer: wait for them; or, when they lie too
 * far behind, believe the signature; or, when the file ends before, it holds no picture.
 */
export const beyond = (head: Head, end: number, type: ImageType): Sniff => {
  if (head.ended) return notAnImage;
  if (end > head.bytesMax) return { kind: "image", type, dimensions: null };
  const steps = Math.ceil(end / sniffStepBytes);
  return { kind: "more", bytesWanted: Math.min(head.bytesMax, steps * sniffStepBytes) };
};

/** Whether the Latin-1 `text` stands at `at`. */
export const startsWith = (bytes: Uint8Array, at: number, text: string): boolean => {
  for (let index = 0; index < text.length; index++) {
    if (bytes[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
};

/** `length` bytes at `at` as Latin-1, shorter at the end. */
export const textAt = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length));

export const u8 = (bytes: Uint8Array, at: number): number => bytes[at] ?? Number.NaN;
export const u16be = (bytes: Uint8Array, at: number): number => u8(bytes, at) * 0x100 + u8(bytes, at + 1);
export const u16le = (bytes: Uint8Array, at: number): number => u8(bytes, at + 1) * 0x100 + u8(bytes, at);
export const u24le = (bytes: Uint8Array, at: number): number =>
  u8(bytes, at + 2) * 0x10000 + u16le(bytes, at);
/** Unsigned, so not by shifts. */
export const u32be = (bytes: Uint8Array, at: number): number =>
  u16be(bytes, at) * 0x10000 + u16be(bytes, at + 2);
export const u32le = (bytes: Uint8Array, at: number): number =>
  u16le(bytes, at + 2) * 0x10000 + u16le(bytes, at);
/** Exact up to 2^53, which no file reaches. */
export const u64be = (bytes: Uint8Array, at: number): number =>
  u32be(bytes, at) * 0x100000000 + u32be(bytes, at + 4);
export const u64le = (bytes: Uint8Array, at: number): number =>
  u32le(bytes, at + 4) * 0x100000000 + u32le(bytes, at);
