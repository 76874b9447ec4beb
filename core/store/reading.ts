/**
 * A payload as it was stored, or not at all: what is read is hashed, and a copy that differs is none.
 */
import { createHash } from "node:crypto";
import { FaultError, fault } from "../model/faults.ts";
import { sealedChunkBytesMax } from "../model/limits.ts";
import type { ImageRecord } from "../model/records.ts";
import type { Place } from "../ports.ts";
import type { Segments } from "./segments.ts";

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** The chunks of a payload; SEAL_BROKEN is thrown at their end, after `setAside`, when they are not what they should be. */
export async function* readVerified(
  segments: Segments,
  { facts }: ImageRecord,
  payload: Place,
  isSound: (hash: Uint8Array, expected: Uint8Array) => boolean,
  setAside: () => Promise<unknown>,
): AsyncGenerator<Uint8Array> {
  const { id, payloadHash, payloadBytes } = facts;
  const hash = createHash("sha256");
  let bytes = 0;
  const place = { segment: payload.segment, at: payload.at, payloadBytes };
  try {
    for await (const chunk of segments.readPayload(place, sealedChunkBytesMax)) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    // A block that cannot be read, or a file that is gone: this copy is lost, the rest of the disk may be good.
    if (!(error instanceof FaultError) || error.fault.code !== "DISK_FAILED") throw error;
    bytes = -1;
  }
  if (bytes === payloadBytes && isSound(hash.digest(), payloadHash)) return;
  await setAside();
  throw new FaultError(fault("SEAL_BROKEN", { id, reason: "its copy on this disk is damaged" }));
}
