/**
 * Which segments make up a store: a small file beside them, replaced as a whole.
 *
 * Without it a segment that somebody removed, or that compaction was about to remove when the power went, would
 * look the same. A file that the manifest does not name is a leftover; one that it names and that is not there
 * is a loss.
 */
import { crc32 } from "node:zlib";
import { parseStoreId, type StoreId } from "../model/ids.ts";
import type { SegmentId } from "../ports.ts";
import type { KnownSegment } from "./recover.ts";

export const manifestName = "manifest.json";

export interface Manifest {
  readonly store: StoreId;
  /** In the order in which they were begun. */
  readonly segments: readonly KnownSegment[];
}

export const encodeManifest = (manifest: Manifest): Uint8Array => {
  const text = JSON.stringify(manifest);
  return Buffer.from(`${JSON.stringify({ manifest, crc32: crc32(text) })}\n`);
};

/** Null when it is not one, or damaged. */
export const decodeManifest = (bytes: Uint8Array): Manifest | null => {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { manifest, crc32: sum } = value as { manifest?: unknown; crc32?: unknown };
  // What has the right sum was written by `encodeManifest`.
  if (manifest === undefined || sum !== crc32(JSON.stringify(manifest))) return null;
  const { store, segments } = manifest as { store?: unknown; segments?: unknown };
  if (parseStoreId(store) === null || !Array.isArray(segments)) return null;
  return manifest as Manifest;
};

export const segmentIn = (manifest: Manifest, id: SegmentId): KnownSegment | undefined =>
  manifest.segments.find((segment) => segment.id === id);
