/**
 * One try: the image goes to one node, and its sealed form comes back while it goes.
 *
 * Sending and receiving run side by side on the same connection; whichever learns first that the try is over
 * ends the other. A refusal is final word of the node; a connection that breaks is not, and when the whole image had
 * been sent, the outcome is unknown.
 */
import { type Fault, FaultError, fault, type Result } from "../../model/faults.ts";
import type { NodeId } from "../../model/ids.ts";
import { stallMsMax } from "../../model/limits.ts";
import type { Receipt, Upload } from "../../model/messages.ts";
import type { Connection } from "../connection.ts";
import type { Borrowed } from "../connection-pool.ts";
import { faultOf, replyIn } from "../exchange.ts";
import { fetchPayload } from "./get.ts";
import type { Session } from "./session.ts";
import { fileFault, type Source } from "./source.ts";
import { type ServerWatch, watchServer } from "./watch.ts";

/** Takes what comes back sealed; begins anew with each try. */
export interface SealedSink {
  /** Bytes since `restart`. */
  readonly bytes: number;
  /** Throws FaultError, like `write`. `head` is not counted. */
  restart(head: Uint8Array): Promise<void>;
  /** May be called while `restart` is under way. Takes `chunk` over. */
  write(chunk: Uint8Array): Promise<void>;
  /** Nothing more comes. */
  settle(): void;
}

export interface UploadTry {
  readonly upload: Upload;
  readonly source: Source;
  readonly sealed: SealedSink;
}

export type TryOutcome = TryStored | TryFailed;

export interface TryStored {
  readonly kind: "stored";
  readonly receipt: Receipt;
  /** Why its sealed form did not come back whole; null when it did. The image is stored all the same. */
  readonly unsaved: Fault | null;
}

export interface TryFailed extends Progress {
  readonly kind: "failed";
  readonly fault: Fault;
  readonly lostBefore: boolean;
}

/** See `DispatchEvent`. */
interface Progress {
  readonly accepted: boolean;
  readonly bodySent: boolean;
}

const nothing: Progress = { accepted: false, bodySent: false };

/** On one connection. */
type Sent = TryStored | Omit<TryFailed, "lostBefore">;

export const sendUpload = async (
  session: Session,
  tried: UploadTry,
  onProgress: ((bytes: number) => void) | undefined,
): Promise<TryOutcome> => {
  const outcome = await sendToNode(session, tried, onProgress);
  if (outcome.kind === "failed" || outcome.unsaved !== null) return outcome;
  // The node gave up sending back because this client was slow: the stored payload is fetched instead.
  const { receipt } = outcome;
  const isWhole = tried.sealed.bytes >= receipt.payloadBytes;
  return isWhole ? outcome : { ...outcome, unsaved: await fetchRest(session, tried, receipt) };
};

/** The watch ends with it: a connection that was given back may be somebody else's by now. */
const sendToNode = async (
  session: Session,
  tried: UploadTry,
  onProgress: ((bytes: number) => void) | undefined,
): Promise<TryOutcome> => {
  const { node } = tried.upload.assignment;
  const watch = watchServer(session, node);
  let lostBefore = false;
  try {
    for (let request = tried; ; request = again(request)) {
      const borrowed = await borrowUnlessGone(session, node, watch);
      if (!borrowed.ok) return { kind: "failed", fault: borrowed.fault, ...nothing, lostBefore };
      const { connection, fresh } = borrowed.value;
      watch.follow(connection);
      const outcome = await sendOn(connection, session, request, onProgress);
      // A pooled connection may have died unnoticed; then the node is asked again on a new one.
      if (outcome.kind === "stored") return outcome;
      const died = !fresh && outcome.fault.code === "CONNECTION_LOST" && !outcome.accepted;
      if (!died) return { ...outcome, lostBefore };
      lostBefore ||= outcome.bodySent;
    }
  } finally {
    watch.stop();
  }
};

const again = (tried: UploadTry): UploadTry => ({
  ...tried,
  upload: { ...tried.upload, attempt: tried.upload.attempt + 1 },
});

const borrowUnlessGone = async (
  session: Session,
  node: NodeId,
  watch: ServerWatch,
): Promise<Result<Borrowed>> => {
  const borrowing = session.pool.borrow(node);
  const gone = watch.gone.then((problem) => ({ ok: false, fault: problem, gone: true }) as const);
  const first = await Promise.race([borrowing, gone]);
  if ("gone" in first) {
    // A connection that is still being made will do for another request.
    void borrowing.then((late) => late.ok && session.pool.giveBack(late.value.connection));
  }
  return first;
};

const sendOn = async (
  connection: Connection,
  session: Session,
  tried: UploadTry,
  onProgress: ((bytes: number) => void) | undefined,
): Promise<Sent> => {
  const progress = { ...nothing };
  try {
    await connection.send(tried.upload);
    const [stored] = await Promise.all([
      receiveSealed(connection, tried, progress),
      sendBody(connection, tried.source, progress, onProgress),
    ]);
    session.pool.giveBack(connection);
    return stored;
  } catch (error) {
    const problem = faultOf(error, `node ${tried.upload.assignment.node}`);
    connection.destroy(problem);
    return { kind: "failed", fault: problem, ...progress };
  }
};

/**
 * Until the receipt: sealed chunks into the part file. Throws FaultError. When the file cannot be written the image goes
 * on its way all the same: to be stored is what it was sent for.
 */
const receiveSealed = async (
  connection: Connection,
  { upload, sealed }: UploadTry,
  progress: { accepted: boolean },
): Promise<TryStored> => {
  let bytesDue: number | null = null;
  let unsaved: Fault | null = null;
  for (;;) {
    const incoming = await connection.receive({ withinMs: stallMsMax });
    if (incoming.kind === "chunk") {
      unsaved ??= await faultIn(sealed.write(incoming.bytes));
      if (sealed.bytes === bytesDue) sealed.settle();
      continue;
    }
    const reply = replyIn(incoming, ["upload.accepted", "receipt"]);
    if (reply.id !== upload.id) {
      throw new FaultError(fault("PROTOCOL_VIOLATION", { reason: "the answer is about another image" }));
    }
    if (reply.kind === "receipt") return { kind: "stored", receipt: reply, unsaved };
    if (progress.accepted) throw new FaultError(fault("PROTOCOL_VIOLATION", { reason: "accepted twice" }));
    progress.accepted = true;
    bytesDue = reply.payloadBytes;
    // The file is opened while the first bytes are on their way; `write` tells when it cannot be.
    sealed.restart(upload.header).catch(() => undefined);
  }
};

/** Throws FaultError: FILE_CHANGED when the file no longer has the length that was told. */
const sendBody = async (
  connection: Connection,
  source: Source,
  progress: { bodySent: boolean },
  onProgress: ((bytes: number) => void) | undefined,
): Promise<void> => {
  let sent = 0;
  try {
    for await (const chunk of source.open()) {
      sent += chunk.length;
      if (sent > source.bytes) break;
      // Before there is room for it: from here on the node may get it.
      if (sent === source.bytes) progress.bodySent = true;
      await connection.sendChunk(chunk);
      onProgress?.(sent);
    }
  } catch (error) {
    throw error instanceof FaultError ? error : new FaultError(fileFault(source.path, error));
  }
  if (sent !== source.bytes) throw new FaultError(fault("FILE_CHANGED", { path: source.path }));
};

/** All of it anew; why it could not be had or saved, or null. */
const fetchRest = async (
  session: Session,
  { upload, sealed }: UploadTry,
  { id }: Receipt,
): Promise<Fault | null> => {
  const begin = (): Promise<void> => sealed.restart(upload.header);
  const fetched = await fetchPayload(session, id, (chunk) => sealed.write(chunk), begin);
  return fetched.ok ? null : fetched.fault;
};

const faultIn = async (work: Promise<void>): Promise<Fault | null> => {
  try {
    await work;
    return null;
  } catch (error) {
    if (error instanceof FaultError) return error.fault;
    throw error;
  }
};
