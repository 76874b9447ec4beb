/**
 * Opens the store in a node's folder.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { ClusterConfig } from "../model/config.ts";
import { bad, FaultError, good, type Result } from "../model/faults.ts";
import { openStore } from "../store/open.ts";
import { segmentIdOf } from "../store/segment-format.ts";
import type { SegmentStore } from "../store/store.ts";
import { openFolderDisk } from "./folder-disk.ts";
import { openIndex } from "./index/index-client.ts";
import type { DiskIdentity } from "./node-data.ts";

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
