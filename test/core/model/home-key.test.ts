import fc from "fast-check";
import { expect, test } from "vitest";
import { homeKey, homesInKey } from "../../../core/model/home-key.ts";
import { homesOf } from "../../../core/model/records.ts";
import { arbitraryImage, homesAt, idOf, recordOf, storeOf, tombstoneOf } from "../../support/records.ts";

const id = idOf(1);

test("says on which disks the copies are, and which are on their way", () => {
  const onItsWay = { stamp: { atMs: 1, node: 1 }, value: { store: storeOf(3), syncedAt: null } };
  const record = recordOf(id, { homes: { "3": onItsWay, ...homesAt([2]) } });
  expect(homeKey(record)).toBe(`2:${storeOf(2)} 3:${storeOf(3)}?`);
  expect(homesInKey(homeKey(record))).toEqual([
    { node: 2, store: storeOf(2), synced: true },
    { node: 3, store: storeOf(3), synced: false },
  ]);
});

test("is empty for what has no home", () => {
  expect(homeKey(tombstoneOf(id))).toBe("");
  expect(homeKey(recordOf(id, { homes: {} }))).toBe("");
  expect(homesInKey("")).toEqual([]);
});

test("of any record says what its slots say, in one order, and is read back", () => {
  fc.assert(
    fc.property(arbitraryImage(id), (record) => {
      const wanted = homesOf(record).map(({ node, store, syncedAt }) => ({
        node,
        store,
        synced: syncedAt !== null,
      }));
      expect(homesInKey(homeKey(record))).toEqual(wanted);
      const turned = Object.fromEntries(Object.entries(record.homes).toReversed());
      expect(homeKey({ ...record, homes: turned })).toBe(homeKey(record));
    }),
  );
});

test("what is no key has no homes in it", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom("1:", ":", "?", `0:${storeOf(1)}`, `12:${storeOf(1)}`, "1:x?"),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 4 }), (parts) => {
      for (const { node, store } of homesInKey(parts.join(" "))) {
        expect(node).toBeGreaterThanOrEqual(1);
        expect(node).toBeLessThanOrEqual(9);
        expect(store).toMatch(/^[0-9a-f]{32}$/);
      }
    }),
  );
});
