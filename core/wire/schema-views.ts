/** The shape of what nodes say of themselves and see of the cluster (`core/model/snapshot.ts`). */
import * as z from "zod";
import { nodeIdMax } from "../model/ids.ts";
import type { Snapshot } from "../model/snapshot.ts";
import {
  clusterId,
  count,
  type Frozen,
  type MustBeNever,
  measure,
  nodeId,
  type Same,
  term,
  text,
  wallMs,
} from "./schema-parts.ts";

export const rebuildView = z.strictObject({
  phase: z.enum(["waiting", "records", "payloads"]),
  imagesLeft: count,
  doneBytes: count,
  totalBytes: count,
  bytesPerSecond: measure.nullable(),
  etaMs: measure.nullable(),
  waitingFor: z.array(nodeId).max(nodeIdMax),
});

export const scrubView = z.strictObject({
  state: z.enum(["running", "paused", "idle"]),
  share: measure,
  checked: count,
  bad: count,
  repaired: count,
  unrepairable: count,
});

const riskView = z.strictObject({
  underReplicated: count,
  unreadable: count,
  missingBytes: count,
  safeInMs: measure.nullable(),
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
  drained: z.boolean().nullable(),
  readOnly: z.boolean().nullable(),
  uploadsPerSecond: measure.nullable(),
  uploadMsP50: measure.nullable(),
  uploadMsP99: measure.nullable(),
  rebuild: rebuildView.nullable(),
  scrub: scrubView.nullable(),
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
  risk: riskView.nullable(),
  nodes: z.array(nodeView).max(nodeIdMax),
  links: z.array(linkView).max(nodeIdMax * nodeIdMax),
});

export type SnapshotDrift = MustBeNever<
  Same<Frozen<z.output<typeof snapshot>>, Snapshot> extends true ? never : "Snapshot"
>;
