/**
 * Processing one upload: the path of every image, on the one node that was chosen for it.
 *
 * The plain image comes in chunks and is looked at, hashed and sealed as it flows; each sealed chunk goes at
 * once to this disk, to the other homes and back to the client. The last chunk is sealed only when the hash of
 * the whole agrees, so nothing that opens exists of an image that did not arrive whole. At a majority of
 * synced copies the client gets its receipt. Decoding and the thumbnail come after and delay nobody.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Fault, FaultError, fault, type Result } from "../model/faults.ts";
import type { UserName } from "../model/ids.ts";
import { createdAtOf } from "../model/image-id.ts";
import { idAheadMsMax, stallMsMax } from "../model/limits.ts";
import { giveBack } from "../model/memory.ts";
import type { Receipt, Upload } from "../model/messages.ts";
import type { ImageRecord } from "../model/records.ts";
import { after, type WallMs } from "../model/units.ts";
import { createSealer, payloadBytesOf } from "../seal/payload.ts";
import { roomForChunk } from "../wire/frame.ts";
import { allocateUnset } from "./bytes.ts";
import type { Connection } from "./connection.ts";
import { beginCopies, type Copies, noRoom } from "./copies.ts";
import { faultOf } from "./exchange.ts";
import { inspectLater } from "./inspect-later.ts";
import { Lane, laneLagMsMax } from "./lane.ts";
import { lookUp } from "./look-up.ts";
import { type NodeContext, noteDisk } from "./node-context.ts";
import { refuseBody } from "./refuse.ts";
import { isSameImage, receiptOf, repeatReceipt } from "./repeat-receipt.ts";
import { HeadSniffer, type Picture } from "./upload-head.ts";

/** Answers `upload` from `owner`. Everything that can go wrong is told to the client or logged, never thrown. */
export const serveUpload = async (
  context: NodeContext,
  connection: Connection,
  upload: Upload,
  owner: UserName,
): Promise<void> => {
  const startedAt = context.clock.monotonic();
  const { id, bytes, assignment } = upload;
  const problem = admissionFault(context, upload, owner) ?? context.work.begin(id, bytes);
  if (problem !== null) return refuseUpload(context, connection, upload, problem);
  // Of the copies that go on after that, `Copies` takes note.
  const end = context.underWay.begin([id]);
  try {
    const mayBeStored = upload.attempt > 1 || isOld(context, upload);
    const holding = mayBeStored ? must(await lookUp(context, id)) : await context.store.get(id);
    if (holding?.record.kind === "tombstone") throw new FaultError(fault("ID_TAKEN", { id }));
    const known = holding?.record ?? null;
    const receipt =
      known !== null && holding?.here === true
        ? await repeatReceipt(context, connection, upload, owner, known)
        : await new Processing(context, connection, upload, owner).run(known);
    const ms = context.clock.monotonic() - startedAt;
    // Stored is stored, whether or not the client is still there to hear it.
    context.log({
      kind: "image.stored",
      image: id,
      bytes,
      copies: receipt.copies,
      ms,
      assignedBy: assignment.by,
    });
    await connection.send(receipt).catch((error) => connection.destroy(faultOf(error, connection.remote)));
  } catch (error) {
    await refuseUpload(context, connection, upload, faultOf(error, connection.remote));
  } finally {
    end();
    context.work.end(id);
  }
};

const refuseUpload = (
  context: NodeContext,
  connection: Connection,
  upload: Upload,
  problem: Fault,
): Promise<void> => {
  context.log({ kind: "image.refused", image: upload.id, fault: problem });
  return refuseBody(connection, problem, upload.bytes);
};

/**
 * Whether the id was picked so long ago that an image acknowledged under it elsewhere may not have come here yet.
 * A new upload's id is of this moment; an old one is a retry, or an attempt to take an id that was seen.
 */
const isOld = (context: NodeContext, { id }: Upload): boolean =>
  context.clock.wall() - createdAtOf(id) > newIdMsMax;
const newIdMsMax = 2_000;

/** What can be told before a byte of the image has been read. */
const admissionFault = (context: NodeContext, upload: Upload, owner: UserName): Fault | null => {
  const { imageBytesMax } = context.config.limits;
  const { id, name, bytes, fileKey, sha256 } = upload;
  if (bytes === 0) return fault("IMAGE_EMPTY", { name });
  if (bytes > imageBytesMax) return fault("IMAGE_TOO_LARGE", { name, bytes, bytesMax: imageBytesMax });
  const aheadMs = createdAtOf(id) - context.clock.wall();
  if (aheadMs > idAheadMsMax) return fault("CLOCK_AHEAD", { aheadMs });
  if (!context.rules.isIdOf(id, fileKey, sha256, owner)) return fault("ID_TAKEN", { id });
  return context.driver.admits(upload.assignment) ?? context.work.diskFault;
};

/** One run of the path; the fields are what its steps share. */
class Processing {
  readonly #context: NodeContext;
  readonly #connection: Connection;
  readonly #upload: Upload;
  readonly #owner: UserName;
  readonly #plainHash = createHash("sha256");
  readonly #head: HeadSniffer;
  readonly #nonce: Uint8Array;
  readonly #back: Lane;
  readonly #startedAt: WallMs;

  constructor(context: NodeContext, connection: Connection, upload: Upload, owner: UserName) {
    this.#context = context;
    this.#connection = connection;
    this.#upload = upload;
    this.#owner = owner;
    this.#startedAt = context.clock.wall();
    this.#nonce = context.rules.payloadNonce(upload.fileKey, upload.sha256);
    this.#head = new HeadSniffer(upload.name, upload.bytes, context.config.limits);
    this.#back = new Lane((chunk, onDone) => connection.sendChunk(chunk, onDone));
  }

  /** Throws FaultError when the image is refused or cannot be stored. */
  async run(known: ImageRecord | null): Promise<Receipt> {
    const { id, fileKey } = this.#upload;
    if (known !== null && !isSameImage(known, this.#nonce, this.#owner)) {
      throw new FaultError(fault("ID_TAKEN", { id }));
    }
    const decodes = this.#context.config.images.inspect === "decode";
    if (decodes) await this.#context.inspector.whenLetIn();
    try {
      const [record, copies] = await this.#store();
      if (decodes) inspectLater(this.#context, record, fileKey);
      else fileKey.fill(0);
      return receiptOf(record, copies, false);
    } catch (error) {
      fileKey.fill(0);
      throw error;
    }
  }

  /** Seals and stores; gives the record and how many copies were synced when a majority was. */
  async #store(): Promise<readonly [ImageRecord, number]> {
    const { id, bytes } = this.#upload;
    const payloadBytes = payloadBytesOf(bytes);
    refuseIf(noRoom(this.#context));
    const copies = must(await beginCopies(this.#context, id));
    const writer = must(await this.#context.store.begin(id, payloadBytes));
    const here = new Lane((chunk, onDone) => writer.write(chunk, onDone));
    try {
      copies.openStreams(payloadBytes);
      await this.#connection.send({ kind: "upload.accepted", id, payloadBytes });
      const picture = await this.#sealBody(copies, here);
      refuseIf(copies.hopeless);
      const written = await here.finish();
      if (written !== null) throw new FaultError(noteDisk(this.#context, written));
      const record = this.#recordOf(copies, picture, payloadBytes, writer.hash());
      copies.commitStreams(record);
      const kept = await writer.commit(record);
      copies.storedHere(record, kept.ok ? null : noteDisk(this.#context, kept.fault));
      const acknowledged = must(await copies.acknowledged);
      await this.#back.finish();
      return [record, acknowledged.copies];
    } catch (error) {
      const problem = faultOf(error, this.#connection.remote);
      this.#back.drop(problem);
      here.drop(problem);
      await here.finish();
      await writer.abort();
      copies.abort(problem);
      throw new FaultError(problem);
    }
  }

  /** Reads the body to its end; everything but the last chunk has been sent on when the hash is compared. */
  async #sealBody(copies: Copies, here: Lane): Promise<Picture> {
    const { id, bytes, fileKey, sha256 } = this.#upload;
    const sealer = createSealer({ fileKey, nonce: this.#nonce }, roomToSend, (plain) => {
      // Until it is known what it is, its first bytes are looked at once more.
      if (this.#head.picture !== null) giveBack(plain);
    });
    const sendOn = (chunks: readonly Uint8Array[]): void => {
      for (const chunk of chunks) {
        // This disk, the client, whoever pushes, and the other homes. All are counted first: a lane that has failed is
        // done at once.
        let users = 3 + copies.lanes;
        const onDone = (): void => {
          users--;
          if (users === 0) giveBack(new Uint8Array(chunk.buffer));
        };
        copies.push(chunk, onDone);
        here.push(chunk, onDone);
        this.#back.push(chunk, onDone);
        onDone();
      }
    };
    let received = 0;
    while (received < bytes) {
      const chunk = await this.#nextChunk(bytes - received);
      refuseIf(copies.hopeless);
      received += chunk.length;
      this.#context.work.arrived(id, chunk.length);
      this.#plainHash.update(chunk);
      refuseIf(this.#head.push(chunk));
      sendOn(sealer.push(chunk));
      await this.#whenRoom(copies, here);
    }
    if (!this.#plainHash.digest().equals(sha256)) throw new FaultError(fault("HASH_MISMATCH", { id }));
    sendOn(sealer.finish());
    const { picture } = this.#head;
    assert(picture !== null, "a whole image was looked at");
    return picture;
  }

  async #nextChunk(bytesMax: number): Promise<Uint8Array> {
    const incoming = await this.#connection.receive({ withinMs: stallMsMax });
    if (incoming.kind !== "chunk" || incoming.bytes.length > bytesMax || incoming.bytes.length === 0) {
      throw new FaultError(fault("PROTOCOL_VIOLATION", { reason: "the body is not what the upload told" }));
    }
    return incoming.bytes;
  }

  /** Back-pressure: waits for the lanes that matter, drops the ones that lag and can be spared. */
  async #whenRoom(copies: Copies, here: Lane): Promise<void> {
    if (here.fault !== null) throw new FaultError(noteDisk(this.#context, here.fault));
    if (!here.hasRoom) await here.whenRoom();
    const lagging = fault("TIMED_OUT", { peer: "the client", what: "keep up", ms: laneLagMsMax });
    const full = copies.fullLanes();
    if (!this.#back.hasRoom) await this.#roomOrDrop(this.#back, () => this.#back.drop(lagging));
    for (const { lane, drop } of full) await this.#roomOrDrop(lane, drop);
  }

  async #roomOrDrop(lane: Lane, drop: () => void): Promise<void> {
    const { clock } = this.#context;
    const cancel = clock.at(after(clock.monotonic(), laneLagMsMax), drop);
    await lane.whenRoom();
    cancel();
  }

  #recordOf(copies: Copies, picture: Picture, payloadBytes: number, payloadHash: Uint8Array): ImageRecord {
    const { self, config } = this.#context;
    const { id, name, bytes, fingerprint, header, assignment, attempt } = this.#upload;
    // Processing again after a lost reply must not undo what was done to the image since.
    const first = { atMs: createdAtOf(id), node: self };
    const { node, term, by: assignedBy, leader, candidates } = assignment;
    return {
      kind: "image",
      facts: {
        id,
        owner: this.#owner,
        name,
        bytes,
        type: picture.type,
        width: picture.dimensions?.width ?? 0,
        height: picture.dimensions?.height ?? 0,
        createdAt: createdAtOf(id),
        payloadHash,
        payloadBytes,
        nonce: this.#nonce,
        fingerprint,
      },
      processing: { node, term, assignedBy, leader, candidates, attempt, startedAt: this.#startedAt },
      headers: { [this.#owner]: { stamp: first, value: header } },
      homes: Object.fromEntries(
        [...copies.placedHomes].map(([home, value]) => [String(home), { stamp: first, value }]),
      ),
      inspection: {
        stamp: first,
        value: { verdict: config.images.inspect === "decode" ? "pending" : "unknown", thumbnail: null },
      },
      trashed: { stamp: first, value: null },
      condemned: {},
    };
  }
}

/** A sealed chunk goes to two homes and back as it is. */
const roomToSend = (bytes: number): Uint8Array => roomForChunk(bytes, allocateUnset);

const refuseIf = (problem: Fault | null): void => {
  if (problem !== null) throw new FaultError(problem);
};

const must = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new FaultError(result.fault);
  return result.value;
};
