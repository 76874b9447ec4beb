/** Answering whose certificates are revoked, being told so by an operator, and learning it from the other nodes. */
import type { NodeId } from "../model/ids.ts";
import type { Revocations, Revoke } from "../model/messages.ts";
import type { Connection } from "./connection.ts";
import type { Doorkeeper } from "./doorkeeper.ts";
import { replyFrom, withPeer } from "./exchange.ts";
import type { NodeContext } from "./node-context.ts";
import { refuse } from "./refuse.ts";
import type { Operator } from "./serve-operator.ts";

export const serveRevocations = (
  { list }: Doorkeeper,
  connection: Connection,
  { digest }: Revocations,
): Promise<void> =>
  connection.send({
    kind: "revocations.known",
    list: list === null || list.digest === digest ? null : list.bytes,
  });

export const serveRevoke = (
  doorkeeper: Doorkeeper,
  connection: Connection,
  { list }: Revoke,
  operator: Operator,
): Promise<void> => {
  const taken = doorkeeper.take(list, `operator ${operator.name}`);
  return taken.ok ? connection.send({ kind: "done" }) : refuse(connection, taken.fault);
};

/** Takes the list that `peer` has, when it is newer than ours. */
export const learnRevocations = (context: NodeContext, doorkeeper: Doorkeeper, peer: NodeId) =>
  withPeer(context, peer, async (connection) => {
    await connection.send({ kind: "revocations", digest: doorkeeper.digest });
    const { list } = await replyFrom(connection, ["revocations.known"]);
    if (list !== null) doorkeeper.take(list, `node ${peer}`);
  });
