/**
 * Knowing everything that was acknowledged, before answering.
 *
 * An acknowledged record is on W nodes. Whoever has asked N − W + 1 nodes (itself one of them) for their changes has
 * therefore met at least one that knows it. So before it reads, a node pulls the change feeds of N − W others up to
 * where they are now. The same pulling, done in the background whenever a peer's ping shows a longer feed, is how a
 * node that was away catches up. A feed says which records have changed, and how they look by now in short (a digest);
 * only what is not known here already is asked for. Only disks count that are what the others remember of them.
 *
 * A record of a clock that is far ahead of ours is left out, and then that feed is not known to its end: the pull has
 * failed for whoever wanted to know all of it (an answer, a refill), while the background goes on with what follows. So a
 * node whose clock is far behind answers nothing, and of one that is far ahead the others do without; a read is answered
 * by somebody else. It lasts until the time has come or a clock was set. For ever would take such a record on so many
 * nodes that too few are left, and a node takes none in: not in an upload, a copy, a `merge` or a pull. It writes one
 * itself only by its own wrong clock, and then no other takes that from it.
 */
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import type { ImageId, NodeId, StoreId } from "../model/ids.ts";
import { futureMsMax } from "../model/limits.ts";
import { roughBytesOf } from "../model/records.ts";
import { after, type MonotonicMs } from "../model/units.ts";
import type { RecordDigest } from "../ports.ts";
import { replyFrom, withPeer } from "./exchange.ts";
import { firstGood } from "./first-good.ts";
import { type NodeContext, readyFault, readyPeers } from "./node-context.ts";
import { earlyMs, takeInAsked } from "./take-in.ts";

export interface Freshness {
  /**
   * Resolves when this node knows what was acknowledged before the call. NO_QUORUM when too few answer; NODE_NOT_READY
   * when more would do if this node's clock agreed with theirs. Another node may know better, in both cases.
   */
  catchUp(): Promise<Result<void>>;
  /** Pulls from the peers whose feed is known to be longer than what was pulled. Never rejects. */
  pullNews(): Promise<void>;
  /** About how many bytes of records were pulled since the start. */
  readonly pulledBytes: number;
  /**
   * All of the peer's feed up to where it is now; CLOCK_AHEAD when some of it was left out, now or the last time, for
   * being too far ahead of our clock. One call at a time is made to a peer; others wait for the next.
   */
  pull(peer: NodeId): Promise<Result<void>>;
}

interface Cursor {
  readonly store: StoreId;
  readonly upTo: number;
  /** What was left out; null when nothing was. */
  readonly again: LeftOut | null;
}

/** From where to pull once more, and when; and how far ahead of our clock was what was left out there. */
interface LeftOut {
  readonly after: number;
  readonly at: MonotonicMs;
  readonly aheadMs: number;
}

/** A record from a clock that is ahead is left out until its time has come, or nearly. */
const againMs = 10_000;

export const createFreshness = (context: NodeContext): Freshness => {
  const cursors = new Map<NodeId, Cursor>();
  const running = new Map<NodeId, Promise<Result<void>>>();
  const queued = new Map<NodeId, Promise<Result<void>>>();
  const othersNeeded = context.rules.readQuorum(context.config.servers.length) - 1;
  let pulledBytes = 0;

  /** A pull that began earlier may have asked too early, so a caller waits for one that begins after the call. */
  const pull = (peer: NodeId): Promise<Result<void>> => {
    const next = queued.get(peer);
    if (next !== undefined) return next;
    const begin = async (): Promise<Result<void>> => {
      await running.get(peer);
      queued.delete(peer);
      const run = pullAll(context, cursors, peer, (bytes) => {
        pulledBytes += bytes;
      });
      running.set(peer, run);
      return run;
    };
    const begun = begin();
    queued.set(peer, begun);
    return begun;
  };

  const catchUp = async (): Promise<Result<void>> => {
    const problem = readyFault(context);
    if (problem !== null) return bad(problem);
    const answered = await firstGood(readyPeers(context).map(pull), othersNeeded);
    if (answered.good >= othersNeeded) return good(undefined);
    if (answered.faults.some(({ code }) => code === "CLOCK_AHEAD")) return bad(behindFault());
    return bad(fault("NO_QUORUM", { live: answered.good + 1, needed: othersNeeded + 1 }));
  };

  const pullNews = async (): Promise<void> => {
    const disks = context.driver.peerDisks();
    const now = context.clock.monotonic();
    const behind = readyPeers(context).filter((peer) => {
      const disk = disks.get(peer);
      if (disk === undefined || disk.feedHead === 0) return false;
      const { store, from } = startOf(cursors.get(peer), now);
      return store !== disk.store || from < disk.feedHead;
    });
    await Promise.all(behind.map(pull));
  };

  return {
    catchUp,
    pullNews,
    pull,
    get pulledBytes() {
      return pulledBytes;
    },
  };
};

/** Page by page up to the feed head that the first page told. */
const pullAll = async (
  context: NodeContext,
  cursors: Map<NodeId, Cursor>,
  peer: NodeId,
  onPulled: (bytes: number) => void,
): Promise<Result<void>> => {
  let pulled = 0;
  const done = await withPeer(context, peer, async (connection): Promise<LeftOut | null> => {
    let goal: number | null = null;
    for (;;) {
      const { store, from, again } = startOf(cursors.get(peer), context.clock.monotonic());
      await connection.send({ kind: "pull", store, after: from });
      const page = await replyFrom(connection, ["pull.page"]);
      const news = await unknownOf(context, page.entries);
      let aheadMs = 0;
      pulled += await takeInAsked(context, connection, news, (records) => {
        aheadMs = Math.max(aheadMs, earlyMs(context, records));
        onPulled(records.reduce((sum, record) => sum + roughBytesOf(record), 0));
      });
      const first = page.store === store ? from : 0;
      const at = after(context.clock.monotonic(), againMs);
      const leftOut = aheadMs > 0 ? { after: first, at, aheadMs } : null;
      const kept = (page.store === store ? again : null) ?? leftOut;
      cursors.set(peer, { store: page.store, upTo: page.upTo, again: kept });
      if (kept === null) context.driver.reportPulled(peer, page.store, page.upTo);
      goal ??= page.feedHead;
      if (page.upTo >= goal) return kept;
    }
  });
  if (done.ok && pulled > 0) context.log({ kind: "records.pulled", from: peer, records: pulled });
  if (!done.ok) return done;
  return done.value === null ? good(undefined) : bad(fault("CLOCK_AHEAD", { aheadMs: done.value.aheadMs }));
};

/** For a client: it asks another node. */
export const behindFault = (): Fault =>
  fault("NODE_NOT_READY", {
    reason: `by its clock others have changed something more than ${futureMsMax / 60_000} min from now`,
  });

/** Where to go on, or where to begin once more. */
const startOf = (cursor: Cursor | undefined, now: MonotonicMs) => {
  if (cursor === undefined) return { store: null, from: 0, again: null };
  const { store, upTo, again } = cursor;
  return again !== null && now >= again.at
    ? { store, from: again.after, again: null }
    : { store, from: upTo, again };
};

/** What this node knows otherwise, or not at all. */
const unknownOf = async (
  { store }: NodeContext,
  entries: readonly RecordDigest[],
): Promise<readonly ImageId[]> => {
  const own = await store.digestsOf(entries.map(({ id }) => id));
  return entries.flatMap(({ id, digest }, at) => (own[at] === digest ? [] : [id]));
};
