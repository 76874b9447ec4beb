/**
 * A node's data folder: born once, used by one process at a time.
 *
 * `store.json` says which disk this is: a random store id, and the node and cluster that it belongs to. A
 * folder of another node or cluster is refused untouched. `lock` holds the process id of its user; a lock
 * whose process is gone is a crash's, and taken over.
 */
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
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
import {
  codeOf,
  makeFolder,
  readText,
  reasonOf,
  secretFile,
  secretFolder,
  writeFileAtomically,
} from "./files.ts";

export interface NodeData {
  readonly folder: string;
  readonly store: StoreId;
  /** Lets another process have it. */
  release(): void;
}

export const nodeFolderOf = (data: string, id: NodeId): string => join(data, "nodes", String(id));

/** Errors: DATA_IN_USE, DATA_FOREIGN, DISK_FULL, FILE_UNWRITABLE, FILE_UNREADABLE. */
export const openNodeData = (data: string, id: NodeId, cluster: ClusterId): Result<NodeData> => {
  const folder = nodeFolderOf(data, id);
  const made = makeFolder(folder, secretFolder);
  if (!made.ok) return made;
  const lock = join(folder, "lock");
  const locked = takeLock(lock, folder);
  if (!locked.ok) return locked;
  const store = readOrMakeStore(folder, id, cluster);
  if (!store.ok) {
    rmSync(lock, { force: true });
    return store;
  }
  return good({ folder, store: store.value, release: () => rmSync(lock, { force: true }) });
};

const identity = z.strictObject({
  store: z.string().refine((value) => parseStoreId(value) !== null),
  node: z.number().refine((value) => parseNodeId(value) !== null),
  cluster: z.string().refine((value) => parseClusterId(value) !== null),
});

const readOrMakeStore = (folder: string, node: NodeId, cluster: ClusterId): Result<StoreId> => {
  const path = join(folder, "store.json");
  const text = readText(path, 4_096);
  if (!text.ok) {
    if (text.fault.code !== "FILE_NOT_FOUND") return text;
    const store = storeId(randomBytes(16).toString("hex"));
    const written = writeFileAtomically(path, `${JSON.stringify({ store, node, cluster })}\n`, secretFile);
    return written.ok ? good(store) : written;
  }
  const foreign = (reason: string): Result<never> => bad(fault("DATA_FOREIGN", { path: folder, reason }));
  const parsed = identity.safeParse(parseJson(text.value));
  if (!parsed.success) return foreign("store.json is damaged");
  if (parsed.data.node !== node) return foreign(`it is the data of node ${parsed.data.node}`);
  if (parsed.data.cluster !== cluster) return foreign("it is the data of another cluster");
  return good(storeId(parsed.data.store));
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

/** Two tries: the second after removing a lock whose holder is gone. */
const takeLock = (lock: string, folder: string): Result<void> => {
  for (const last of [false, true]) {
    try {
      const descriptor = openSync(lock, "wx", secretFile);
      writeSync(descriptor, `${process.pid}\n`);
      closeSync(descriptor);
      return good(undefined);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") {
        return bad(fault("FILE_UNWRITABLE", { path: lock, reason: reasonOf(error) }));
      }
      const holder = holderOf(lock);
      if (last || (holder !== null && isAlive(holder))) {
        return bad(
          fault("DATA_IN_USE", { path: folder, holder: holder === null ? null : `process ${holder}` }),
        );
      }
      rmSync(lock, { force: true });
    }
  }
  return bad(fault("DATA_IN_USE", { path: folder, holder: null }));
};

const holderOf = (lock: string): number | null => {
  try {
    const pid = Number.parseInt(readFileSync(lock, "utf8"), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
};

const isAlive = (pid: number): boolean => {
  if (pid === process.pid) return false; // A container's restart may give us our own old number.
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
};
