/**
 * An image's id is a UUIDv7 that the client picks once, for all retries: 48 bits of wall time in
 * milliseconds, then 74 random bits (RFC 9562 §5.7). Ids therefore sort by time, and the time can be read back.
 */
import { type ImageId, imageId, parseImageId, shortId } from "./ids.ts";
import { type WallMs, wallMs } from "./units.ts";

/** `random` is 10 random bytes, of which 74 bits are used. */
export const imageIdFrom = (at: WallMs, random: Uint8Array): ImageId => {
  if (random.length !== 10) throw new RangeError(`10 random bytes wanted, got ${random.length}`);
  const time = Math.trunc(at).toString(16).padStart(12, "0");
  const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = "89ab".charAt(((random[2] ?? 0) >> 4) & 3);
  return imageId(
    `${time.slice(0, 8)}-${time.slice(8, 12)}-7${hex.slice(1, 4)}-${variant}${hex.slice(5, 8)}-${hex.slice(8, 20)}`,
  );
};

/** The wall time inside the id, as the client that picked it saw it. */
export const createdAtOf = (id: ImageId): WallMs =>
  wallMs(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));

/** About 70 minutes: ids whose times fall into the same such span are compared together between nodes. */
export const digestBucketMs = 2 ** 22;

/** Which span of `digestBucketMs` the time inside the id falls into, counted from 1970. */
export const digestBucketOf = (id: ImageId): number => Math.floor(createdAtOf(id) / digestBucketMs);

/** So many digits of a short id are a beginning of it: one digit would be that of every sixteenth image. */
export const shortDigitsMin = 2;

/** A whole id, a short id or a beginning of either: what `part` may be when a person names an image. */
export const namesImage = (part: string, id: ImageId): boolean =>
  parseImageId(part) === id ||
  id.startsWith(part) ||
  (part.length >= shortDigitsMin && shortId(id).startsWith(part));

export const imageIdPart = /^[0-9a-f-]{1,36}$/;
