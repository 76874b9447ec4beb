/**
 * Looking at one image, and changing what becomes of it.
 *
 * A change is asked of one server after the other until one has done it. A server that broke off may have done it all
 * the same; asking the next is harmless, because a change names what was seen before it: done twice it is done once,
 * and one that comes late, after the owner has changed his mind, changes nothing.
 */
import { FaultError, good, type Result } from "../../model/faults.ts";
import type { ImageId } from "../../model/ids.ts";
import type { Described as DescribedMessage } from "../../model/messages.ts";
import type { Stamp } from "../../model/records.ts";
import { replyFrom } from "../exchange.ts";
import { askAny } from "./ask.ts";
import type { Session } from "./session.ts";

export type Described = Omit<DescribedMessage, "kind">;

export const describeImage = (session: Session, id: ImageId): Promise<Result<Described>> =>
  askAny(session, async (connection) => {
    await connection.send({ kind: "describe", id });
    return replyFrom(connection, ["described"]);
  });

/** `seen`: what the caller saw of the trash; looked up now when left out. */
export const trashImage = async (
  session: Session,
  id: ImageId,
  trashed: boolean,
  seen?: Stamp,
): Promise<Result<void>> => {
  if (seen !== undefined) return changeTrash(session, id, trashed, seen);
  const found = await describeImage(session, id);
  return found.ok ? changeTrash(session, id, trashed, found.value.record.trashed.stamp) : found;
};

export const purgeImage = async (session: Session, id: ImageId): Promise<Result<void>> => {
  let unanswered = false;
  const purged = await askAny(session, async (connection, fresh) => {
    try {
      await connection.send({ kind: "purge", id });
      await replyFrom(connection, ["changed"]);
    } catch (error) {
      unanswered ||= mayHaveDone(error, fresh);
      throw error;
    }
  });
  // One that was asked before and did not answer has done it, and every disk has forgotten it since.
  const isGone = unanswered && !purged.ok && purged.fault.code === "IMAGE_NOT_FOUND";
  return isGone ? good(undefined) : purged;
};

/** A connection that had waited was dead, most likely: nobody was asked. */
const mayHaveDone = (error: unknown, fresh: boolean): boolean => {
  if (!(error instanceof FaultError)) return false;
  const { code } = error.fault;
  return code === "TIMED_OUT" || code === "NO_QUORUM" || (code === "CONNECTION_LOST" && fresh);
};

const changeTrash = (session: Session, id: ImageId, trashed: boolean, seen: Stamp): Promise<Result<void>> =>
  askAny(session, async (connection) => {
    await connection.send({ kind: "trash", id, trashed, seen });
    await replyFrom(connection, ["changed"]);
  });
