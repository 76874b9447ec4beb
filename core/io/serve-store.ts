/**
 * Being a home: another node sends a payload and its record, this one keeps both.
 */
import { bad, type Fault, FaultError, fault, good, type Result } from "../model/faults.ts";
import { stallMsMax } from "../model/limits.ts";
import type { Store } from "../model/messages.ts";
import type { ImageRecord } from "../model/records.ts";
import type { PayloadWriter } from "../ports.ts";
import type { Connection } from "./connection.ts";
import { faultOf } from "./exchange.ts";
import { type NodeContext, noteDisk, takenFault } from "./node-context.ts";
import { refuse, refuseBody } from "./refuse.ts";

/** Answers `store`. The payload is synced before the record, and both before `stored` is said. */
export const serveStore = async (
  context: NodeContext,
  connection: Connection,
  request: Store,
): Promise<void> => {
  const { id, payloadBytes, payloadHash } = request;
  const have = payloadHash !== null && context.payloads.has(id, payloadHash);
  const begun = have ? good(null) : await beginPayload(context, request);
  if (!begun.ok) {
    if (payloadHash === null) await refuseBody(connection, begun.fault, payloadBytes);
    else await refuse(connection, begun.fault);
    return;
  }
  const writer = begun.value;
  try {
    if (payloadHash !== null) await connection.send({ kind: "store.ready", have });
    if (writer !== null) await receivePayload(connection, writer, payloadBytes);
    const record = await receiveRecord(connection, request);
    const problem = await keep(context, writer, record);
    if (problem !== null) return await refuse(connection, problem);
    await connection.send({
      kind: "stored",
      store: context.records.store,
      feedHead: context.records.feedHead,
    });
  } catch (error) {
    await writer?.abort();
    const problem = noteDisk(context, faultOf(error, connection.remote));
    if (error instanceof FaultError && problem.code !== "CONNECTION_LOST") await refuse(connection, problem);
    connection.destroy(problem);
  }
};

const beginPayload = (context: NodeContext, request: Store): Promise<Result<PayloadWriter>> => {
  const problem = context.work.diskFault;
  if (problem !== null) return Promise.resolve(bad(problem));
  return context.payloads.begin(request.id, request.payloadBytes);
};

const receivePayload = async (
  connection: Connection,
  writer: PayloadWriter,
  payloadBytes: number,
): Promise<void> => {
  let received = 0;
  while (received < payloadBytes) {
    const incoming = await connection.receive({ withinMs: stallMsMax });
    if (incoming.kind !== "chunk")
      throw new FaultError(fault("PROTOCOL_VIOLATION", { reason: "the payload ended early" }));
    received += incoming.bytes.length;
    if (received > payloadBytes)
      throw new FaultError(fault("PROTOCOL_VIOLATION", { reason: "the payload is longer than told" }));
    await writer.write(incoming.bytes);
  }
};

const receiveRecord = async (connection: Connection, request: Store): Promise<ImageRecord> => {
  const incoming = await connection.receive({ withinMs: stallMsMax });
  if (incoming.kind !== "message" || incoming.message.kind !== "store.commit") {
    throw new FaultError(fault("PROTOCOL_VIOLATION", { reason: "'store.commit' was due" }));
  }
  const { record } = incoming.message;
  if (record.facts.id !== request.id || record.facts.payloadBytes !== request.payloadBytes) {
    throw new FaultError(fault("PROTOCOL_VIOLATION", { reason: "the record is of another payload" }));
  }
  return record;
};

const keep = async (
  context: NodeContext,
  writer: PayloadWriter | null,
  record: ImageRecord,
): Promise<Fault | null> => {
  const taken = takenFault(context, record);
  if (taken !== null) {
    await writer?.abort();
    return taken;
  }
  const committed = (await writer?.commit(record.facts.payloadHash)) ?? good(undefined);
  if (!committed.ok) return noteDisk(context, committed.fault);
  const merged = await context.records.merge([record]);
  if (!merged.ok) return noteDisk(context, merged.fault);
  return takenFault(context, record);
};
