/**
 * Payloads on disk, one file each: the simplest store that keeps its word.
 *
 * A payload grows under a temporary name in `incoming/`; commit syncs the file, renames it to its key and
 * syncs the folder. So a file under a key is whole and durable, and what a crash leaves in `incoming/` is
 * nobody's. The key is (image id, SHA-256): `payloads/<last two hex digits of the id>/<id>.<hash>`.
 */
import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { bad, FaultError, fault, good, type Result } from "../model/faults.ts";
import { type ImageId, parseImageId } from "../model/ids.ts";
import { sealedChunkBytesMax } from "../model/limits.ts";
import type { PayloadStore, PayloadWriter } from "../ports.ts";
import { diskFault, syncFolderSoon, writeWhole } from "./disk.ts";

/** Opens (or makes) the store in `folder` and reads which payloads it has. Errors: DISK_FULL, DISK_FAILED. */
export const openPayloadFiles = async (folder: string): Promise<Result<PayloadStore>> => {
  try {
    await rm(join(folder, "incoming"), { recursive: true, force: true });
    await mkdir(join(folder, "incoming"), { recursive: true });
    await mkdir(join(folder, "payloads"), { recursive: true });
    return good(new PayloadFiles(folder, await readKeys(join(folder, "payloads"))));
  } catch (error) {
    return bad(diskFault(folder, error));
  }
};

type Key = string;
const keyOf = (id: ImageId, payloadHash: Uint8Array): Key =>
  `${id}.${Buffer.from(payloadHash).toString("hex")}`;
const keyPattern = /^([0-9a-f-]{36})\.[0-9a-f]{64}$/;

class PayloadFiles implements PayloadStore {
  readonly #folder: string;
  readonly #bytes: Map<Key, number>;
  #payloadBytes = 0;
  #serial = 0;

  constructor(folder: string, bytes: Map<Key, number>) {
    this.#folder = folder;
    this.#bytes = bytes;
    for (const count of bytes.values()) this.#payloadBytes += count;
  }

  get images(): number {
    return this.#bytes.size;
  }

  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  has(id: ImageId, payloadHash: Uint8Array): boolean {
    return this.#bytes.has(keyOf(id, payloadHash));
  }

  async begin(id: ImageId, payloadBytes: number): Promise<Result<PayloadWriter>> {
    const temporary = join(this.#folder, "incoming", `${id}.${++this.#serial}`);
    try {
      const file = await open(temporary, "wx", 0o600);
      return good(this.#writer(id, payloadBytes, temporary, file));
    } catch (error) {
      return bad(diskFault(this.#folder, error));
    }
  }

  async read(id: ImageId, payloadHash: Uint8Array): Promise<Result<AsyncIterable<Uint8Array>>> {
    const key = keyOf(id, payloadHash);
    if (!this.#bytes.has(key))
      return bad(fault("IMAGE_UNAVAILABLE", { id, reason: "not on this node's disk" }));
    try {
      return good(readChecked(id, payloadHash, await open(this.#pathOf(key), "r")));
    } catch (error) {
      return bad(diskFault(this.#pathOf(key), error));
    }
  }

  #pathOf(key: Key): string {
    return join(this.#folder, "payloads", folderOf(key), key);
  }

  #writer(id: ImageId, payloadBytes: number, temporary: string, file: FileHandle): PayloadWriter {
    const hash = createHash("sha256");
    let written = 0;
    let open = true;
    const abort = async (): Promise<void> => {
      if (!open) return;
      open = false;
      await file.close().catch(() => undefined);
      await rm(temporary, { force: true }).catch(() => undefined);
    };
    const write = async (chunk: Uint8Array): Promise<void> => {
      written += chunk.length;
      if (written > payloadBytes) throw new FaultError(fault("HASH_MISMATCH", { id }));
      hash.update(chunk);
      try {
        await writeWhole(file, chunk);
      } catch (error) {
        throw new FaultError(diskFault(this.#folder, error));
      }
    };
    const commit = async (payloadHash: Uint8Array): Promise<Result<void>> => {
      if (written !== payloadBytes || !hash.digest().equals(payloadHash)) {
        await abort();
        return bad(fault("HASH_MISMATCH", { id }));
      }
      try {
        await file.datasync();
        await this.#publish(temporary, keyOf(id, payloadHash), payloadBytes);
      } catch (error) {
        await abort();
        return bad(diskFault(this.#folder, error));
      }
      open = false;
      await file.close().catch(() => undefined);
      return good(undefined);
    };
    return { write, commit, abort };
  }

  /** The rename makes it visible, the folder's sync makes the name durable; only then does `has` know it. */
  async #publish(temporary: string, key: Key, payloadBytes: number): Promise<void> {
    const folder = join(this.#folder, "payloads", folderOf(key));
    const made = await mkdir(folder, { recursive: true });
    await rename(temporary, join(folder, key));
    await syncFolderSoon(folder);
    if (made !== undefined) await syncFolderSoon(join(this.#folder, "payloads"));
    if (!this.#bytes.has(key)) this.#payloadBytes += payloadBytes;
    this.#bytes.set(key, payloadBytes);
  }
}

const folderOf = (key: Key): string => key.slice(34, 36);

async function* readChecked(
  id: ImageId,
  payloadHash: Uint8Array,
  file: FileHandle,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  try {
    for (;;) {
      const { bytesRead, buffer } = await file.read(
        Buffer.allocUnsafeSlow(sealedChunkBytesMax),
        0,
        sealedChunkBytesMax,
      );
      if (bytesRead === 0) break;
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      yield chunk;
    }
  } finally {
    await file.close();
  }
  if (!hash.digest().equals(payloadHash)) {
    throw new FaultError(fault("SEAL_BROKEN", { id, reason: "its copy on this disk is damaged" }));
  }
}

const readKeys = async (folder: string): Promise<Map<Key, number>> => {
  const bytes = new Map<Key, number>();
  for (const shelf of await readdir(folder)) {
    for (const key of await readdir(join(folder, shelf))) {
      const id = keyPattern.exec(key)?.[1];
      if (id === undefined || parseImageId(id) === null) continue;
      bytes.set(key, (await stat(join(folder, shelf, key))).size);
    }
  }
  return bytes;
};
