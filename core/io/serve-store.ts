/**
 * Being a home: another node sends a payload and its record, this one keeps both.
 */
import { bad, type Fault, FaultError, fault, good, type Result } from "../model/faults.ts";
import type { ImageId } from "../model/ids.ts";
import { stallMsMax } from "../model/limits.ts";
import { giveBack } from "../model/memory.ts";
import type { Store } from "../model/messages.ts";
import { type ImageRecord, latestStampMs } from "../model/records.ts";
import type { PayloadWriter } from "../ports.ts";
import { sameBytes } from "./bytes.ts";
import type { Connection } from "./connection.ts";
import { faultOf } from "./exchange.ts";
import { type NodeContext, noteDisk, readyFault } from "./node-context.ts";
import { refuse, refuseBody } from "./refuse.ts";
import { notFromTheFuture } from "./take-in.ts";

/** Answers `store`. Payload and record are synced together, before `stored` is said. */
export const serveStore = (context: NodeContext, connection: Connection, request: Store): Promise<void> =>
  context.underWay.during([request.id], () => takeCopy(context, connection, request));

const takeCopy = async (context: NodeContext, connection: Connection, request: Store): Promise<void> => {
  const { payloadBytes, payloadHash } = request;
  const mayAsk = payloadHash !== null && context.store.readFault === null;
  const have = mayAsk && (await has(context, request.id, payloadHash));
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
      store: context.store.id,
      feedHead: context.store.feedHead,
    });
  } catch (error) {
    await writer?.abort();
    const problem = noteDisk(context, faultOf(error, connection.remote));
    if (error instanceof FaultError && problem.code !== "CONNECTION_LOST") await refuse(connection, problem);
    connection.destroy(problem);
  }
};

const beginPayload = (context: NodeContext, request: Store): Promise<Result<PayloadWriter>> => {
  const problem = readyFault(context) ?? context.work.diskFault;
  if (problem !== null) return Promise.resolve(bad(problem));
  return context.store.begin(request.id, request.payloadBytes);
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
    const { bytes } = incoming;
    await writer.write(bytes, () => giveBack(bytes));
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
  const early = notFromTheFuture(context, [record]).length === 0;
  if (early) {
    await writer?.abort();
    return fault("CLOCK_AHEAD", { aheadMs: latestStampMs(record) - context.clock.wall() });
  }
  const kept = writer === null ? await context.store.merge([record]) : await writer.commit(record);
  return kept.ok ? null : noteDisk(context, kept.fault);
};

const has = async (context: NodeContext, id: ImageId, payloadHash: Uint8Array): Promise<boolean> => {
  const holding = await context.store.get(id);
  return (
    holding?.here === true &&
    holding.record.kind === "image" &&
    sameBytes(holding.record.facts.payloadHash, payloadHash)
  );
};
