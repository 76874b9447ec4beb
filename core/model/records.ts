/**
 * What the cluster knows of one image, and how two versions of that knowledge become one.
 *
 * Nodes exchange records in any order, any number of times. The sealed image is a constant of the id; the
 * parts that change are registers with a stamp, and the greater stamp wins. So `joinRecords` is commutative,
 * associative and idempotent, and all nodes end with the same record whatever the network did
 * (Shapiro et al., "A comprehensive study of convergent and commutative replicated data types", 2011).
 */
import type { ImageId, NodeId, Term, UserName } from "./ids.ts";
import type { WallMs } from "./units.ts";

/** The pictures that are accepted, by MIME type. */
export const imageTypes = [
  "image/png",
  "image/jpeg",
  "image/webp",
  "image/gif",
  "image/avif",
  "image/tiff",
] as const;
export type ImageType = (typeof imageTypes)[number];

/** What full decoding said: `unknown` when it was not tried (`inspect = "header"`) or could not be. */
export type Verdict = "pending" | "ok" | "damaged" | "unknown";

/** Hybrid logical clock stamp; `node` breaks ties. */
export interface Stamp {
  readonly atMs: number;
  readonly node: number;
}

/** A last-writer-wins register. */
export interface Register<Value> {
  readonly stamp: Stamp;
  readonly value: Value;
}

export interface Inspection {
  readonly verdict: Verdict;
  /** An age payload under the image's own header: header + thumbnail is an `.age` file of a WebP; or null. */
  readonly thumbnail: Uint8Array | null;
}

/** The part of a record that never changes. */
export interface ImageFacts {
  readonly id: ImageId;
  readonly owner: UserName;
  /** As the uploader called it: the last path component. */
  readonly name: string;
  /** Length of the plain image, bytes. */
  readonly bytes: number;
  readonly type: ImageType;
  readonly width: number;
  readonly height: number;
  /** The time inside the id. */
  readonly createdAt: WallMs;
  /** SHA-256 of the payload (the age STREAM with its 16-byte nonce in front), 32 bytes. */
  readonly payloadHash: Uint8Array;
  readonly payloadBytes: number;
  /** The payload's nonce, 16 bytes: a function of file key and plain image, so a retry can be recognized. */
  readonly nonce: Uint8Array;
  /** HMAC-SHA-256 of the plain image under a key only the owner has, 32 bytes: the owner can check what came back. */
  readonly fingerprint: Uint8Array;
}

/** Which node sealed the image, and who had placed it there. */
export interface Processing {
  readonly node: NodeId;
  readonly term: Term;
  readonly assignedBy: AssignedBy;
}

/** Who chose the processing node: the leader, or the client itself when there was no leader. */
export type AssignedBy = "leader" | "fallback";

export interface ImageRecord {
  readonly facts: ImageFacts;
  /** A retry may be processed a second time, with the same bytes; the lower (term, node) is remembered. */
  readonly processing: Processing;
  /** The age header that opens the payload, by reader. */
  readonly headers: Readonly<Record<string, Register<Uint8Array>>>;
  /** The nodes that have the payload on disk, or are its intended homes. */
  readonly homes: Register<readonly NodeId[]>;
  readonly inspection: Register<Inspection>;
  readonly trashed: Register<boolean>;
}

/** Negative, zero or positive as `a` is before, equal to or after `b`. */
export const compareStamps = (a: Stamp, b: Stamp): number => a.atMs - b.atMs || a.node - b.node;

/** A stamp later than `previous` and not before the wall clock: `max(previous + 1, now)`. */
export const nextStamp = (previous: Stamp, now: WallMs, node: NodeId): Stamp => ({
  atMs: Math.max(previous.atMs + 1, now),
  node,
});

/** The least record that knows what both know. Both must be of the same image. */
export const joinRecords = (a: ImageRecord, b: ImageRecord): ImageRecord => ({
  facts: a.facts,
  processing: earlierProcessing(a.processing, b.processing),
  headers: joinHeaders(a.headers, b.headers),
  homes: later(a.homes, b.homes, compareLists),
  inspection: later(a.inspection, b.inspection, compareInspections),
  trashed: later(a.trashed, b.trashed, (x, y) => Number(x) - Number(y)),
});

/** Whether `b` adds nothing to `a`. */
export const knowsAllOf = (a: ImageRecord, b: ImageRecord): boolean => {
  const joined = joinRecords(a, b);
  return (
    joined.processing === a.processing &&
    joined.homes === a.homes &&
    joined.inspection === a.inspection &&
    joined.trashed === a.trashed &&
    Object.entries(joined.headers).every(([reader, register]) => a.headers[reader] === register)
  );
};

/** About how many bytes a record takes on the wire: what its variable parts take, and room for the rest. */
export const roughBytesOf = (record: ImageRecord): number => {
  const headers = Object.values(record.headers).reduce((sum, register) => sum + register.value.length, 0);
  return 1_024 + 2 * record.facts.name.length + headers + (record.inspection.value.thumbnail?.length ?? 0);
};

type Compare<Value> = (a: Value, b: Value) => number;

/** The greater stamp wins; equal stamps (a clock set back) fall to the greater value, so that order never matters. */
const later = <Value>(a: Register<Value>, b: Register<Value>, compare: Compare<Value>): Register<Value> =>
  (compareStamps(a.stamp, b.stamp) || compare(a.value, b.value)) >= 0 ? a : b;

const earlierProcessing = (a: Processing, b: Processing): Processing =>
  (a.term - b.term || a.node - b.node || a.assignedBy.localeCompare(b.assignedBy)) <= 0 ? a : b;

const joinHeaders = (a: ImageRecord["headers"], b: ImageRecord["headers"]): ImageRecord["headers"] => {
  const joined: Record<string, Register<Uint8Array>> = { ...a };
  for (const [reader, register] of Object.entries(b)) {
    // A reader may be called like something that every object has: `constructor`.
    const known = Object.hasOwn(joined, reader) ? joined[reader] : undefined;
    joined[reader] = known === undefined ? register : later(known, register, compareLists);
  }
  return joined;
};

const compareInspections: Compare<Inspection> = (a, b) =>
  verdictOrder.indexOf(a.verdict) - verdictOrder.indexOf(b.verdict) ||
  Number(a.thumbnail !== null) - Number(b.thumbnail !== null) ||
  compareLists(a.thumbnail ?? [], b.thumbnail ?? []);

/** What is known beats what is not. */
const verdictOrder: readonly Verdict[] = ["pending", "unknown", "ok", "damaged"];

/** Lexicographic, as `memcmp` with the shorter first. */
const compareLists: Compare<ArrayLike<number>> = (a, b) => {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
};
