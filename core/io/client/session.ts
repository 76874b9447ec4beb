/**
 * What everything on the client's side shares: whose client it is, the servers, and connections to them.
 */
import { agreement, type ClusterConfig } from "../../model/config.ts";
import { bad, fault, good, type Result } from "../../model/faults.ts";
import type { NodeId, UserName } from "../../model/ids.ts";
import { type Hello, protocolVersion } from "../../model/messages.ts";
import type { Clock } from "../../ports.ts";
import type { Connection } from "../connection.ts";
import { type ConnectionPool, createConnectionPool } from "../connection-pool.ts";
import { faultOf, RefusedError } from "../exchange.ts";
import type { Credentials } from "../pki/credentials.ts";
import type { SignedList } from "../pki/revocation-list.ts";
import { programVersion } from "../version.ts";

export interface Session {
  readonly config: ClusterConfig;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly servers: readonly NodeId[];
  readonly pool: ConnectionPool;
  /** The server that answered last, and is asked first. */
  readonly answered: { last: NodeId | null };
  /** The newest list of the revoked that a server has told, proven. */
  readonly revoked: { newest: SignedList | null };
  /** Breaks off what is under way; see `interrupt.ts`. */
  readonly signal: AbortSignal;
}

/** A server that takes longer to let us in is frozen, or far too busy. */
const dialSlowMs = 2_000;

export const openSession = (config: ClusterConfig, credentials: Credentials, clock: Clock): Session => {
  const { cluster } = credentials.peer;
  const hello: Hello = {
    kind: "hello",
    protocol: protocolVersion,
    version: programVersion(),
    cluster,
    agreement: agreement(cluster, config),
    purpose: "request",
  };
  const pool = createConnectionPool({ servers: config.servers, credentials, hello: () => hello, dialSlowMs });
  const servers = config.servers.map((server) => server.id);
  const { signal } = new AbortController();
  const [answered, revoked] = [{ last: null }, { newest: null }];
  return { config, credentials, clock, servers, pool, answered, revoked, signal };
};

/** Whose session it is, as the servers will see it. */
export const userOf = ({ credentials }: Pick<Session, "credentials">): UserName => {
  const { peer } = credentials;
  if (peer.role !== "user") throw new TypeError("only users have images");
  return peer.name;
};

/** `fresh`: made for this request, so that whatever breaks it is no old connection's death. */
export type Ask<Value> = (connection: Connection, fresh: boolean) => Promise<Value>;

/** One request to one server, and its answer. */
export const request = async <Value>(
  session: Session,
  server: NodeId,
  ask: Ask<Value>,
): Promise<Result<Value>> => {
  const answered = await openRequest(session, server, ask);
  if (!answered.ok) return answered;
  session.pool.giveBack(answered.value.connection);
  return good(answered.value.value);
};

export interface Answered<Value> {
  readonly value: Value;
  /** Still borrowed: there may be more to come on it. */
  readonly connection: Connection;
}

/**
 * The same, keeping the connection. A pooled one may have died since its last use without our noticing; then,
 * and only when nothing was answered on it, the request is made once more on a new one.
 */
export const openRequest = async <Value>(
  session: Session,
  server: NodeId,
  ask: Ask<Value>,
  signal?: AbortSignal,
): Promise<Result<Answered<Value>>> => {
  for (;;) {
    const borrowed = await session.pool.borrow(server);
    if (!borrowed.ok) return borrowed;
    const { connection, fresh } = borrowed.value;
    const interrupt = (): void => connection.destroy(fault("INTERRUPTED", {}));
    if (signal?.aborted) {
      session.pool.giveBack(connection);
      return bad(fault("INTERRUPTED", {}));
    }
    signal?.addEventListener("abort", interrupt);
    try {
      return good({ value: await ask(connection, fresh), connection });
    } catch (error) {
      const problem = faultOf(error, `node ${server}`);
      if (connection.idle && error instanceof RefusedError) session.pool.giveBack(connection);
      else connection.destroy(problem);
      if (fresh || problem.code !== "CONNECTION_LOST") return bad(problem);
    } finally {
      signal?.removeEventListener("abort", interrupt);
    }
  }
};
