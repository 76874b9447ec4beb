/**
 * The other nodes, as the upload path sees them: a connection to borrow, and word when one is gone.
 */
import type { NodeId } from "../model/ids.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import type { NodeDriver } from "./driver.ts";
import type { Peers } from "./node-context.ts";

export interface WatchedPeers extends Peers {
  /** The set of live nodes has changed: tells whoever watches one that is gone. */
  livenessChanged(): void;
}

export const createPeers = (driver: Pick<NodeDriver, "live">, pool: ConnectionPool): WatchedPeers => {
  const watches = new Set<{ readonly node: NodeId; readonly onDown: () => void }>();
  const livenessChanged = (): void => {
    const live = driver.live();
    for (const watch of [...watches]) {
      if (live.includes(watch.node)) continue;
      watches.delete(watch);
      watch.onDown();
    }
  };
  return {
    borrow: (node) => pool.borrow(node),
    giveBack: (connection) => pool.giveBack(connection),
    watch: (node, onDown) => {
      const watch = { node, onDown };
      watches.add(watch);
      if (!driver.live().includes(node)) queueMicrotask(livenessChanged);
      return () => watches.delete(watch);
    },
    livenessChanged,
  };
};
