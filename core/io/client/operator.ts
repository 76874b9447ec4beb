/**
 * An operator's wishes to single servers, each answered with done or with why not.
 */
import { bad, good, type Result } from "../../model/faults.ts";
import { type NodeId, parseNodeId } from "../../model/ids.ts";
import type { Drain, MoveLead, Scrub } from "../../model/messages.ts";
import { replyFrom } from "../exchange.ts";
import { request, type Session } from "./session.ts";

const answerMsMax = 5_000;

export const askOperator = async (
  session: Session,
  server: NodeId,
  wish: MoveLead | Drain | Scrub,
): Promise<Result<void>> => {
  const done = await request(session, server, async (connection) => {
    await connection.send(wish);
    await replyFrom(connection, ["done"], answerMsMax);
  });
  return done.ok ? good(undefined) : bad(done.fault);
};

/** To `leader`, as far as one knows; a node that does not lead names who does, and that one is asked then. */
export const askMoveLead = async (
  session: Session,
  leader: NodeId,
  to: NodeId | null,
): Promise<Result<void>> => {
  const first = await askOperator(session, leader, { kind: "move-lead", to });
  if (first.ok || first.fault.code !== "NOT_LEADER") return first;
  const named = parseNodeId(first.fault.leader);
  return named === null ? first : askOperator(session, named, { kind: "move-lead", to });
};
