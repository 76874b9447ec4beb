/**
 * Getting a payload from another node's disk: for somebody who asked here, or to keep a copy here.
 */
import { type Fault, FaultError, fault, wordFault } from "../model/faults.ts";
import type { ImageId, NodeId } from "../model/ids.ts";
import type { ImageRecord } from "../model/records.ts";
import type { Connection } from "./connection.ts";
import { borrowWhileHeard, faultOf, goneFault, RefusedError, replyFrom } from "./exchange.ts";
import type { NodeContext } from "./node-context.ts";

/** A home that sends nothing for this long is given up for the next one. */
const fetchStallMs = 2_000;

/**
 * The sealed chunks as `node` has them, `payloadBytes` in all; their hash is for the caller to check. Throws
 * FaultError: IMAGE_UNAVAILABLE, or what broke the connection.
 */
export async function* payloadFrom(
  context: NodeContext,
  node: NodeId,
  record: ImageRecord,
): AsyncGenerator<Uint8Array> {
  const { id, payloadBytes } = record.facts;
  const connection = await askFor(context, node, record);
  const unwatch = context.peers.watch(node, () => connection.destroy(goneFault(node)));
  let received = 0;
  try {
    while (received < payloadBytes) {
      const incoming = await connection.receive({ withinMs: fetchStallMs });
      if (incoming.kind !== "chunk")
        throw new FaultError(fault("IMAGE_UNAVAILABLE", { id, reason: `node ${node} broke off` }));
      received += incoming.bytes.length;
      yield incoming.bytes;
    }
  } finally {
    unwatch();
    if (received === payloadBytes) context.peers.giveBack(connection);
    else connection.destroy(null);
  }
}

/** A connection on which the payload is about to come; a pooled one that had died is replaced by a new one. */
const askFor = async (context: NodeContext, node: NodeId, record: ImageRecord): Promise<Connection> => {
  const { id, payloadHash } = record.facts;
  for (;;) {
    const borrowed = await borrowWhileHeard(context, node);
    if (!borrowed.ok) throw new FaultError(borrowed.fault);
    const { connection, fresh } = borrowed.value;
    try {
      await connection.send({ kind: "fetch", id, payloadHash });
      await replyFrom(connection, ["fetch.found"], fetchStallMs);
      return connection;
    } catch (error) {
      const problem = faultOf(error, `node ${node}`);
      if (error instanceof RefusedError && connection.idle) context.peers.giveBack(connection);
      else connection.destroy(problem);
      if (error instanceof RefusedError) throw new FaultError(notThere(id, node, problem));
      if (fresh || problem.code !== "CONNECTION_LOST") throw new FaultError(problem);
    }
  }
};

/** Whatever that node's trouble is: told as its own, a failed disk over there would be taken for one here. */
const notThere = (id: ImageId, node: NodeId, problem: Fault): Fault =>
  problem.code === "IMAGE_UNAVAILABLE"
    ? problem
    : fault("IMAGE_UNAVAILABLE", { id, reason: `node ${node} says: ${wordFault(problem).what}` });
