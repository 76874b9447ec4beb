/**
 * What this node knows of all images at once: where they are meant to be, what of it is at risk, and how its own
 * filling goes. A few numbers, looked up about once a second.
 */
import { type Risk, riskOf } from "../decide/risk.ts";
import { copiesWanted } from "../model/config.ts";
import { homesInKey } from "../model/home-key.ts";
import type { NodeId, StoreId } from "../model/ids.ts";
import type { RebuildView } from "../model/snapshot.ts";
import type { HomeSet } from "../ports.ts";
import type { NodeContext } from "./node-context.ts";
import { createRate } from "./rate.ts";

export interface Overview {
  /** Looks the numbers up anew. Never rejects: an index that fails leaves the old ones. */
  refresh(): Promise<void>;
  /** Null before the first look. */
  risk(): Risk | null;
  /** Null while this disk has all that it should. */
  rebuild(): RebuildView | null;
}

/** What a refill of records has done so far, and what it will come to, in bytes; null when none is under way. */
export type RecordsProgress = () => { readonly doneBytes: number; readonly totalBytes: number } | null;

/** The rate is that of the last seconds. */
const rateMs = 5_000;

export const createOverview = (
  context: NodeContext,
  fetchedBytes: () => number,
  recordsProgress: RecordsProgress,
  waitingFor: () => readonly NodeId[],
): Overview => {
  const { self, store, driver, clock, config } = context;
  let homeSets: readonly HomeSet[] | null = null;
  const fetchRate = createRate(clock, rateMs);

  const refresh = async (): Promise<void> => {
    fetchRate.sample(fetchedBytes());
    homeSets = await store.homeSets().catch(() => homeSets);
  };

  const liveDisks = (): ReadonlyMap<NodeId, StoreId> => {
    const disks = driver.peerDisks();
    const live = new Map<NodeId, StoreId>();
    for (const node of driver.live()) {
      const disk = node === self ? store.id : disks.get(node)?.store;
      if (disk !== undefined) live.set(node, disk);
    }
    return live;
  };

  /** Copies that are listed for this node, on whatever disk, and are not on this one. */
  const owed = (): { readonly images: number; readonly bytes: number } => {
    let images = 0;
    let bytes = 0;
    for (const set of homeSets ?? []) {
      if (set.here || !homesInKey(set.homes).some(({ node }) => node === self)) continue;
      images += set.images;
      bytes += set.payloadBytes;
    }
    return { images, bytes };
  };

  const rebuild = (): RebuildView | null => {
    if (!driver.ready) return filling();
    const { images, bytes } = owed();
    if (images === 0) return null;
    const bytesPerSecond = fetchRate.perSecond();
    return {
      phase: "payloads",
      imagesLeft: images,
      doneBytes: store.payloadBytes,
      totalBytes: store.payloadBytes + bytes,
      bytesPerSecond,
      etaMs: bytesPerSecond === null || bytesPerSecond <= 0 ? null : (bytes * 1_000) / bytesPerSecond,
      waitingFor: [],
    };
  };

  const filling = (): RebuildView => {
    const records = recordsProgress();
    const missing = waitingFor();
    const unknown = { imagesLeft: 0, bytesPerSecond: null, etaMs: null };
    if (records === null || missing.length > 0)
      return { phase: "waiting", ...unknown, doneBytes: 0, totalBytes: 0, waitingFor: missing };
    return { phase: "records", ...unknown, ...records, waitingFor: [] };
  };

  const risk = (): Risk | null => {
    if (homeSets === null || !driver.ready) return null;
    const live = liveDisks();
    const own = rebuild();
    const rebuilds = new Map<NodeId, RebuildView>();
    for (const [node, load] of driver.loads()) {
      const view = node === self ? own : load.rebuild;
      if (live.has(node) && view?.phase === "payloads") rebuilds.set(node, view);
    }
    return riskOf({ homeSets, live, rebuilds, wanted: copiesWanted(config) });
  };

  return { refresh, risk, rebuild };
};
