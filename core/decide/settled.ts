/**
 * Is it certain that others will see what this node sees?
 *
 * What one reader was shown, every later reader must be shown (Attiya, Bar-Noy and Dolev, "Sharing memory robustly in
 * message-passing systems", 1995: a read writes back). A change is settled when a majority of all nodes has it on
 * disk. Each peer tells in its pings how far it has our change feed, so most often that is known without asking.
 */
import type { NodeId } from "../model/ids.ts";

/** `hasOfOurs`: up to which of our change numbers each peer has our feed on its disk. */
export const isSettled = (
  change: number,
  hasOfOurs: ReadonlyMap<NodeId, number>,
  majority: number,
): boolean => {
  let copies = 1;
  for (const upTo of hasOfOurs.values()) if (upTo >= change) copies++;
  return copies >= majority;
};
