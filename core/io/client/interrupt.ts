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
import { whenClosed } from "../when-closed.ts";
import type { Session } from "./session.ts";

/** The same session, for one piece of work that ends when `signal` is aborted. */
export const interruptible = (session: Session, signal: AbortSignal): Session => ({
  ...session,
  signal,
  pool: interruptiblePool(session.pool, signal),
});

const interruptiblePool = (pool: ConnectionPool, signal: AbortSignal): ConnectionPool => {
  /** And what to call when one is given back. */
  const borrowed = new Map<Connection, () => void>();
  /** Ends those who wait for one. */
  const waiting = new Set<() => void>();
  signal.addEventListener("abort", () => {
    for (const connection of [...borrowed.keys()]) connection.destroy(fault("INTERRUPTED", {}));
    for (const giveUp of waiting) giveUp();
    waiting.clear();
  });
  const drop = (connection: Connection): void => {
    borrowed.get(connection)?.();
    borrowed.delete(connection);
  };
  const lend = (connection: Connection): void => {
    borrowed.set(
      connection,
      whenClosed(connection, () => drop(connection)),
    );
  };
  return {
    borrow: (server) =>
      new Promise((resolve) => {
        const giveUp = (): void => resolve(bad(fault("INTERRUPTED", {})));
        if (signal.aborted) return giveUp();
        waiting.add(giveUp);
        void pool.borrow(server).then((result) => {
          // A connection that was still being made will do for the next request.
          if (!waiting.delete(giveUp)) return result.ok && pool.giveBack(result.value.connection);
          if (result.ok) lend(result.value.connection);
          return resolve(result);
        });
      }),
    giveBack: (connection) => {
      drop(connection);
      pool.giveBack(connection);
    },
    close: () => pool.close(),
  };
};
