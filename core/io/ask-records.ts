/** Asking a peer for records by their ids, page by page until all of them are answered. */
import { FaultError, fault } from "../model/faults.ts";
import type { ImageId } from "../model/ids.ts";
import { pageRecordsMax } from "../model/limits.ts";
import type { AnyRecord } from "../model/records.ts";
import type { Connection } from "./connection.ts";
import { replyFrom } from "./exchange.ts";

/** Those of `ids` that the peer knows, in pages. Throws FaultError. */
export async function* askRecords(
  connection: Connection,
  ids: readonly ImageId[],
): AsyncGenerator<readonly AnyRecord[]> {
  for (let at = 0; at < ids.length; ) {
    await connection.send({ kind: "records", ids: ids.slice(at, at + pageRecordsMax) });
    const { answered, records } = await replyFrom(connection, ["records.reply"]);
    if (answered === 0)
      throw new FaultError(fault("PROTOCOL_VIOLATION", { reason: "no record was answered" }));
    at += answered;
    yield records;
  }
}
