/**
 * Trying one server, step by step: its name, its port, its certificate, its word.
 *
 * How far one comes is the diagnosis. Whoever cannot enter tries TCP alone: a port that refuses is a node that does not
 * run, one that stays silent is a firewall; TLS would only say "timed out". Not before, because a node logs who comes and
 * leaves without a word.
 */
import { lookup } from "node:dns/promises";
import { connect } from "node:net";
import type { Answer, Reach } from "../../decide/doctor/facts.ts";
import { agreement, type ClusterConfig, type ServerAddress } from "../../model/config.ts";
import { type Hello, protocolVersion } from "../../model/messages.ts";
import type { Clock } from "../../ports.ts";
import { askTime } from "../ask-time.ts";
import type { Connection } from "../connection.ts";
import { codeOf } from "../files.ts";
import type { Credentials } from "../pki/credentials.ts";
import { dialSecure } from "../tls.ts";
import { programVersion } from "../version.ts";

/** A machine that is off on the same network is told after some three seconds (ARP); a firewall tells nothing. */
export const connectMsMax = 4_000;
/** For TLS and hello. */
const enterMsMax = 3_000;
const resolveMsMax = 3_000;

export interface ProbeOptions {
  readonly config: ClusterConfig;
  /** Null: nobody to go in as, so TCP is all that is tried. */
  readonly credentials: Credentials | null;
  readonly clock: Clock;
}

export interface Probed {
  readonly resolved: readonly string[];
  readonly reach: Reach;
}

/** Never rejects; ends within the bounds above, one after the other. */
export const probe = async (server: ServerAddress, options: ProbeOptions): Promise<Probed> => {
  const resolved = await resolve(server.host);
  if (typeof resolved === "string") return { resolved: [], reach: { kind: "unresolved", reason: resolved } };
  if (options.credentials === null) return { resolved, reach: await tryTcp(server) };
  const entered = await enter(server, options, options.credentials);
  if (entered.kind !== "failed") return { resolved, reach: entered };
  const tcp = await tryTcp(server);
  return { resolved, reach: tcp.kind === "open" ? entered : tcp };
};

/** The addresses of a name, or why it has none. */
const resolve = async (host: string): Promise<readonly string[] | string> => {
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve("no name server answered"), resolveMsMax);
  const found = lookup(host, { all: true }).then(
    (entries) => entries.map(({ address }) => address),
    (error: unknown) => (codeOf(error) === "ENOTFOUND" ? "no such name" : (codeOf(error) ?? String(error))),
  );
  const first = await Promise.race([found, late.promise]);
  clearTimeout(timer);
  return first;
};

const tryTcp = (server: ServerAddress): Promise<Reach> =>
  new Promise((done) => {
    const socket = connect(server);
    const end = (reach: Reach): void => {
      clearTimeout(timer);
      socket.destroy();
      done(reach);
    };
    const timer = setTimeout(() => end({ kind: "silent", ms: connectMsMax }), connectMsMax);
    socket.once("connect", () => end({ kind: "open" }));
    socket.once("error", (error) => {
      const code = codeOf(error);
      if (code === "ECONNREFUSED") end({ kind: "refused" });
      else if (code === "ETIMEDOUT") end({ kind: "silent", ms: connectMsMax });
      else end({ kind: "unreachable", reason: networkReasons.get(code ?? "") ?? error.message });
    });
    socket.on("error", () => undefined);
  });

const networkReasons: ReadonlyMap<string, string> = new Map([
  ["EHOSTUNREACH", "no route to that machine, or a firewall rejects"],
  ["ENETUNREACH", "this machine has no network to it"],
  ["EACCES", "a firewall of this machine forbids it"],
  ["EPERM", "a firewall of this machine forbids it"],
]);

/** TLS, hello, and the question for the status. */
const enter = async (
  server: ServerAddress,
  { config, clock }: ProbeOptions,
  credentials: Credentials,
): Promise<Reach> => {
  const { cluster } = credentials.peer;
  const ours = agreement(cluster, config);
  const hello: Hello = {
    kind: "hello",
    protocol: protocolVersion,
    version: programVersion(),
    cluster,
    // People may come without an opinion, and then see the other's; nodes must have one.
    agreement: credentials.peer.role === "node" ? ours : [],
    purpose: "request",
  };
  const expect = { role: "node", id: server.id } as const;
  const dialed = await dialSecure({ address: server, credentials, hello, expect, withinMs: enterMsMax });
  if (!dialed.ok) return { kind: "failed", fault: dialed.fault };
  const connection = dialed.value;
  const status = await statusOf(connection, clock);
  connection.close();
  const differs = differenceBetween(ours, connection.hello.agreement);
  return { kind: "answered", version: connection.hello.version, differs, status };
};

const statusOf = async (connection: Connection, clock: Clock): Promise<Answer["status"]> => {
  const told = await askTime(connection, clock);
  return told.ok ? told.value : null;
};

const differenceBetween = (ours: readonly string[], theirs: readonly string[]): Answer["differs"] => {
  const here = ours.filter((line) => !theirs.includes(line));
  const there = theirs.filter((line) => !ours.includes(line));
  return here.length + there.length === 0 ? null : { here, there };
};
