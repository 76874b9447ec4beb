/**
 * Comparing what two nodes know, bucket by bucket, and asking for what is missing.
 *
 * The change feed brings everything, once. What it missed for whatever reason (a record from a clock that was ahead, a
 * bug) it never brings again; so now and then a node compares short digests with a peer, and pulls the records of
 * which the peer has another version. The peer does the same on its side.
 */
import type { Result } from "../model/faults.ts";
import type { ImageId, NodeId } from "../model/ids.ts";
import { digestEntriesMax } from "../model/limits.ts";
import type { Connection } from "./connection.ts";
import { replyFrom, withPeer } from "./exchange.ts";
import type { NodeContext } from "./node-context.ts";
import { takeInAsked } from "./take-in.ts";

/** Buckets that are looked into at a time. */
const bucketsMax = 64;

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
    const known = await context.store.bucket(bucket, after, digestEntriesMax);
    const own = new Map(known.map(({ id, digest }) => [id, digest]));
    const wanted = entries.filter(({ id, digest }) => own.get(id) !== digest).map(({ id }) => id);
    joined += await takeInAsked(context, connection, wanted);
    const last = entries.at(-1);
    if (!more || last === undefined) return joined;
    after = last.id;
  }
};
