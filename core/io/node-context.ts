/**
 * What the parts of a running node share: who it is, its stores, its peers, its voice.
 */
import type { ClusterConfig } from "../model/config.ts";
import type { Event } from "../model/events.ts";
import { type Fault, FaultError, type Result } from "../model/faults.ts";
import type { NodeId, StoreId } from "../model/ids.ts";
import type { Clock, Store } from "../ports.ts";
import type { UnderWay } from "../store/under-way.ts";
import type { Connection } from "./connection.ts";
import type { Borrowed } from "./connection-pool.ts";
import type { NodeDriver } from "./driver.ts";
import type { WaitingInspector } from "./inspector.ts";
import type { Rules } from "./rules.ts";
import type { Settlements } from "./settlements.ts";

export interface NodeContext {
  readonly self: NodeId;
  readonly config: ClusterConfig;
  readonly clock: Clock;
  readonly driver: NodeDriver;
  readonly store: Store;
  readonly peers: Peers;
  readonly settlements: Settlements;
  readonly inspector: WaitingInspector;
  readonly work: Work;
  readonly underWay: UnderWay;
  readonly rules: Rules;
  /** Bytes that nobody can guess. */
  readonly randomBytes: (count: number) => Uint8Array;
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

/** Passes `problem` on; when it is a failed disk, this node takes no more work from now on. That is told once. */
export const noteDisk = (context: Pick<NodeContext, "work" | "log">, problem: Fault): Fault => {
  if (problem.code !== "DISK_FAILED" || context.work.diskFault?.code === "DISK_FAILED") return problem;
  context.work.failDisk(problem);
  context.log({ kind: "disk.failed", fault: problem });
  return problem;
};

/** What stopped work on the disk. What is not a fault is a bug of ours and is thrown on. */
export const noteThrown = (context: NodeContext, error: unknown): Fault => {
  if (!(error instanceof FaultError)) throw error;
  return noteDisk(context, error.fault);
};

/** Live peers whose disks are what the others remember: who may be a home, and be asked for what was acknowledged. */
export const readyPeers = ({ driver, self }: Pick<NodeContext, "driver" | "self">): readonly NodeId[] => {
  const disks = driver.peerDisks();
  return driver.live().filter((node) => node !== self && disks.get(node)?.ready === true);
};

/** NO_QUORUM or NODE_NOT_READY until this node's own disk may answer; DISK_* while its index may lack something. */
export const readyFault = ({ driver, store }: Pick<NodeContext, "driver" | "store">): Fault | null =>
  driver.standingFault() ?? store.readFault;

/** Every node's disk as it was last heard of, our own included. */
export const disksOfAll = ({
  driver,
  self,
  store,
}: Pick<NodeContext, "driver" | "self" | "store">): ReadonlyMap<NodeId, StoreId> =>
  new Map<NodeId, StoreId>([
    ...[...driver.memories()].map(([node, { latest }]) => [node, latest.store] as const),
    [self, store.id],
  ]);
