/**
 * A payload on its way to the disk.
 *
 * A small one stays in memory until its batch is written, so that it costs no write of its own. A larger one gets
 * its space as soon as that is clear and goes there piece by piece, several chunks to a write.
 */
import { createHash, type Hash } from "node:crypto";
import { bad, type Fault, FaultError, fault, type Result } from "../model/faults.ts";
import type { ImageId } from "../model/ids.ts";
import type { ImageRecord } from "../model/records.ts";
import type { PayloadWriter, Place } from "../ports.ts";
import type { StagedPayload } from "./batch.ts";
import { extentHeadBytes, payloadSpaceOf } from "./segment-format.ts";
import type { Segments, Space } from "./segments.ts";

export interface StagedPayloadWriterOptions {
  readonly id: ImageId;
  readonly payloadBytes: number;
  readonly segments: Segments;
  /** Puts the staged payload and its record into the next batch. */
  readonly commit: (record: ImageRecord, payload: StagedPayload) => Promise<Result<number>>;
  /** Called once, when it is committed or given up. */
  readonly onEnd: () => void;
  /** Told of a disk that failed. */
  readonly onFault: (problem: Fault) => void;
}

export class StagedPayloadWriter implements PayloadWriter {
  readonly #options: StagedPayloadWriterOptions;
  readonly #hasher: Hash = createHash("sha256");
  #hash: Uint8Array | null = null;
  #received = 0;
  /** Not on its way to the disk yet. */
  #pieces: Uint8Array[] = [];
  #piecesBytes = 0;
  #onDone: (() => void)[] = [];
  #written = 0;
  #space: Space | null = null;
  #over = false;

  constructor(options: StagedPayloadWriterOptions) {
    this.#options = options;
  }

  async write(chunk: Uint8Array, onDone?: () => void): Promise<void> {
    const { id, payloadBytes, segments } = this.#options;
    const { smallPayloadBytesMax } = segments;
    this.#received += chunk.length;
    if (this.#received > payloadBytes || this.#over) throw new FaultError(fault("HASH_MISMATCH", { id }));
    this.#hasher.update(chunk);
    this.#pieces.push(chunk);
    if (onDone !== undefined) this.#onDone.push(onDone);
    this.#piecesBytes += chunk.length;
    if (payloadBytes > smallPayloadBytesMax && this.#piecesBytes >= smallPayloadBytesMax) await this.#flush();
  }

  hash(): Uint8Array {
    this.#hash ??= new Uint8Array(this.#hasher.digest());
    return this.#hash;
  }

  async commit(record: ImageRecord): Promise<Result<number>> {
    const { id, payloadBytes, segments, commit } = this.#options;
    const { facts } = record;
    const sound =
      !this.#over &&
      this.#received === payloadBytes &&
      facts.payloadBytes === payloadBytes &&
      this.hash().every((byte, at) => byte === facts.payloadHash[at]);
    if (!sound) {
      await this.abort();
      return bad(fault("HASH_MISMATCH", { id }));
    }
    try {
      if (payloadBytes > segments.smallPayloadBytesMax) await this.#flush();
    } catch (error) {
      await this.abort();
      if (error instanceof FaultError) return bad(error.fault);
      throw error;
    }
    const onDone = this.#onDone;
    const committed = await commit(record, { payloadBytes, hash: this.hash(), where: this.#where() });
    if (committed.ok) {
      this.#end();
      for (const done of onDone) done();
    } else await this.abort();
    return committed;
  }

  async abort(): Promise<void> {
    if (this.#over) return;
    const space = this.#space;
    this.#end();
    // What was written into a segment is dead space there; a file of its own need not stay.
    if (space !== null && this.#options.segments.isOwnFile(space.segment))
      await this.#options.segments.removePayloadFile(space.name).catch(() => undefined);
  }

  #where(): StagedPayload["where"] {
    if (this.#space === null) return { kind: "memory", pieces: this.#pieces };
    const { segment, at } = this.#space;
    const place: Place = { segment, at, bytes: payloadSpaceOf(this.#options.payloadBytes) };
    return { kind: "placed", place };
  }

  #end(): void {
    this.#over = true;
    this.#pieces = [];
    this.#onDone = [];
    this.#space?.release();
    this.#options.onEnd();
  }

  /** All that waits, to its place. */
  async #flush(): Promise<void> {
    const { id, payloadBytes, segments, onFault } = this.#options;
    const pieces = this.#pieces;
    const bytes = this.#piecesBytes;
    const onDone = this.#onDone;
    this.#onDone = [];
    this.#pieces = [];
    this.#piecesBytes = 0;
    try {
      this.#space ??= await segments.reservePayload(id, payloadBytes);
      await segments.write(this.#space, extentHeadBytes + this.#written, pieces);
      this.#written += bytes;
      for (const done of onDone) done();
    } catch (error) {
      if (error instanceof FaultError && error.fault.code === "DISK_FAILED") onFault(error.fault);
      throw error;
    }
  }
}
