import fc from "fast-check";
import { expect, test } from "vitest";
import {
  above,
  countOf,
  hasNode,
  highestOf,
  idsOf,
  setOf,
  withNode,
  withoutNode,
} from "../../../core/decide/node-set.ts";
import { type NodeId, nodeId } from "../../../core/model/ids.ts";

const someIds = fc.uniqueArray(fc.integer({ min: 1, max: 9 }).map(nodeId));

test("a set of nodes behaves as a set of numbers does", () => {
  fc.assert(
    fc.property(someIds, fc.integer({ min: 1, max: 9 }).map(nodeId), (ids, id) => {
      const set = setOf(ids);
      const sorted = [...ids].sort((a, b) => a - b);
      expect(idsOf(set)).toEqual(sorted);
      expect(countOf(set)).toBe(ids.length);
      expect(hasNode(set, id)).toBe(ids.includes(id));
      expect(idsOf(above(set, id))).toEqual(sorted.filter((other) => other > id));
      expect(highestOf(set)).toBe(sorted.at(-1) ?? null);
      expect(idsOf(withoutNode(set, id))).toEqual(sorted.filter((other) => other !== id));
      expect(hasNode(withNode(set, id), id as NodeId)).toBe(true);
    }),
  );
});
