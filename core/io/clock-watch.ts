/**
 * Telling a person, before it bites, that the machines disagree about the time.
 *
 * Nothing here is decided by wall clocks of two machines: leases and silences go by each machine's monotonic
 * clock. But images are dated and changes are ordered by them, and an id from too far ahead is refused. So every
 * node now and then asks each peer what time it has, and logs once what it finds.
 */
import type { NodeId } from "../model/ids.ts";
import { skewMsMax } from "../model/limits.ts";
import { after, type MonotonicMs } from "../model/units.ts";
import { askTime, sureSkewMs } from "./ask-time.ts";
import type { NodeContext } from "./node-context.ts";

/** After the first election, which it should not disturb. */
const firstMs = 3_000;
const againMs = 15_000;
/** How often it is looked whether a peer is due. */
const lookMs = 2_000;

/** Returns how to stop. */
export const watchClocks = (context: NodeContext): (() => void) => {
  const { self, clock, driver } = context;
  const dueAt = new Map<NodeId, MonotonicMs>();
  const differing = new Set<NodeId>();
  let cancel = (): void => undefined;
  const look = (): void => {
    const now = clock.monotonic();
    const live = driver.live();
    // Who was away comes back with another clock, perhaps.
    for (const peer of dueAt.keys()) if (!live.includes(peer)) dueAt.delete(peer);
    for (const peer of live) {
      if (peer === self || (dueAt.get(peer) ?? now) > now) continue;
      dueAt.set(peer, after(now, againMs));
      void compare(context, peer, differing);
    }
    cancel = clock.at(after(now, lookMs), look);
  };
  cancel = clock.at(after(clock.monotonic(), firstMs), look);
  return () => cancel();
};

/** Told when it begins to differ and when it agrees again; a peer that does not answer is asked another time. */
const compare = async (
  { peers, clock, log }: NodeContext,
  peer: NodeId,
  differing: Set<NodeId>,
): Promise<void> => {
  const borrowed = await peers.borrow(peer);
  if (!borrowed.ok) return;
  const { connection } = borrowed.value;
  const told = await askTime(connection, clock);
  peers.giveBack(connection);
  if (!told.ok) return;
  const differs = sureSkewMs(told.value) > skewMsMax;
  if (differs === differing.has(peer)) return;
  if (differs) differing.add(peer);
  else differing.delete(peer);
  log({ kind: differs ? "clock.differed" : "clock.agreed", peer, aheadMs: told.value.aheadMs });
};
