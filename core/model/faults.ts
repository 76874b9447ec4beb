/**
 * What the world does to us, as values.
 *
 * An `assert` is for our own bugs. Everything else that can go wrong — a wrong file, a dead server, a full
 * disk — is a `Fault`: a code that scripts can match, a typed payload without secrets, and one function that
 * words it as _what_ happened and a _hint_ of what to do.
 */
import { parseImageId, shortId } from "./ids.ts";
import { sayBytes, visible } from "./say.ts";

export { type ExitCode, exitCodeOf } from "./exit-codes.ts";
export { sayBytes } from "./say.ts";

import type { FaultPayloads as Payloads } from "./fault-payloads.ts";

export type FaultCode = keyof Payloads;
export type FaultOf<Code extends FaultCode> = {
  readonly kind: "fault";
  readonly code: Code;
} & Payloads[Code];
export type Fault = { [Code in FaultCode]: FaultOf<Code> }[FaultCode];

export const fault = <Code extends FaultCode>(code: Code, payload: Payloads[Code]): FaultOf<Code> =>
  ({ kind: "fault", code, ...payload }) as FaultOf<Code>;

/** Either a value or a fault; never both, never an exception for what the world may do. */
export type Result<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: Fault };

export const good = <Value>(value: Value): { readonly ok: true; readonly value: Value } => ({
  ok: true,
  value,
});
export const bad = (problem: Fault): { readonly ok: false; readonly fault: Fault } => ({
  ok: false,
  fault: problem,
});

/** A fault on its way through code that must throw (streams, callbacks); caught at the next boundary. */
export class FaultError extends Error {
  readonly fault: Fault;
  constructor(problem: Fault) {
    super(wordFault(problem).what);
    this.name = "FaultError";
    this.fault = problem;
  }
}

export interface Worded {
  readonly what: string;
  readonly hint: string;
}

/**
 * What happened, and what to type or change. Without a final full stop, so that either can stand in a line. Images are
 * named by their short ids.
 */
export const wordFault = (given: Fault): Worded => {
  const problem = withShortId(given);
  const worded = (what: string, hint: string): Worded => ({ what: visible(what), hint: visible(hint) });
  switch (problem.code) {
    case "USAGE":
      return worded(problem.message, problem.hint);
    case "UNKNOWN_COMMAND":
      return worded(
        `unknown command '${problem.got}'`,
        problem.suggestion === null ? "see: distinsta --help" : `did you mean '${problem.suggestion}'?`,
      );
    case "CONFIG_MISSING":
      return worded(
        `no configuration at ${problem.path}`,
        "name one with --config FILE, or run: distinsta launch-local",
      );
    case "CONFIG_INVALID":
      return worded(
        `${problem.path} has ${problem.problems.length === 1 ? "a problem" : `${problem.problems.length} problems`}: ${problem.problems.join("; ")}`,
        `mend ${problem.path}; the shipped config.toml explains every key`,
      );
    case "CONFIG_DIFFERS":
      return worded(
        `the configuration differs between this machine and ${problem.peer}: here ${problem.ours.join(", ") || "nothing"}; there ${problem.theirs.join(", ") || "nothing"}`,
        "copy one config.toml to all machines, then start again",
      );
    case "CREDENTIALS_MISSING":
      return worded(`no credentials at ${problem.path}`, `run: ${problem.command}`);
    case "CREDENTIALS_INVALID":
      return worded(
        `the credentials at ${problem.path} cannot be used: ${problem.reason}`,
        "copy them again from the machine that made them; see: distinsta doctor",
      );
    case "CREDENTIALS_EXPIRED":
      return worded(
        `the certificate of ${problem.who} ran out on ${problem.since}`,
        "renew it, distinsta doctor says how; and check this machine's clock: date",
      );
    case "CREDENTIALS_REVOKED":
      return worded(
        `the certificate of ${problem.name} was revoked on ${problem.since}`,
        problem.command === null
          ? `ask the operator for a new certificate: distinsta user add ${problem.name}`
          : `to let ${problem.name} in again, run: ${problem.command}`,
      );
    case "WRONG_CLUSTER":
      return worded(
        `${problem.peer} belongs to another cluster`,
        "check the address in config.toml and which credentials were copied",
      );
    case "WRONG_ROLE":
      return worded(
        `${problem.peer} is a ${problem.role}, and a ${problem.wanted} is needed`,
        "check which certificate was copied to which machine",
      );
    case "UNAUTHENTICATED":
      return worded(
        `the peer did not prove who it is: ${problem.reason}`,
        "give it a certificate of this cluster: distinsta user add NAME",
      );
    case "VERSION_MISMATCH":
      return worded(
        `${problem.peer} speaks protocol ${problem.theirs}, this program speaks ${problem.ours}`,
        "install the same version of distinsta on all machines",
      );
    case "PROTOCOL_VIOLATION":
      return worded(
        `the peer broke the protocol: ${problem.reason}`,
        "check that both ends run the same version of distinsta",
      );
    case "NO_SERVER":
      return worded(
        `no server can be reached: ${problem.tried.join("; ")}`,
        "start one: distinsta server ID; or see why: distinsta doctor",
      );
    case "NO_QUORUM":
      return worded(
        `no quorum: ${problem.live} of the ${problem.needed} nodes that are needed`,
        "start the nodes that are down, distinsta status names them: distinsta server ID",
      );
    case "NO_LEADER":
      return worded("no leader is elected yet", "wait a second and try again; see: distinsta status");
    case "NOT_LEADER":
      return worded(`node ${problem.node} does not lead`, "see who does: distinsta status");
    case "NO_SUCCESSOR":
      return worded(
        `${problem.to === null ? "no node" : `node ${problem.to}`} can take the lead: ${problem.reason}`,
        "see who can: distinsta status",
      );
    case "NODE_NOT_READY":
      return worded(`the node is not ready: ${problem.reason}`, "wait until distinsta status shows it up");
    case "STALE_ASSIGNMENT":
      return worded(
        `the assignment is of term ${problem.term}, the node is in term ${problem.ownTerm}`,
        "try again",
      );
    case "BUSY":
      return worded(`too much at once: ${problem.what}`, "try again in a moment");
    case "SEALED_NOT_SAVED":
      return worded(
        `image ${problem.id} is stored, but its sealed file could not be saved here: ${problem.reason}`,
        `do not upload it again; fetch the file: distinsta client USER get ${problem.id} --sealed`,
      );
    case "OUTCOME_UNKNOWN":
      return worded(
        `whether ${problem.id} was stored is not known: ${problem.reason}`,
        "look whether it is there: distinsta client USER list; if not, run the same upload again",
      );
    case "CONNECTION_REFUSED":
      return worded(
        `${problem.address} refused the connection`,
        "start that node: distinsta server ID; check address and firewall",
      );
    case "CONNECTION_LOST":
      return worded(
        `the connection to ${problem.peer} was lost: ${problem.reason}`,
        "try again; see: distinsta status",
      );
    case "TIMED_OUT":
      return worded(
        `${problem.peer} did not ${problem.what} within ${problem.ms} ms`,
        "check that machine and the network to it: distinsta doctor",
      );
    case "ADDRESS_IN_USE":
      return worded(
        `${problem.address} is taken${problem.holder === null ? "" : ` by ${problem.holder}`}`,
        "stop that program, or choose another port in config.toml (launch-local: --base-port 9001)",
      );
    case "ADDRESS_NOT_HERE":
      return worded(
        `${problem.address} is not an address of this machine`,
        "start each node on the machine that config.toml names for it",
      );
    case "DATA_IN_USE":
      return worded(
        `${problem.path} is used by ${problem.holder ?? "another process"}`,
        "stop that one first, or give another folder with --data DIR",
      );
    case "DATA_FOREIGN":
      return worded(
        `${problem.path} is not this node's data: ${problem.reason}`,
        "give the right folder with --data DIR; nothing was changed",
      );
    case "FILE_NOT_FOUND":
      return worded(
        `no file ${problem.path}`,
        "check the name; relative paths start where distinsta was started",
      );
    case "FILE_IS_FOLDER":
      return worded(`${problem.path} is a folder`, "add -r to upload what is in it");
    case "FILE_UNREADABLE":
      return worded(`${problem.path} cannot be read: ${problem.reason}`, "check its permissions: ls -l");
    case "FILE_UNWRITABLE":
      return worded(
        `${problem.path} cannot be written: ${problem.reason}`,
        "check permissions and free space: ls -ld, df -h",
      );
    case "FILE_CHANGED":
      return worded(
        `${problem.path} changed while it was uploaded`,
        "upload it again when nothing writes to it",
      );
    case "NOTHING_MATCHES":
      if (!/[*?[\]{}]/.test(problem.pattern))
        return worded(
          `there is no file in ${problem.pattern}`,
          "hidden files are left out; name them one by one",
        );
      return worded(
        `nothing matches ${problem.pattern}`,
        "check the pattern; quote it if the shell should not expand it",
      );
    case "NOT_AN_IMAGE":
      return worded(`${problem.name} is not an image`, "PNG, JPEG, WebP, GIF, AVIF and TIFF are accepted");
    case "IMAGE_TYPE_REFUSED":
      return worded(
        `${problem.name} is ${problem.type}, which is not accepted`,
        "convert it to PNG, JPEG, WebP, GIF, AVIF or TIFF first",
      );
    case "IMAGE_EMPTY":
      return worded(`${problem.name} is empty`, "check that it was copied whole");
    case "IMAGE_TOO_LARGE":
      return worded(
        `${problem.name} has ${sayBytes(problem.bytes)}, the limit is ${sayBytes(problem.bytesMax)}`,
        "make it smaller, or raise [limits] image_bytes_max in config.toml",
      );
    case "TOO_MANY_PIXELS":
      return worded(
        `${problem.name} has ${problem.width} x ${problem.height} pixels, the limit is ${problem.pixelsMax}`,
        "make it smaller, or raise [limits] image_pixels_max in config.toml",
      );
    case "HASH_MISMATCH":
      return worded(
        `what arrived of ${problem.id} is not what was sent`,
        "upload it again; if it repeats, check memory and network of that machine",
      );
    case "ID_TAKEN":
      return worded(`the id ${problem.id} already names another image`, "upload it again under a new id");
    case "CLOCK_AHEAD":
      return worded(
        `this machine's clock is ${(problem.aheadMs / 1000).toFixed(0)} s ahead of the servers' clocks`,
        "set it right: timedatectl set-ntp true",
      );
    case "IMAGE_NOT_FOUND":
      return worded(`no image ${problem.id}`, "see: distinsta client USER list");
    case "IMAGE_AMBIGUOUS":
      return worded(`${problem.id} could be any of ${problem.candidates.join(", ")}`, "name one of these");
    case "IMAGE_UNAVAILABLE":
      return worded(
        `image ${problem.id} cannot be read now: ${problem.reason}`,
        "start the nodes that hold it; see: distinsta status",
      );
    case "IMAGE_CHANGED":
      return worded(
        `image ${problem.id} was changed by somebody else at the same moment`,
        "look at it, then try again: distinsta client USER info ID",
      );
    case "IMAGE_EXPIRED":
      return worded(
        `the time of image ${problem.id} in the trash is over: it is being erased`,
        "upload it again if you have it; next time restore it earlier, or raise [storage] trash_days",
      );
    case "IMAGE_NOT_OWNED":
      return worded(`image ${problem.id} belongs to ${problem.owner}`, `ask ${problem.owner} to do it`);
    case "NOT_SHARED":
      return worded(
        `image ${problem.id} is not shared with ${problem.name}`,
        "see with whom it is: distinsta client USER info ID",
      );
    case "READERS_FULL":
      return worded(
        `image ${problem.id} is or was shared with ${problem.readersMax} people, which is the limit`,
        "upload it again to share it with others",
      );
    case "USER_NOT_FOUND":
      return worded(
        `no user ${problem.name} is known to the servers`,
        `${problem.name} must have come once: distinsta client ${problem.name} list; who may come, the operator knows: distinsta user list`,
      );
    case "USER_UNKNOWN":
      return worded(
        `no user ${problem.name} was ever given a certificate`,
        "see who was: distinsta user list",
      );
    case "USER_DOUBTFUL":
      return worded(
        `nothing can be sealed to ${problem.name}: ${problem.reason}`,
        `${problem.name} needs a good certificate, which the operator gives, and must come once with it: distinsta client ${problem.name} list`,
      );
    case "SEAL_BROKEN":
      return worded(
        `image ${problem.id} does not open: ${problem.reason}`,
        "fetch it again; if it repeats, fetch it --sealed and keep it for inspection",
      );
    case "NOT_VIEWABLE":
      return worded(
        `${problem.name} cannot be shown: ${problem.reason}`,
        "save it, and look at it with another program: distinsta client USER get ID",
      );
    case "NOT_ALLOWED":
      return worded(`not allowed: ${problem.what}`, "ask the owner or the operator");
    case "DISK_FULL":
      return worded(
        `the disk at ${problem.path} is full (${sayBytes(problem.freeBytes)} free)`,
        "free space there, or add a disk",
      );
    case "DISK_FAILED":
      return worded(
        `the disk at ${problem.path} failed: ${problem.reason}`,
        "check it with dmesg; replace it and start the node again",
      );
    case "STORE_DAMAGED":
      return worded(
        `this node's disk has lost what it had stored: ${problem.reason}`,
        "other nodes refill it by themselves; without any, check the disk with dmesg, then go on without what is lost: distinsta server ID --accept-loss",
      );
    case "NODE_EXITED":
      return worded(
        `node ${problem.node} stopped: ${problem.reason}`,
        `see why: distinsta server ${problem.node} --headless`,
      );
    case "NO_TERMINAL":
      return worded(
        "pictures are drawn on a terminal, and there is none here",
        "save the picture instead: distinsta client USER get ID",
      );
    case "INTERRUPTED":
      return worded("interrupted", "run it again to go on");
  }
};

/** What was not found is named as it was asked for. */
const withShortId = (problem: Fault): Fault => {
  const id = "id" in problem && problem.code !== "IMAGE_NOT_FOUND" ? parseImageId(problem.id) : null;
  return id === null ? problem : ({ ...problem, id: shortId(id) } as Fault);
};
