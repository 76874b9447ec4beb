/**
 * Where an image's copies are meant to be, as a short text: images with equal texts are counted together.
 *
 * `1:store 2:store?` means a copy on that disk of node 1, and one on its way to node 2.
 */
import { type NodeId, parseNodeId, parseStoreId, type StoreId } from "./ids.ts";
import { type AnyRecord, diskName, homesOf } from "./records.ts";

export interface KeyedHome {
  readonly node: NodeId;
  readonly store: StoreId;
  /** The copy is known to be on disk. */
  readonly synced: boolean;
}

const onItsWay = "?";

/** By ascending node id; empty for a tombstone, and for an image that has no home. */
export const homeKey = (record: AnyRecord): string =>
  record.kind === "tombstone"
    ? ""
    : homesOf(record)
        .map(({ node, store, syncedAt }) => `${diskName(node, store)}${syncedAt === null ? onItsWay : ""}`)
        .join(" ");

/** What `homeKey` has written; what it has not is left out. */
export const homesInKey = (key: string): readonly KeyedHome[] =>
  key.split(" ").flatMap((home) => {
    const synced = !home.endsWith(onItsWay);
    const [number, hex] = (synced ? home : home.slice(0, -onItsWay.length)).split(":");
    const [node, store] = [parseNodeId(Number(number)), parseStoreId(hex)];
    return node === null || store === null ? [] : [{ node, store, synced }];
  });
