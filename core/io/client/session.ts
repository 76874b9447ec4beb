/**
 * What everything on the client's side shares: whose client it is, the servers, and connections to them.
 */
import { agreement, type ClusterConfig } from "../../model/config.ts";
import { bad, type Fault, fault, good, type Result, wordFault } from "../../model/faults.ts";
import type { NodeId } from "../../model/ids.ts";
import { type Hello, protocolVersion } from "../../model/messages.ts";
import type { Clock } from "../../ports.ts";
import type { Connection } from "../connection.ts";
import { type ConnectionPool, createConnectionPool } from "../connection-pool.ts";
import { faultOf, RefusedError } from "../exchange.ts";
import type { Credentials } from "../pki/credentials.ts";
import { programVersion } from "../version.ts";

export interface Session {
  readonly config: ClusterConfig;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly servers: readonly NodeId[];
  readonly pool: ConnectionPool;
  /** The server that answered last, and is asked first. */
  readonly answered: { last: NodeId | null };
  /** Breaks off what is under way; see `interrupt.ts`. */
  readonly signal: AbortSignal;
}

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
  const pool = createConnectionPool({ servers: config.servers, credentials, hello: () => hello });
  const servers = config.servers.map((server) => server.id);
  const { signal } = new AbortController();
  return { config, credentials, clock, servers, pool, answered: { last: null }, signal };
};

/**
 * One request to one server. A pooled connection may have died since its last use without our noticing; then,
 * and only when nothing was answered on it, the request is made once more on a new one.
 */
export const request = async <Value>(
  session: Session,
  server: NodeId,
  ask: (connection: Connection) => Promise<Value>,
): Promise<Result<Value>> => {
  for (const last of [false, true]) {
    const borrowed = await session.pool.borrow(server);
    if (!borrowed.ok) return borrowed;
    const { connection, fresh } = borrowed.value;
    try {
      const value = await ask(connection);
      session.pool.giveBack(connection);
      return good(value);
    } catch (error) {
      const problem = faultOf(error, `node ${server}`);
      if (connection.idle && error instanceof RefusedError) session.pool.giveBack(connection);
      else connection.destroy(problem);
      if (last || fresh || problem.code !== "CONNECTION_LOST") return bad(problem);
    }
  }
  return bad(fault("NO_SERVER", { tried: [`node ${server}`] }));
};

/**
 * Asks servers in turn until one answers, beginning where it last worked. A refusal that every server would
 * repeat (no such image) ends it; what another server may do better (not ready, gone) does not.
 */
export const askAny = async <Value>(
  session: Session,
  ask: (connection: Connection, server: NodeId) => Promise<Value>,
): Promise<Result<Value>> => {
  const faults: Fault[] = [];
  const { servers, answered } = session;
  const order = servers.toSorted((a, b) => Number(b === answered.last) - Number(a === answered.last));
  for (const server of order) {
    const answer = await request(session, server, (connection) => ask(connection, server));
    if (answer.ok) answered.last = server;
    if (answer.ok || isFinal(answer.fault)) return answer;
    faults.push(answer.fault);
  }
  return bad(mostTelling(faults));
};

const elsewhere: ReadonlySet<Fault["code"]> = new Set<Fault["code"]>([
  "CONNECTION_REFUSED",
  "CONNECTION_LOST",
  "TIMED_OUT",
  "NODE_NOT_READY",
  "NO_QUORUM",
  "BUSY",
  "IMAGE_UNAVAILABLE",
  "SEAL_BROKEN",
  "DISK_FAILED",
  "DISK_FULL",
]);
const isFinal = (problem: Fault): boolean => !elsewhere.has(problem.code);

/** What a server that answered said tells more than that others did not answer. */
const mostTelling = (faults: readonly Fault[]): Fault =>
  faults.find((problem) => !unreachable.has(problem.code)) ??
  fault("NO_SERVER", { tried: faults.map((problem) => wordFault(problem).what) });

const unreachable: ReadonlySet<Fault["code"]> = new Set<Fault["code"]>([
  "CONNECTION_REFUSED",
  "CONNECTION_LOST",
  "TIMED_OUT",
]);
