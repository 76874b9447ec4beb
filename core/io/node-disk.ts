/**
 * What a node keeps in its folder besides its identity: the store with its index beside it, and what it remembers of the
 * others' disks.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { ClusterConfig } from "../model/config.ts";
import type { Event } from "../model/events.ts";
import { bad, FaultError, good, type Result } from "../model/faults.ts";
import { after, type MonotonicMs } from "../model/units.ts";
import type { Clock } from "../ports.ts";
import { openStore } from "../store/open.ts";
import { segmentIdOf } from "../store/segment-format.ts";
import type { SegmentStore } from "../store/store.ts";
import { openFolderDisk } from "./folder-disk.ts";
import { openIndex } from "./index/index-client.ts";
import type { DiskIdentity } from "./node-data.ts";
import type { KeptStanding } from "./standing-store.ts";

/** The store in the node's folder, with its index beside it; closed with `opened`. Faults: STORE_DAMAGED, DISK_*. */
export const openDisk = async (
  folder: string,
  identity: DiskIdentity,
  config: ClusterConfig,
  opened: AsyncDisposableStack,
): Promise<Result<SegmentStore>> => {
  const index = await openIndex(join(folder, "index.sqlite"));
  if (!index.ok) return index;
  try {
    const store = await openStore({
      disk: await openFolderDisk(join(folder, "segments")),
      index: index.value,
      store: identity.store,
      node: identity.node,
      newSegmentId: () => segmentIdOf(randomBytes(16).toString("hex")),
      segmentBytes: config.storage.segmentBytes,
      headroomBytes: config.storage.headroomBytes,
    });
    opened.defer(() => store.close());
    return good(store);
  } catch (error) {
    await index.value.close().catch(() => undefined);
    if (error instanceof FaultError) return bad(error.fault);
    throw error;
  }
};

/** How often it is kept what is remembered. */
const rememberMs = 1_000;

/** Keeps what is remembered of the others' disks, about once a second. */
export const rememberer = (
  clock: Clock,
  standing: KeptStanding,
  memories: () => Parameters<KeptStanding["saveMemories"]>[0],
  log: (event: Event) => void,
): (() => void) => {
  let dueAt: MonotonicMs = clock.monotonic();
  return () => {
    if (clock.monotonic() < dueAt) return;
    dueAt = after(clock.monotonic(), rememberMs);
    const saved = standing.saveMemories(memories());
    // That the disk is full is told as such, once; they are saved when there is room again.
    if (!saved.ok && saved.fault.code !== "DISK_FULL") log({ kind: "disk.failed", fault: saved.fault });
  };
};
