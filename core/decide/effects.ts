/**
 * What a decision wants done. Effects are data; the driver performs them strictly in the order of the list,
 * so that "persist precedes send" is a property of the list and can be read off it.
 */
import type { ControlMessage, PeerMemory } from "../model/control.ts";
import type { Event } from "../model/events.ts";
import type { Fault } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import type { OfferReply } from "../model/messages.ts";
import type { MonotonicMs, WallMs } from "../model/units.ts";
import type { DurableTerm } from "../ports.ts";

export type Effect =
  /** Must be on disk before the next effect is begun; when that fails the node halts. */
  | { readonly kind: "persist"; readonly state: DurableTerm }
  | { readonly kind: "send"; readonly to: NodeId; readonly message: ControlMessage }
  | { readonly kind: "log"; readonly event: Event }
  /** The answer to the offer that came with this ticket. */
  | { readonly kind: "reply"; readonly ticket: number; readonly reply: OfferReply }
  /** The disk is born, or filled: that, and what is known of the others, must be on disk before the next effect. */
  | {
      readonly kind: "birth";
      readonly generation: number;
      readonly memories: ReadonlyMap<NodeId, PeerMemory>;
    }
  /** The disk is to be filled from the others; `refilled` is the answer. */
  | { readonly kind: "rebuild" }
  /** The disk is older than what the others remember: it is to be set aside, and the node begun anew. */
  | { readonly kind: "outdated"; readonly reason: string }
  /** Another disk speaks in the name of a node that lives: not listened to. */
  | { readonly kind: "turn-away"; readonly peer: NodeId; readonly fault: Fault }
  /** The answer to the operator's wish that came with this ticket: done, or why not. */
  | { readonly kind: "answer"; readonly ticket: number; readonly fault: Fault | null }
  /** Leader, term or somebody's standing is not what it was: a snapshot is worth showing. */
  | { readonly kind: "changed" }
  /** The last effect of a node that was asked to stop. */
  | { readonly kind: "stopped" };

/** Time and chance, as inputs: both clocks read together, and one number uniform in [0, 1). */
export interface Moment {
  readonly now: MonotonicMs;
  readonly wall: WallMs;
  readonly chance: number;
}

/** "Longer ago than any timeout", for what has never happened. */
export const neverMs = Number.NEGATIVE_INFINITY as MonotonicMs;
/** "Not by itself." */
export const foreverMs = Number.POSITIVE_INFINITY as MonotonicMs;
