/**
 * The client's side of requests between nodes: what is sent, which reply is due, and what else may come.
 */
import { bad, type Fault, FaultError, fault, good, type Result } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import { stallMsMax } from "../model/limits.ts";
import type { Reply } from "../model/messages.ts";
import type { ImageRecord } from "../model/records.ts";
import { faultOfRefusal } from "../wire/schema-faults.ts";
import type { Connection, Incoming } from "./connection.ts";
import type { Borrowed } from "./connection-pool.ts";
import type { NodeContext } from "./node-context.ts";

/** Sends a finished payload from this node's disk to `home`, unless `home` has it, and its record. */
export const sendPayload = (
  context: NodeContext,
  home: NodeId,
  record: ImageRecord,
): Promise<Result<void>> => {
  const { id, payloadBytes, payloadHash } = record.facts;
  return withPeer(context, home, async (connection) => {
    await connection.send({ kind: "store", id, payloadBytes, payloadHash });
    const ready = await replyFrom(connection, ["store.ready"]);
    if (!ready.have) {
      const chunks = await context.store.read(id);
      if (!chunks.ok) throw new FaultError(chunks.fault);
      for await (const chunk of chunks.value) await connection.sendChunk(chunk);
    }
    const problem = await commitOn(connection, home, record);
    if (problem !== null) throw new FaultError(problem);
  });
};

/**
 * One exchange with another node, for as long as the node is heard. A connection of the pool may have died
 * without our noticing; then the exchange, which must bear that, is made once more on a new one.
 */
export const withPeer = async <Value>(
  context: NodeContext,
  node: NodeId,
  exchange: (connection: Connection) => Promise<Value>,
): Promise<Result<Value>> => {
  for (;;) {
    const borrowed = await borrowWhileHeard(context, node);
    if (!borrowed.ok) return borrowed;
    const { connection, fresh } = borrowed.value;
    const unwatch = context.peers.watch(node, () => connection.destroy(goneFault(node)));
    try {
      const value = await exchange(connection);
      context.peers.giveBack(connection);
      return good(value);
    } catch (error) {
      const problem = faultOf(error, `node ${node}`);
      connection.destroy(problem);
      if (fresh || problem.code !== "CONNECTION_LOST") return bad(problem);
    } finally {
      unwatch();
    }
  }
};

/** Dialing a node that is frozen takes seconds; that it is no longer heard is known in less than one. */
export const borrowWhileHeard = (context: NodeContext, node: NodeId): Promise<Result<Borrowed>> =>
  new Promise((resolve) => {
    let gone = false;
    const unwatch = context.peers.watch(node, () => {
      gone = true;
      resolve(bad(goneFault(node)));
    });
    void context.peers.borrow(node).then((borrowed) => {
      unwatch();
      if (gone && borrowed.ok) context.peers.giveBack(borrowed.value.connection);
      else resolve(borrowed);
    });
  });

/** The payload is sent: its record follows; null once `home` has synced both. */
export const commitOn = async (
  connection: Connection,
  home: NodeId,
  record: ImageRecord,
): Promise<Fault | null> => {
  try {
    await connection.send({ kind: "store.commit", record });
    await replyFrom(connection, ["stored"]);
    return null;
  } catch (error) {
    return faultOf(error, `node ${home}`);
  }
};

/** The peer answered no, in good order: the connection can serve the next request. */
export class RefusedError extends FaultError {}

/** The next frame, which must be a message of one of `kinds`. Throws FaultError: the refusal, or PROTOCOL_VIOLATION. */
export const replyFrom = async <Kind extends Reply["kind"]>(
  connection: Connection,
  kinds: readonly Kind[],
  withinMs: number = stallMsMax,
): Promise<Extract<Reply, { readonly kind: Kind }>> => replyIn(await connection.receive({ withinMs }), kinds);

/** The same for a frame that was received already. */
export const replyIn = <Kind extends Reply["kind"]>(
  incoming: Incoming,
  kinds: readonly Kind[],
): Extract<Reply, { readonly kind: Kind }> => {
  if (incoming.kind === "message") {
    const { message } = incoming;
    if (message.kind === "refused") throw new RefusedError(faultOfRefusal(message));
    const due: readonly string[] = kinds;
    if (due.includes(message.kind)) return message as Extract<Reply, { readonly kind: Kind }>;
  }
  const got = incoming.kind === "chunk" ? "a chunk" : `'${incoming.message.kind}'`;
  throw new FaultError(
    fault("PROTOCOL_VIOLATION", { reason: `got ${got} where '${kinds.join("' or '")}' was due` }),
  );
};

/** What stopped an exchange with `peer`, as a fault, however it was thrown. */
export const faultOf = (error: unknown, peer: string): Fault =>
  error instanceof FaultError
    ? error.fault
    : fault("CONNECTION_LOST", { peer, reason: error instanceof Error ? error.message : String(error) });

/** The election no longer hears it. */
export const goneFault = (node: NodeId): Fault =>
  fault("CONNECTION_LOST", { peer: `node ${node}`, reason: "it is no longer heard" });
