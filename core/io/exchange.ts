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
import type { NodeContext } from "./node-context.ts";

/** Sends a finished payload from this node's disk to `home`, unless `home` has it, and its record. */
export const sendPayload = async (
  context: NodeContext,
  home: NodeId,
  record: ImageRecord,
): Promise<Result<void>> => {
  const { id, payloadBytes, payloadHash } = record.facts;
  const borrowed = await context.peers.borrow(home);
  if (!borrowed.ok) return borrowed;
  const connection = borrowed.value;
  const unwatch = context.peers.watch(home, () => connection.destroy(goneFault(home)));
  try {
    await connection.send({ kind: "store", id, payloadBytes, payloadHash });
    const ready = await replyFrom(connection, ["store.ready"]);
    if (!ready.have) {
      const chunks = await context.payloads.read(id, payloadHash);
      if (!chunks.ok) throw new FaultError(chunks.fault);
      for await (const chunk of chunks.value) await connection.sendChunk(chunk);
    }
    const problem = await commitOn(connection, home, record);
    if (problem !== null) throw new FaultError(problem);
    context.peers.giveBack(connection);
    return good(undefined);
  } catch (error) {
    const problem = faultOf(error, `node ${home}`);
    connection.destroy(problem);
    return bad(problem);
  } finally {
    unwatch();
  }
};

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
