/**
 * What a node takes in of what others know.
 *
 * Records join (`model/records.ts`), so it does not matter how often one comes, or in which order. Two must not come in
 * at all: one from a clock that is far ahead, and one of an image that is purged and forgotten. Against the second a
 * node that has asked for records says so while it waits (`store/under-way.ts`): until the answer is in, however old it
 * is by then, its disk does not say that the image is erased, nor forgets its tombstone.
 */
import { FaultError } from "../model/faults.ts";
import type { ImageId } from "../model/ids.ts";
import { futureMsMax, pageRecordsMax } from "../model/limits.ts";
import { type AnyRecord, latestStampMs, recordId } from "../model/records.ts";
import { askRecords } from "./ask-records.ts";
import type { Connection } from "./connection.ts";
import { disksOfAll, type NodeContext } from "./node-context.ts";

/** Asks for the records of `ids`, shows each page, and joins it in. Gives how many were. Throws FaultError. */
export const takeInAsked = async (
  context: NodeContext,
  connection: Connection,
  ids: readonly ImageId[],
  onRecords: (records: readonly AnyRecord[]) => void = () => undefined,
): Promise<number> => {
  let taken = 0;
  for (let at = 0; at < ids.length; at += pageRecordsMax) {
    const page = ids.slice(at, at + pageRecordsMax);
    await context.underWay.during(page, async () => {
      for await (const records of askRecords(connection, page)) {
        onRecords(records);
        taken += await takeIn(context, records);
      }
    });
  }
  return taken;
};

const takeIn = async (context: NodeContext, records: readonly AnyRecord[]): Promise<number> => {
  const accepted = await acceptable(context, records);
  if (accepted.length === 0) return 0;
  const merged = await context.store.merge(accepted);
  if (!merged.ok) throw new FaultError(merged.fault);
  return accepted.length;
};

/**
 * What of `records` is to be joined in. Not those of a clock that is far ahead, which would win over everything until
 * that time has come; the digests bring them when it has. And not tombstones that this node may have forgotten already,
 * because nobody needs them any more: from a node that has not yet, they would come back for ever.
 */
export const acceptable = async (
  context: NodeContext,
  records: readonly AnyRecord[],
): Promise<readonly AnyRecord[]> => {
  const { rules, store, config } = context;
  const nodes = config.servers.map(({ id }) => id);
  const disks = disksOfAll(context);
  const accepted: AnyRecord[] = [];
  for (const record of notFromTheFuture(context, records)) {
    const over = record.kind === "tombstone" && rules.mayForget(record, nodes, disks);
    if (!over || (await store.get(recordId(record))) !== null) accepted.push(record);
  }
  return accepted;
};

export const notFromTheFuture = (
  { clock }: Pick<NodeContext, "clock">,
  records: readonly AnyRecord[],
): readonly AnyRecord[] => {
  const latestMs = clock.wall() + futureMsMax;
  return records.filter((record) => latestStampMs(record) <= latestMs);
};

/** How far ahead the furthest is of those that `notFromTheFuture` leaves out; 0 when there is none. */
export const earlyMs = ({ clock }: Pick<NodeContext, "clock">, records: readonly AnyRecord[]): number => {
  const aheadMs = Math.max(0, ...records.map((record) => latestStampMs(record) - clock.wall()));
  return aheadMs > futureMsMax ? aheadMs : 0;
};
