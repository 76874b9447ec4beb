/**
 * What would be lost, and how soon it will be safe.
 *
 * Images whose copies are meant to be on the same disks are counted together, so that millions of them are a few
 * numbers. A copy counts when its node lives and still has that disk. What a node has been listed for and has not
 * got yet it says itself; of that, what is listed on an earlier disk of its is counted already. An image that every home
 * has struck out is listed nowhere, and lost.
 */
import { homesInKey } from "../model/home-key.ts";
import type { NodeId, StoreId } from "../model/ids.ts";
import type { RebuildView, RiskView } from "../model/snapshot.ts";
import type { HomeSet } from "../ports.ts";

export interface RiskFacts {
  readonly homeSets: readonly HomeSet[];
  /** The disks of the live nodes, our own included. */
  readonly live: ReadonlyMap<NodeId, StoreId>;
  /** What the live nodes say of their own filling. */
  readonly rebuilds: ReadonlyMap<NodeId, RebuildView>;
  readonly wanted: number;
}

export interface Risk extends RiskView {
  /** Among all images, the fewest copies that are on live disks; null without images. */
  readonly fewestLiveCopies: number | null;
}

export const riskOf = ({ homeSets, live, rebuilds, wanted }: RiskFacts): Risk => {
  let underReplicated = 0;
  let unreadable = 0;
  let missingBytes = 0;
  let known = 0;
  let fewest: number | null = null;
  for (const { homes, images, payloadBytes } of homeSets) {
    if (images === 0) continue;
    known += images;
    const copies = homesInKey(homes).filter(({ node, store }) => live.get(node) === store).length;
    fewest = fewest === null ? copies : Math.min(fewest, copies);
    if (copies >= wanted) continue;
    underReplicated += images;
    missingBytes += payloadBytes * (wanted - copies);
    if (copies === 0) unreadable += images;
  }
  const owing = [...rebuilds].filter(([, { imagesLeft }]) => imagesLeft > 0);
  let others = 0;
  for (const [node, { imagesLeft, totalBytes, doneBytes }] of owing) {
    const counted = onEarlierDisks(homeSets, node, live.get(node));
    if (imagesLeft <= counted.images) continue;
    others += imagesLeft - counted.images;
    missingBytes += Math.max(0, totalBytes - doneBytes - counted.bytes);
  }
  // A copy that is listed and not there yet: which image it is of, the counts do not say.
  if (fewest !== null && others > 0) fewest = Math.max(0, Math.min(fewest, wanted) - 1);
  underReplicated = Math.min(underReplicated + others, known);
  const safeInMs = underReplicated === 0 ? 0 : slowest(owing.map(([, view]) => view));
  return { underReplicated, unreadable, missingBytes, safeInMs, fewestLiveCopies: fewest };
};

/** What is listed for the node on disks that it has no more. */
const onEarlierDisks = (
  homeSets: readonly HomeSet[],
  node: NodeId,
  store: StoreId | undefined,
): { readonly images: number; readonly bytes: number } => {
  const earlier = homeSets.filter(({ homes }) =>
    homesInKey(homes).some((home) => home.node === node && home.store !== store),
  );
  return {
    images: earlier.reduce((sum, { images }) => sum + images, 0),
    bytes: earlier.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0),
  };
};

/** Null while somebody cannot say, or nobody is at it. */
const slowest = (rebuilds: readonly RebuildView[]): number | null => {
  let longest: number | null = null;
  for (const { etaMs } of rebuilds) {
    if (etaMs === null) return null;
    longest = Math.max(longest ?? 0, etaMs);
  }
  return longest;
};
