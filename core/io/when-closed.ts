/**
 * Word when a connection has closed, for as long as somebody wants it.
 *
 * A promise keeps every reaction until it settles, also those that nobody needs any more, and a connection may be lent
 * a million times before it closes. So each has one reaction, and whoever is interested can leave again.
 */
import type { Connection } from "./connection.ts";

const known = new WeakMap<Connection, Set<() => void> | "closed">();

/** Calls `act` once `connection` has closed, unless the returned function is called before. */
export const whenClosed = (connection: Connection, act: () => void): (() => void) => {
  const acts = known.get(connection) ?? watch(connection);
  if (acts === "closed") {
    queueMicrotask(act);
    return () => undefined;
  }
  // Its own, so that the same function may be wanted twice.
  const own = (): void => act();
  acts.add(own);
  return () => acts.delete(own);
};

const watch = (connection: Connection): Set<() => void> => {
  const acts = new Set<() => void>();
  known.set(connection, acts);
  void connection.closed.then(() => {
    known.set(connection, "closed");
    for (const act of acts) act();
  });
  return acts;
};
