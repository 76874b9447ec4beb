import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rendezvousOrder } from "../../../core/decide/rendezvous.ts";
import { homesWith, homesWithout, type RepairView, repairOf } from "../../../core/decide/repair.ts";
import { type NodeId, nodeId } from "../../../core/model/ids.ts";
import type { ImageRecord } from "../../../core/model/records.ts";
import { idOf, recordOf } from "../../support/records.ts";

const five = [1, 2, 3, 4, 5].map(nodeId);
const [n1, n2, n3, n4, n5] = five as [NodeId, NodeId, NodeId, NodeId, NodeId];

const recordAt = (homes: readonly NodeId[], n = 1): ImageRecord =>
  recordOf(idOf(n), { homes: { stamp: { atMs: 1, node: 1 }, value: homes } });

const viewOf = (self: NodeId, changes: Partial<RepairView> = {}): RepairView => ({
  self,
  live: five,
  takers: five,
  away: [],
  wanted: 3,
  ...changes,
});

describe("a node that is listed as a home", () => {
  const record = recordAt([n1, n2, n3]);

  test("has nothing to do when it has the payload", () => {
    expect(repairOf(record, true, viewOf(n1))).toEqual({ kind: "none" });
  });

  test("fetches what it lacks, from the other homes first, then from anybody", () => {
    expect(repairOf(record, false, viewOf(n2))).toEqual({ kind: "fetch", from: [n1, n3, n4, n5] });
  });

  test("waits while nobody else lives, or its own disk is full", () => {
    expect(repairOf(record, false, viewOf(n2, { live: [n2], takers: [n2] })).kind).toBe("none");
    expect(repairOf(record, false, viewOf(n2, { takers: [n1, n3, n4, n5] })).kind).toBe("none");
  });
});

describe("a node that is not listed", () => {
  test("says so when it has the payload all the same", () => {
    expect(repairOf(recordAt([n1, n2, n3]), true, viewOf(n4))).toEqual({ kind: "claim" });
  });

  test("leaves an image alone that has as many homes as are wanted", () => {
    for (const self of [n4, n5])
      expect(repairOf(recordAt([n1, n2, n3]), false, viewOf(self)).kind).toBe("none");
  });

  test("makes up for a missing copy when it is the next in the image's order, and only then", () => {
    const record = recordAt([n1, n2]);
    const [next, ...others] = rendezvousOrder(record.facts.id, [n3, n4, n5]);
    for (const self of [n3, n4, n5]) {
      const kind = repairOf(record, false, viewOf(self)).kind;
      expect(kind).toBe(self === next ? "fetch" : "none");
    }
    // The next one's disk is full: it is the one after it.
    const takers = five.filter((node) => node !== next);
    expect(repairOf(record, false, viewOf(others[0] ?? n1, { takers })).kind).toBe("fetch");
  });

  test("counts a home that is only being restarted, but not one that stays away", () => {
    const record = recordAt([n1, n2, n3]);
    const live = [n1, n2, n4];
    const restarting = viewOf(n4, { live, takers: live });
    expect(repairOf(record, false, restarting).kind).toBe("none");
    expect(repairOf(record, false, { ...restarting, away: [n3, n5] })).toEqual({
      kind: "fetch",
      from: [n1, n2],
    });
  });
});

test("a node adds and strikes out only itself", () => {
  expect(homesWith([n3, n1], n2)).toEqual([n1, n2, n3]);
  expect(homesWith([n1, n2], n2)).toEqual([n1, n2]);
  expect(homesWithout([n1, n2, n3], n2)).toEqual([n1, n3]);
});

/** All nodes repair by turns, each on its own disk, until none has anything to do; gives how it ended. */
const repairAll = (
  homes: readonly NodeId[],
  disks: ReadonlySet<NodeId>,
  live: readonly NodeId[],
  n: number,
) => {
  const away = five.filter((node) => !live.includes(node));
  const have = new Set(disks);
  let record = recordAt(homes, n);
  let copies = 0;
  for (let turns = 0; turns < 20; turns++) {
    let quiet = true;
    for (const self of live) {
      const repair = repairOf(record, have.has(self), viewOf(self, { live, takers: live, away }));
      if (repair.kind === "none") continue;
      const found = repair.kind === "claim" || repair.from.some((node) => have.has(node));
      const listed = record.homes.value.includes(self);
      if (!found && !listed) continue;
      quiet = false;
      if (found && !have.has(self)) copies++;
      if (found) have.add(self);
      const value = found ? homesWith(record.homes.value, self) : homesWithout(record.homes.value, self);
      record = { ...record, homes: { ...record.homes, value } };
    }
    if (quiet) return { have, copies, homes: record.homes.value };
  }
  throw new Error("it never comes to rest");
};

test("wherever the copies were, in the end there are enough, the list is true, and none too many were made", () => {
  const nodes = fc.subarray(five);
  fc.assert(
    fc.property(nodes, nodes, fc.subarray(five, { minLength: 2 }), fc.nat(1_000), (homes, disks, live, n) => {
      const before = live.filter((node) => disks.includes(node)).length;
      const end = repairAll(homes, new Set(disks), live, n);
      const after = live.filter((node) => end.have.has(node));
      const lists = end.homes.filter((node) => live.includes(node));
      expect(lists).toEqual(after);
      if (before === 0) expect(end.copies).toBe(0);
      else expect(after.length).toBeGreaterThanOrEqual(Math.min(3, live.length));
      // Listed homes get what they lack; besides, only as many as the list was short of.
      const owed = homes.filter((node) => live.includes(node) && !disks.includes(node)).length;
      const listed = homes.filter((node) => live.includes(node)).length;
      expect(end.copies).toBeLessThanOrEqual(owed + Math.max(0, 3 - listed));
    }),
  );
});
