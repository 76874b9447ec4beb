/**
 * What owners do to their images: into the trash, out of it, and away for good. Durable on a majority before it is
 * said, like an upload.
 */
import { hasCondemned } from "../decide/erasure.ts";
import { type Fault, fault } from "../model/faults.ts";
import type { UserName } from "../model/ids.ts";
import type { Merge, Purge, Trash } from "../model/messages.ts";
import {
  type AnyRecord,
  compareStamps,
  latestStampMs,
  stampAfter,
  type Tombstone,
} from "../model/records.ts";
import type { Connection } from "./connection.ts";
import type { Freshness } from "./freshness.ts";
import { type NodeContext, noteDisk } from "./node-context.ts";
import { refuse } from "./refuse.ts";
import { findOwn } from "./serve-read.ts";
import { acceptable, notFromTheFuture } from "./take-in.ts";
import { imagesIn, settle } from "./write-back.ts";

export const serveTrash = async (
  context: NodeContext,
  freshness: Freshness,
  connection: Connection,
  request: Trash,
  owner: UserName,
): Promise<void> => {
  const { id, trashed: wanted, seen } = request;
  const found = await findOwn(context, freshness, id, owner);
  if (!found.ok) return refuse(connection, found.fault);
  const { record } = found.value;
  const { trashed } = record;
  // It was so already, or an earlier try has done it. Another stamp would begin its time in the trash anew, and void the
  // word of those who have condemned it, by which somebody may be purging it.
  if ((trashed.value !== null) === wanted) return connection.send({ kind: "changed", id });
  // Somebody has changed his mind since.
  if (compareStamps(trashed.stamp, seen) !== 0) return refuse(connection, fault("IMAGE_CHANGED", { id }));
  const { self, clock, store } = context;
  const expired = (known: AnyRecord | undefined): boolean =>
    !wanted && known?.kind === "image" && hasCondemned(known, self, trashed.stamp);
  if (expired(record)) return refuse(connection, fault("IMAGE_EXPIRED", { id }));
  const stamp = stampAfter(trashed.stamp, self);
  const value = wanted ? clock.wall() : null;
  const problem = await change(context, { ...record, trashed: { stamp, value } });
  if (problem !== null) return refuse(connection, problem);
  // Upkeep may have condemned it while this was looked up: then somebody may purge it, whatever was written since.
  if (expired((await store.get(id))?.record)) return refuse(connection, fault("IMAGE_EXPIRED", { id }));
  return connection.send({ kind: "changed", id });
};

export const servePurge = async (
  context: NodeContext,
  freshness: Freshness,
  connection: Connection,
  request: Purge,
  owner: UserName,
): Promise<void> => {
  const { id } = request;
  const found = await findOwn(context, freshness, id, owner);
  if (!found.ok) {
    const unsure = await purgedFault(context, request, owner, found.fault);
    return unsure === null ? connection.send({ kind: "changed", id }) : refuse(connection, unsure);
  }
  const { trashed } = found.value.record;
  const stamp = stampAfter(trashed.stamp, context.self);
  const purge: Tombstone["purge"] = { stamp, reason: "owner" };
  const problem = await change(context, { kind: "tombstone", id, owner, purge, erasedOn: [] });
  return problem === null ? connection.send({ kind: "changed", id }) : refuse(connection, problem);
};

/** Null when an earlier try has done it and a majority knows; `notFound` when nothing is known of one. */
const purgedFault = async (
  context: NodeContext,
  { id }: Purge,
  owner: UserName,
  notFound: Fault,
): Promise<Fault | null> => {
  const holding = await context.store.get(id);
  if (holding?.record.kind !== "tombstone" || holding.record.owner !== owner) return notFound;
  const settled = await settle(context, [holding]);
  return settled.ok ? null : settled.fault;
};

/** Here, then on a majority; null when it is there. */
export const change = async (context: NodeContext, record: AnyRecord): Promise<Fault | null> => {
  const merged = await context.store.merge([record]);
  if (!merged.ok) return noteDisk(context, merged.fault);
  const id = record.kind === "image" ? record.facts.id : record.id;
  const holding = await context.store.get(id);
  const settled = holding === null ? null : await settle(context, [holding]);
  return settled === null || settled.ok ? null : settled.fault;
};

/** Answers `merge`: a peer makes sure that this node knows. */
export const serveMerge = async (
  context: NodeContext,
  connection: Connection,
  { records }: Merge,
): Promise<void> => {
  const [early] = records.filter((record) => notFromTheFuture(context, [record]).length === 0);
  if (early !== undefined) {
    const aheadMs = latestStampMs(early) - context.clock.wall();
    return refuse(connection, fault("CLOCK_AHEAD", { aheadMs }));
  }
  const merged = await context.underWay.during(imagesIn(records), async () =>
    context.store.merge(await acceptable(context, records)),
  );
  if (!merged.ok) return refuse(connection, noteDisk(context, merged.fault));
  return connection.send({ kind: "stored", store: context.store.id, feedHead: merged.value });
};
