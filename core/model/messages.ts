/**
 * What clients ask of nodes, and nodes of each other, when images and records move.
 *
 * One connection carries one request at a time: a request message, perhaps a body in raw chunks whose total
 * length the request told, then one reply (perhaps with a body of its own). The upload is the exception that
 * streams both ways at once. `docs/protocol.md` shows the exchanges.
 */
import type { ControlMessage } from "./control.ts";
import type { Event, Level } from "./events.ts";
import type { FaultCode } from "./faults.ts";
import type { Boot, ClusterId, ImageId, NodeId, StoreId, Term, UserName } from "./ids.ts";
import type { AnyRecord, AssignedBy, Candidate, ImageRecord, ImageType, Stamp, Verdict } from "./records.ts";
import type { Snapshot } from "./snapshot.ts";

export const protocolVersion = 4;

/** The first frame each side sends. Who it is comes from its certificate, not from here. */
export interface Hello {
  readonly kind: "hello";
  readonly protocol: number;
  /** The program's version, for people. */
  readonly version: string;
  readonly cluster: ClusterId;
  /** The lines of `agreement`, so that a difference can be named. Empty from a client without its own opinion. */
  readonly agreement: readonly string[];
  /** `control`: one-way control messages between nodes. `request`: requests and replies. */
  readonly purpose: "control" | "request";
}

/** "I have this image, who takes it?" To every node. */
export interface Offer {
  readonly kind: "offer";
  readonly id: ImageId;
  readonly name: string;
  readonly bytes: number;
}
export type OfferReply =
  | {
      readonly kind: "offer.assigned";
      readonly id: ImageId;
      readonly node: NodeId;
      readonly term: Term;
      readonly leader: NodeId;
      /** The nodes among which it was chosen, and what each had in front of it. */
      readonly candidates: readonly Candidate[];
    }
  | {
      readonly kind: "offer.declined";
      readonly id: ImageId;
      readonly node: NodeId;
      readonly term: Term;
      readonly leader: NodeId;
    }
  | { readonly kind: "offer.no-leader"; readonly id: ImageId; readonly term: Term };

export interface Assignment {
  readonly node: NodeId;
  readonly term: Term;
  readonly by: AssignedBy;
  /** Null when the client chose by itself. */
  readonly leader: NodeId | null;
  readonly candidates: readonly Candidate[];
}

/** To the one node; followed by `bytes` bytes of plain image in chunks. */
export interface Upload {
  readonly kind: "upload";
  readonly id: ImageId;
  readonly name: string;
  readonly bytes: number;
  readonly type: ImageType;
  /** SHA-256 of the plain image, 32 bytes. Forgotten after sealing. */
  readonly sha256: Uint8Array;
  /** The age file key, 16 bytes. Forgotten after sealing. */
  readonly fileKey: Uint8Array;
  /** The age header that wraps `fileKey` to the owner (and the recovery recipient). */
  readonly header: Uint8Array;
  readonly fingerprint: Uint8Array;
  readonly assignment: Assignment;
  /** From 1. After the first an earlier try may have stored it: it is looked for before it is processed again. */
  readonly attempt: number;
}
/** The node takes it; `payloadBytes` of sealed payload follow, mixed in time with the body that it reads. */
export interface UploadAccepted {
  readonly kind: "upload.accepted";
  readonly id: ImageId;
  readonly payloadBytes: number;
}
/** Stored and synced on `copies` nodes, at least a majority. The last frame of an upload. */
export interface Receipt {
  readonly kind: "receipt";
  readonly id: ImageId;
  readonly node: NodeId;
  readonly term: Term;
  readonly assignedBy: AssignedBy;
  readonly copies: number;
  readonly payloadHash: Uint8Array;
  readonly payloadBytes: number;
  readonly width: number;
  readonly height: number;
  readonly inspected: Verdict;
  /** True when the node had the image already, from an earlier try. */
  readonly repeated: boolean;
}

/** No: and why. `detail` is the fault's payload. After it the sender of a body may stop and close. */
export interface Refused {
  readonly kind: "refused";
  readonly code: FaultCode;
  readonly detail: Readonly<Record<string, string | number | boolean | null | readonly string[]>>;
}

/** The images that the caller may read, newest first: own ones, and those that others share with her. */
export interface List {
  readonly kind: "list";
  /** Only ids that sort before this one. */
  readonly before: ImageId | null;
  readonly limit: number;
}
export interface ListPage {
  readonly kind: "list.page";
  readonly records: readonly ImageRecord[];
  readonly more: boolean;
}
/** One image that the caller may read: its record, then its payload. */
export interface Get {
  readonly kind: "get";
  readonly id: ImageId;
}
export interface GetFound {
  readonly kind: "get.found";
  readonly record: ImageRecord;
}
/** Ids of images that the caller may read, with this end (short id) or beginning. */
export interface Find {
  readonly kind: "find";
  readonly part: string;
}
export interface Found {
  readonly kind: "found";
  readonly ids: readonly ImageId[];
}
/** All that is known of one image that the caller may read: "why is it where it is?" Its thumbnail is in the record. */
export interface Describe {
  readonly kind: "describe";
  readonly id: ImageId;
}
export interface Described {
  readonly kind: "described";
  readonly record: ImageRecord;
  /** The disks that live now: a copy on another disk does not count. */
  readonly live: readonly { readonly node: NodeId; readonly store: StoreId }[];
}
/**
 * Into the trash, or out of it. `seen` is the stamp of what the caller saw of the trash before; when it is no longer
 * the newest, somebody was quicker (perhaps an earlier try of the same), and nothing is changed.
 */
export interface Trash {
  readonly kind: "trash";
  readonly id: ImageId;
  readonly trashed: boolean;
  readonly seen: Stamp;
}
/** For good, at once. */
export interface Purge {
  readonly kind: "purge";
  readonly id: ImageId;
}
/**
 * Who may read an image of the caller's: `header` wraps its file key to `reader`; null takes it away. `seen` is the
 * stamp of what the caller saw of that reader before, null for nothing; when it is no longer the newest, somebody was
 * quicker (perhaps an earlier try of the same), and nothing is changed.
 */
export interface Share {
  readonly kind: "share";
  readonly id: ImageId;
  readonly reader: UserName;
  readonly header: Uint8Array | null;
  readonly seen: Stamp | null;
}
/** The certificate of a user as it is known here: whose age recipient is it? The caller believes only the CA. */
export interface User {
  readonly kind: "user";
  readonly name: UserName;
}
export interface UserFound {
  readonly kind: "user.found";
  /** DER. */
  readonly certificate: Uint8Array;
}
/** Whose certificates are revoked, as far as you know? The one who asks believes only the CA's signature. */
export interface Revocations {
  readonly kind: "revocations";
  /** Of the list that the caller has, which is not sent again; 0 for none. */
  readonly digest: number;
}
export interface RevocationsKnown {
  readonly kind: "revocations.known";
  /** As the CA signed it; null when there is none, or the caller has it. */
  readonly list: Uint8Array | null;
}
/** From an operator: from now on refuse whoever is on this list. Answered when that is so, and on disk. */
export interface Revoke {
  readonly kind: "revoke";
  readonly list: Uint8Array;
}
/** Durable on a majority. */
export interface Changed {
  readonly kind: "changed";
  readonly id: ImageId;
}
export interface Status {
  readonly kind: "status";
}
export interface StatusReply {
  readonly kind: "status.reply";
  readonly snapshot: Snapshot;
}

/** From an operator to the leader: hand the lead to that node, or to the best one (null). */
export interface MoveLead {
  readonly kind: "move-lead";
  readonly to: NodeId | null;
}
/** From an operator: take no new images from now on, or take them again. Survives a restart of the node. */
export interface Drain {
  readonly kind: "drain";
  readonly drained: boolean;
}
/** From an operator: begin a round of the background check of your disk, or pause it. */
export interface Scrub {
  readonly kind: "scrub";
  readonly action: "start" | "pause";
}
/** What an operator wanted is done. */
export interface Done {
  readonly kind: "done";
}
/**
 * From an operator: tell me what happens, from now until I close this connection; and first what I have missed.
 * `after` is the number of the last entry that was heard from the process with that boot number; 0 for none.
 */
export interface Watch {
  readonly kind: "watch";
  readonly boot: Boot | null;
  readonly after: number;
}
/** A log entry of the node that is watched. Numbers grow, from 1 at each boot. */
export interface WatchedEntry {
  readonly number: number;
  readonly at: number;
  readonly level: Level;
  readonly event: Event;
}
export interface WatchNews {
  readonly kind: "watch.news";
  readonly boot: Boot;
  /** The state now; null when only entries are told. */
  readonly snapshot: Snapshot | null;
  readonly entries: readonly WatchedEntry[];
  /** Entries before these that were dropped, because the watcher was slow or had been away for too long. */
  readonly skipped: number;
}

/**
 * Node to node: keep this payload. While it is still being sealed its hash is not known (null): the body
 * follows at once, then `StoreCommit`. A finished payload is sent with its hash; the home first answers
 * `StoreReady`, and where it has the bytes already the body is left out.
 */
export interface Store {
  readonly kind: "store";
  readonly id: ImageId;
  readonly payloadBytes: number;
  readonly payloadHash: Uint8Array | null;
}
export interface StoreReady {
  readonly kind: "store.ready";
  readonly have: boolean;
}
/** The body is whole; its hash must be the record's. Answered by `Stored` once both are synced. */
export interface StoreCommit {
  readonly kind: "store.commit";
  readonly record: ImageRecord;
}
export interface Stored {
  readonly kind: "stored";
  readonly store: StoreId;
  readonly feedHead: number;
}
/** Node to node: join these records into yours. Answered by `Stored` once synced. */
export interface Merge {
  readonly kind: "merge";
  readonly records: readonly AnyRecord[];
}
/**
 * Node to node: which records have changed after `after` in the feed of `store`; another store answers from its
 * beginning. Who has another digest for one asks for the record.
 */
export interface Pull {
  readonly kind: "pull";
  readonly store: StoreId | null;
  readonly after: number;
}
export interface PullPage {
  readonly kind: "pull.page";
  readonly store: StoreId;
  /** The cursor to go on from. */
  readonly upTo: number;
  readonly feedHead: number;
  readonly entries: readonly { readonly id: ImageId; readonly digest: number }[];
}
/** Node to node: a short digest of what you know, by the time in the ids; then of one bucket; then the records. */
export interface Digests {
  readonly kind: "digests";
}
export interface DigestsReply {
  readonly kind: "digests.reply";
  /** Ascending. Numbers of records, and the sum of their digests modulo 2^48. */
  readonly buckets: readonly { readonly bucket: number; readonly records: number; readonly digest: number }[];
}
export interface Bucket {
  readonly kind: "bucket";
  readonly bucket: number;
  /** Only ids after this one. */
  readonly after: ImageId | null;
}
export interface BucketReply {
  readonly kind: "bucket.reply";
  readonly entries: readonly { readonly id: ImageId; readonly digest: number }[];
  readonly more: boolean;
}
export interface Records {
  readonly kind: "records";
  readonly ids: readonly ImageId[];
}
export interface RecordsReply {
  readonly kind: "records.reply";
  /** How many of `ids`, from the first, are answered: as many as fit, at least one. */
  readonly answered: number;
  /** Of these, those that are known here. */
  readonly records: readonly AnyRecord[];
}
/** Node to node: whose certificates do you know? Nobody's is told when they are the same as the caller's, by `digest`. */
export interface Users {
  readonly kind: "users";
  /** Of all that the caller knows. */
  readonly digest: number;
  /** Only names after this one. */
  readonly after: UserName | null;
}
export interface UsersPage {
  readonly kind: "users.page";
  /** By ascending name, each with the digest of its certificate. */
  readonly users: readonly { readonly name: UserName; readonly digest: number }[];
  readonly more: boolean;
}
/** Node to node: the payload, if it is on your own disk. */
export interface Fetch {
  readonly kind: "fetch";
  readonly id: ImageId;
  readonly payloadHash: Uint8Array;
}
export interface FetchFound {
  readonly kind: "fetch.found";
  readonly payloadBytes: number;
}

export type Request =
  | Offer
  | Upload
  | List
  | Get
  | Find
  | Describe
  | Trash
  | Purge
  | Share
  | User
  | Revocations
  | Revoke
  | Status
  | MoveLead
  | Drain
  | Scrub
  | Watch
  | Store
  | StoreCommit
  | Merge
  | Pull
  | Digests
  | Bucket
  | Records
  | Users
  | Fetch;
export type Reply =
  | OfferReply
  | UploadAccepted
  | Receipt
  | Refused
  | ListPage
  | GetFound
  | Found
  | Described
  | Changed
  | UserFound
  | RevocationsKnown
  | StatusReply
  | Done
  | WatchNews
  | StoreReady
  | Stored
  | PullPage
  | DigestsReply
  | BucketReply
  | RecordsReply
  | UsersPage
  | FetchFound;
export type Message = Hello | ControlMessage | Request | Reply;

/** Who is at the other end, as its certificate says. */
export type Peer =
  | { readonly role: "node"; readonly cluster: ClusterId; readonly id: NodeId }
  | {
      readonly role: "user";
      readonly cluster: ClusterId;
      readonly name: UserName;
      readonly recipient: string;
    }
  | { readonly role: "operator"; readonly cluster: ClusterId; readonly name: UserName };
