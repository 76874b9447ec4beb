/** The shape of records (`core/model/records.ts`). */
import * as z from "zod";
import { nodeIdMax, parseNodeId } from "../model/ids.ts";
import {
  headerBytesMax,
  headersBytesMax,
  readersKnownMax,
  sharedHeaderBytesMax,
  thumbnailBytesMax,
} from "../model/limits.ts";
import { type AnyRecord, imageTypes } from "../model/records.ts";
import {
  bytesOf,
  bytesUpTo,
  count,
  type Frozen,
  imageId,
  imageName,
  type MustBeNever,
  measure,
  nodeId,
  type Same,
  storeId,
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
export const sharedHeader = bytesUpTo(sharedHeaderBytesMax);

export const stamp = z.strictObject({ atMs: count, node: count });
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
  .record(text(128), register(header.nullable()))
  .refine((value) => headersFit(Object.values(value)), "expected fewer or smaller headers");

const headersFit = (registers: readonly { readonly value: Uint8Array | null }[]): boolean =>
  registers.length <= readersKnownMax &&
  registers.reduce((sum, { value }) => sum + (value?.length ?? 0), 0) <= headersBytesMax;

/** What each node says of itself, by its id. */
const byNode = <Value extends z.ZodType>(value: Value) =>
  z
    .record(text(1), value)
    .refine((map) => Object.keys(map).every((key) => parseNodeId(Number(key)) !== null), "expected node ids");

export const candidates = z
  .array(z.strictObject({ node: nodeId, images: count, bytes: count, cpu: measure }))
  .max(nodeIdMax);

const processing = z.strictObject({
  node: nodeId,
  term,
  assignedBy,
  leader: nodeId.nullable(),
  candidates,
  attempt: count,
  startedAt: wallMs,
});

const home = z.strictObject({ store: storeId, syncedAt: wallMs.nullable() });

export const imageRecord = z.strictObject({
  kind: z.literal("image"),
  facts,
  processing,
  headers,
  homes: byNode(register(home.nullable())),
  inspection: register(z.strictObject({ verdict, thumbnail: bytesUpTo(thumbnailBytesMax).nullable() })),
  trashed: register(wallMs.nullable()),
  condemned: byNode(z.strictObject({ stamp, store: storeId })),
});

const diskName = text(40).refine((name) => /^[1-9]:[0-9a-f]{32}$/.test(name), "expected node:store");
/** Each node may have had some disks in the life of one tombstone. */
const erasedOnMax = 64;

export const tombstone = z.strictObject({
  kind: z.literal("tombstone"),
  id: imageId,
  owner: userName,
  purge: z.strictObject({ stamp, reason: z.enum(["owner", "expired"]) }),
  erasedOn: z.array(diskName).max(erasedOnMax),
});

export const anyRecord = z.discriminatedUnion("kind", [imageRecord, tombstone]);

export type RecordDrift = MustBeNever<
  Same<Frozen<z.output<typeof anyRecord>>, AnyRecord> extends true ? never : "AnyRecord"
>;
