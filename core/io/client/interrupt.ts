/**
 * A session whose requests can be broken off.
 *
 * Everything that a client does, it does on a connection that it borrowed. So the one place to break off is the
 * pool: once the signal comes, what is borrowed is destroyed, which ends whoever reads or writes it, and nothing
 * more is lent. All of it ends in INTERRUPTED.
 */
import { bad, fault } from "../../model/faults.ts";
import type { Connection } from "../connection.ts";
import type { ConnectionPool } from "../connection-pool.ts";
import type { Session } from "./session.ts";

/** The same session, for one piece of work that ends when `signal` is aborted. */
export const interruptible = (session: Session, signal: AbortSignal): Session => ({
  ...session,
  signal,
  pool: interruptiblePool(session.pool, signal),
});

const interruptiblePool = (pool: ConnectionPool, signal: AbortSignal): ConnectionPool => {
  const borrowed = new Set<Connection>();
  const interrupted = new Promise<null>((resolve) => {
    signal.addEventListener("abort", () => {
      for (const connection of borrowed) connection.destroy(fault("INTERRUPTED", {}));
      resolve(null);
    });
  });
  return {
    borrow: async (server) => {
      if (signal.aborted) return bad(fault("INTERRUPTED", {}));
      const borrowing = pool.borrow(server);
      const first = await Promise.race([borrowing, interrupted]);
      if (first === null) {
        // A connection that is still being made will do for the next request.
        void borrowing.then((late) => late.ok && pool.giveBack(late.value.connection));
        return bad(fault("INTERRUPTED", {}));
      }
      if (first.ok) borrowed.add(first.value.connection);
      return first;
    },
    giveBack: (connection) => {
      borrowed.delete(connection);
      pool.giveBack(connection);
    },
    close: () => pool.close(),
  };
};
