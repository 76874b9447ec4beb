/**
 * What the parts of a running node share: who it is, its stores, its peers, its voice.
 */
import type { ClusterConfig } from "../model/config.ts";
import type { Event } from "../model/events.ts";
import { type Fault, fault, type Result } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import type { ImageRecord } from "../model/records.ts";
import type { Clock, PayloadStore, RecordStore } from "../ports.ts";
import { sameBytes } from "./bytes.ts";
import type { Connection } from "./connection.ts";
import type { Borrowed } from "./connection-pool.ts";
import type { NodeDriver } from "./driver.ts";
import type { SharpInspector } from "./inspector.ts";

export interface NodeContext {
  readonly self: NodeId;
  readonly config: ClusterConfig;
  readonly clock: Clock;
  readonly driver: NodeDriver;
  readonly payloads: PayloadStore;
  readonly records: RecordStore;
  readonly peers: Peers;
  readonly inspector: SharpInspector;
  readonly work: Work;
  readonly log: (event: Event) => void;
}

/** Request connections to the other nodes. */
export interface Peers {
  borrow(node: NodeId): Promise<Result<Borrowed>>;
  /** Back to the pool, where it serves the next request; a connection that is not idle is closed. */
  giveBack(connection: Connection): void;
  /** Calls `onDown` once when `node` is no longer live (at once if it is not now). Returns how to stop watching. */
  watch(node: NodeId, onDown: () => void): () => void;
}

/** The uploads under way on this node: what load is made of, and the guard against two of one id. */
export interface Work {
  /** Null when it may begin; otherwise why not (BUSY). */
  begin(id: string, bytes: number): Fault | null;
  /** `bytes` more of it have arrived. */
  arrived(id: string, bytes: number): void;
  end(id: string): void;
  readonly inFlight: number;
  readonly bytesInFlight: number;
  /** Why this node takes no more images: the disk is below its headroom, or has failed. */
  readonly diskFault: Fault | null;
  /** The disk is not to be trusted any more. The first fault stays until the node is started anew. */
  failDisk(problem: Fault): void;
}

/**
 * ID_TAKEN when what is known under this id is another payload, or another's; null when it fits `record`. Asked
 * again after a merge, because the first record of an id stays and two uploads may have come at once.
 */
export const takenFault = ({ records }: NodeContext, { facts }: ImageRecord): Fault | null => {
  const known = records.get(facts.id)?.facts;
  if (known === undefined) return null;
  const same = known.owner === facts.owner && sameBytes(known.payloadHash, facts.payloadHash);
  return same ? null : fault("ID_TAKEN", { id: facts.id });
};

/** Passes `problem` on; when it is a failed disk, this node takes no more work from now on. */
export const noteDisk = (context: NodeContext, problem: Fault): Fault => {
  if (problem.code !== "DISK_FAILED") return problem;
  context.work.failDisk(problem);
  context.log({ kind: "disk.failed", fault: problem });
  return problem;
};
