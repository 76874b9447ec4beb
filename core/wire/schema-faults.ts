/**
 * A fault on its way to another machine: its code and its payload.
 *
 * A refusal is read by a person at the other end, so the payload must be the one that the code promises;
 * otherwise wording it would fail there. Texts and lists are cut to a length before they are sent: a refusal
 * may be the first frame of a connection and must fit where a hello fits.
 */
import * as z from "zod";
import { type Fault, type FaultCode, type FaultOf, fault } from "../model/faults.ts";
import type { Refused } from "../model/messages.ts";
import { type Frozen, type MustBeNever, type Same, text } from "./schema-parts.ts";

const wordUnitsMax = 512;
const listItemsMax = 12;
/** What all texts of one refusal may have together, in UTF-8: at most 3 bytes a unit. */
const unitsMaxTogether = 1_024;

const word = text(wordUnitsMax);
const words = z.array(word).max(listItemsMax);
const number = z.number();

const payloads = {
  USAGE: { message: word, hint: word },
  UNKNOWN_COMMAND: { got: word, suggestion: word.nullable() },
  CONFIG_MISSING: { path: word },
  CONFIG_INVALID: { path: word, problems: words },
  CONFIG_DIFFERS: { peer: word, theirs: words, ours: words },
  CREDENTIALS_MISSING: { path: word, command: word },
  CREDENTIALS_INVALID: { path: word, reason: word },
  CREDENTIALS_EXPIRED: { who: word, since: word },
  CREDENTIALS_REVOKED: { name: word, since: word, command: word.nullable() },
  WRONG_CLUSTER: { peer: word },
  WRONG_ROLE: { peer: word, role: word, wanted: word },
  UNAUTHENTICATED: { reason: word },
  VERSION_MISMATCH: { peer: word, theirs: number, ours: number },
  PROTOCOL_VIOLATION: { reason: word },
  NO_SERVER: { tried: words },
  NO_QUORUM: { live: number, needed: number },
  NO_LEADER: {},
  NOT_LEADER: { node: number, leader: number.nullable() },
  NO_SUCCESSOR: { to: number.nullable(), reason: word },
  NODE_NOT_READY: { reason: word },
  STALE_ASSIGNMENT: { term: number, ownTerm: number },
  BUSY: { what: word },
  SEALED_NOT_SAVED: { id: word, reason: word },
  OUTCOME_UNKNOWN: { id: word, reason: word },
  CONNECTION_REFUSED: { address: word },
  CONNECTION_LOST: { peer: word, reason: word },
  TIMED_OUT: { peer: word, what: word, ms: number },
  ADDRESS_IN_USE: { address: word, holder: word.nullable() },
  ADDRESS_NOT_HERE: { address: word },
  DATA_IN_USE: { path: word, holder: word.nullable() },
  DATA_FOREIGN: { path: word, reason: word },
  FILE_NOT_FOUND: { path: word },
  FILE_IS_FOLDER: { path: word },
  FILE_UNREADABLE: { path: word, reason: word },
  FILE_UNWRITABLE: { path: word, reason: word },
  FILE_CHANGED: { path: word },
  NOTHING_MATCHES: { pattern: word },
  NOT_AN_IMAGE: { name: word },
  IMAGE_TYPE_REFUSED: { name: word, type: word },
  IMAGE_EMPTY: { name: word },
  IMAGE_TOO_LARGE: { name: word, bytes: number, bytesMax: number },
  TOO_MANY_PIXELS: { name: word, width: number, height: number, pixelsMax: number },
  HASH_MISMATCH: { id: word },
  ID_TAKEN: { id: word },
  CLOCK_AHEAD: { aheadMs: number },
  IMAGE_NOT_FOUND: { id: word },
  IMAGE_AMBIGUOUS: { id: word, candidates: words },
  IMAGE_UNAVAILABLE: { id: word, reason: word },
  IMAGE_CHANGED: { id: word },
  IMAGE_EXPIRED: { id: word },
  IMAGE_NOT_OWNED: { id: word, owner: word },
  NOT_SHARED: { id: word, name: word },
  READERS_FULL: { id: word, readersMax: number },
  USER_NOT_FOUND: { name: word },
  USER_UNKNOWN: { name: word },
  USER_DOUBTFUL: { name: word, reason: word },
  SEAL_BROKEN: { id: word, reason: word },
  NOT_VIEWABLE: { name: word, reason: word },
  NOT_ALLOWED: { what: word },
  DISK_FULL: { path: word, freeBytes: number },
  DISK_FAILED: { path: word, reason: word },
  STORE_DAMAGED: { reason: word },
  NODE_EXITED: { node: number, reason: word },
  NO_TERMINAL: {},
  INTERRUPTED: {},
};

type PayloadOutput<Code extends keyof typeof payloads> = Frozen<
  z.output<z.ZodObject<(typeof payloads)[Code]>>
>;

/** Every code is here, with the payload that the model gives it. */
export type FaultDrift = MustBeNever<
  | Exclude<FaultCode, keyof typeof payloads>
  | {
      [Code in keyof typeof payloads]: Code extends FaultCode
        ? Same<PayloadOutput<Code>, Omit<FaultOf<Code>, "kind" | "code">> extends true
          ? never
          : Code
        : Code;
    }[keyof typeof payloads]
>;

const codes = Object.keys(payloads) as FaultCode[];
const payloadSchemas = new Map(codes.map((code) => [code, z.strictObject(payloads[code])] as const));

const detailValue = z.union([word, number, z.boolean(), z.null(), words]);

export const refused = z
  .strictObject({
    kind: z.literal("refused"),
    code: z.enum(codes),
    detail: z.record(text(32), detailValue),
  })
  .refine(({ code, detail }) => payloadSchemas.get(code)?.safeParse(detail).success === true, {
    path: ["detail"],
    error: "does not fit the code",
  });

/** A fault inside another message: the payload is the one that its code promises. */
export const carriedFault = z.custom<Fault>((value) => {
  if (typeof value !== "object" || value === null) return false;
  const { kind, code, ...payload } = value as Record<string, unknown>;
  return kind === "fault" && payloadSchemas.get(code as FaultCode)?.safeParse(payload).success === true;
}, "expected a fault");

/** `problem` as it comes out of a refusal: its texts and lists are cut. */
export const cutFault = (problem: Fault): Fault => faultOfRefusal(refusalOf(problem));

/** The message that tells the peer of `problem`. Long texts and lists are cut; the code never changes. */
export const refusalOf = (problem: Fault): Refused => {
  const { kind: _, code, ...payload } = problem;
  let unitsLeft = unitsMaxTogether;
  const cut = (value: string): string => {
    const units = Math.min(value.length, wordUnitsMax, unitsLeft);
    unitsLeft -= units;
    return value.slice(0, units).toWellFormed();
  };
  const detail: Record<string, Refused["detail"][string]> = {};
  for (const [key, value] of Object.entries(payload as Refused["detail"])) {
    if (typeof value === "string") detail[key] = cut(value);
    else if (Array.isArray(value)) detail[key] = value.slice(0, listItemsMax).map(cut);
    else detail[key] = value;
  }
  return { kind: "refused", code, detail };
};

/** The fault that a peer told. A refusal that was decoded has the payload of its code. */
export const faultOfRefusal = (refusal: Refused): Fault => {
  const payload = payloadSchemas.get(refusal.code)?.safeParse(refusal.detail);
  return payload?.success === true
    ? ({ kind: "fault", code: refusal.code, ...payload.data } as Fault)
    : fault("PROTOCOL_VIOLATION", { reason: `a refusal ${refusal.code} without its reason` });
};
