/**
 * Does this node lack a copy that it should have, or have one that nobody counts?
 *
 * A record has a slot for each home of its payload, and says on which disk the copy is. The slots may promise too
 * much (a home was lost in the middle of an upload, or its disk burnt since) or too little (a home was away, and
 * fewer copies were made than wanted). Nobody knows another node's disk, so nobody corrects another: each node
 * compares the slots with its own disk, fetches what it owes, and writes only its own slot.
 */
import { homesInKey } from "../model/home-key.ts";
import type { NodeId, StoreId } from "../model/ids.ts";
import {
  type Home,
  homesOf,
  type ImageRecord,
  nextStamp,
  type PlacedHome,
  type Register,
} from "../model/records.ts";
import type { WallMs } from "../model/units.ts";
import type { HomeSet } from "../ports.ts";
import { rendezvousOrder } from "./rendezvous.ts";

/** What this node sees of the cluster. */
export interface RepairView {
  readonly self: NodeId;
  /** The disks of ourselves and of all nodes that were ever heard; a copy on another disk is gone. */
  readonly stores: ReadonlyMap<NodeId, StoreId>;
  /** Ourselves and the live peers. */
  readonly live: readonly NodeId[];
  /** Of these, the ones that take new payloads: their disks have room. */
  readonly takers: readonly NodeId[];
  /** Gone for so long that their copies no longer count. A node that restarts is not among them. */
  readonly away: readonly NodeId[];
  /** Copies to have of each image. */
  readonly wanted: number;
}

export type Repair =
  /** All is as it should be, or somebody else's to do. */
  | { readonly kind: "none" }
  /** Get the payload from one of these, the first that has it, then claim. */
  | { readonly kind: "fetch"; readonly from: readonly NodeId[] }
  /** The payload is here and the slot does not say so. */
  | { readonly kind: "claim" };

/** What this node has to do for one image; `here`: whether the payload is on its disk. */
export const repairOf = (record: ImageRecord, here: boolean, view: RepairView): Repair => {
  const { self, live, takers, stores } = view;
  const homes = homesOf(record);
  const own = homes.find(({ node }) => node === self);
  if (here) return own?.store === stores.get(self) && own?.syncedAt != null ? none : { kind: "claim" };
  if (!takers.includes(self) || !(own !== undefined || isNextHome(record, homes, view))) return none;
  const others = live.filter((node) => node !== self);
  const likely = others.filter((node) => homes.some((home) => home.node === node));
  const from = [...likely, ...others.filter((node) => !likely.includes(node))];
  return from.length === 0 ? none : { kind: "fetch", from };
};

const none: Repair = { kind: "none" };

/** Whether `repairOf` may find anything to do for the images of a home set: all others need not be looked at. */
export const mayNeedRepair = (
  { homes, here }: Pick<HomeSet, "homes" | "here">,
  view: RepairView,
): boolean => {
  const { self, live, takers, stores } = view;
  const placed = homesInKey(homes);
  const own = placed.find(({ node }) => node === self);
  if (here) return own?.synced !== true || own.store !== stores.get(self);
  if (!takers.includes(self) || live.length === 1) return false;
  return own !== undefined || countedIn(placed, view).length < view.wanted;
};

/** The record with this node's slot saying that the copy is on its disk. */
export const claimed = (record: ImageRecord, self: NodeId, store: StoreId, now: WallMs): ImageRecord =>
  withSlot(record, self, { store, syncedAt: now }, now);

/** The record without this node, because no node could give it the payload that it was listed for. */
export const struckOut = (record: ImageRecord, self: NodeId, now: WallMs): ImageRecord =>
  withSlot(record, self, null, now);

const withSlot = (record: ImageRecord, self: NodeId, value: Home | null, now: WallMs): ImageRecord => {
  const before = record.homes[String(self)];
  const stamp = nextStamp(before?.stamp ?? { atMs: 0, node: 0 }, now, self);
  const slot: Register<Home | null> = { stamp, value };
  return { ...record, homes: { ...record.homes, [String(self)]: slot } };
};

/** Whether copies are missing and this node is one of those on which everybody agrees to make up for them. */
const isNextHome = (record: ImageRecord, homes: readonly PlacedHome[], view: RepairView): boolean => {
  const { self, takers, wanted } = view;
  const counted = countedIn(homes, view);
  const missing = wanted - counted.length;
  if (missing <= 0) return false;
  const candidates = takers.filter((node) => !counted.some((home) => home.node === node));
  return rendezvousOrder(record.facts.id, candidates).slice(0, missing).includes(self);
};

/** The homes that count as copies. */
const countedIn = <Placed extends Pick<PlacedHome, "node" | "store">>(
  homes: readonly Placed[],
  { away, stores }: RepairView,
): readonly Placed[] => homes.filter((home) => !away.includes(home.node) && isOnItsDisk(home, stores));

/** Whether the node still has the disk on which the copy was made; of one that was never heard nobody knows better. */
export const isOnItsDisk = (
  home: Pick<PlacedHome, "node" | "store">,
  stores: ReadonlyMap<NodeId, StoreId>,
): boolean => (stores.get(home.node) ?? home.store) === home.store;
