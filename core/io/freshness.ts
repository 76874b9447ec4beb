/**
 * Knowing everything that was acknowledged, before answering.
 *
 * An acknowledged record is on W nodes. Whoever has asked N − W + 1 nodes (itself one of them) for their
 * changes has therefore met at least one that knows it. So before it reads, a node pulls the change feeds of
 * N − W others up to where they are now. The same pulling, done in the background whenever a peer's ping shows
 * a longer feed, is how a node that was away catches up.
 */
import { majorityOf } from "../model/config.ts";
import { bad, FaultError, fault, good, type Result } from "../model/faults.ts";
import type { NodeId, StoreId } from "../model/ids.ts";
import { pageRecordsMax } from "../model/limits.ts";
import { replyFrom, withPeer } from "./exchange.ts";
import type { NodeContext } from "./node-context.ts";

export interface Freshness {
  /** Resolves when this node knows what was acknowledged before the call. NO_QUORUM when too few answer. */
  catchUp(): Promise<Result<void>>;
  /** Pulls from the peers whose feed is known to be longer than what was pulled. Never rejects. */
  pullNews(): Promise<void>;
}

interface Cursor {
  readonly store: StoreId;
  readonly upTo: number;
}

export const createFreshness = (context: NodeContext): Freshness => {
  const cursors = new Map<NodeId, Cursor>();
  const running = new Map<NodeId, Promise<Result<void>>>();
  const queued = new Map<NodeId, Promise<Result<void>>>();
  const nodes = context.config.servers.length;
  const othersNeeded = nodes - majorityOf(nodes);

  /** A pull that began earlier may have asked too early, so a caller waits for one that begins after the call. */
  const pull = (peer: NodeId): Promise<Result<void>> => {
    const next = queued.get(peer);
    if (next !== undefined) return next;
    const begin = async (): Promise<Result<void>> => {
      await running.get(peer);
      queued.delete(peer);
      const run = pullAll(context, cursors, peer);
      running.set(peer, run);
      return run;
    };
    const begun = begin();
    queued.set(peer, begun);
    return begun;
  };

  const catchUp = async (): Promise<Result<void>> => {
    if (othersNeeded === 0) return good(undefined);
    const others = context.driver.live().filter((node) => node !== context.self);
    const answered = await firstGood(others.map(pull), othersNeeded);
    if (answered >= othersNeeded) return good(undefined);
    return bad(fault("NO_QUORUM", { live: answered + 1, needed: othersNeeded + 1 }));
  };

  const pullNews = async (): Promise<void> => {
    const behind = [...context.driver.feedHeads()].filter(([peer, head]) => {
      const cursor = cursors.get(peer);
      return head.feedHead > 0 && (cursor?.store !== head.store || cursor.upTo < head.feedHead);
    });
    await Promise.all(behind.map(([peer]) => pull(peer)));
  };

  return { catchUp, pullNews };
};

/** Page by page up to the feed head that the first page told. */
const pullAll = async (
  context: NodeContext,
  cursors: Map<NodeId, Cursor>,
  peer: NodeId,
): Promise<Result<void>> => {
  let pulled = 0;
  const done = await withPeer(context, peer, async (connection) => {
    let goal: number | null = null;
    for (;;) {
      const cursor = cursors.get(peer);
      await connection.send({
        kind: "pull",
        store: cursor?.store ?? null,
        after: cursor?.upTo ?? 0,
        limit: pageRecordsMax,
      });
      const page = await replyFrom(connection, ["pull.page"]);
      const merged = await context.records.merge(page.records);
      if (!merged.ok) throw new FaultError(merged.fault);
      pulled += page.records.length;
      cursors.set(peer, { store: page.store, upTo: page.upTo });
      goal ??= page.feedHead;
      if (page.upTo >= goal) return;
    }
  });
  if (done.ok && pulled > 0) context.log({ kind: "records.pulled", from: peer, records: pulled });
  return done;
};

/** Waits until `wanted` results are good, or all are in; says how many were. */
const firstGood = (results: readonly Promise<Result<void>>[], wanted: number): Promise<number> =>
  new Promise((resolve) => {
    let left = results.length;
    let goodOnes = 0;
    if (left === 0) resolve(0);
    for (const result of results) {
      void result.then((settled) => {
        left--;
        if (settled.ok) goodOnes++;
        if (goodOnes >= wanted || left === 0) resolve(goodOnes);
      });
    }
  });
