/** The shape of every control message (`core/model/control.ts`), checked when one arrives. */
import * as z from "zod";
import type { ControlMessage } from "../model/control.ts";
import { nodeIdMax } from "../model/ids.ts";
import { refusalReason } from "./schema-events.ts";
import {
  boot,
  count,
  type Drift,
  imageId,
  type MustBeNever,
  measure,
  monotonicMs,
  nodeId,
  storeId,
  term,
} from "./schema-parts.ts";
import { rebuildView, scrubView } from "./schema-views.ts";

const loadReport = z.strictObject({
  inFlight: count,
  bytesInFlight: count,
  cpu: measure,
  memory: measure,
  lagMs: measure,
  images: count,
  payloadBytes: count,
  diskFreeBytes: count,
  uptimeMs: measure,
  uploadsPerSecond: measure,
  uploadMsP50: measure.nullable(),
  uploadMsP99: measure.nullable(),
  drained: z.boolean(),
  readOnly: z.boolean(),
  rebuild: rebuildView.nullable(),
  scrub: scrubView.nullable(),
});

const diskMemory = z.strictObject({ generation: count, store: storeId, saves: count, feedHead: count });

const ping = z.strictObject({
  kind: z.literal("ping"),
  boot,
  run: count,
  store: storeId,
  saves: count,
  replaces: z.boolean(),
  term,
  leader: nodeId.nullable(),
  electable: z.boolean(),
  generation: count,
  ready: z.boolean(),
  feedHead: count,
  load: loadReport,
  hears: z.array(nodeId).max(nodeIdMax),
  silenceMs: z
    .array(z.strictObject({ id: nodeId, ms: measure, roundTripMs: measure.nullable() }))
    .max(nodeIdMax),
  sentAt: monotonicMs,
  echo: z.strictObject({ sentAt: monotonicMs, heldMs: measure }).nullable(),
  remembers: z.strictObject({ run: count, disk: diskMemory.nullable() }).nullable(),
  pulled: z.strictObject({ store: storeId, upTo: count }).nullable(),
});

export const controlSchemas = {
  ping,
  "pre-vote.request": z.strictObject({ kind: z.literal("pre-vote.request"), boot, term }),
  "pre-vote.reply": z.strictObject({
    kind: z.literal("pre-vote.reply"),
    boot,
    term,
    ownTerm: term,
    granted: z.boolean(),
    reason: refusalReason.nullable(),
  }),
  "vote.request": z.strictObject({ kind: z.literal("vote.request"), boot, term, handover: z.boolean() }),
  "vote.reply": z.strictObject({
    kind: z.literal("vote.reply"),
    boot,
    term,
    ownTerm: term,
    granted: z.boolean(),
    reason: refusalReason.nullable(),
  }),
  heartbeat: z.strictObject({
    kind: z.literal("heartbeat"),
    boot,
    term,
    leaseMs: measure,
    sentAt: monotonicMs,
  }),
  "heartbeat.reply": z.strictObject({
    kind: z.literal("heartbeat.reply"),
    boot,
    term,
    accepted: z.boolean(),
    sentAt: monotonicMs,
  }),
  handover: z.strictObject({ kind: z.literal("handover"), boot, term, to: nodeId }),
  goodbye: z.strictObject({ kind: z.literal("goodbye"), boot }),
  assigned: z.strictObject({
    kind: z.literal("assigned"),
    boot,
    term,
    request: imageId,
    node: nodeId,
    bytes: count,
  }),
};

export type ControlDrift = MustBeNever<Drift<typeof controlSchemas, ControlMessage>>;
