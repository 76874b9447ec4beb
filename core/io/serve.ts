/**
 * One connection, one request at a time: who may ask what, and who answers.
 */
import { type Fault, fault } from "../model/faults.ts";
import { idleGuestMsMax, idlePeerMsMax } from "../model/limits.ts";
import type { Message, Peer, Request } from "../model/messages.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Connection } from "./connection.ts";
import type { Directory } from "./directory.ts";
import type { Doorkeeper } from "./doorkeeper.ts";
import { faultOf } from "./exchange.ts";
import type { Freshness } from "./freshness.ts";
import type { NodeContext } from "./node-context.ts";
import { refuse } from "./refuse.ts";
import type { Scrubber } from "./scrubber.ts";
import { serveMerge, servePurge, serveTrash } from "./serve-change.ts";
import {
  type Operator,
  type OperatorDesk,
  serveDrain,
  serveMoveLead,
  serveScrub,
  serveWatch,
} from "./serve-operator.ts";
import {
  serveBucket,
  serveDescribe,
  serveDigests,
  serveFetch,
  serveFind,
  serveGet,
  serveList,
  servePull,
  serveRecords,
} from "./serve-read.ts";
import { serveRevocations, serveRevoke } from "./serve-revocations.ts";
import type { ServeShare } from "./serve-share.ts";
import { serveStore } from "./serve-store.ts";
import { serveUpload } from "./serve-upload.ts";
import { serveUser, serveUsers } from "./serve-users.ts";

export interface Service {
  readonly context: NodeContext;
  readonly freshness: Freshness;
  readonly directory: Directory;
  readonly doorkeeper: Doorkeeper;
  readonly share: ServeShare;
  readonly operators: OperatorDesk;
  readonly scrubber: Scrubber;
  snapshot(): Snapshot;
}

/** For how long a connection may rest between two requests, and is cut then: the next request makes another. */
export interface Rest {
  readonly guestMs: number;
  readonly peerMs: number;
}

const realRest: Rest = { guestMs: idleGuestMsMax, peerMs: idlePeerMsMax };

/** Answers requests until the peer closes. One that asks what its role may not is cut, and only the log says why. */
export const serveConnection = async (
  service: Service,
  connection: Connection,
  rest: Rest = realRest,
): Promise<void> => {
  const withinMs = connection.peer.role === "node" ? rest.peerMs : rest.guestMs;
  for (;;) {
    const message = await nextMessage(connection, withinMs);
    if (message === null) return;
    const problem = roleFault(connection.peer, message);
    if (problem !== null) {
      service.context.log({ kind: "peer.rejected", remote: connection.remote, fault: problem });
      connection.destroy(problem);
      return;
    }
    try {
      await answer(service, connection, message as Request);
    } catch (error) {
      connection.destroy(faultOf(error, connection.remote));
      return;
    }
  }
};

const nextMessage = async (connection: Connection, withinMs: number): Promise<Message | null> => {
  try {
    const incoming = await connection.receive({ withinMs });
    if (incoming.kind === "message") return incoming.message;
    connection.destroy(fault("PROTOCOL_VIOLATION", { reason: "a body without a request" }));
    return null;
  } catch {
    return null; // Closed, which is how every connection ends; the reason was logged where it was found.
  }
};

const askedBy: { readonly [Kind in Request["kind"]]: readonly Peer["role"][] } = {
  offer: ["user"],
  upload: ["user"],
  list: ["user"],
  find: ["user"],
  get: ["user"],
  describe: ["user"],
  trash: ["user"],
  purge: ["user"],
  share: ["user"],
  user: ["user", "operator", "node"],
  revocations: ["user", "operator", "node"],
  revoke: ["operator"],
  status: ["user", "operator", "node"],
  "move-lead": ["operator"],
  drain: ["operator"],
  scrub: ["operator"],
  watch: ["operator"],
  store: ["node"],
  "store.commit": ["node"],
  merge: ["node"],
  pull: ["node"],
  digests: ["node"],
  bucket: ["node"],
  records: ["node"],
  users: ["node"],
  fetch: ["node"],
};

const roleFault = (peer: Peer, message: Message): Fault | null => {
  const roles: readonly Peer["role"][] | undefined = askedBy[message.kind as Request["kind"]];
  if (roles === undefined)
    return fault("PROTOCOL_VIOLATION", { reason: `'${message.kind}' is not a request` });
  if (roles.includes(peer.role)) return null;
  return fault("NOT_ALLOWED", { what: `'${message.kind}' by a ${peer.role}` });
};

const answer = async (service: Service, connection: Connection, request: Request): Promise<void> => {
  const { context, freshness } = service;
  const { peer } = connection;
  switch (request.kind) {
    case "offer":
      return connection.send(await context.driver.offer({ id: request.id, bytes: request.bytes }));
    case "upload":
      return serveUpload(context, connection, request, userOf(peer));
    case "list":
      return serveList(context, freshness, connection, request, userOf(peer));
    case "find":
      return serveFind(context, freshness, connection, request, userOf(peer));
    case "get":
      return serveGet(context, freshness, connection, request, userOf(peer));
    case "describe":
      return serveDescribe(context, freshness, connection, request, userOf(peer));
    case "trash":
      return serveTrash(context, freshness, connection, request, userOf(peer));
    case "purge":
      return servePurge(context, freshness, connection, request, userOf(peer));
    case "share":
      return service.share(connection, request, userOf(peer));
    case "user":
      return serveUser(service.directory, connection, request);
    case "revocations":
      return serveRevocations(service.doorkeeper, connection, request);
    case "revoke":
      return serveRevoke(service.doorkeeper, connection, request, operatorOf(peer));
    case "status":
      return connection.send({ kind: "status.reply", snapshot: service.snapshot() });
    case "move-lead":
      return serveMoveLead(context, connection, request, operatorOf(peer));
    case "drain":
      return serveDrain(context, service.operators, connection, request, operatorOf(peer));
    case "watch":
      return serveWatch(context, service.operators, service.snapshot, connection, request);
    case "scrub":
      return serveScrub(context, service.scrubber, connection, request, operatorOf(peer));
    case "store":
      return serveStore(context, connection, request);
    case "pull":
      return servePull(context, connection, request);
    case "fetch":
      return serveFetch(context, connection, request);
    case "merge":
      return serveMerge(context, connection, request);
    case "digests":
      return serveDigests(context, connection);
    case "bucket":
      return serveBucket(context, connection, request);
    case "records":
      return serveRecords(context, connection, request);
    case "users":
      return serveUsers(service.directory, connection, request);
    case "store.commit":
      return refuse(connection, fault("PROTOCOL_VIOLATION", { reason: "'store.commit' without 'store'" }));
  }
};

const userOf = (peer: Peer): Extract<Peer, { role: "user" }>["name"] => {
  if (peer.role !== "user") throw new TypeError("a user was checked for above");
  return peer.name;
};

const operatorOf = (peer: Peer): Operator => {
  if (peer.role !== "operator") throw new TypeError("an operator was checked for above");
  return peer;
};
