/**
 * A node's data folder: born once, used by one process at a time (`node-lock.ts`).
 *
 * `store.json` says which disk this is: a random store id, the node and cluster that it belongs to, and its
 * generation, once it has one. A folder of another node or cluster is refused untouched.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { bad, fault, good, type Result } from "../model/faults.ts";
import {
  type ClusterId,
  type NodeId,
  parseClusterId,
  parseNodeId,
  parseStoreId,
  type StoreId,
  storeId,
} from "../model/ids.ts";
import { readText, reasonOf, secretFile, secretFolder, syncFolder, writeFileAtomically } from "./files.ts";

/** What `store.json` says. */
export interface DiskIdentity {
  readonly store: StoreId;
  readonly node: NodeId;
  readonly cluster: ClusterId;
  /** 0 before the disk is born or filled (`decide/standing.ts`). */
  readonly generation: number;
}

const identity = z.strictObject({
  store: z.string().refine((value) => parseStoreId(value) !== null),
  node: z.number().refine((value) => parseNodeId(value) !== null),
  cluster: z.string().refine((value) => parseClusterId(value) !== null),
  generation: z.int().min(0),
});

const identityFile = "store.json";

/** Which disk it is; an empty folder becomes one. Errors: DATA_FOREIGN, DISK_FULL, FILE_*. */
export const readOrMakeIdentity = (
  folder: string,
  node: NodeId,
  cluster: ClusterId,
): Result<DiskIdentity> => {
  const path = join(folder, identityFile);
  const text = readText(path, 4_096);
  if (!text.ok) {
    if (text.fault.code !== "FILE_NOT_FOUND") return text;
    const made = { store: storeId(randomBytes(16).toString("hex")), node, cluster, generation: 0 };
    const written = writeIdentity(folder, made);
    return written.ok ? good(made) : written;
  }
  const foreign = (reason: string): Result<never> => bad(fault("DATA_FOREIGN", { path: folder, reason }));
  const parsed = identity.safeParse(parseJson(text.value));
  if (!parsed.success) return foreign("store.json is damaged, or of another version of distinsta");
  if (parsed.data.node !== node) return foreign(`it is the data of node ${parsed.data.node}`);
  if (parsed.data.cluster !== cluster) return foreign("it is the data of another cluster");
  return good({ ...parsed.data, store: storeId(parsed.data.store), node, cluster });
};

/** On disk when it returns. */
export const writeIdentity = (folder: string, identity: DiskIdentity): Result<void> =>
  writeFileAtomically(join(folder, identityFile), `${JSON.stringify(identity)}\n`, secretFile);

/**
 * Moves everything that was on the disk into a folder of its own inside it, which is given: the node begins anew on
 * what is then an empty disk. After a crash in between it is a new disk on which things of another are found; they are
 * damage to it, and are set aside like any other. Errors: FILE_UNWRITABLE.
 */
export const setAside = (folder: string, store: StoreId): Result<string> => {
  const aside = join(folder, asideFolder, store);
  try {
    mkdirSync(aside, { recursive: true, mode: secretFolder });
    const names = readdirSync(folder).filter((name) => !staying.has(name));
    const move = (moved: readonly string[]): void => {
      for (const name of moved) renameSync(join(folder, name), join(aside, name));
      syncFolder(aside);
      syncFolder(folder);
    };
    // The identity first: half of a disk must never be taken for the disk.
    move(names.filter((name) => name === identityFile));
    move(names.filter((name) => name !== identityFile));
    return good(aside);
  } catch (error) {
    return bad(fault("FILE_UNWRITABLE", { path: aside, reason: reasonOf(error) }));
  }
};

export const hasAside = (folder: string): boolean => existsSync(join(folder, asideFolder));

/** What was set aside is not needed any more. Never fails: what cannot be removed stays. */
export const removeAside = async (folder: string): Promise<void> => {
  await rm(join(folder, asideFolder), { recursive: true, force: true }).catch(() => undefined);
};

const asideFolder = "set-aside";
/** What an operator wants of the node, whatever its disk. */
export const drainFileName = "drained.json";
/** Who is revoked: what a damaged disk must not make a node forget. */
export const revocationsFileName = "revocations.txt";
const staying: ReadonlySet<string> = new Set([asideFolder, drainFileName, revocationsFileName, "lock"]);

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
