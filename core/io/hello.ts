/**
 * The first frame each way: are we the same program, cluster and configuration?
 *
 * Both sides say hello at once, so that it costs no round trip. Each judges the other's; whoever objects says
 * so in words that fit the reader's side before it closes, because the person who must mend it may sit at
 * either machine.
 */
import { bad, type Fault, FaultError, fault, good, type Result } from "../model/faults.ts";
import { type Hello, type Peer, protocolVersion } from "../model/messages.ts";
import { faultOfRefusal, refusalOf } from "../wire/schema-faults.ts";
import { type Connection, introduce, type Wire } from "./connection.ts";
import { sayPeer } from "./pki/identity.ts";

/** `us`: whose certificate this side showed. `role`: which side of the connection it is. */
export interface HelloTerms {
  readonly us: Peer;
  readonly hello: Hello;
  readonly peer: Peer;
  readonly side: "listener" | "dialer";
}

/**
 * Says hello, hears the other's, and judges it. A bad result is also told to the peer, and the wire is closed.
 * The caller bounds the time by destroying the wire.
 */
export const exchangeHello = async (wire: Wire, terms: HelloTerms): Promise<Result<Connection>> => {
  try {
    await wire.send(terms.hello);
    const first = await wire.receive();
    if (first.kind === "message" && first.message.kind === "refused") {
      wire.close();
      return bad(faultOfRefusal(first.message));
    }
    if (first.kind === "chunk" || first.message.kind !== "hello") {
      return turnAway(wire, { here: violation, there: violation });
    }
    const objection = objectionTo(first.message, terms, wire.remote);
    return objection === null ? good(introduce(wire, terms.peer, first.message)) : turnAway(wire, objection);
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    wire.close();
    const problem = error.fault;
    if (problem.code !== "VERSION_MISMATCH") return bad(problem);
    // Found while decoding, where nobody knew who it was.
    return bad({ ...problem, peer: `${sayPeer(terms.peer)} (${wire.remote})` });
  }
};

/** Tells the peer why, if it may know, and closes. Returns what to log here. */
export const turnAway = (wire: Wire, objection: Objection): Result<never> => {
  if (objection.there === null) {
    wire.destroy(objection.here);
  } else {
    void wire.send(refusalOf(objection.there));
    wire.close();
  }
  return bad(objection.here);
};

/** One disagreement, worded for each side's reader. */
export interface Objection {
  readonly here: Fault;
  /** Null for one who has no business here: it gets a closed connection and nothing else. */
  readonly there: Fault | null;
}

const violation = fault("PROTOCOL_VIOLATION", { reason: "the first frame must be a hello" });

const objectionTo = (theirs: Hello, terms: HelloTerms, remote: string): Objection | null => {
  const { us, hello: ours, peer, side } = terms;
  const them = `${sayPeer(peer)} (${remote})`;
  const me = sayPeer(us);
  if (theirs.protocol !== protocolVersion) {
    return {
      here: fault("VERSION_MISMATCH", { peer: them, theirs: theirs.protocol, ours: protocolVersion }),
      there: fault("VERSION_MISMATCH", { peer: me, theirs: protocolVersion, ours: theirs.protocol }),
    };
  }
  if (theirs.cluster !== us.cluster || theirs.cluster !== ours.cluster) {
    return {
      here: fault("WRONG_CLUSTER", { peer: them }),
      there: fault("WRONG_CLUSTER", { peer: me }),
    };
  }
  const purpose = side === "listener" ? theirs.purpose : ours.purpose;
  if (purpose === "control" && !areTwoNodes(us, peer)) {
    const role = sayPeer(peer);
    return { here: fault("WRONG_ROLE", { peer: them, role, wanted: `node other than ${me}` }), there: null };
  }
  return configObjection(theirs, terms, them, me);
};

const areTwoNodes = (a: Peer, b: Peer): boolean => a.role === "node" && b.role === "node" && a.id !== b.id;

/** Users and operators may have no opinion; nodes must have the same. */
const configObjection = (theirs: Hello, terms: HelloTerms, them: string, me: string): Objection | null => {
  const { us, hello: ours, peer } = terms;
  if (peer.role !== "node" && theirs.agreement.length === 0) return null;
  if (us.role !== "node" && ours.agreement.length === 0) return null;
  const onlyTheirs = linesMissing(theirs.agreement, ours.agreement);
  const onlyOurs = linesMissing(ours.agreement, theirs.agreement);
  if (onlyTheirs.length === 0 && onlyOurs.length === 0) return null;
  return {
    here: fault("CONFIG_DIFFERS", { peer: them, theirs: onlyTheirs, ours: onlyOurs }),
    there: fault("CONFIG_DIFFERS", { peer: me, theirs: onlyOurs, ours: onlyTheirs }),
  };
};

const linesMissing = (from: readonly string[], among: readonly string[]): readonly string[] =>
  from.filter((line) => !among.includes(line));
