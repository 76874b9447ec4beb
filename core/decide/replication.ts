/**
 * When is an image safe? The copies of one upload, as a pure machine.
 *
 * The processing node streams the payload to its homes and counts who has synced it. At a majority of all
 * nodes the upload is acknowledged; copies wanted beyond that finish behind it. A home that fails is replaced
 * by the next node in rendezvous order, which is sent the finished payload from the local disk. When a
 * majority can no longer be reached the upload fails — never before, and never after it was acknowledged.
 */
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
  readonly outcome: "open" | "acknowledged" | "failed";
}

export type ReplicationEvent =
  | { readonly kind: "stored"; readonly node: NodeId }
  | { readonly kind: "lost"; readonly node: NodeId };

export type ReplicationEffect =
  /** A majority has it on disk: tell the client. At most once. */
  | { readonly kind: "acknowledge"; readonly copies: number }
  /** Send the finished payload to this node. */
  | { readonly kind: "recruit"; readonly node: NodeId }
  /** A majority cannot be reached: tell the client. At most once. */
  | { readonly kind: "fail"; readonly live: number }
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
    outcome: "open",
  };
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
      const [replacement, ...spare] = state.spare;
      if (replacement === undefined) return conclude({ ...state, streaming }, []);
      return conclude({ ...state, streaming: [...streaming, replacement], spare }, [
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
  let outcome = state.outcome;
  if (outcome === "open" && state.stored.length >= state.majority) {
    outcome = "acknowledged";
    said.push({ kind: "acknowledge", copies: state.stored.length });
  }
  if (outcome === "open" && state.stored.length + state.streaming.length < state.majority) {
    outcome = "failed";
    said.push({ kind: "fail", live: state.stored.length + state.streaming.length });
  }
  if (state.streaming.length === 0) said.push({ kind: "settled", homes: state.stored });
  return [{ ...state, outcome }, said];
};
