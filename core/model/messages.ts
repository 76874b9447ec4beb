/**
 * What clients ask of nodes, and nodes of each other, when images and records move.
 *
 * One connection carries one request at a time: a request message, perhaps a body in raw chunks whose total
 * length the request told, then one reply (perhaps with a body of its own). The upload is the exception that
 * streams both ways at once. `docs/protocol.md` shows the exchanges.
 */
import type { ControlMessage } from "./control.ts";
import type { FaultCode } from "./faults.ts";
import type { ClusterId, ImageId, NodeId, StoreId, Term, UserName } from "./ids.ts";
import type { AssignedBy, ImageRecord, ImageType, Verdict } from "./records.ts";
import type { Snapshot } from "./snapshot.ts";

export const protocolVersion = 1;

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
  | { readonly kind: "offer.assigned"; readonly id: ImageId; readonly node: NodeId; readonly term: Term }
  | { readonly kind: "offer.declined"; readonly id: ImageId; readonly node: NodeId; readonly term: Term }
  | { readonly kind: "offer.no-leader"; readonly id: ImageId; readonly term: Term };

export interface Assignment {
  readonly node: NodeId;
  readonly term: Term;
  readonly by: AssignedBy;
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
  /** An earlier try may have stored it: look for it before processing again. */
  readonly retry: boolean;
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

/** The caller's own images, newest first. */
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
/** One image of the caller's: its record, then its payload. */
export interface Get {
  readonly kind: "get";
  readonly id: ImageId;
}
export interface GetFound {
  readonly kind: "get.found";
  readonly record: ImageRecord;
}
/** Ids of the caller's images with this end (short id) or beginning. */
export interface Find {
  readonly kind: "find";
  readonly part: string;
}
export interface Found {
  readonly kind: "found";
  readonly ids: readonly ImageId[];
}
export interface Status {
  readonly kind: "status";
}
export interface StatusReply {
  readonly kind: "status.reply";
  readonly snapshot: Snapshot;
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
  readonly records: readonly ImageRecord[];
}
/** Node to node: records changed after `after` in the feed of `store`; another store answers from its beginning. */
export interface Pull {
  readonly kind: "pull";
  readonly store: StoreId | null;
  readonly after: number;
  readonly limit: number;
}
export interface PullPage {
  readonly kind: "pull.page";
  readonly store: StoreId;
  /** The cursor to go on from. */
  readonly upTo: number;
  readonly feedHead: number;
  readonly records: readonly ImageRecord[];
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
  | Status
  | Store
  | StoreCommit
  | Merge
  | Pull
  | Fetch;
export type Reply =
  | OfferReply
  | UploadAccepted
  | Receipt
  | Refused
  | ListPage
  | GetFound
  | Found
  | StatusReply
  | StoreReady
  | Stored
  | PullPage
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
