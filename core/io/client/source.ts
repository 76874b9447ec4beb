/**
 * What is uploaded: bytes that can be read more than once, because a try may fail half-way.
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { ClusterConfig } from "../../model/config.ts";
import { bad, type Fault, fault, good, type Result } from "../../model/faults.ts";
import { chunkBytes, nameBytesMax } from "../../model/limits.ts";
import { isImageName } from "../../wire/schema-parts.ts";
import { codeOf } from "../files.ts";
import { HeadSniffer, type Picture } from "../upload-head.ts";

export interface Source {
  /** As people named it: a path, or the name given to standard input. */
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  /** Chunks of at most 64 KiB; `bytes` of them if nothing changes meanwhile. */
  open(): AsyncIterable<Uint8Array>;
}

/** Errors: FILE_NOT_FOUND, FILE_IS_FOLDER, FILE_UNREADABLE, USAGE for a name that cannot be sent. */
export const fileSource = async (path: string): Promise<Result<Source>> => {
  try {
    const status = await stat(path);
    if (status.isDirectory()) return bad(fault("FILE_IS_FOLDER", { path }));
    if (!status.isFile()) return bad(fault("FILE_UNREADABLE", { path, reason: "it is not a regular file" }));
    const misnamed = nameFault(basename(path));
    if (misnamed !== null) return bad(misnamed);
    const open = (): AsyncIterable<Uint8Array> => createReadStream(path, { highWaterMark: chunkBytes });
    return good({ path, name: basename(path), bytes: status.size, open });
  } catch (error) {
    return bad(fileFault(path, error));
  }
};

/** USAGE when no server would take `name` as the name of an image, else null. */
export const nameFault = (name: string): Fault | null => {
  if (isImageName(name)) return null;
  const bytes = Buffer.byteLength(name);
  const shown = bytes > 60 ? `a name of ${bytes} bytes` : `'${name}'`;
  const hint = `a name has 1 to ${nameBytesMax} bytes, and no / in it`;
  return fault("USAGE", { message: `${shown} cannot be the name of an image`, hint });
};

/**
 * All of a stream, in memory; at most `bytesMax`. `given` may be a path, of which the end is the name.
 * Errors: IMAGE_TOO_LARGE, FILE_UNREADABLE, USAGE for a name that cannot be sent, before anything is read.
 */
export const streamSource = async (
  stream: AsyncIterable<Uint8Array>,
  given: string,
  bytesMax: number,
): Promise<Result<Source>> => {
  const name = basename(given);
  const misnamed = nameFault(name);
  if (misnamed !== null) return bad(misnamed);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      bytes += chunk.length;
      if (bytes > bytesMax) return bad(fault("IMAGE_TOO_LARGE", { name, bytes, bytesMax }));
      for (let from = 0; from < chunk.length; from += chunkBytes)
        chunks.push(chunk.subarray(from, from + chunkBytes));
    }
  } catch (error) {
    return bad(fileFault(name, error));
  }
  const open = async function* (): AsyncGenerator<Uint8Array> {
    yield* chunks;
  };
  return good({ path: "-", name, bytes, open });
};

export interface Examined {
  /** SHA-256 of all bytes. */
  readonly sha256: Uint8Array;
  readonly picture: Picture;
}

/** Reads it once: is it a picture that the servers would take, and what is its hash? Costs no network. */
export const examine = async (
  source: Source,
  config: ClusterConfig,
  signal: AbortSignal,
): Promise<Result<Examined>> => {
  const { name, bytes } = source;
  if (bytes === 0) return bad(fault("IMAGE_EMPTY", { name }));
  if (bytes > config.limits.imageBytesMax) {
    return bad(fault("IMAGE_TOO_LARGE", { name, bytes, bytesMax: config.limits.imageBytesMax }));
  }
  const head = new HeadSniffer(name, bytes, config.limits);
  const hash = createHash("sha256");
  try {
    const problem = await readThrough(source, head, hash, signal);
    if (problem !== null) return bad(problem);
  } catch (error) {
    return bad(fileFault(source.path, error));
  }
  if (head.picture === null) return bad(fault("FILE_CHANGED", { path: source.path }));
  return good({ sha256: hash.digest(), picture: head.picture });
};

const readThrough = async (
  source: Source,
  head: HeadSniffer,
  hash: Hash,
  signal: AbortSignal,
): Promise<Fault | null> => {
  for await (const chunk of source.open()) {
    if (signal.aborted) return fault("INTERRUPTED", {});
    const problem = head.push(chunk);
    if (problem !== null) return problem;
    hash.update(chunk);
  }
  return null;
};

/** What reading a file ran into. */
export const fileFault = (path: string, error: unknown): Fault => {
  const code = codeOf(error);
  if (code === "ENOENT" || code === "ENOTDIR") return fault("FILE_NOT_FOUND", { path });
  if (code === "EISDIR") return fault("FILE_IS_FOLDER", { path });
  const denied = code === "EACCES" || code === "EPERM";
  return fault("FILE_UNREADABLE", { path, reason: denied ? "permission denied" : (code ?? String(error)) });
};
