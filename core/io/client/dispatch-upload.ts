/**
 * One image on its way: tried until it is stored, refused, or patience is gone.
 *
 * `decide/dispatch.ts` decides whom to ask and when to try again; this performs. What must not change between tries is
 * made before the first (`upload.ts`).
 */
import {
  beginDispatch,
  type DispatchEffect,
  type DispatchEvent,
  stepDispatch,
} from "../../decide/dispatch.ts";
import { bad, type Fault, fault, good, type Result } from "../../model/faults.ts";
import type { NodeId } from "../../model/ids.ts";
import type { OfferReply, Receipt, Upload } from "../../model/messages.ts";
import { replyFrom } from "../exchange.ts";
import { request, type Session } from "./session.ts";
import type { Source } from "./source.ts";
import { type SealedSink, sendUpload, type UploadTry } from "./upload-try.ts";

export interface UploadHooks {
  /** Plain bytes given to the network, of the present try. */
  readonly onProgress?: (bytes: number) => void;
  /** What a server answered to the offer. */
  readonly onAnswer?: (node: NodeId, reply: OfferReply) => void;
  /** A server did not answer the offer. */
  readonly onUnreachable?: (node: NodeId, problem: Fault) => void;
  /** A try ended without success; another follows. */
  readonly onRetry?: (problem: Fault) => void;
}

/** The part of the request that is the same in every try. */
export type PreparedUpload = Omit<Upload, "assignment" | "attempt">;

export interface Dispatched {
  readonly receipt: Receipt;
  /** Why its sealed form did not come back whole; null when `sealed` has all of it. */
  readonly unsaved: Fault | null;
}

/** Performs the effects of the dispatch machine until it is over; what comes back sealed goes to `sealed`. */
export const dispatchUpload = (
  session: Session,
  source: Source,
  prepared: PreparedUpload,
  sealed: SealedSink,
  hooks: UploadHooks,
): Promise<Result<Dispatched>> =>
  new Promise((resolve) => {
    const { clock, servers, signal } = session;
    let cancelWake = (): void => undefined;
    let unsaved: Fault | null = null;
    let [state, first] = beginDispatch(prepared.id, servers, clock.monotonic());
    const settle = (result: Result<Dispatched>): void => {
      cancelWake();
      signal.removeEventListener("abort", interrupt);
      resolve(result);
    };
    const interrupt = (): void => settle(bad(fault("INTERRUPTED", {})));
    signal.addEventListener("abort", interrupt);

    const step = (event: DispatchEvent): void => {
      const [next, effects] = stepDispatch(state, event, clock.monotonic());
      state = next;
      for (const effect of effects) perform(effect);
    };
    const perform = (effect: DispatchEffect): void => {
      switch (effect.kind) {
        case "offer":
          for (const node of effect.to)
            void makeOffer(session, prepared, node).then((answer) => {
              if (answer.ok) hooks.onAnswer?.(node, answer.value);
              else hooks.onUnreachable?.(node, answer.fault);
              const { attempt } = effect;
              if (answer.ok) step({ kind: "answered", attempt, node, reply: answer.value });
              else step({ kind: "unreachable", attempt, node, fault: answer.fault });
            });
          return;
        case "upload": {
          const tried: UploadTry = {
            upload: { ...prepared, assignment: effect.assignment, attempt: effect.attempt },
            source,
            sealed,
          };
          void sendUpload(session, tried, hooks.onProgress).then((outcome) => {
            if (outcome.kind === "stored") {
              unsaved = outcome.unsaved;
              return step({ kind: "stored", receipt: outcome.receipt });
            }
            hooks.onRetry?.(outcome.fault);
            step({ ...outcome, kind: "upload.failed", node: effect.assignment.node });
          });
          return;
        }
        case "wake":
          cancelWake();
          cancelWake = clock.at(effect.at, () => step({ kind: "woke" }));
          return;
        case "done":
          settle(good({ receipt: effect.receipt, unsaved }));
          return;
        case "fail":
          settle(bad(effect.fault));
          return;
      }
    };
    for (const effect of first) perform(effect);
    first = [];
  });

/** A server that does not answer an offer in this time counts as unreachable. */
const offerMsMax = 2_000;

const makeOffer = (session: Session, prepared: PreparedUpload, node: NodeId): Promise<Result<OfferReply>> =>
  request(session, node, async (connection) => {
    const { id, name, bytes } = prepared;
    await connection.send({ kind: "offer", id, name, bytes });
    return replyFrom(connection, ["offer.assigned", "offer.declined", "offer.no-leader"], offerMsMax);
  });
