/**
 * What the servers say of the cluster, asked side by side: each one's own answer, or the best of them.
 */
import { bad, type Fault, fault, type Result, wordFault } from "../../model/faults.ts";
import type { NodeId } from "../../model/ids.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { after } from "../../model/units.ts";
import type { Connection } from "../connection.ts";
import { replyFrom } from "../exchange.ts";
import { request, type Session } from "./session.ts";

export interface ServerAnswer {
  readonly server: NodeId;
  /** Its own view of the cluster, or why there is none. */
  readonly answer: Result<Snapshot>;
}

/** Every server's answer, in the order of the configuration, after `withinMs` at the latest (then TIMED_OUT). */
export const askEach = (session: Session, withinMs: number): Promise<readonly ServerAnswer[]> =>
  Promise.all(
    session.servers.map(async (server) => ({ server, answer: await askOne(session, server, withinMs) })),
  );

/** One server's answer, or TIMED_OUT. */
export const askOne = (session: Session, server: NodeId, withinMs: number): Promise<Result<Snapshot>> =>
  askWithin(session, server, withinMs, async (connection) => {
    await connection.send({ kind: "status" });
    const reply = await replyFrom(connection, ["status.reply"], withinMs);
    return reply.snapshot;
  });

/** What one server answers to something else, or TIMED_OUT. */
export const askWithin = async <Value>(
  session: Session,
  server: NodeId,
  withinMs: number,
  ask: (connection: Connection) => Promise<Value>,
): Promise<Result<Value>> => {
  const { clock } = session;
  const asked = request(session, server, ask);
  let cancel = (): void => undefined;
  const late = new Promise<Result<Value>>((resolve) => {
    const problem = fault("TIMED_OUT", { peer: `node ${server}`, what: "answer", ms: withinMs });
    cancel = clock.at(after(clock.monotonic(), withinMs), () => resolve(bad(problem)));
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    cancel();
  }
};

/**
 * Asks every server and believes the one that knows best: who leads in the highest term, else who hears the
 * most. NO_SERVER when none answers.
 */
export const askStatus = async (session: Session): Promise<Result<Snapshot>> => {
  const answers = await askMost(session, async (connection) => {
    await connection.send({ kind: "status" });
    return (await replyFrom(connection, ["status.reply"], answerMsMax)).snapshot;
  });
  const [best] = answers
    .filter((answer) => answer.ok)
    .toSorted((a, b) => authority(b.value) - authority(a.value));
  if (best !== undefined) return best;
  const faults = answers.flatMap((answer) => (answer.ok ? [] : [answer.fault]));
  return bad(
    faults.find(isTelling) ?? fault("NO_SERVER", { tried: faults.map((problem) => wordFault(problem).what) }),
  );
};
const answerMsMax = 1_000;
/** How long the others may take once one has answered: enough for all that are well. */
const graceMs = 300;

/** All answers, or, when some server is frozen, those that are in soon after the first good one. */
export const askMost = <Value>(
  session: Session,
  ask: (connection: Connection) => Promise<Value>,
): Promise<readonly Result<Value>[]> =>
  new Promise((resolve) => {
    const { clock, servers } = session;
    const answers: Result<Value>[] = [];
    let cancel: (() => void) | null = null;
    for (const server of servers) {
      void askWithin(session, server, answerMsMax, ask).then((answer) => {
        answers.push(answer);
        if (answers.length === servers.length) {
          cancel?.();
          resolve(answers);
        } else if (answer.ok) {
          cancel ??= clock.at(after(clock.monotonic(), graceMs), () => resolve([...answers]));
        }
      });
    }
  });

const authority = (snapshot: Snapshot): number =>
  (snapshot.leader === snapshot.observer ? 1_000 : 0) + snapshot.quorum.live;

/** Whether a server said something, rather than nothing. */
const isTelling = (problem: Fault): boolean =>
  !["CONNECTION_REFUSED", "CONNECTION_LOST", "TIMED_OUT"].includes(problem.code);
