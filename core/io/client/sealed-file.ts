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
import { sameBytes } from "../bytes.ts";
import { writeWhole } from "../disk.ts";
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

/** A file that appears whole or not at all. */
export class PartFile {
  readonly path: string;
  #file: FileHandle | null = null;
  #hash: Hash = createHash("sha256");
  #bytes = 0;
  /** Given up: whoever still writes to it, writes nothing. */
  #discarded = false;

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

  /** Begins anew, with `head` first, which is not part of the hash. Throws FaultError. */
  async restart(head: Uint8Array): Promise<void> {
    await this.#file?.close();
    this.#file = null;
    this.#hash = createHash("sha256");
    this.#bytes = 0;
    await this.#try(async () => {
      await mkdir(dirname(this.path), { recursive: true });
      if (this.#discarded) return;
      unfinished.add(this.#part);
      this.#file = await open(this.#part, "w");
      await writeWhole(this.#file, head);
    });
    if (this.#discarded) await this.discard();
  }

  /** Throws FaultError. */
  async write(chunk: Uint8Array): Promise<void> {
    this.#hash.update(chunk);
    this.#bytes += chunk.length;
    const file = this.#file;
    if (file !== null) await this.#try(() => writeWhole(file, chunk));
  }

  /** Puts it in its place. With `hash`, what was written since `restart` must have it: SEAL_BROKEN otherwise. */
  async finish(id: ImageId, hash: Uint8Array | null): Promise<Result<string>> {
    if (hash !== null && !sameBytes(this.#hash.digest(), hash)) {
      await this.discard();
      return bad(fault("SEAL_BROKEN", { id, reason: "what came back is not what the receipt says" }));
    }
    try {
      await this.#file?.sync();
      await this.#file?.close();
      this.#file = null;
      await rename(this.#part, this.path);
      unfinished.delete(this.#part);
      return good(this.path);
    } catch (error) {
      await this.discard();
      return bad(writeFault(this.path, error));
    }
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    this.#discarded = true;
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
    await rm(this.#part, { force: true }).catch(() => undefined);
    unfinished.delete(this.#part);
  }

  async #try(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      throw new FaultError(writeFault(this.path, error));
    }
  }
}

const writeFault = (path: string, error: unknown): Fault => {
  const code = codeOf(error);
  const denied = code === "EACCES" || code === "EPERM";
  const reason = denied
    ? "permission denied"
    : code === "ENOSPC"
      ? "the disk is full"
      : (code ?? String(error));
  return fault("FILE_UNWRITABLE", { path, reason });
};
