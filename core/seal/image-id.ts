/**
 * An image's id is made of the image, so that no two images can have one.
 *
 * Beside the time, which sorts, a UUIDv7 has 74 bits to choose. They are derived from the file key, which is random
 * and new for each image, from the picture's hash and from its owner. So a retry has the same id, the node that
 * processes an upload can check that an id belongs to what it is sent, and nobody can send other bytes under an id
 * that is taken, not even an own one, nor claim somebody else's.
 */
import assert from "node:assert/strict";
import type { ImageId, UserName } from "../model/ids.ts";
import { createdAtOf, imageIdFrom } from "../model/image-id.ts";
import type { WallMs } from "../model/units.ts";
import { derive } from "./derive.ts";
import { sha256Bytes } from "./nonce.ts";
import { fileKeyBytes } from "./payload.ts";

/** The id that this image of `owner` has when it is picked at `at`: HKDF-SHA-256(file key, SHA-256, "distinsta id " + owner). */
export const imageIdOf = (at: WallMs, fileKey: Uint8Array, sha256: Uint8Array, owner: UserName): ImageId => {
  assert.equal(fileKey.length, fileKeyBytes);
  assert.equal(sha256.length, sha256Bytes);
  return imageIdFrom(at, derive(fileKey, sha256, `distinsta id ${owner}`, 10));
};

/** Whether `id` is that of this image, whenever it was picked. */
export const isIdOf = (id: ImageId, fileKey: Uint8Array, sha256: Uint8Array, owner: UserName): boolean =>
  imageIdOf(createdAtOf(id), fileKey, sha256, owner) === id;
