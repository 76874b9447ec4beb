/**
 * What operators ask of a node: to watch it, to move the lead, to drain it, to check its disk now.
 *
 * A watch goes on until the operator closes the connection. It is sent the whole state once a second and at each
 * change, and log entries in small batches. While the watcher has not taken what was sent, nothing more is sent to
 * it: its queue drops what is too old, and of the state only the newest counts anyway.
 */
import type { Fault } from "../model/faults.ts";
import { fault } from "../model/faults.ts";
import { newsEntriesMax, stallMsMax, watchersMax } from "../model/limits.ts";
import type { Drain, MoveLead, Peer, Scrub, Watch } from "../model/messages.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { after } from "../model/units.ts";
import { sendable } from "../wire/schema-events.ts";
import type { Connection } from "./connection.ts";
import type { DrainFile } from "./drain-file.ts";
import type { NewsDesk } from "./news-desk.ts";
import type { NodeContext } from "./node-context.ts";
import { refuse } from "./refuse.ts";
import type { Scrubber } from "./scrubber.ts";

export interface OperatorDesk {
  readonly news: NewsDesk;
  readonly drainFile: DrainFile;
}

export type Operator = Extract<Peer, { readonly role: "operator" }>;

export const serveMoveLead = async (
  { driver }: NodeContext,
  connection: Connection,
  { to }: MoveLead,
  operator: Operator,
): Promise<void> => answer(connection, await driver.moveLead(to, operator.name));

/** On disk first: what was answered `done` survives a restart. */
export const serveDrain = (
  { driver, clock }: NodeContext,
  { drainFile }: OperatorDesk,
  connection: Connection,
  { drained }: Drain,
  operator: Operator,
): Promise<void> => {
  const saved = drainFile.save(drained, operator.name, clock.wall());
  if (saved.ok) driver.drain(drained, operator.name);
  return answer(connection, saved.ok ? null : saved.fault);
};

/** A round of the background check begins, or goes on; a paused one stays so when the node is started again. */
export const serveScrub = (
  { driver, log }: NodeContext,
  scrubber: Scrubber,
  connection: Connection,
  { action }: Scrub,
  operator: Operator,
): Promise<void> => {
  if (!driver.ready)
    return refuse(connection, fault("NODE_NOT_READY", { reason: "its disk is not filled yet" }));
  if (action === "start") scrubber.start();
  else scrubber.pause();
  log({ kind: action === "start" ? "scrub.begun" : "scrub.paused", by: operator.name });
  return answer(connection, null);
};

const answer = (connection: Connection, problem: Fault | null): Promise<void> =>
  problem === null ? connection.send({ kind: "done" }) : refuse(connection, problem);

/** The state is sent this often, and log entries wait at most so long for company. */
const stateMs = 1_000;
const gatherMs = 100;
/** With more than this unsent, the watcher is slow; one that takes nothing for `stallMsMax` is cut. */
const unsentBytesMax = 65_536;
const slow = fault("TIMED_OUT", { peer: "the watcher", what: "take what was sent", ms: stallMsMax });

/** Returns when the operator has closed the connection. */
export const serveWatch = async (
  { clock, driver }: NodeContext,
  { news }: OperatorDesk,
  snapshot: () => Snapshot,
  connection: Connection,
  watch: Watch,
): Promise<void> => {
  if (news.followers >= watchersMax)
    return refuse(connection, fault("BUSY", { what: `${watchersMax} operators watch this node already` }));
  const { boot } = driver;
  let takenAt = clock.monotonic();
  let cancel = (): void => undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let stateAt = clock.monotonic();
  const wakeIn = (ms: number): void => {
    const at = after(clock.monotonic(), ms);
    if (at >= dueAt) return;
    cancel();
    dueAt = at;
    cancel = clock.at(at, send);
  };
  const send = (): void => {
    dueAt = Number.POSITIVE_INFINITY;
    const now = clock.monotonic();
    if (connection.unsentBytes > unsentBytesMax) {
      if (now - takenAt > stallMsMax) connection.destroy(slow);
    } else {
      takenAt = now;
      const { entries, skipped } = follower.take(newsEntriesMax);
      const told = entries.map((entry) => ({ ...entry, event: sendable(entry.event) }));
      const state = now >= stateAt ? snapshot() : null;
      if (state !== null) stateAt = after(now, stateMs);
      if (state !== null || told.length > 0)
        void connection.send({ kind: "watch.news", boot, snapshot: state, entries: told, skipped });
    }
    wakeIn(follower.waiting ? gatherMs : Math.max(gatherMs, stateAt - now));
  };
  const follower = news.follow(watch.boot === boot ? watch.after : 0, (what) => {
    if (what === "change") stateAt = clock.monotonic();
    wakeIn(what === "change" ? 0 : gatherMs);
  });
  try {
    send();
    await untilClosed(connection);
  } finally {
    follower.stop();
    cancel();
  }
};

/** A watcher says nothing more. */
const untilClosed = async (connection: Connection): Promise<void> => {
  await connection.receive();
  connection.destroy(fault("PROTOCOL_VIOLATION", { reason: "a watch ends when its connection is closed" }));
};
