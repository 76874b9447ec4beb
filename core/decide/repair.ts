/**
 * Does this node lack a copy that it should have, or have one that nobody counts?
 *
 * A record lists the homes of its payload. The list may promise too much (a home was lost in the middle of an
 * upload, and the node that would have said so crashed) or too little (a home was away, and fewer copies were
 * made than wanted). Nobody knows another node's disk, so nobody corrects another: each node compares the list
 * with its own disk, fetches what it owes, and adds or strikes out only itself. The list is a register whose
 * later write wins; whoever is struck out by a write that crossed its own sees that and adds itself again.
 */
import type { NodeId } from "../model/ids.ts";
import type { ImageRecord } from "../model/records.ts";
import { rendezvousOrder } from "./rendezvous.ts";

/** What this node sees of the cluster. */
export interface RepairView {
  readonly self: NodeId;
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
  /** The payload is here and the list does not say so. */
  | { readonly kind: "claim" };

/** What this node has to do for one image; `has`: whether the payload is on its disk. */
export const repairOf = (record: ImageRecord, has: boolean, view: RepairView): Repair => {
  const { self, live, takers } = view;
  const homes = record.homes.value;
  const listed = homes.includes(self);
  if (has) return listed ? none : { kind: "claim" };
  if (!takers.includes(self) || !(listed || isNextHome(record, view))) return none;
  const others = live.filter((node) => node !== self);
  const from = [
    ...others.filter((node) => homes.includes(node)),
    ...others.filter((node) => !homes.includes(node)),
  ];
  return from.length === 0 ? none : { kind: "fetch", from };
};

const none: Repair = { kind: "none" };

/** The list with this node on it. */
export const homesWith = (homes: readonly NodeId[], self: NodeId): readonly NodeId[] =>
  [...homes.filter((node) => node !== self), self].sort((a, b) => a - b);

/** The list without it, because no node could give it the payload that it was listed for. */
export const homesWithout = (homes: readonly NodeId[], self: NodeId): readonly NodeId[] =>
  homes.filter((node) => node !== self);

/** Whether copies are missing and this node is one of those on which everybody agrees to make up for them. */
const isNextHome = (record: ImageRecord, { self, takers, away, wanted }: RepairView): boolean => {
  const homes = record.homes.value;
  const missing = wanted - homes.filter((node) => !away.includes(node)).length;
  if (missing <= 0) return false;
  const candidates = takers.filter((node) => !homes.includes(node));
  return rendezvousOrder(record.facts.id, candidates).slice(0, missing).includes(self);
};
