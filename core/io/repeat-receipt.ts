/**
 * The answer to a retry whose first try succeeded after all.
 *
 * This node has the image, but whether a majority has it is not known: the first try may have ended between
 * two homes. So the copies are made sure of again, the stored bytes go back to the client, and the receipt is
 * the one that was lost. Other bytes under the same id are refused: their nonce differs.
 */
import { FaultError, fault } from "../model/faults.ts";
import type { UserName } from "../model/ids.ts";
import { stallMsMax } from "../model/limits.ts";
import type { Receipt, Upload } from "../model/messages.ts";
import type { ImageRecord } from "../model/records.ts";
import { payloadNonce } from "../seal/nonce.ts";
import { sameBytes } from "./bytes.ts";
import type { Connection } from "./connection.ts";
import { beginCopies } from "./copies.ts";
import type { NodeContext } from "./node-context.ts";

/**
 * Throws FaultError: ID_TAKEN, NO_QUORUM, or what broke the connection; SEAL_BROKEN or IMAGE_UNAVAILABLE when the copy
 * here cannot be read, so that it may not count: the client tries another node.
 */
export const repeatReceipt = async (
  context: NodeContext,
  connection: Connection,
  upload: Upload,
  owner: UserName,
  record: ImageRecord,
): Promise<Receipt> => {
  const { facts } = record;
  if (!isSameImage(record, payloadNonce(upload.fileKey, upload.sha256), owner)) {
    throw new FaultError(fault("ID_TAKEN", { id: upload.id }));
  }
  const begun = await beginCopies(context, upload.id);
  if (!begun.ok) throw new FaultError(begun.fault);
  const copies = begun.value;
  copies.storedHere(record, null);
  copies.sendToAll(record);
  await connection.send({ kind: "upload.accepted", id: facts.id, payloadBytes: facts.payloadBytes });
  await Promise.all([discardBody(connection, upload.bytes), sendStored(context, connection, record)]);
  const acknowledged = await copies.acknowledged;
  if (!acknowledged.ok) throw new FaultError(acknowledged.fault);
  return receiptOf(record, acknowledged.value.copies, true);
};

/** The receipt of a stored image; `repeated` when an earlier try had stored it. */
export const receiptOf = (record: ImageRecord, copies: number, repeated: boolean): Receipt => {
  const { facts, processing, inspection } = record;
  return {
    kind: "receipt",
    id: facts.id,
    node: processing.node,
    term: processing.term,
    assignedBy: processing.assignedBy,
    copies,
    payloadHash: facts.payloadHash,
    payloadBytes: facts.payloadBytes,
    width: facts.width,
    height: facts.height,
    inspected: inspection.value.verdict,
    repeated,
  };
};

/** Whether `record` is of the image that has this nonce: the nonce is made of file key and plain image. */
export const isSameImage = (record: ImageRecord, nonce: Uint8Array, owner: UserName): boolean =>
  record.facts.owner === owner && sameBytes(record.facts.nonce, nonce);

const discardBody = async (connection: Connection, bytes: number): Promise<void> => {
  let discarded = 0;
  while (discarded < bytes) {
    const incoming = await connection.receive({ withinMs: stallMsMax });
    if (incoming.kind !== "chunk")
      throw new FaultError(fault("PROTOCOL_VIOLATION", { reason: "the body ended early" }));
    discarded += incoming.bytes.length;
  }
};

const sendStored = async (
  context: NodeContext,
  connection: Connection,
  record: ImageRecord,
): Promise<void> => {
  const chunks = await context.store.read(record.facts.id);
  if (!chunks.ok) throw new FaultError(chunks.fault);
  for await (const chunk of chunks.value) await connection.sendChunk(chunk);
};
