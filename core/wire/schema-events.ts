/**
 * The shape of every event (`core/model/events.ts`), for operators who watch a node from afar.
 *
 * An event may carry a fault, and a fault may carry long texts; like a refusal it is cut before it is sent
 * (`sendable`), so that a watcher's news always fit in a frame.
 */
import * as z from "zod";
import type { Event } from "../model/events.ts";
import { nodeIdMax } from "../model/ids.ts";
import { carriedFault, cutFault } from "./schema-faults.ts";
import {
  boot,
  count,
  type Drift,
  imageId,
  type MustBeNever,
  measure,
  nodeId,
  storeId,
  term,
  text,
  userName,
} from "./schema-parts.ts";
import { assignedBy, verdict } from "./schema-records.ts";

const address = text(300);
/** Of what others sent, or an operating system said. */
const wordsUnitsMax = 200;
const words = text(wordsUnitsMax);
/** May be negative: which of two clocks is ahead. */
const difference = z.number();
const event = <Kind extends Event["kind"], Shape extends z.core.$ZodLooseShape>(kind: Kind, shape: Shape) =>
  z.strictObject({ kind: z.literal(kind), ...shape });

export const refusalReason = z.enum([
  "lower-term",
  "hears-leader",
  "is-leader",
  "silent-after-restart",
  "higher-electable",
  "already-voted",
  "rebuilding",
]);

const eventSchemas = {
  "node.started": event("node.started", { boot, store: storeId, address }),
  "node.listening": event("node.listening", { address }),
  "node.stopped": event("node.stopped", {}),
  "election.started": event("election.started", {
    term,
    reason: z.enum(["timeout", "leader-dead", "handover"]),
  }),
  "vote.granted": event("vote.granted", { term, to: nodeId }),
  "vote.refused": event("vote.refused", { term, to: nodeId, reason: refusalReason }),
  "leader.elected": event("leader.elected", { term, leader: nodeId }),
  "leaderless.ended": event("leaderless.ended", { term, leaderlessMs: measure }),
  "leader.stepped-down": event("leader.stepped-down", {
    term,
    reason: z.enum(["higher-term", "lease-lost", "handover", "suspended"]),
  }),
  "leader.handed-over": event("leader.handed-over", { term, to: nodeId }),
  "leader.lost": event("leader.lost", { term, leader: nodeId, silenceMs: measure }),
  "node.up": event("node.up", { peer: nodeId }),
  "node.suspect": event("node.suspect", { peer: nodeId, silenceMs: measure }),
  "node.down": event("node.down", {
    peer: nodeId,
    reason: z.enum(["silent", "refused", "restarted", "goodbye"]),
  }),
  "quorum.lost": event("quorum.lost", { live: count, needed: count }),
  "quorum.regained": event("quorum.regained", { live: count, needed: count }),
  "request.assigned": event("request.assigned", { request: imageId, to: nodeId, term }),
  "image.stored": event("image.stored", {
    image: imageId,
    bytes: count,
    copies: count,
    ms: measure,
    assignedBy,
  }),
  "image.refused": event("image.refused", { image: imageId, fault: carriedFault }),
  "image.inspected": event("image.inspected", { image: imageId, verdict, ms: measure }),
  "copy.dropped": event("copy.dropped", { image: imageId, home: nodeId, fault: carriedFault }),
  "copy.made": event("copy.made", { image: imageId, from: nodeId, bytes: count }),
  "copy.missing": event("copy.missing", { image: imageId, fault: carriedFault }),
  "records.pulled": event("records.pulled", { from: nodeId, records: count }),
  "records.compared": event("records.compared", { peer: nodeId, records: count }),
  "segment.compacted": event("segment.compacted", { segment: text(32) }),
  "segment.mended": event("segment.mended", { segment: text(32) }),
  "scrub.found": event("scrub.found", { image: imageId, payload: z.boolean() }),
  "scrub.ended": event("scrub.ended", { checked: count, bad: count, ms: measure }),
  "scrub.begun": event("scrub.begun", { by: userName }),
  "scrub.paused": event("scrub.paused", { by: userName }),
  "disk.born": event("disk.born", { generation: count }),
  "disk.confirmed": event("disk.confirmed", {}),
  "disk.rebuilding": event("disk.rebuilding", {}),
  "disk.outdated": event("disk.outdated", { reason: words }),
  "disk.waiting": event("disk.waiting", { nodes: z.array(nodeId).max(nodeIdMax) }),
  "disk.still-waiting": event("disk.still-waiting", { nodes: z.array(nodeId).max(nodeIdMax) }),
  "disk.lost": event("disk.lost", {}),
  "disk.set-aside": event("disk.set-aside", { path: words, reason: words }),
  "disk.refilled": event("disk.refilled", { records: count, ms: measure }),
  "peer.rejected": event("peer.rejected", { remote: words, fault: carriedFault }),
  "clock.differed": event("clock.differed", { peer: nodeId, aheadMs: difference }),
  "clock.agreed": event("clock.agreed", { peer: nodeId, aheadMs: difference }),
  "lead.moved": event("lead.moved", { to: nodeId, by: userName }),
  "node.drained": event("node.drained", { by: userName }),
  "node.undrained": event("node.undrained", { by: userName }),
  "users.revoked": event("users.revoked", { number: count, users: count, closed: count, by: text(64) }),
  "process.handled": event("process.handled", {
    act: z.enum(["start", "stop", "kill", "freeze", "wake", "cut", "mend"]),
    by: text(64),
  }),
  "disk.filled": event("disk.filled", { fault: carriedFault }),
  "disk.freed": event("disk.freed", {}),
  "disk.failed": event("disk.failed", { fault: carriedFault }),
};

export type EventDrift = MustBeNever<Drift<typeof eventSchemas, Event>>;

/** Looked up by its kind; never "try them all". */
export const anyEvent = z.custom<Event>((value) => {
  if (typeof value !== "object" || value === null || !("kind" in value)) return false;
  const kind = value.kind as keyof typeof eventSchemas;
  return Object.hasOwn(eventSchemas, kind) && eventSchemas[kind].safeParse(value).success;
}, "expected an event");

/** The event with its texts cut to what a frame may carry. */
export const sendable = (event: Event): Event => {
  switch (event.kind) {
    case "peer.rejected":
      return { ...event, remote: cutWords(event.remote), fault: cutFault(event.fault) };
    case "disk.outdated":
      return { ...event, reason: cutWords(event.reason) };
    case "disk.set-aside":
      return { ...event, path: cutWords(event.path), reason: cutWords(event.reason) };
    default:
      return "fault" in event ? { ...event, fault: cutFault(event.fault) } : event;
  }
};

const cutWords = (said: string): string => said.slice(0, wordsUnitsMax).toWellFormed();
