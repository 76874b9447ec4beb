/** Who is revoked, as servers tell it: whatever the CA has signed is believed, and nothing else. */
import type { Connection } from "../connection.ts";
import { replyFrom } from "../exchange.ts";
import { newestOf, readRevocations, type SignedList } from "../pki/revocation-list.ts";
import type { Session } from "./session.ts";

/** Hears the list of one more server. What the session believes afterwards is the newest that it has heard. */
export const hearRevocations = async (session: Session, connection: Connection): Promise<void> => {
  const { revoked } = session;
  const list = await listOn(connection, session, revoked.newest?.digest ?? 0);
  revoked.newest = newestOf([revoked.newest, list]);
};

/** Null when there is none, when it has that `digest`, or when the CA did not sign it. */
export const listOn = async (
  connection: Connection,
  { credentials }: Session,
  digest: number,
): Promise<SignedList | null> => {
  await connection.send({ kind: "revocations", digest });
  const { list } = await replyFrom(connection, ["revocations.known"]);
  return list === null ? null : readRevocations(list, credentials.caPem);
};
