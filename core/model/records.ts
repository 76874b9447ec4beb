/**
 * What the cluster knows of one image, and how two versions of that knowledge become one.
 *
 * Nodes exchange records in any order, any number of times. The sealed image is a constant of the id; the
 * parts that change are registers with a stamp, and the greater stamp wins. A purge is final: of a purged image
 * only a tombstone is left, which wins over everything. So `joinRecords` is commutative, associative and
 * idempotent, and all nodes end with the same record whatever the network did
 * (Shapiro et al., "A comprehensive study of convergent and commutative replicated data types", 2011).
 */
import type { ImageId, NodeId, StoreId, Term, UserName } from "./ids.ts";
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

/** Who chose the processing node: the leader, or the client itself when there was no leader. */
export type AssignedBy = "leader" | "fallback";

/** What the leader knew of a node when it chose: what had been in front of it. */
export interface Candidate {
  readonly node: NodeId;
  readonly images: number;
  readonly bytes: number;
  /** 0 … 1. */
  readonly cpu: number;
}

/** Which node sealed the image, and who had placed it there, when and why. */
export interface Processing {
  readonly node: NodeId;
  readonly term: Term;
  readonly assignedBy: AssignedBy;
  /** Who led `term`; null when the client chose. */
  readonly leader: NodeId | null;
  /** The nodes that the leader chose among; empty when the client chose. */
  readonly candidates: readonly Candidate[];
  /** The client's how-manieth try it was, from 1. */
  readonly attempt: number;
  /** By the processing node's clock. */
  readonly startedAt: WallMs;
}

/** One copy of the payload: on which disk, and since when it is known to be synced there (null: on its way). */
export interface Home {
  readonly store: StoreId;
  readonly syncedAt: WallMs | null;
}

/** A node's word that this trash stamp is the newest it knows, and that it will restore the image no more. */
export interface Condemnation {
  readonly stamp: Stamp;
  /** The disk that keeps the word; on another one it is void. */
  readonly store: StoreId;
}

export interface ImageRecord {
  readonly kind: "image";
  readonly facts: ImageFacts;
  /** A retry may be processed a second time, with the same bytes; the first in order of term is remembered. */
  readonly processing: Processing;
  /** The age header that opens the payload, by reader; null: no longer (`readers.ts`). */
  readonly headers: Readonly<Record<string, Register<Uint8Array | null>>>;
  /** The nodes that have the payload on disk, or are to have it, by node id; null: struck out. */
  readonly homes: Readonly<Record<string, Register<Home | null>>>;
  readonly inspection: Register<Inspection>;
  /** When it was put into the trash, by the clock of the node that was asked; null when it is not there. */
  readonly trashed: Register<WallMs | null>;
  /** By node id; only those of the present trash stamp mean anything. */
  readonly condemned: Readonly<Record<string, Condemnation>>;
}

/** Why an image was purged: its owner said so, or its time in the trash ran out. */
export type PurgeReason = "owner" | "expired";

/** What is left of a purged image: that it must never come back. */
export interface Tombstone {
  readonly kind: "tombstone";
  readonly id: ImageId;
  readonly owner: UserName;
  readonly purge: { readonly stamp: Stamp; readonly reason: PurgeReason };
  /** The disks on which nothing of the image is left, as `node:store`, sorted. */
  readonly erasedOn: readonly string[];
}

/** All that nodes exchange about images. */
export type AnyRecord = ImageRecord | Tombstone;

export const recordId = (record: AnyRecord): ImageId =>
  record.kind === "image" ? record.facts.id : record.id;

export const ownerOf = (record: AnyRecord): UserName =>
  record.kind === "image" ? record.facts.owner : record.owner;

/** A node's disk by name, as tombstones list it. */
export const diskName = (node: NodeId, store: StoreId): string => `${node}:${store}`;

/** Where an image is, or is to be: its homes that were not struck out, by ascending node id. */
export interface PlacedHome extends Home {
  readonly node: NodeId;
}
export const homesOf = ({ homes }: Pick<ImageRecord, "homes">): readonly PlacedHome[] =>
  Object.entries(homes)
    .flatMap(([node, { value }]) => (value === null ? [] : [{ node: Number(node) as NodeId, ...value }]))
    .sort((a, b) => a.node - b.node);

/** Negative, zero or positive as `a` is before, equal to or after `b`. */
export const compareStamps = (a: Stamp, b: Stamp): number => a.atMs - b.atMs || a.node - b.node;

/** A stamp later than `previous` and not before the wall clock: `max(previous + 1, now)`. */
export const nextStamp = (previous: Stamp, now: WallMs, node: NodeId): Stamp => ({
  atMs: Math.max(previous.atMs + 1, now),
  node,
});

/**
 * The next stamp of a register that is changed only by somebody who has just read it. Its time is no time but a count, so
 * that no clock can put a later change before an earlier one (Lamport, "Time, clocks, and the ordering of events in a
 * distributed system", 1978).
 */
export const stampAfter = (seen: Stamp, node: NodeId): Stamp => ({ atMs: seen.atMs + 1, node });

/** The latest moment that any stamp of the record names: what a clock far ahead would show in. */
export const latestStampMs = (record: AnyRecord): number => {
  if (record.kind === "tombstone") return record.purge.stamp.atMs;
  const { headers, homes, inspection, trashed, condemned } = record;
  return Math.max(
    inspection.stamp.atMs,
    trashed.stamp.atMs,
    ...Object.values(headers).map(({ stamp }) => stamp.atMs),
    ...Object.values(homes).map(({ stamp }) => stamp.atMs),
    ...Object.values(condemned).map(({ stamp }) => stamp.atMs),
  );
};

/** The least record that knows what both know. Both must be of the same image. */
export const joinRecords = (a: AnyRecord, b: AnyRecord): AnyRecord => {
  if (a.kind === "tombstone") return b.kind === "tombstone" ? joinTombstones(a, b) : a;
  if (b.kind === "tombstone") return b;
  return joinImages(a, b);
};

/** Whether `b` adds nothing to `a`. */
export const knowsAllOf = (a: AnyRecord, b: AnyRecord): boolean => {
  if (a.kind === "tombstone" || b.kind === "tombstone") {
    const joined = joinRecords(a, b);
    return joined === a;
  }
  const joined = joinImages(a, b);
  return (
    joined.facts === a.facts &&
    joined.processing === a.processing &&
    joined.inspection === a.inspection &&
    joined.trashed === a.trashed &&
    sameEntries(joined.headers, a.headers) &&
    sameEntries(joined.homes, a.homes) &&
    sameEntries(joined.condemned, a.condemned)
  );
};

/** No less than a record takes on the wire, and not much more: what its variable parts take, and room for the rest. */
export const roughBytesOf = (record: AnyRecord): number => {
  if (record.kind === "tombstone") return 256 + 64 * record.erasedOn.length;
  const { facts, processing, homes, condemned, inspection } = record;
  const headers = Object.entries(record.headers).reduce(
    (sum, [reader, { value }]) => sum + 3 * reader.length + 64 + (value?.length ?? 0),
    0,
  );
  const nodes = [processing.candidates, Object.keys(homes), Object.keys(condemned)];
  const perNode = nodes.reduce((sum, { length }) => sum + 128 * length, 0);
  return 1_024 + 3 * facts.name.length + headers + perNode + (inspection.value.thumbnail?.length ?? 0);
};

type Compare<Value> = (a: Value, b: Value) => number;

const joinImages = (a: ImageRecord, b: ImageRecord): ImageRecord => ({
  kind: "image",
  facts: lesser(a.facts, b.facts, compareFacts),
  processing: lesser(a.processing, b.processing, compareProcessings),
  headers: joinMaps(a.headers, b.headers, (x, y) => later(x, y, compareHeaders)),
  homes: joinMaps(a.homes, b.homes, (x, y) => later(x, y, compareHomes)),
  inspection: later(a.inspection, b.inspection, compareInspections),
  trashed: later(a.trashed, b.trashed, (x, y) => (x ?? -1) - (y ?? -1)),
  condemned: joinMaps(a.condemned, b.condemned, (x, y) => (compareCondemnations(x, y) >= 0 ? x : y)),
});

const joinTombstones = (a: Tombstone, b: Tombstone): Tombstone => {
  const purge = lesser(a.purge, b.purge, comparePurges);
  const news = b.erasedOn.filter((disk) => !a.erasedOn.includes(disk));
  if (purge === a.purge && news.length === 0) return a;
  return { ...a, purge, erasedOn: [...a.erasedOn, ...news].sort() };
};

/** The greater stamp wins; equal stamps (a clock set back) fall to the greater value, so that order never matters. */
const later = <Value>(a: Register<Value>, b: Register<Value>, compare: Compare<Value>): Register<Value> =>
  (compareStamps(a.stamp, b.stamp) || compare(a.value, b.value)) >= 0 ? a : b;

const lesser = <Value>(a: Value, b: Value, compare: Compare<Value>): Value => (compare(a, b) <= 0 ? a : b);

/** Keys are names of readers or nodes; a reader may be called like something that every object has: `constructor`. */
const joinMaps = <Value>(
  a: Readonly<Record<string, Value>>,
  b: Readonly<Record<string, Value>>,
  join: (a: Value, b: Value) => Value,
): Readonly<Record<string, Value>> => {
  const joined: Record<string, Value> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const known = Object.hasOwn(joined, key) ? joined[key] : undefined;
    joined[key] = known === undefined ? value : join(known, value);
  }
  return joined;
};

const sameEntries = <Value>(
  a: Readonly<Record<string, Value>>,
  b: Readonly<Record<string, Value>>,
): boolean => {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
};

/**
 * An id is made of its image and owner (`seal/image-id.ts`), so only what the uploader may call as he likes can
 * differ, and only if he sends the same image twice under one id.
 */
const compareFacts: Compare<ImageFacts> = (a, b) =>
  compareTexts(a.name, b.name) || compareLists(a.fingerprint, b.fingerprint);

const compareProcessings: Compare<Processing> = (a, b) =>
  a.term - b.term ||
  a.node - b.node ||
  compareTexts(a.assignedBy, b.assignedBy) ||
  a.startedAt - b.startedAt ||
  a.attempt - b.attempt ||
  (isSameChoice(a, b) ? 0 : compareTexts(choiceText(a), choiceText(b)));

/** Nearly always, and much sooner said than by two texts. */
const isSameChoice = (a: Processing, b: Processing): boolean =>
  a === b ||
  (a.leader === b.leader &&
    a.candidates.length === b.candidates.length &&
    a.candidates.every((one, index) => {
      const other = b.candidates[index];
      return (
        one.node === other?.node &&
        one.images === other.images &&
        one.bytes === other.bytes &&
        one.cpu === other.cpu
      );
    }));

const choiceText = ({ leader, candidates }: Processing): string => JSON.stringify([leader, candidates]);

/** One beats none. */
const compareHeaders: Compare<Uint8Array | null> = (a, b) =>
  Number(a !== null) - Number(b !== null) || compareLists(a ?? [], b ?? []);

/** A copy beats none, a synced one beats one on its way. */
const compareHomes: Compare<Home | null> = (a, b) =>
  Number(a !== null) - Number(b !== null) ||
  (a?.syncedAt ?? -1) - (b?.syncedAt ?? -1) ||
  compareTexts(a?.store ?? "", b?.store ?? "");

const compareInspections: Compare<Inspection> = (a, b) =>
  verdictOrder.indexOf(a.verdict) - verdictOrder.indexOf(b.verdict) ||
  Number(a.thumbnail !== null) - Number(b.thumbnail !== null) ||
  compareLists(a.thumbnail ?? [], b.thumbnail ?? []);

/** What is known beats what is not. */
const verdictOrder: readonly Verdict[] = ["pending", "unknown", "ok", "damaged"];

const compareCondemnations: Compare<Condemnation> = (a, b) =>
  compareStamps(a.stamp, b.stamp) || compareTexts(a.store, b.store);

const comparePurges: Compare<Tombstone["purge"]> = (a, b) =>
  compareStamps(a.stamp, b.stamp) || compareTexts(a.reason, b.reason);

/** By code units, the same on every machine. */
const compareTexts: Compare<string> = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Lexicographic, as `memcmp` with the shorter first. */
const compareLists: Compare<ArrayLike<number>> = (a, b) => {
  for (let index = 0; index < Math.min(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
};
