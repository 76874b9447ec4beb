/**
 * Comparing what two nodes know, bucket by bucket, and asking for what is missing.
 *
 * The change feed brings everything, once. What it missed for whatever reason (a record from a clock that was ahead, a
 * bug) it never brings again; so now and then a node compares short digests with a peer, and pulls the records of
 * which the peer has another version. The peer does the same on its side.
 */
import { FaultError, type Result } from "../model/faults.ts";
import type { ImageId, NodeId } from "../model/ids.ts";
import { bucketEntriesMax } from "../model/limits.ts";
import type { Connection } from "./connection.ts";
import { replyFrom, withPeer } from "./exchange.ts";
import { acceptable } from "./freshness.ts";
import type { NodeContext } from "./node-context.ts";

/** Buckets that are looked into at a time, and records that are asked for in one message. */
const bucketsMax = 64;
const askMax = 100;

/** Joins in what `peer` knows otherwise; gives how many records came. */
export const syncWith = (context: NodeContext, peer: NodeId): Promise<Result<number>> =>
  withPeer(context, peer, async (connection) => {
    await connection.send({ kind: "digests" });
    const { buckets } = await replyFrom(connection, ["digests.reply"]);
    const own = new Map((await context.store.digests()).map((entry) => [entry.bucket, entry]));
    let joined = 0;
    const other = buckets.filter(({ bucket, records, digest }) => {
      const mine = own.get(bucket);
      return mine?.digest !== digest || mine.records !== records;
    });
    for (const { bucket } of other.slice(-bucketsMax))
      joined += await syncBucket(context, connection, bucket);
    return joined;
  });

const syncBucket = async (context: NodeContext, connection: Connection, bucket: number): Promise<number> => {
  let after: ImageId | null = null;
  let joined = 0;
  for (;;) {
    await connection.send({ kind: "bucket", bucket, after });
    const { entries, more } = await replyFrom(connection, ["bucket.reply"]);
    // Where more is known here than there this ends sooner: what lies behind it is asked for in vain.
    const known = await context.store.bucket(bucket, after, bucketEntriesMax);
    const own = new Map(known.map(({ id, digest }) => [id, digest]));
    const wanted = entries.filter(({ id, digest }) => own.get(id) !== digest).map(({ id }) => id);
    for (let at = 0; at < wanted.length; at += askMax)
      joined += await askFor(context, connection, wanted.slice(at, at + askMax));
    const last = entries.at(-1);
    if (!more || last === undefined) return joined;
    after = last.id;
  }
};

const askFor = async (
  context: NodeContext,
  connection: Connection,
  ids: readonly ImageId[],
): Promise<number> => {
  await connection.send({ kind: "records", ids });
  const { records } = await replyFrom(connection, ["records.reply"]);
  const accepted = await acceptable(context, records);
  const merged = await context.store.merge(accepted);
  if (!merged.ok) throw new FaultError(merged.fault);
  return accepted.length;
};
