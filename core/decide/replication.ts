/**
 * When is an image safe? The copies of one upload, as a pure machine.
 *
 * The processing node streams the payload to its homes and counts who has synced it. At a majority of all
 * nodes the upload is acknowledged; copies wanted beyond that finish behind it. A home that fails is replaced
 * by the next node in rendezvous order, which is sent the finished payload from the local disk. When a
 * majority can no longer be reached the upload fails — never before, and never after it was acknowledged.
 *
 * Nodes that live and have no room are no majority either, but to start more nodes would not help: then the first of
 * them says why it failed.
 */
import { type Fault, fault } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";

export interface Replication {
  /** Copies to acknowledge at: a majority of all nodes, whatever is alive. */
  readonly majority: number;
  /** Copies to end with. */
  readonly wanted: number;
  readonly streaming: readonly NodeId[];
  readonly stored: readonly NodeId[];
  /** Live nodes that could still replace a home, by preference. */
  readonly spare: readonly NodeId[];
  /** What those said who live and have no room for it. */
  readonly full: readonly Fault[];
  readonly outcome:
    | { readonly kind: "open" | "acknowledged" }
    /** NO_QUORUM or DISK_FULL. */
    | { readonly kind: "failed"; readonly fault: Fault };
}

export type ReplicationEvent =
  | { readonly kind: "stored"; readonly node: NodeId }
  | { readonly kind: "lost"; readonly node: NodeId; readonly fault: Fault };

export type ReplicationEffect =
  /** A majority has it on disk: tell the client. At most once. */
  | { readonly kind: "acknowledge"; readonly copies: number }
  /** Send the finished payload to this node. */
  | { readonly kind: "recruit"; readonly node: NodeId }
  /** A majority cannot be reached (NO_QUORUM), or has no room (DISK_FULL): tell the client. At most once. */
  | { readonly kind: "fail"; readonly fault: Fault }
  /** No copy is under way any more; these nodes have it. Once, last. */
  | { readonly kind: "settled"; readonly homes: readonly NodeId[] };

/**
 * The homes of a new image: the processing node, then live nodes by preference. Fewer than `wanted` when
 * fewer are alive; null when not even a majority is.
 */
export const beginReplication = (
  self: NodeId,
  preferred: readonly NodeId[],
  wanted: number,
  majority: number,
): Replication | null => {
  const others = preferred.filter((node) => node !== self);
  const homes = [self, ...others].slice(0, wanted);
  if (homes.length < majority) return null;
  return {
    majority,
    wanted,
    streaming: homes,
    stored: [],
    spare: others.slice(wanted - 1),
    full: [],
    outcome: { kind: "open" },
  };
};

/** What a live node last said of its disk. It may also take no images because the disk has failed. */
export interface HomeRoom {
  readonly node: NodeId;
  readonly readOnly: boolean;
  readonly diskFreeBytes: number;
}

/**
 * Why a new image need not be begun here: enough nodes live, `others` and this one, and too many of them have no room.
 * Begun all the same it would be on some disks in the end, and show up after its upload had failed.
 */
export const roomFault = (
  others: readonly HomeRoom[],
  majority: number,
  headroomBytes: number,
): Fault | null => {
  const live = others.length + 1;
  const full = others.filter(({ readOnly, diskFreeBytes }) => readOnly && diskFreeBytes < headroomBytes);
  const [first] = full;
  if (first === undefined || live < majority || live - full.length >= majority) return null;
  return fault("DISK_FULL", { path: `node ${first.node}`, freeBytes: first.diskFreeBytes });
};

/** Whether a majority stays possible without `node`: only then may a slow home be dropped. */
export const canSpare = (state: Replication, node: NodeId): boolean =>
  state.stored.length + state.spare.length + state.streaming.filter((home) => home !== node).length >=
  state.majority;

export const stepReplication = (
  state: Replication,
  event: ReplicationEvent,
): readonly [Replication, readonly ReplicationEffect[]] => {
  if (!state.streaming.includes(event.node)) return [state, []];
  const streaming = state.streaming.filter((node) => node !== event.node);
  switch (event.kind) {
    case "stored":
      return conclude({ ...state, streaming, stored: [...state.stored, event.node] }, []);
    case "lost": {
      const full = event.fault.code === "DISK_FULL" ? [...state.full, event.fault] : state.full;
      const [replacement, ...spare] = state.spare;
      if (replacement === undefined) return conclude({ ...state, streaming, full }, []);
      return conclude({ ...state, streaming: [...streaming, replacement], spare, full }, [
        { kind: "recruit", node: replacement },
      ]);
    }
  }
};

const conclude = (
  state: Replication,
  effects: readonly ReplicationEffect[],
): readonly [Replication, readonly ReplicationEffect[]] => {
  const said = [...effects];
  const { stored, streaming, majority } = state;
  let { outcome } = state;
  if (outcome.kind === "open" && stored.length >= majority) {
    outcome = { kind: "acknowledged" };
    said.push({ kind: "acknowledge", copies: stored.length });
  }
  if (outcome.kind === "open" && stored.length + streaming.length < majority) {
    outcome = { kind: "failed", fault: reasonOf(state) };
    said.push({ kind: "fail", fault: outcome.fault });
  }
  if (streaming.length === 0) said.push({ kind: "settled", homes: stored });
  return [{ ...state, outcome }, said];
};

const reasonOf = ({ stored, streaming, full, majority }: Replication): Fault => {
  const live = stored.length + streaming.length;
  const [first] = full;
  return first !== undefined && live + full.length >= majority
    ? first
    : fault("NO_QUORUM", { live, needed: majority });
};
