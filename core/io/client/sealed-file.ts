/**
 * The sealed image that comes back: written beside its place under `.part`, renamed when it is whole.
 *
 * A name says what it is and when, and is unique by the id: `cat_20261122T134501123Z_5f3a9c01.png.age`.
 */
import { createHash, type Hash } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { bad, type Fault, FaultError, fault, good, type Result } from "../../model/faults.ts";
import { type ImageId, shortId } from "../../model/ids.ts";
import { createdAtOf } from "../../model/image-id.ts";
import { giveBack } from "../../model/memory.ts";
import { sameBytes } from "../bytes.ts";
import { writeAll } from "../disk.ts";
import { codeOf } from "../files.ts";

/** A name that every file system takes, with `.part` after it too: at most 255 bytes, no character with a meaning. */
export const sealedName = (name: string, id: ImageId): string => {
  const safe = name.replace(/[^\p{L}\p{M}\p{N}._ -]/gu, "_").replace(/^\.+/, "_");
  const extension = /\.[A-Za-z0-9]{1,11}$/.exec(safe)?.[0] ?? "";
  const stem = cutToBytes(safe.slice(0, safe.length - extension.length), stemBytesMax) || "image";
  const at = new Date(createdAtOf(id)).toISOString().replace(/[-:.]/g, "");
  return `${stem}_${at}_${shortId(id)}${extension}.age`;
};
const stemBytesMax = 128;

/** As many whole characters as fit. */
const cutToBytes = (text: string, bytesMax: number): string => {
  let kept = "";
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > bytesMax) break;
    kept += character;
  }
  return kept;
};

const unfinished = new Set<string>();

/** Removes every part file of this process, at once: for the moment before it exits. */
export const discardParts = (): void => {
  for (const part of unfinished) rmSync(part, { force: true });
  unfinished.clear();
};

/** What may wait for the disk before whoever writes has to wait. */
const backlogBytesMax = 1_048_576;

/** Chunks for the file, and whether they will be looked at. */
interface Queue {
  readonly chunks: Uint8Array[];
  due: boolean;
}

const emptyQueue = (): Queue => ({ chunks: [], due: false });

const bytesOf = (chunks: readonly Uint8Array[]): number =>
  chunks.reduce((sum, { length }) => sum + length, 0);

/** Its folder is there already, most of the time. */
const openPart = async (path: string): Promise<FileHandle> => {
  try {
    return await open(path, "w");
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    await mkdir(dirname(path), { recursive: true });
    return open(path, "w");
  }
};

/**
 * A file that appears whole or not at all. It is written in the background: a failure is told by whichever call comes
 * next, at the latest by `finish`.
 */
export class PartFile {
  readonly path: string;
  #file: FileHandle | null = null;
  #hash: Hash = createHash("sha256");
  #bytes = 0;
  /** Given up: whoever still writes to it, writes nothing. */
  #discarded = false;
  #queue: Queue = emptyQueue();
  /** Of all queues: what is not written yet. */
  #waitingBytes = 0;
  /** Everything so far, one after the other; never rejects. */
  #work: Promise<void> = Promise.resolve();
  #fault: Fault | null = null;
  #settling = false;

  constructor(path: string) {
    this.path = resolve(path);
  }

  get #part(): string {
    return `${this.path}.part`;
  }

  /** Bytes that were hashed, since `restart`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins anew, with `head` first, which is not part of the hash. May be written to at once. Throws FaultError. */
  async restart(head: Uint8Array): Promise<void> {
    this.#hash = createHash("sha256");
    this.#bytes = 0;
    this.#forget();
    this.#settling = false;
    this.#work = this.#work.then(() => {
      this.#fault = null;
    });
    this.#do(async () => {
      await this.#close();
      const file = await openPart(this.#part);
      if (this.#discarded) await file.close();
      else {
        unfinished.add(this.#part);
        this.#file = file;
      }
    });
    // A copy: the head is the caller's, who may begin anew with it.
    if (head.length > 0) this.#push(head.slice());
    await this.#work;
    this.#check();
    if (this.#discarded) await this.discard();
  }

  /** Takes `chunk` over. Resolves when there is room for more. Throws FaultError. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#check();
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    this.#push(chunk);
    while (this.#waitingBytes > backlogBytesMax && this.#fault === null) await this.#work;
    this.#check();
  }

  /** Nothing more comes: it can go to the disk while others still have to say that it is what it should be. */
  settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    this.#do(async () => {
      await this.#file?.sync();
      await this.#close();
    });
  }

  /** Puts it in its place. With `hash`, what was written since `restart` must have it: SEAL_BROKEN otherwise. */
  async finish(id: ImageId, hash: Uint8Array | null): Promise<Result<string>> {
    if (hash !== null && !sameBytes(this.#hash.digest(), hash)) {
      await this.discard();
      return bad(fault("SEAL_BROKEN", { id, reason: "what came back is not what the receipt says" }));
    }
    this.settle();
    this.#do(async () => {
      await rename(this.#part, this.path);
      unfinished.delete(this.#part);
    });
    await this.#work;
    const problem = this.#fault;
    if (problem === null) return good(this.path);
    await this.discard();
    return bad(problem);
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    this.#discarded = true;
    this.#forget();
    await this.#work;
    await this.#close().catch(() => undefined);
    await rm(this.#part, { force: true }).catch(() => undefined);
    unfinished.delete(this.#part);
  }

  #check(): void {
    if (this.#fault !== null) throw new FaultError(this.#fault);
  }

  #push(chunk: Uint8Array): void {
    if (this.#discarded) return;
    const queue = this.#queue;
    queue.chunks.push(chunk);
    this.#waitingBytes += chunk.length;
    if (queue.due) return;
    queue.due = true;
    // What has come while the disk was busy is written at once.
    this.#do(async () => {
      queue.due = false;
      const chunks = queue.chunks.splice(0);
      try {
        if (this.#file !== null) await writeAll(this.#file, chunks);
      } finally {
        this.#waitingBytes -= bytesOf(chunks);
      }
      for (const written of chunks) giveBack(written);
    });
  }

  #forget(): void {
    this.#waitingBytes -= bytesOf(this.#queue.chunks);
    this.#queue = emptyQueue();
  }

  /** After what there is to do already; not at all when that has failed. */
  #do(act: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#fault !== null) return;
      try {
        await act();
      } catch (error) {
        this.#fault ??= writeFault(this.path, error);
      }
    });
  }

  async #close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }
}

/** FILE_UNWRITABLE, and why. */
export const writeFault = (path: string, error: unknown): Fault => {
  const code = codeOf(error);
  const denied = code === "EACCES" || code === "EPERM";
  const reason = denied
    ? "permission denied"
    : code === "ENOSPC"
      ? "the disk is full"
      : (code ?? String(error));
  return fault("FILE_UNWRITABLE", { path, reason });
};
