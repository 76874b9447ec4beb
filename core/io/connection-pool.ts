/**
 * Connections that are kept for the next request.
 *
 * A new one costs some milliseconds of TLS, more than a small image. A request borrows a connection for itself
 * alone and gives it back; one that closed while it lay here is dropped. A server may still have closed a
 * connection a moment before it is used: `fresh` tells the borrower whether that explains a CONNECTION_LOST on
 * the first use, and the request may be made again.
 */
import type { ServerAddress } from "../model/config.ts";
import { bad, fault, good, type Result } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import { idleConnectionsMax } from "../model/limits.ts";
import type { Hello } from "../model/messages.ts";
import type { Connection } from "./connection.ts";
import { type Dial, dialingOnce } from "./dialer.ts";
import type { Credentials } from "./pki/credentials.ts";
import { dialSecure } from "./tls.ts";
import { whenClosed } from "./when-closed.ts";

export interface ConnectionPoolOptions {
  readonly servers: readonly ServerAddress[];
  readonly credentials: Credentials;
  /** Purpose `request`. Asked for each new connection. */
  readonly hello: () => Hello;
  /** Connections that wait, per server; `idleConnectionsMax` when left out. */
  readonly idleMax?: number;
  /** One on which nothing came for this long is not lent again; when left out, however long it has waited. */
  readonly restMsMax?: number;
  /** For a new connection to be ready; `handshakeMsMax` when left out. */
  readonly dialMs?: number;
  /** See `dialer.ts`; when left out, every borrower who finds nothing waiting dials. */
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

export interface RealConnectionPool extends ConnectionPool {
  /**
   * Destroys what waits for this server: the network to it has failed, and a connection that a firewall forgot would
   * cost whoever borrows it a long silence.
   */
  drop(server: NodeId): void;
}

/** A connection that lies here, and what to call when it is taken: its closing is of no interest any more. */
interface Waiting {
  readonly connection: Connection;
  readonly leave: () => void;
}

export const createConnectionPool = (options: ConnectionPoolOptions): RealConnectionPool => {
  const { servers, idleMax = idleConnectionsMax, restMsMax = Number.POSITIVE_INFINITY } = options;
  const waiting = new Map<NodeId, Waiting[]>(servers.map(({ id }) => [id, []]));
  const dialing = new AbortController();

  /** The one used last: the others may rest until they are closed. */
  const takeWaiting = (server: NodeId): Connection | null => {
    for (;;) {
      const last = waiting.get(server)?.pop();
      if (last === undefined) return null;
      const { connection, leave } = last;
      leave();
      if (connection.idle && connection.quietMs <= restMsMax) return connection;
      // It closed, or will soon, or the server spoke out of turn.
      connection.destroy(null);
    }
  };

  const lay = (connection: Connection, among: Waiting[]): void => {
    const forget = (): void => {
      const index = among.findIndex((other) => other.connection === connection);
      if (index >= 0) among.splice(index, 1);
    };
    among.push({ connection, leave: whenClosed(connection, forget) });
  };

  const dialer = (address: ServerAddress): Dial => {
    const dial: Dial = () =>
      dialSecure({
        address,
        credentials: options.credentials,
        hello: options.hello(),
        expect: { role: "node", id: address.id },
        signal: dialing.signal,
        ...(options.dialMs !== undefined && { withinMs: options.dialMs }),
      });
    const { dialSlowMs } = options;
    return dialSlowMs === undefined ? dial : dialingOnce(`node ${address.id}`, dialSlowMs, dial);
  };
  const dials = new Map(servers.map((address) => [address.id, dialer(address)]));

  return {
    borrow: async (server) => {
      const dial = dials.get(server);
      if (dial === undefined)
        return bad(fault("CONNECTION_LOST", { peer: `node ${server}`, reason: "no such node" }));
      if (dialing.signal.aborted) return bad(fault("INTERRUPTED", {}));
      const connection = takeWaiting(server);
      if (connection !== null) return good({ connection, fresh: false });
      const dialed = await dial();
      return dialed.ok ? good({ connection: dialed.value, fresh: true }) : dialed;
    },

    giveBack: (connection) => {
      const { peer } = connection;
      const among = peer.role === "node" ? waiting.get(peer.id) : undefined;
      if (among === undefined || !connection.idle || among.length >= idleMax) {
        connection.destroy(null);
        return;
      }
      lay(connection, among);
    },

    drop: (server) => {
      for (const { connection } of [...(waiting.get(server) ?? [])]) connection.destroy(null);
    },

    close: () => {
      dialing.abort();
      for (const { connection } of [...waiting.values()].flat()) connection.destroy(null);
      waiting.clear();
    },
  };
};
