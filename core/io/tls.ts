/**
 * Doors: connections on which both ends have proved who they are.
 *
 * TLS 1.3 with a certificate on each side, issued by the cluster's own CA. What counts is the identity inside
 * the certificate, not a host name. A stranger is let in just far enough to be told, in words, what is wrong,
 * and then cut; until it has proved itself nothing it sends is looked at. There is no session resumption, so
 * every connection shows its certificate again.
 */
import { constants, type X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import * as tls from "node:tls";
import { formatAddress } from "../model/config.ts";
import { bad, type Fault, FaultError, fault, good, type Result } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import { handshakeMsMax, keepAliveMs, usersConnectionsMax } from "../model/limits.ts";
import type { Hello, Peer } from "../model/messages.ts";
import { type Connection, openWire, type Wire } from "./connection.ts";
import { exchangeHello, turnAway } from "./hello.ts";
import type { Credentials } from "./pki/credentials.ts";
import { peerOfCertificate, sayPeer } from "./pki/identity.ts";
import { portHolder } from "./port-holder.ts";
import { faultOfCertificate, faultOfDialing, faultOfHandshake, type SocketError } from "./tls-faults.ts";

export interface ListenOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly credentials: Credentials;
  /** Asked for each connection. */
  readonly hello: () => Hello;
  /** Of everybody; users have no more than `usersConnectionsMax` of them. */
  readonly connectionsMax: number;
  /** For TLS, and again for hello; `handshakeMsMax` when left out. */
  readonly handshakeMs?: number;
  /** Why somebody of this cluster, whose certificate is good, is turned away all the same: she is told. Null: she is not. */
  readonly refusal?: (peer: Peer, certificate: X509Certificate) => Fault | null;
  /** The peer is known, of this cluster, and agrees on the configuration. `certificate`: the one that it showed. */
  readonly onConnection: (connection: Connection, certificate: X509Certificate) => void;
  /** Somebody was cut before that; `remote` is address and port. */
  readonly onRejected: (remote: string, problem: Fault) => void;
}

export interface Listener {
  readonly port: number;
  /** Stops listening and cuts every connection that was accepted here. */
  close(): Promise<void>;
}

/** Faults: ADDRESS_IN_USE with the program that holds it where that can be found, ADDRESS_NOT_HERE. */
export const listenSecure = async (options: ListenOptions): Promise<Result<Listener>> => {
  const server = tls.createServer({
    ...contextOptions(options.credentials),
    ...judgedHere,
    requestCert: true,
    handshakeTimeout: options.handshakeMs ?? handshakeMsMax,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveMs,
  });
  server.maxConnections = options.connectionsMax;
  const sockets = new Set<Socket>();
  const users = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // Before TLS has begun nobody else listens for errors.
    socket.on("error", () => undefined);
  });
  server.on("secureConnection", (socket) => void welcome(socket, options, users));
  server.on("tlsClientError", (error: SocketError, socket) => {
    options.onRejected(remoteOf(socket), faultOfHandshake(error));
    socket.destroy();
  });
  server.on("drop", (from) => {
    options.onRejected(
      remoteOf(from ?? {}),
      fault("BUSY", { what: `${options.connectionsMax} connections are open` }),
    );
  });
  const problem = await startListening(server, options);
  if (problem !== null) return bad(problem);
  const { port } = server.address() as AddressInfo;
  return good({ port, close: () => closeServer(server, sockets) });
};

export interface DialOptions {
  readonly address: { readonly host: string; readonly port: number };
  readonly credentials: Credentials;
  readonly hello: Hello;
  /** Who must be there. */
  readonly expect: { readonly role: "node"; readonly id: NodeId };
  /** For TCP, TLS and hello together; `handshakeMsMax` when left out. */
  readonly withinMs?: number;
  /** Gives up: the result is INTERRUPTED. */
  readonly signal?: AbortSignal;
}

/**
 * Connects to a node. Faults: CONNECTION_REFUSED, CONNECTION_LOST, TIMED_OUT; UNAUTHENTICATED, WRONG_CLUSTER,
 * WRONG_ROLE, CREDENTIALS_EXPIRED, CREDENTIALS_REVOKED; CONFIG_DIFFERS, VERSION_MISMATCH; whatever the node refused with.
 */
export const dialSecure = async (options: DialOptions): Promise<Result<Connection>> => {
  const { address, credentials, signal, withinMs = handshakeMsMax } = options;
  const where = formatAddress(address);
  if (signal?.aborted) return bad(fault("INTERRUPTED", {}));
  const socket = tls.connect({
    ...address,
    ...judgedHere,
    servername: "",
    secureContext: secureContextOf(credentials),
  });
  socket.setNoDelay(true);
  socket.setKeepAlive(true, keepAliveMs);
  let givenUp: Fault | null = null;
  const giveUp = (problem: Fault): void => {
    givenUp ??= problem;
    socket.destroy(new FaultError(problem));
  };
  const timer = setTimeout(
    () => giveUp(fault("TIMED_OUT", { peer: where, what: "answer", ms: withinMs })),
    withinMs,
  );
  const onAbort = (): void => giveUp(fault("INTERRUPTED", {}));
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const result = await enter(socket, options, where);
    if (givenUp === null) return result;
    if (result.ok) result.value.destroy(givenUp);
    return bad(givenUp);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
};

const contextOptions = (credentials: Credentials): tls.SecureContextOptions => ({
  cert: credentials.certificatePem,
  key: credentials.keyPem,
  ca: credentials.caPem,
  minVersion: "TLSv1.3",
  maxVersion: "TLSv1.3",
  ciphers: "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
  secureOptions: constants.SSL_OP_NO_TICKET,
});

/**
 * TLS must not judge by itself: it would know only host names, and end without a word that a person could use.
 * `judge` does, before anything is read or sent: `authorized` must be true, and the identity must fit.
 */
const judgedHere = { rejectUnauthorized: false, checkServerIdentity: () => undefined };

/** Parsing keys takes a millisecond; a process dials with the same credentials all its life. */
const secureContextOf = (credentials: Credentials): tls.SecureContext => {
  const known = contexts.get(credentials);
  if (known !== undefined) return known;
  const made = tls.createSecureContext(contextOptions(credentials));
  contexts.set(credentials, made);
  return made;
};
const contexts = new WeakMap<Credentials, tls.SecureContext>();

/** TLS, then identity, then hello. */
const enter = async (
  socket: tls.TLSSocket,
  options: DialOptions,
  where: string,
): Promise<Result<Connection>> => {
  const { credentials, expect, hello } = options;
  const us = credentials.peer;
  try {
    await once(socket, "secureConnect");
  } catch (error) {
    socket.on("error", () => undefined);
    return bad(faultOfDialing(error as SocketError, where));
  }
  const wire = openWire(socket, where);
  const peer = judge(socket, us, where);
  if (!peer.ok) return cut(wire, peer.fault);
  if (peer.value.role !== "node" || peer.value.id !== expect.id) {
    const role = sayPeer(peer.value);
    return cut(wire, fault("WRONG_ROLE", { peer: where, role, wanted: `node ${expect.id}` }));
  }
  return exchangeHello(wire, { us, hello, peer: peer.value, side: "dialer" });
};

/**
 * The listener's side: nothing the peer sent is read before its certificate is judged. A stranger learns nothing
 * but that the connection closed; the log says why. Only one of ours whose time is up, who is revoked, or who comes when
 * there are too many, is told so. `users`: the sockets of users, this one among them while it is open.
 */
const welcome = async (socket: tls.TLSSocket, options: ListenOptions, users: Set<Socket>): Promise<void> => {
  const { credentials, onConnection, onRejected, handshakeMs = handshakeMsMax } = options;
  const us = credentials.peer;
  const remote = remoteOf(socket);
  const wire = openWire(socket, remote);
  const timer = setTimeout(
    () => wire.destroy(fault("TIMED_OUT", { peer: remote, what: "say hello", ms: handshakeMs })),
    handshakeMs,
  );
  const certificate = socket.getPeerX509Certificate();
  const known = refusing(options.refusal, certificate, judge(socket, us, remote));
  const peer = withRoom(known, socket, users, usersConnectionsMax(options.connectionsMax));
  const result = peer.ok
    ? await exchangeHello(wire, { us, hello: options.hello(), peer: peer.value, side: "listener" })
    : turnAway(wire, { here: peer.fault, there: forOneOfOurs(peer.fault) });
  clearTimeout(timer);
  if (result.ok && certificate !== undefined) onConnection(result.value, certificate);
  else if (!result.ok) onRejected(remote, result.fault);
};

const refusing = (
  refusal: ListenOptions["refusal"],
  certificate: X509Certificate | undefined,
  peer: Result<Peer>,
): Result<Peer> => {
  if (!peer.ok || certificate === undefined) return peer;
  const problem = refusal?.(peer.value, certificate) ?? null;
  return problem === null ? peer : bad(problem);
};

/** However many users come, nodes still reach each other, and an operator can look. */
const withRoom = (peer: Result<Peer>, socket: Socket, users: Set<Socket>, usersMax: number): Result<Peer> => {
  if (!peer.ok || peer.value.role !== "user") return peer;
  if (users.size >= usersMax)
    return bad(fault("BUSY", { what: `${usersMax} connections of users are open` }));
  users.add(socket);
  socket.once("close", () => users.delete(socket));
  return peer;
};

const forOneOfOurs = (problem: Fault): Fault | null => {
  if (problem.code === "CREDENTIALS_EXPIRED") return { ...problem, who: "this machine" };
  return problem.code === "CREDENTIALS_REVOKED" || problem.code === "BUSY" ? problem : null;
};

/** The peer, when this cluster's CA vouches for it now. */
const judge = (socket: tls.TLSSocket, us: Peer, remote: string): Result<Peer> => {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return bad(fault("UNAUTHENTICATED", { reason: "it showed no certificate" }));
  const peer = peerOfCertificate(certificate.raw);
  // Said by a certificate that nobody vouches for, this is no more than a better hint.
  if (peer.ok && peer.value.cluster !== us.cluster) return bad(fault("WRONG_CLUSTER", { peer: remote }));
  if (socket.authorized) return peer;
  return bad(faultOfCertificate(String(socket.authorizationError), certificate, remote));
};

const cut = (wire: Wire, problem: Fault): Result<never> => {
  wire.destroy(problem);
  return bad(problem);
};

type RemoteEnd = { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined };

/** A socket that is gone already no longer knows. */
const remoteOf = ({ remoteAddress, remotePort }: RemoteEnd): string =>
  remoteAddress === undefined || remotePort === undefined
    ? "an unknown address"
    : formatAddress({ host: remoteAddress, port: remotePort });

const startListening = async (
  server: tls.Server,
  { host, port, onRejected }: ListenOptions,
): Promise<Fault | null> => {
  try {
    server.listen({ host, port });
    await once(server, "listening");
  } catch (error) {
    return faultOfListening(error as SocketError, host, port);
  }
  // Out of file descriptors, most likely: it goes on when some are free again.
  server.on("error", (error) => onRejected("anybody", fault("BUSY", { what: error.message })));
  return null;
};

const faultOfListening = (error: SocketError, host: string, port: number): Fault => {
  const address = formatAddress({ host, port });
  switch (error.code) {
    case "EADDRINUSE":
      return fault("ADDRESS_IN_USE", { address, holder: portHolder(port) });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return fault("ADDRESS_NOT_HERE", { address });
    case "EACCES":
      return fault("NOT_ALLOWED", { what: `listening on ${address} (ports below 1024 need privileges)` });
    default:
      return fault("CONNECTION_LOST", { peer: address, reason: error.message });
  }
};

const closeServer = async (server: tls.Server, sockets: ReadonlySet<Socket>): Promise<void> => {
  const closed = once(server, "close");
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
};
