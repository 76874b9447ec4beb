/**
 * One image on its way: prepared once, then tried until it is stored, refused, or patience is gone.
 *
 * `decide/dispatch.ts` decides whom to ask and when to try again; this performs. Everything that must not
 * change between tries — id, file key, header, hash — is made here once, before the first.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import {
  beginDispatch,
  type DispatchEffect,
  type DispatchEvent,
  stepDispatch,
} from "../../decide/dispatch.ts";
import { bad, type Fault, fault, good, type Result } from "../../model/faults.ts";
import type { NodeId } from "../../model/ids.ts";
import { imageIdFrom } from "../../model/image-id.ts";
import type { OfferReply, Receipt, Upload } from "../../model/messages.ts";
import { makeHeader } from "../../seal/header.ts";
import type { KeyPair } from "../../seal/identity.ts";
import { fingerprint } from "../../seal/nonce.ts";
import { replyFrom } from "../exchange.ts";
import { unwritableFolder } from "../files.ts";
import { PartFile, sealedName } from "./sealed-file.ts";
import { request, type Session } from "./session.ts";
import { examine, type Source } from "./source.ts";
import { sendUpload, type UploadTry } from "./upload-try.ts";

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

export interface Uploaded {
  readonly receipt: Receipt;
  /** Absolute path of the sealed image. */
  readonly savedAs: string;
}

/** Errors: what is wrong with the file; what the servers refused; NO_SERVER, NO_QUORUM, OUTCOME_UNKNOWN; INTERRUPTED. */
export const uploadImage = async (
  session: Session,
  keys: KeyPair,
  source: Source,
  folder: string,
  hooks: UploadHooks,
): Promise<Result<Uploaded>> => {
  // What comes back must have a place before anything is stored.
  const unwritable = unwritableFolder(folder);
  if (unwritable !== null) return bad(unwritable);
  const prepared = await prepare(session, keys, source);
  if (!prepared.ok) return prepared;
  const sealed = new PartFile(join(folder, sealedName(source.name, prepared.value.id)));
  const stored = await dispatch(session, source, prepared.value, sealed, hooks);
  if (!stored.ok) {
    await sealed.discard();
    return stored;
  }
  const saved = await sealed.finish(prepared.value.id, stored.value.payloadHash);
  return saved.ok ? good({ receipt: stored.value, savedAs: saved.value }) : saved;
};

/** The part of the request that is the same in every try. */
type Prepared = Omit<Upload, "assignment" | "retry">;

const prepare = async (session: Session, keys: KeyPair, source: Source): Promise<Result<Prepared>> => {
  const examined = await examine(source, session.config, session.signal);
  if (!examined.ok) return examined;
  const { recoveryRecipient } = session.config.images;
  const recipients = recoveryRecipient === null ? [keys.recipient] : [keys.recipient, recoveryRecipient];
  const wrapped = await makeHeader(recipients);
  if (!wrapped.ok) return wrapped;
  const { sha256, picture } = examined.value;
  return good({
    kind: "upload",
    id: imageIdFrom(session.clock.wall(), randomBytes(10)),
    name: source.name,
    bytes: source.bytes,
    type: picture.type,
    sha256,
    fileKey: wrapped.value.fileKey,
    header: wrapped.value.header,
    fingerprint: fingerprint(keys.identity, sha256),
  });
};

/** Performs the effects of the dispatch machine until it is over. */
const dispatch = (
  session: Session,
  source: Source,
  prepared: Prepared,
  sealed: PartFile,
  hooks: UploadHooks,
): Promise<Result<Receipt>> =>
  new Promise((resolve) => {
    const { clock, servers, signal } = session;
    let cancelWake = (): void => undefined;
    let [state, first] = beginDispatch(prepared.id, servers, clock.monotonic());
    const settle = (result: Result<Receipt>): void => {
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
            upload: { ...prepared, assignment: effect.assignment, retry: effect.retry },
            source,
            sealed,
          };
          void sendUpload(session, tried, hooks.onProgress).then((outcome) => {
            if (outcome.kind === "stored") return step({ kind: "stored", receipt: outcome.receipt });
            hooks.onRetry?.(outcome.fault);
            const { fault: problem, accepted } = outcome;
            step({ kind: "upload.failed", node: effect.assignment.node, fault: problem, accepted });
          });
          return;
        }
        case "wake":
          cancelWake();
          cancelWake = clock.at(effect.at, () => step({ kind: "woke" }));
          return;
        case "done":
          settle(good(effect.receipt));
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

const makeOffer = (session: Session, prepared: Prepared, node: NodeId): Promise<Result<OfferReply>> =>
  request(session, node, async (connection) => {
    const { id, name, bytes } = prepared;
    await connection.send({ kind: "offer", id, name, bytes });
    return replyFrom(connection, ["offer.assigned", "offer.declined", "offer.no-leader"], offerMsMax);
  });
