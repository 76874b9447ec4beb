/**
 * The smallest pieces of every schema: ids, counts, bounded text and bounded bytes.
 *
 * What comes over a wire is `unknown` until it went through these. Nothing here is open-ended: each text, list
 * and byte array has its limit, and numbers are finite.
 */
import * as z from "zod";
import * as ids from "../model/ids.ts";
import { nameBytesMax } from "../model/limits.ts";
import type { MonotonicMs, WallMs } from "../model/units.ts";

/**
 * The kinds whose schema and TypeScript type differ, in either direction; `never` when all agree. The types of
 * the model are written by hand, because people read them; this keeps the schemas from drifting away.
 */
export type Drift<Schemas extends Record<string, z.ZodType>, Union extends { readonly kind: string }> =
  | Exclude<Union["kind"], keyof Schemas>
  | {
      [Kind in keyof Schemas]: Same<
        Frozen<z.output<Schemas[Kind]>>,
        Extract<Union, { readonly kind: Kind }>
      > extends true
        ? never
        : Kind;
    }[keyof Schemas];

/** Compiles only for `never`; the error names what is left. */
export type MustBeNever<Left extends never> = Left;

export type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;

/** Schemas produce mutable lists, the model has readonly ones; everything else must be equal. */
export type Frozen<T> = T extends string | number | boolean | null | Uint8Array
  ? T
  : T extends readonly (infer Item)[]
    ? readonly Frozen<Item>[]
    : { readonly [Key in keyof T]: Frozen<T[Key]> };

const checkedBy = <Value>(parse: (value: unknown) => Value | null, what: string) =>
  z.custom<Value>((value) => parse(value) !== null, `expected ${what}`);

export const nodeId = checkedBy(ids.parseNodeId, "a node id");
export const term = checkedBy(ids.parseTerm, "a term");
export const boot = checkedBy(ids.parseBoot, "a boot number");
export const storeId = checkedBy(ids.parseStoreId, "a store id");
export const clusterId = checkedBy(ids.parseClusterId, "a cluster id");
export const imageId = checkedBy(ids.parseImageId, "an image id");
export const userName = checkedBy(ids.parseUserName, "a user name");

/** A whole number from 0 to 2^53 − 1: bytes, pixels, change numbers. */
export const count = z.int().min(0);
/** A finite number ≥ 0: durations and shares. */
export const measure = z.number().min(0);

const isMeasure = (value: unknown): boolean =>
  typeof value === "number" && Number.isFinite(value) && value >= 0;
export const monotonicMs = z.custom<MonotonicMs>(isMeasure, "expected a monotonic time");
export const wallMs = z.custom<WallMs>(isMeasure, "expected a wall clock time");

/** Text of at most `unitsMax` UTF-16 units. Unpaired surrogates have no UTF-8 and would not survive a copy. */
export const text = (unitsMax: number) =>
  z.custom<string>(
    (value) => typeof value === "string" && value.length <= unitsMax && value.isWellFormed(),
    `expected text of at most ${unitsMax} characters`,
  );

/** Whether `value` can be sent as the name of an image: what a file system would take for one file's name. */
export const isImageName = (value: unknown): boolean =>
  typeof value === "string" &&
  value.length > 0 &&
  value.isWellFormed() &&
  !value.includes("/") &&
  !value.includes("\0") &&
  utf8Bytes(value) <= nameBytesMax;

/** A file's last path component. */
export const imageName = z.custom<string>(
  isImageName,
  `expected a file name of 1 to ${nameBytesMax} bytes without a path`,
);

export const bytesOf = (length: number) =>
  z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length === length,
    `expected ${length} bytes`,
  );

export const bytesUpTo = (lengthMax: number) =>
  z.custom<Uint8Array>(
    (value) => value instanceof Uint8Array && value.length <= lengthMax,
    `expected at most ${lengthMax} bytes`,
  );

const utf8Bytes = (value: string): number => {
  let bytes = 0;
  for (const character of value) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return bytes;
};
