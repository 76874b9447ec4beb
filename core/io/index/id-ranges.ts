/**
 * Ids as 16 bytes sort as their texts do, so all ids that begin alike, or that begin with a time in one bucket,
 * are one range of the table's key.
 */
import { digestBucketMs, shortDigitsMin } from "../../model/image-id.ts";
import { bytesOfHex } from "./columns.ts";

/** Both ends belong to it. */
export interface IdRange {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

/** Hex digits of an id, and of the time that it begins with. */
const digits = 32;
const timeDigits = 12;
const bucketMax = 16 ** timeDigits / digestBucketMs - 1;
const idShape = "00000000-0000-0000-0000-000000000000";
const endDigits = 8;
const hexOnly = /^[0-9a-f]*$/;
const hexOrDash = /^[0-9a-f-]*$/;

/** The ids whose text begins with `part`; null when no id's can. */
export const idsBeginning = (part: string): IdRange | null => {
  if (!hexOrDash.test(part) || part.replaceAll(/[^-]/g, "0") !== idShape.slice(0, part.length)) return null;
  const hex = part.replaceAll("-", "");
  return rangeOf(hex, hex);
};

/** The last four bytes of the ids whose short id begins with `part`; null when none's can, or too many's. */
export const endsBeginning = (part: string): IdRange | null => {
  if (!hexOnly.test(part) || part.length < shortDigitsMin || part.length > endDigits) return null;
  return rangeOf(part, part, endDigits);
};

/** The ids whose times fall into `bucket`; null when no time does. */
export const idsInBucket = (bucket: number): IdRange | null => {
  if (!Number.isInteger(bucket) || bucket < 0 || bucket > bucketMax) return null;
  const first = bucket * digestBucketMs;
  return rangeOf(timeHex(first), timeHex(first + digestBucketMs - 1));
};

const timeHex = (time: number): string => time.toString(16).padStart(timeDigits, "0");

const rangeOf = (first: string, last: string, length = digits): IdRange => ({
  first: bytesOfHex(first.padEnd(length, "0")),
  last: bytesOfHex(last.padEnd(length, "f")),
});
