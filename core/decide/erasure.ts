/**
 * When may an image go that has been in the trash for long?
 *
 * Its owner may still take it out, on any node, at the last moment. So it is erased only when every node has said, for
 * this very stamp of the trash, that it is the newest it knows, and that it will not restore the image any more (it is
 * _condemned_). All of them have to say it on the disks that they have now, and to be there: prepare all, then commit,
 * and any node can do the last step, once a majority knows of all their words (Gray, "Notes on data base operating
 * systems", 1978). Whoever has accepted a restore knows a newer stamp and never says it; and whoever has said it finds
 * its own word, should its disk burn, among what it is refilled with, and keeps it.
 *
 * A tombstone may go when every node has acknowledged it on its disk: then nobody has anything left that could bring
 * the image back, nor is sending it (`store/under-way.ts`). What somebody has sent and given up may still lie between two
 * machines, for no longer than its receiver lets it; for that the tombstone is kept a while longer. Time alone decides
 * neither.
 */
import type { NodeId, StoreId } from "../model/ids.ts";
import { underWayMsMax } from "../model/limits.ts";
import {
  compareStamps,
  diskName,
  type ImageRecord,
  type Stamp,
  stampAfter,
  type Tombstone,
} from "../model/records.ts";
import type { WallMs } from "../model/units.ts";

export interface ErasureView {
  readonly self: NodeId;
  readonly nodes: readonly NodeId[];
  /** The disks of the nodes that live and are ready, our own included. */
  readonly ready: ReadonlyMap<NodeId, StoreId>;
  /** How long the trash keeps what is put into it. */
  readonly trashMs: number;
  readonly now: WallMs;
}

export type Erasure =
  | { readonly kind: "none" }
  /** This node gives its word. */
  | { readonly kind: "condemn"; readonly record: ImageRecord }
  /** Everybody has given his. */
  | { readonly kind: "purge"; readonly tombstone: Tombstone };

export const erasureOf = (record: ImageRecord, view: ErasureView): Erasure => {
  const { self, nodes, ready, trashMs, now } = view;
  const { trashed } = record;
  const store = ready.get(self);
  if (trashed.value === null || now - trashed.value < trashMs || store === undefined) return none;
  if (!condemnedBy(record, self, store)) {
    const condemned = { ...record.condemned, [String(self)]: { stamp: trashed.stamp, store } };
    return { kind: "condemn", record: { ...record, condemned } };
  }
  const all = nodes.every((node) => {
    const disk = ready.get(node);
    return disk !== undefined && condemnedBy(record, node, disk);
  });
  if (!all) return none;
  const { id, owner } = record.facts;
  const purge = { stamp: stampAfter(trashed.stamp, self), reason: "expired" } as const;
  return { kind: "purge", tombstone: { kind: "tombstone", id, owner, purge, erasedOn: [] } };
};

const none: Erasure = { kind: "none" };

/** Whether the node has condemned the image as it is now, on this disk. */
export const condemnedBy = (record: ImageRecord, node: NodeId, store: StoreId): boolean => {
  const word = record.condemned[String(node)];
  return word !== undefined && word.store === store && compareStamps(word.stamp, record.trashed.stamp) === 0;
};

/**
 * Whether the node has given its word for this stamp of the trash, on whatever disk. Whoever purges the image relies on
 * it, and may not have heard that the disk burnt since; so it binds the node's later disks too.
 */
export const hasCondemned = (record: ImageRecord, node: NodeId, stamp: Stamp): boolean => {
  const word = record.condemned[String(node)];
  return word !== undefined && compareStamps(word.stamp, stamp) === 0;
};

/** `disks`: the disk of every node as it was last heard of; without one of them nothing may go. */
export const mayForget = (
  tombstone: Tombstone,
  nodes: readonly NodeId[],
  disks: ReadonlyMap<NodeId, StoreId>,
): boolean =>
  nodes.every((node) => {
    const store = disks.get(node);
    return store !== undefined && tombstone.erasedOn.includes(diskName(node, store));
  });

/**
 * For how long a node keeps a tombstone that may go, since it first saw that by its own clock, and anew after each start:
 * for longer than anything can be under way that nobody takes note of, and than a client tries one upload again,
 * whatever `upkeep_ms` is.
 */
export const tombstoneMs = (upkeepMs: number): number => Math.max(upkeepMs * 5, underWayMsMax);
