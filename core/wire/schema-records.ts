/** The shape of records and snapshots (`core/model/records.ts`, `snapshot.ts`). */
import * as z from "zod";
import { nodeIdMax } from "../model/ids.ts";
import { headerBytesMax, headersBytesMax, readersMax, thumbnailBytesMax } from "../model/limits.ts";
import { type ImageRecord, imageTypes } from "../model/records.ts";
import type { Snapshot } from "../model/snapshot.ts";
import {
  bytesOf,
  bytesUpTo,
  clusterId,
  count,
  type Frozen,
  imageId,
  imageName,
  type MustBeNever,
  measure,
  nodeId,
  type Same,
  term,
  text,
  userName,
  wallMs,
} from "./schema-parts.ts";

export const imageType = z.enum(imageTypes);
export const verdict = z.enum(["pending", "ok", "damaged", "unknown"]);
export const assignedBy = z.enum(["leader", "fallback"]);
export const sha256 = bytesOf(32);
export const header = bytesUpTo(headerBytesMax);

const stamp = z.strictObject({ atMs: count, node: count });
const register = <Value extends z.ZodType>(value: Value) => z.strictObject({ stamp, value });

const facts = z.strictObject({
  id: imageId,
  owner: userName,
  name: imageName,
  bytes: count,
  type: imageType,
  width: count,
  height: count,
  createdAt: wallMs,
  payloadHash: sha256,
  payloadBytes: count,
  nonce: bytesOf(16),
  fingerprint: bytesOf(32),
});

/** Readers are named by user or by age recipient (62 characters). */
const headers = z
  .record(text(128), register(header))
  .refine((value) => headersFit(Object.values(value)), "expected fewer or smaller headers");

const headersFit = (registers: readonly { readonly value: Uint8Array }[]): boolean =>
  registers.length <= readersMax &&
  registers.reduce((sum, { value }) => sum + value.length, 0) <= headersBytesMax;

export const imageRecord = z.strictObject({
  facts,
  processing: z.strictObject({ node: nodeId, term, assignedBy }),
  headers,
  homes: register(z.array(nodeId).max(nodeIdMax)),
  inspection: register(z.strictObject({ verdict, thumbnail: bytesUpTo(thumbnailBytesMax).nullable() })),
  trashed: register(z.boolean()),
});

const nodeView = z.strictObject({
  id: nodeId,
  address: text(300),
  state: z.enum(["up", "suspect", "down", "rebuilding"]),
  role: z.enum(["leader", "follower", "candidate"]),
  heartbeatMs: measure.nullable(),
  roundTripMs: measure.nullable(),
  inFlight: count.nullable(),
  load: measure.nullable(),
  cpu: measure.nullable(),
  memory: measure.nullable(),
  lagMs: measure.nullable(),
  images: count.nullable(),
  payloadBytes: count.nullable(),
  diskFreeBytes: count.nullable(),
  uptimeMs: measure.nullable(),
});

const linkView = z.strictObject({
  from: nodeId,
  to: nodeId,
  silenceMs: measure.nullable(),
  roundTripMs: measure.nullable(),
});

export const snapshot = z.strictObject({
  observer: nodeId,
  at: wallMs,
  cluster: clusterId,
  term: term.nullable(),
  leader: nodeId.nullable(),
  quorum: z.strictObject({ live: count, needed: count, ok: z.boolean() }),
  /** Negative when something is lost already. */
  tolerance: z.int(),
  nodes: z.array(nodeView).max(nodeIdMax),
  links: z.array(linkView).max(nodeIdMax * nodeIdMax),
});

export type RecordDrift = MustBeNever<
  | (Same<Frozen<z.output<typeof imageRecord>>, ImageRecord> extends true ? never : "ImageRecord")
  | (Same<Frozen<z.output<typeof snapshot>>, Snapshot> extends true ? never : "Snapshot")
>;
