/**
 * Revoking a user, from an operator's side: the servers are asked what they know, and told what the CA has signed.
 *
 * Neither waits for a server that does not answer: those that were told pass it on, and it learns from them.
 */
import { bad, good, type Result } from "../../model/faults.ts";
import type { NodeId, UserName } from "../../model/ids.ts";
import type { WallMs } from "../../model/units.ts";
import type { Connection } from "../connection.ts";
import { RefusedError, replyFrom } from "../exchange.ts";
import type { SignedList } from "../pki/revocation-list.ts";
import type { KnownOfUser } from "../pki/revoke.ts";
import { listOn } from "./revocations.ts";
import type { Session } from "./session.ts";
import { proven } from "./share.ts";
import { askWithin } from "./status.ts";

export interface Told {
  readonly server: NodeId;
  /** Good: that server refuses whoever is on the list, and has it on disk. */
  readonly answer: Result<void>;
}

const answerMsMax = 3_000;

/** The lists that servers have, and when those certificates of `name` were made that they have met. */
export const askWhatIsKnown = async (session: Session, name: UserName): Promise<KnownOfUser> => {
  const answers = await Promise.all(
    session.servers.map((server) =>
      askWithin(session, server, answerMsMax, async (connection) => ({
        list: await listOn(connection, session, 0),
        madeAt: await metOn(connection, session, name),
      })),
    ),
  );
  const known = answers.flatMap((answer) => (answer.ok ? [answer.value] : []));
  return {
    lists: known.flatMap(({ list }) => list ?? []),
    madeAt: known.flatMap(({ madeAt }) => madeAt ?? []),
  };
};

/** Every server's answer, in the order of the configuration. */
export const tellServers = (session: Session, { bytes }: SignedList): Promise<readonly Told[]> =>
  Promise.all(
    session.servers.map(async (server) => {
      const told = await askWithin(session, server, answerMsMax, async (connection) => {
        await connection.send({ kind: "revoke", list: bytes });
        await replyFrom(connection, ["done"], answerMsMax);
      });
      return { server, answer: told.ok ? good(undefined) : bad(told.fault) };
    }),
  );

const metOn = async (
  connection: Connection,
  { credentials, clock }: Session,
  name: UserName,
): Promise<WallMs | null> => {
  await connection.send({ kind: "user", name });
  try {
    const { certificate } = await replyFrom(connection, ["user.found"]);
    const person = proven(certificate, credentials.caPem, name, clock.wall());
    return person.ok ? person.value.madeAt : null;
  } catch (error) {
    if (error instanceof RefusedError) return null;
    throw error;
  }
};
