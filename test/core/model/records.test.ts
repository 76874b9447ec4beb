import fc from "fast-check";
import { expect, test } from "vitest";
import { nodeId } from "../../../core/model/ids.ts";
import {
  compareStamps,
  joinRecords,
  knowsAllOf,
  nextStamp,
  roughBytesOf,
} from "../../../core/model/records.ts";
import { wallMs } from "../../../core/model/units.ts";
import { encodeMessage } from "../../../core/wire/codec.ts";
import { arbitraryRecord, idOf, recordOf } from "../../support/records.ts";

const id = idOf(1);
const record = arbitraryRecord(id);
const runs = { numRuns: 2_000 };

test("it does not matter who tells whom: joining is commutative", () => {
  fc.assert(
    fc.property(record, record, (a, b) => {
      expect(joinRecords(a, b)).toEqual(joinRecords(b, a));
    }),
    runs,
  );
});

test("nor in which order: joining is associative", () => {
  fc.assert(
    fc.property(record, record, record, (a, b, c) => {
      expect(joinRecords(joinRecords(a, b), c)).toEqual(joinRecords(a, joinRecords(b, c)));
    }),
    runs,
  );
});

test("nor how often: joining is idempotent, and what comes out knows all that went in", () => {
  fc.assert(
    fc.property(record, record, (a, b) => {
      const joined = joinRecords(a, b);
      expect(joinRecords(a, a)).toEqual(a);
      expect(joinRecords(joined, b)).toEqual(joined);
      expect(knowsAllOf(joined, a) && knowsAllOf(joined, b)).toBe(true);
    }),
    runs,
  );
});

test("a record is news exactly when joining it changes something", () => {
  let news = 0;
  fc.assert(
    fc.property(record, record, (a, b) => {
      const joined = joinRecords(a, b);
      const same = JSON.stringify(sorted(joined)) === JSON.stringify(sorted(a));
      expect(knowsAllOf(a, b)).toBe(same);
      news += Number(!same);
    }),
    runs,
  );
  expect(news).toBeGreaterThan(0);
});

const sorted = (value: ReturnType<typeof joinRecords>) => ({
  ...value,
  headers: Object.entries(value.headers).toSorted(([x], [y]) => (x < y ? -1 : 1)),
});

test("the later stamp wins, and of two at one moment that of the greater node", () => {
  const at = (atMs: number, node: number, trashed: boolean) =>
    recordOf(id, { trashed: { stamp: { atMs, node }, value: trashed } });
  expect(joinRecords(at(5, 1, true), at(6, 1, false)).trashed.value).toBe(false);
  expect(joinRecords(at(5, 2, true), at(5, 1, false)).trashed.value).toBe(true);
  expect(compareStamps({ atMs: 5, node: 1 }, { atMs: 5, node: 1 })).toBe(0);
});

test("an image that was processed twice was processed in the earlier term", () => {
  const by = (node: number, term: number) =>
    recordOf(id, {
      processing: {
        ...recordOf(id).processing,
        node: nodeId(node),
        term: term as ReturnType<typeof recordOf>["processing"]["term"],
      },
    });
  expect(joinRecords(by(3, 2), by(1, 4)).processing.node).toBe(3);
});

test("a stamp is later than the one before, also when the clock was set back", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (previous, now) => {
      const next = nextStamp({ atMs: previous, node: 9 }, wallMs(now), nodeId(1));
      expect(next.atMs).toBeGreaterThan(previous);
      expect(next.atMs).toBeGreaterThanOrEqual(now);
      expect(next.node).toBe(1);
    }),
  );
});

test("the rough size of a record is no less than what it takes on the wire", () => {
  fc.assert(
    fc.property(record, fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }), (a, name) => {
      const named = { ...a, facts: { ...a.facts, name } };
      const bytes = encodeMessage({ kind: "merge", records: [named] }).length;
      expect(roughBytesOf(named)).toBeGreaterThanOrEqual(bytes);
    }),
  );
});
