/**
 * Following every server at once, for as long as one looks: each has a connection of its own, which is made again
 * when it breaks. So a node that is down costs only its own news, and it is back by itself when it is.
 *
 * An operator watches: state and log as they come. Anybody else may only ask for the state, and asks every second.
 */
import type { Fault } from "../../model/faults.ts";
import type { Boot, NodeId } from "../../model/ids.ts";
import type { WatchedEntry } from "../../model/messages.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { after } from "../../model/units.ts";
import type { Connection } from "../connection.ts";
import { faultOf, replyFrom } from "../exchange.ts";
import { interruptible } from "./interrupt.ts";
import type { Session } from "./session.ts";
import { askOne } from "./status.ts";

export type Followed =
  | { readonly kind: "state"; readonly server: NodeId; readonly snapshot: Snapshot }
  /** `skipped`: as many before these were lost. */
  | {
      readonly kind: "entries";
      readonly server: NodeId;
      readonly entries: readonly WatchedEntry[];
      readonly skipped: number;
    }
  /** Why nothing comes from there; null when it does again. Told when it changes. */
  | { readonly kind: "link"; readonly server: NodeId; readonly fault: Fault | null };

/** Between two tries to reach a server: the first, and the longest that doubling makes of it. */
const retryMsMin = 250;
const retryMsMax = 2_000;
const askEveryMs = 1_000;
/** A server tells its state every second; one that says nothing for so long is frozen or cut off. */
const quietMsMax = 4_000;

/** Returns how to stop. */
export const followServers = (session: Session, onNews: (news: Followed) => void): (() => void) => {
  const stopped = new AbortController();
  const own = interruptible(session, stopped.signal);
  for (const server of session.servers) void follow(own, server, onNews);
  return () => stopped.abort();
};

const follow = async (session: Session, server: NodeId, onNews: (news: Followed) => void): Promise<void> => {
  const { signal, credentials } = session;
  const look = credentials.peer.role === "operator" ? watcher(session, server) : asker(session, server);
  let told: Fault | null | undefined;
  let retryMs = retryMsMin;
  const tell = (problem: Fault | null): void => {
    if (JSON.stringify(told) === JSON.stringify(problem)) return;
    told = problem;
    onNews({ kind: "link", server, fault: problem });
  };
  while (!signal.aborted) {
    const problem = await look((news) => {
      retryMs = retryMsMin;
      tell(null);
      onNews(news);
    });
    if (signal.aborted) return;
    if (problem !== null) tell(problem);
    await pause(session, problem === null ? askEveryMs : retryMs);
    if (problem !== null) retryMs = Math.min(retryMsMax, retryMs * 2);
  }
};

/** Goes on until it breaks off, and says why; null when there is more after a while. */
type Look = (onNews: (news: Followed) => void) => Promise<Fault | null>;

const asker =
  (session: Session, server: NodeId): Look =>
  async (onNews) => {
    const answer = await askOne(session, server, quietMsMax);
    if (!answer.ok) return answer.fault;
    onNews({ kind: "state", server, snapshot: answer.value });
    return null;
  };

const watcher = (session: Session, server: NodeId): Look => {
  let boot: Boot | null = null;
  let heard = 0;
  const take = async (connection: Connection, onNews: (news: Followed) => void): Promise<never> => {
    await connection.send({ kind: "watch", boot, after: heard });
    for (;;) {
      const news = await replyFrom(connection, ["watch.news"], quietMsMax);
      if (news.boot !== boot) heard = 0;
      boot = news.boot;
      heard = news.entries.at(-1)?.number ?? heard;
      const { entries, skipped, snapshot } = news;
      if (entries.length > 0 || skipped > 0) onNews({ kind: "entries", server, entries, skipped });
      if (snapshot !== null) onNews({ kind: "state", server, snapshot });
    }
  };
  return async (onNews) => {
    const borrowed = await session.pool.borrow(server);
    if (!borrowed.ok) return borrowed.fault;
    const { connection } = borrowed.value;
    try {
      return await take(connection, onNews);
    } catch (error) {
      const problem = faultOf(error, `node ${server}`);
      connection.destroy(problem);
      return problem;
    }
  };
};

const pause = ({ clock, signal }: Session, ms: number): Promise<void> =>
  new Promise((resolve) => {
    const wake = (): void => {
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const cancel = clock.at(after(clock.monotonic(), ms), wake);
    const stop = (): void => {
      cancel();
      wake();
    };
    signal.addEventListener("abort", stop);
  });
