import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rendezvousOrder } from "../../../core/decide/rendezvous.ts";
import {
  claimed,
  isOnItsDisk,
  mayNeedRepair,
  type RepairView,
  repairOf,
  struckOut,
} from "../../../core/decide/repair.ts";
import { homeKey } from "../../../core/model/home-key.ts";
import { type NodeId, nodeId, type StoreId } from "../../../core/model/ids.ts";
import { homesOf, type ImageRecord, joinRecords } from "../../../core/model/records.ts";
import { wallMs } from "../../../core/model/units.ts";
import { homesAt, idOf, recordOf, storeOf } from "../../support/records.ts";

const five = [1, 2, 3, 4, 5].map(nodeId);
const [n1, n2, n3, n4, n5] = five as [NodeId, NodeId, NodeId, NodeId, NodeId];
const now = wallMs(1_000);

const recordAt = (homes: readonly NodeId[], n = 1): ImageRecord =>
  recordOf(idOf(n), { homes: homesAt(homes) });

/** Every node on the disk on which `homesAt` puts its copies, but for `others`, which have their `n`th. */
const disksOf = (others: Readonly<Record<number, number>> = {}): ReadonlyMap<NodeId, StoreId> =>
  new Map(five.map((node) => [node, storeOf(node, others[node] ?? 0)]));

const viewOf = (self: NodeId, changes: Partial<RepairView> = {}): RepairView => ({
  self,
  stores: disksOf(),
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

  test("says so when its copy has arrived and the record still has it on its way", () => {
    const slot = { stamp: { atMs: 1, node: 1 }, value: { store: storeOf(2), syncedAt: null } };
    const onItsWay = { ...record, homes: { ...record.homes, "2": slot } };
    expect(repairOf(onItsWay, true, viewOf(n2))).toEqual({ kind: "claim" });
    expect(repairOf(onItsWay, false, viewOf(n2)).kind).toBe("fetch");
  });

  test("was listed on a disk that burnt: on the new one it gets what it owes, or says where it has it", () => {
    const burnt = viewOf(n2, { stores: disksOf({ 2: 1 }) });
    expect(repairOf(record, false, burnt)).toEqual({ kind: "fetch", from: [n1, n3, n4, n5] });
    expect(repairOf(record, true, burnt)).toEqual({ kind: "claim" });
    const made = claimed(record, n2, storeOf(2, 1), now);
    expect(repairOf(made, true, burnt)).toEqual({ kind: "none" });
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

  test("counts no copy on a disk that its node does not have any more", () => {
    const record = recordAt([n1, n2, n3]);
    const stores = disksOf({ 3: 1 });
    // Node 3 owes a copy itself; while its disk takes none, the next in order makes up for it.
    expect(repairOf(record, false, viewOf(n3, { stores })).kind).toBe("fetch");
    const takers = [n1, n2, n4, n5];
    const [next, other] = rendezvousOrder(record.facts.id, [n4, n5]);
    expect(repairOf(record, false, viewOf(next ?? n1, { stores, takers })).kind).toBe("fetch");
    expect(repairOf(record, false, viewOf(other ?? n1, { stores, takers })).kind).toBe("none");
  });

  test("believes the record about a node that was never heard", () => {
    const record = recordAt([n1, n2, n3]);
    const stores = new Map([...disksOf()].filter(([node]) => node !== n3));
    for (const self of [n4, n5]) expect(repairOf(record, false, viewOf(self, { stores })).kind).toBe("none");
    const [home] = homesOf(recordAt([n3]));
    if (home === undefined) throw new Error("it was put at node 3");
    expect(isOnItsDisk(home, stores)).toBe(true);
    expect(isOnItsDisk(home, disksOf({ 3: 1 }))).toBe(false);
  });
});

test("a node adds and strikes out only itself, and later than what was said before", () => {
  const record = recordAt([n1, n3]);
  const added = claimed(record, n2, storeOf(2), now);
  expect(homesOf(added).map(({ node }) => node)).toEqual([n1, n2, n3]);
  expect(added.homes["2"]).toEqual({
    stamp: { atMs: now, node: n2 },
    value: { store: storeOf(2), syncedAt: now },
  });
  const struck = struckOut(added, n2, wallMs(5));
  expect(homesOf(struck).map(({ node }) => node)).toEqual([n1, n3]);
  // Its clock was set back, and it still has the last word.
  expect(homesOf(joinRecords(added, struck) as ImageRecord).map(({ node }) => node)).toEqual([n1, n3]);
  for (const other of ["1", "3"]) {
    expect(added.homes[other]).toBe(record.homes[other]);
    expect(struck.homes[other]).toBe(record.homes[other]);
  }
});

test("a set of homes is passed over only when none of its images needs anything of this node", () => {
  const slot = fc.option(
    fc.record({ disk: fc.nat(1), synced: fc.boolean() }).map(({ disk, synced }) => ({ disk, synced })),
  );
  const nodes = fc.subarray(five);
  let passed = 0;
  fc.assert(
    fc.property(
      fc.tuple(slot, slot, slot, slot, slot),
      fc.boolean(),
      fc.constantFrom(...five),
      fc.tuple(nodes, nodes, nodes, nodes),
      fc.nat(50),
      (slots, here, self, [lives, takes, stays, burnt], n) => {
        const homes = Object.fromEntries(
          slots.map((of, index) => [
            String(index + 1),
            {
              stamp: { atMs: 1, node: 1 },
              value:
                of === null ? null : { store: storeOf(index + 1, of.disk), syncedAt: of.synced ? now : null },
            },
          ]),
        );
        const record = recordOf(idOf(n), { homes });
        const live = five.filter((node) => node === self || lives.includes(node));
        const view = viewOf(self, {
          stores: disksOf(Object.fromEntries(burnt.map((node) => [node, 1]))),
          live,
          takers: live.filter((node) => takes.includes(node)),
          away: five.filter((node) => !live.includes(node) && !stays.includes(node)),
        });
        if (mayNeedRepair({ homes: homeKey(record), here }, view)) return;
        expect(repairOf(record, here, view)).toEqual({ kind: "none" });
        passed++;
      },
    ),
    { numRuns: 3_000 },
  );
  // And that is worth something: of the sets drawn here, many.
  expect(passed).toBeGreaterThan(500);
});

/** All nodes repair by turns, each on its own disk, until none has anything to do; gives how it ended. */
const repairAll = (
  homes: readonly NodeId[],
  disks: ReadonlySet<NodeId>,
  live: readonly NodeId[],
  stores: ReadonlyMap<NodeId, StoreId>,
  n: number,
) => {
  const away = five.filter((node) => !live.includes(node));
  const have = new Set(disks);
  let record = recordAt(homes, n);
  let copies = 0;
  for (let turns = 0; turns < 20; turns++) {
    let quiet = true;
    for (const self of live) {
      const repair = repairOf(record, have.has(self), viewOf(self, { stores, live, takers: live, away }));
      if (repair.kind === "none") continue;
      const found = repair.kind === "claim" || repair.from.some((node) => have.has(node));
      const listed = homesOf(record).some(({ node }) => node === self);
      if (!found && !listed) continue;
      quiet = false;
      if (found && !have.has(self)) copies++;
      if (found) have.add(self);
      const store = stores.get(self) ?? storeOf(self);
      record = found ? claimed(record, self, store, now) : struckOut(record, self, now);
    }
    if (quiet) return { have, copies, homes: homesOf(record) };
  }
  throw new Error("it never comes to rest");
};

test("wherever the copies were, in the end there are enough, the list is true, and none too many were made", () => {
  const nodes = fc.subarray(five);
  const lives = fc.subarray(five, { minLength: 2 });
  fc.assert(
    // A disk that burnt since has nothing on it, whatever the record says.
    fc.property(nodes, nodes, nodes, lives, fc.nat(1_000), (homes, disks, burnt, live, n) => {
      const stores = disksOf(Object.fromEntries(burnt.map((node) => [node, 1])));
      const whole = disks.filter((node) => !burnt.includes(node));
      const before = live.filter((node) => whole.includes(node)).length;
      const end = repairAll(homes, new Set(whole), live, stores, n);
      const after = live.filter((node) => end.have.has(node));
      const lists = end.homes.filter(({ node }) => live.includes(node));
      expect(lists.map(({ node }) => node)).toEqual(after);
      for (const { node, store, syncedAt } of lists) {
        expect(store).toBe(stores.get(node));
        expect(syncedAt).not.toBeNull();
      }
      if (before === 0) expect(end.copies).toBe(0);
      else expect(after.length).toBeGreaterThanOrEqual(Math.min(3, live.length));
      // Listed homes get what they lack; besides, only as many as the list was short of.
      const listed = homes.filter((node) => live.includes(node));
      const owed = listed.filter((node) => !whole.includes(node)).length;
      const counted = listed.filter((node) => !burnt.includes(node)).length;
      expect(end.copies).toBeLessThanOrEqual(owed + Math.max(0, 3 - counted));
    }),
    { numRuns: 500 },
  );
});
