/**
 * Connections that are kept for the next request.
 *
 * A new one costs some milliseconds of TLS, more than a small image. A request borrows a connection for itself
 * alone and gives it back; one that closed while it lay here is dropped. A server may still have closed a
 * connection a moment before it is used: `fresh` tells the borrower whether that explains a CONNECTION_LOST on
 * the first use, and the request may be made again.
 *
 * A frozen server lets everybody in and answers nobody. With `dialSlowMs`, while one dial to a server has taken
 * longer, and until one gets through again, no other is begun beside it: the borrower hears TIMED_OUT at once, and
 * the server finds few callers when it wakes, not thousands that have long gone.
 */
import type { ServerAddress } from "../model/config.ts";
import { bad, fault, good, type Result } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import type { Hello } from "../model/messages.ts";
import type { Connection } from "./connection.ts";
import type { Credentials } from "./pki/credentials.ts";
import { dialSecure } from "./tls.ts";

export interface ConnectionPoolOptions {
  readonly servers: readonly ServerAddress[];
  readonly credentials: Credentials;
  /** Purpose `request`. Asked for each new connection. */
  readonly hello: () => Hello;
  /** Connections that wait, per server; `idleConnectionsMax` when left out. */
  readonly idleMax?: number;
  /** For a new connection to be ready; `handshakeMsMax` when left out. */
  readonly dialMs?: number;
  /** See above; when left out, every borrower dials. */
  readonly dialSlowMs?: number;
}

export interface Borrowed {
  readonly connection: Connection;
  /** Made for this request, not taken from the pool. */
  readonly fresh: boolean;
}

export interface ConnectionPool {
  /** A connection for one request. Faults: those of `dialSecure`; INTERRUPTED after `close`. */
  borrow(server: NodeId): Promise<Result<Borrowed>>;
  /** After the last reply was read. A connection that is not idle, or one too many, is destroyed. */
  giveBack(connection: Connection): void;
  /** Destroys what waits; what is borrowed is destroyed when it is given back. */
  close(): void;
}

export const idleConnectionsMax = 8;

/** The dials to one server. */
interface Dials {
  /** When each that is under way began, milliseconds of `performance.now`. */
  readonly begunAtMs: number[];
  /** The last one that ended was not answered. */
  vain: boolean;
}

export const createConnectionPool = (options: ConnectionPoolOptions): ConnectionPool => {
  const { servers, idleMax = idleConnectionsMax, dialSlowMs = Number.POSITIVE_INFINITY } = options;
  const waiting = new Map<NodeId, Connection[]>(servers.map(({ id }) => [id, []]));
  const dials = new Map<NodeId, Dials>();
  const dialing = new AbortController();

  /** The one used last: the others may rest until they are closed. */
  const takeWaiting = (server: NodeId): Connection | null => {
    for (;;) {
      const connection = waiting.get(server)?.pop();
      if (connection === undefined) return null;
      if (connection.idle) return connection;
      // It closed, or the server spoke out of turn.
      connection.destroy(null);
    }
  };

  const forget = (connection: Connection, among: Connection[]): void => {
    const index = among.indexOf(connection);
    if (index >= 0) among.splice(index, 1);
  };

  /** For how long a dial to `server` has been slow, when another would only wait beside it. */
  const slowFor = (server: NodeId): number | null => {
    const { begunAtMs, vain } = dialsTo(server);
    const [oldest] = begunAtMs;
    if (oldest === undefined) return null;
    const ms = Math.round(performance.now() - oldest);
    return vain || ms > dialSlowMs ? ms : null;
  };

  const dialsTo = (server: NodeId): Dials => {
    const known = dials.get(server) ?? { begunAtMs: [], vain: false };
    dials.set(server, known);
    return known;
  };

  const dial = async (address: ServerAddress): Promise<Result<Connection>> => {
    const under = dialsTo(address.id);
    const begunAtMs = performance.now();
    under.begunAtMs.push(begunAtMs);
    const dialed = await dialSecure({
      address,
      credentials: options.credentials,
      hello: options.hello(),
      expect: { role: "node", id: address.id },
      signal: dialing.signal,
      ...(options.dialMs !== undefined && { withinMs: options.dialMs }),
    });
    under.begunAtMs.splice(under.begunAtMs.indexOf(begunAtMs), 1);
    under.vain = dialSlowMs < Number.POSITIVE_INFINITY && !dialed.ok && dialed.fault.code === "TIMED_OUT";
    return dialed;
  };

  return {
    borrow: async (server) => {
      const address = servers.find(({ id }) => id === server);
      if (address === undefined)
        return bad(fault("CONNECTION_LOST", { peer: `node ${server}`, reason: "no such node" }));
      if (dialing.signal.aborted) return bad(fault("INTERRUPTED", {}));
      const connection = takeWaiting(server);
      if (connection !== null) return good({ connection, fresh: false });
      const slowMs = slowFor(server);
      if (slowMs !== null)
        return bad(fault("TIMED_OUT", { peer: `node ${server}`, what: "answer", ms: slowMs }));
      const dialed = await dial(address);
      return dialed.ok ? good({ connection: dialed.value, fresh: true }) : dialed;
    },

    giveBack: (connection) => {
      const { peer } = connection;
      const among = peer.role === "node" ? waiting.get(peer.id) : undefined;
      if (among === undefined || !connection.idle || among.length >= idleMax) {
        connection.destroy(null);
        return;
      }
      among.push(connection);
      void connection.closed.then(() => forget(connection, among));
    },

    close: () => {
      dialing.abort();
      for (const connection of [...waiting.values()].flat()) connection.destroy(null);
      waiting.clear();
    },
  };
};
