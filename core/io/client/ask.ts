/**
 * Asking servers of which any will do.
 *
 * They are asked in turn, the one that answered last first. One that takes long is not waited for: the next is
 * asked beside it, and whoever answers first is taken. So a frozen server costs a moment once, and no request
 * depends on any one server. When none can answer for now, because they are just finding each other again, all are
 * asked once more after a pause (`decide/patience.ts`).
 */
import { askAgainAt } from "../../decide/patience.ts";
import { bad, type Fault, fault, type Result, wordFault } from "../../model/faults.ts";
import type { NodeId } from "../../model/ids.ts";
import { after, type MonotonicMs } from "../../model/units.ts";
import type { Connection } from "../connection.ts";
import { faultOf } from "../exchange.ts";
import { type Answered, type Ask, openRequest, type Session } from "./session.ts";
import { watchServer } from "./watch.ts";

/** A server that has not answered by then gets company. */
const hedgeMs = 300;

/**
 * The first answer. A refusal that every server would repeat (no such image) ends it; what another server may do
 * better (not ready, gone) does not.
 */
export const askAny = <Value>(session: Session, ask: Ask<Value>): Promise<Result<Value>> =>
  askAndTake(session, ask, async (_, value) => value);

/** The same, and what follows the first answer on its connection; when that breaks off, another server is asked. */
export const askAndTake = async <First, Value>(
  session: Session,
  ask: Ask<First>,
  take: (connection: Connection, first: First) => Promise<Value>,
): Promise<Result<Value>> => {
  const { clock } = session;
  const since = clock.monotonic();
  for (let round = 1; ; round++) {
    const taken = await askAllOnce(session, ask, take);
    if (taken.ok) return taken;
    const at = askAgainAt(taken.fault, round, since, clock.monotonic());
    if (at === null) return taken;
    if (!(await reached(session, at))) return bad(fault("INTERRUPTED", {}));
  }
};

/** Each server at most once. */
const askAllOnce = async <First, Value>(
  session: Session,
  ask: Ask<First>,
  take: (connection: Connection, first: First) => Promise<Value>,
): Promise<Result<Value>> => {
  const { servers, answered } = session;
  const faults: Fault[] = [];
  let left = servers.toSorted((a, b) => Number(b === answered.last) - Number(a === answered.last));
  while (left.length > 0) {
    const won = await firstOf(session, left, ask, faults);
    if (won === null) break;
    const { server, answer } = won;
    const taken = await takeFrom(session, server, answer, take);
    if (taken.ok) answered.last = server;
    if (taken.ok || isFinal(taken.fault)) return taken;
    faults.push(taken.fault);
    left = left.filter((other) => other !== server);
  }
  return bad(faults.find(isFinal) ?? mostTelling(faults));
};

/** Waits until then; false when it was interrupted. */
const reached = ({ clock, signal }: Session, at: MonotonicMs): Promise<boolean> =>
  new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener("abort", end);
      resolve(!signal.aborted);
    };
    const cancel = clock.at(at, end);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });

interface Won<First> {
  readonly server: NodeId;
  readonly answer: Answered<First>;
}

/** Whose answer came first, or null when none will: then `faults` has the reasons. */
const firstOf = <First>(
  session: Session,
  servers: readonly NodeId[],
  ask: Ask<First>,
  faults: Fault[],
): Promise<Won<First> | null> =>
  new Promise((resolve) => {
    const { clock } = session;
    const others = new AbortController();
    let next = 0;
    let under = 0;
    let cancel = (): void => undefined;
    const settle = (won: Won<First> | null): void => {
      cancel();
      others.abort();
      resolve(won);
    };
    const begin = (): void => {
      cancel();
      const server = servers[next++];
      if (server === undefined) {
        if (under === 0) settle(null);
        return;
      }
      under++;
      void openRequest(session, server, ask, others.signal).then((result) => {
        under--;
        if (others.signal.aborted) {
          if (result.ok) result.value.connection.destroy(null);
        } else if (result.ok) settle({ server, answer: result.value });
        else {
          faults.push(result.fault);
          if (isFinal(result.fault)) settle(null);
          else begin();
        }
      });
      cancel = clock.at(after(clock.monotonic(), hedgeMs), begin);
    };
    begin();
  });

const takeFrom = async <First, Value>(
  session: Session,
  server: NodeId,
  { connection, value: first }: Answered<First>,
  take: (connection: Connection, first: First) => Promise<Value>,
): Promise<Result<Value>> => {
  const watch = watchServer(session, server);
  watch.follow(connection);
  try {
    const value = await take(connection, first);
    session.pool.giveBack(connection);
    return { ok: true, value };
  } catch (error) {
    const problem = faultOf(error, `node ${server}`);
    connection.destroy(problem);
    return bad(problem);
  } finally {
    watch.stop();
  }
};

const elsewhere: ReadonlySet<Fault["code"]> = new Set<Fault["code"]>([
  "CONNECTION_REFUSED",
  "CONNECTION_LOST",
  "TIMED_OUT",
  "NODE_NOT_READY",
  "NO_QUORUM",
  "BUSY",
  "IMAGE_UNAVAILABLE",
  "SEAL_BROKEN",
  "DISK_FAILED",
  "DISK_FULL",
]);
const isFinal = (problem: Fault): boolean => !elsewhere.has(problem.code);

/** What a server that answered said tells more than that others did not answer. */
const mostTelling = (faults: readonly Fault[]): Fault =>
  faults.find((problem) => !unreachable.has(problem.code)) ??
  fault("NO_SERVER", { tried: faults.map((problem) => wordFault(problem).what) });

const unreachable: ReadonlySet<Fault["code"]> = new Set<Fault["code"]>([
  "CONNECTION_REFUSED",
  "CONNECTION_LOST",
  "TIMED_OUT",
]);
