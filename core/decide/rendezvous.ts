/**
 * Which nodes an image calls home, agreed by everybody without a word.
 *
 * Each node gets a score from the hash of (image id, node id); the order by score is that image's order of
 * preference. When a node is away the others keep their places, so only its own images move
 * (Thaler & Ravishankar, "Using name-based mappings to increase hit rates", 1998).
 */
import type { ImageId, NodeId } from "../model/ids.ts";

/** `nodes` by preference for `id`, the most preferred first. Does not depend on the order of `nodes`. */
export const rendezvousOrder = (id: ImageId, nodes: readonly NodeId[]): readonly NodeId[] =>
  nodes
    .map((node) => ({ node, score: score(`${id}/${node}`) }))
    .sort((a, b) => b.score - a.score || b.node - a.node)
    .map(({ node }) => node);

/** FNV-1a, 32 bits, then the murmur3 finalizer, because the last byte alone barely moves an FNV hash. */
const score = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
};
