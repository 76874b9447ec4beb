/**
 * The network cable of one node, which can be pulled: for watching what a partition does without being root.
 *
 * It sits between the node and its links. While it is cut, control messages are dropped in both directions, no
 * request reaches the node, and it reaches nobody. That is what its peers and clients would see of a pulled cable,
 * but for one thing: they are let in and get no answer, or lose a connection, where packets would vanish.
 */
import { bad, fault } from "../model/faults.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import type { ControlLinks } from "./control-transport.ts";

export interface Cable {
  cut(cut: boolean): void;
  /** Drops what it sends and hears while it is cut. */
  links(links: ControlLinks): ControlLinks;
  /** Lends no connections while it is cut, and takes those away that are lent. */
  pool(pool: ConnectionPool): ConnectionPool;
  /** One that somebody made to this node. */
  admit(connection: Connection): void;
}

export const createCable = (): Cable => {
  let isCut = false;
  const inUse = new Set<Connection>();
  const known = new WeakSet<Connection>();
  const gone = fault("CONNECTION_LOST", { peer: "the network", reason: "the cable is cut" });
  const hold = (connection: Connection): void => {
    inUse.add(connection);
    if (known.has(connection)) return;
    known.add(connection);
    void connection.closed.then(() => inUse.delete(connection));
  };
  return {
    cut: (cut) => {
      isCut = cut;
      if (cut) for (const connection of [...inUse]) connection.destroy(gone);
    },
    links: (links) => ({
      ...links,
      send: (to, message) => {
        if (!isCut) links.send(to, message);
      },
      listen: (onEvent) =>
        links.listen((event) => {
          if (!isCut) onEvent(event);
        }),
    }),
    pool: (pool) => ({
      ...pool,
      borrow: async (server) => {
        if (isCut) return bad(gone);
        const borrowed = await pool.borrow(server);
        if (borrowed.ok) hold(borrowed.value.connection);
        return borrowed;
      },
      giveBack: (connection) => {
        inUse.delete(connection);
        pool.giveBack(connection);
      },
    }),
    admit: (connection) => {
      if (connection.hello.purpose === "control") return;
      if (isCut) connection.destroy(gone);
      else hold(connection);
    },
  };
};
