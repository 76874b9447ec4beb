/**
 * A set of nodes as one small number: bit k stands for node k.
 *
 * A vote count, "who is live", "who above me": all are set arithmetic over at most nine ids, done for every
 * message. As a number a set is compared by value, copied for free and hashed by the exhaustive search.
 */
import { type Brand, type NodeId, nodeId, nodeIdMax } from "../model/ids.ts";

export type NodeSet = Brand<number, "NodeSet">;

export const noNodes = 0 as NodeSet;

export const setOf = (ids: Iterable<NodeId>): NodeSet => {
  let set = noNodes;
  for (const id of ids) set = withNode(set, id);
  return set;
};

export const withNode = (set: NodeSet, id: NodeId): NodeSet => (set | (1 << id)) as NodeSet;

export const hasNode = (set: NodeSet, id: NodeId): boolean => (set & (1 << id)) !== 0;

/** The members with an id greater than `id`. */
export const above = (set: NodeSet, id: NodeId): NodeSet => (set & (-2 << id)) as NodeSet;

export const withoutNode = (set: NodeSet, id: NodeId): NodeSet => (set & ~(1 << id)) as NodeSet;

/** How many members; Kernighan's count, one turn per member. */
export const countOf = (set: NodeSet): number => {
  let count = 0;
  for (let rest: number = set; rest !== 0; rest &= rest - 1) count++;
  return count;
};

/** The greatest member, or null of the empty set. */
export const highestOf = (set: NodeSet): NodeId | null => (set === 0 ? null : nodeId(31 - Math.clz32(set)));

/** The members, ascending. */
export const idsOf = (set: NodeSet): readonly NodeId[] => {
  const ids: NodeId[] = [];
  for (let id = 1; id <= nodeIdMax; id++) if (hasNode(set, id as NodeId)) ids.push(id as NodeId);
  return ids;
};
