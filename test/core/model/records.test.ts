import fc from "fast-check";
import { expect, test } from "vitest";
import { nodeId, userNameOf } from "../../../core/model/ids.ts";
import {
  type AnyRecord,
  compareStamps,
  homesOf,
  type ImageRecord,
  joinRecords,
  knowsAllOf,
  latestStampMs,
  nextStamp,
  ownerOf,
  recordId,
  roughBytesOf,
  stampAfter,
  type Tombstone,
} from "../../../core/model/records.ts";
import { wallMs } from "../../../core/model/units.ts";
import { encodeMessage } from "../../../core/wire/codec.ts";
import {
  arbitraryImage,
  arbitraryRecord,
  arbitraryTombstone,
  homesAt,
  idOf,
  recordOf,
  storeOf,
  tombstoneOf,
} from "../../support/records.ts";

const id = idOf(1);
const image = arbitraryImage(id);
const tombstone = arbitraryTombstone(id);
const record = arbitraryRecord(id);
const runs = { numRuns: 2_000 };
const fewerRuns = { numRuns: 500 };

const joinImages = (a: ImageRecord, b: ImageRecord): ImageRecord => {
  const joined = joinRecords(a, b);
  if (joined.kind !== "image") throw new Error("two images made a tombstone");
  return joined;
};

test("it does not matter who tells whom: joining is commutative", () => {
  fc.assert(
    fc.property(record, record, (a, b) => {
      expect(joinRecords(a, b)).toEqual(joinRecords(b, a));
    }),
    runs,
  );
});

test("what was read from a disk is no news, although its keys stand in another order", () => {
  const known = recordOf(id);
  const candidates = [{ node: nodeId(1), images: 4, bytes: 5, cpu: 0.5 }];
  const told = { ...known, processing: { ...known.processing, candidates } };
  const sorted = candidates.map(({ bytes, cpu, images, node }) => ({ bytes, cpu, images, node }));
  const read = { ...known, processing: { ...known.processing, candidates: sorted } };
  expect(knowsAllOf(told, read)).toBe(true);
  expect(knowsAllOf(read, told)).toBe(true);
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

/** The same text for the same knowledge, in whatever order its entries came. */
const sorted = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return [...value];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.entries(value)
    .toSorted(([x], [y]) => (x < y ? -1 : 1))
    .map(([key, inner]) => [key, sorted(inner)]);
};

test("a purge wins over everything, whatever is told before or after, and whoever tells it", () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 6 }), tombstone, fc.nat(), (others, purged, at) => {
      const told = others.toSpliced(at % (others.length + 1), 0, purged);
      const [first = purged, ...rest] = told;
      const end = rest.reduce(joinRecords, first);
      expect(end.kind).toBe("tombstone");
      expect(knowsAllOf(end, purged)).toBe(true);
      for (const other of others) expect(joinRecords(end, other).kind).toBe("tombstone");
    }),
    fewerRuns,
  );
});

test("an acknowledgement of a purge is never forgotten, and the earliest purge is the one that is told", () => {
  const by = (disks: readonly string[], atMs: number): Tombstone =>
    tombstoneOf(id, { purge: { stamp: { atMs, node: 1 }, reason: "owner" }, erasedOn: disks });
  const joined = joinRecords(by(["1:a", "2:b"], 9), by(["1:a", "3:c"], 5));
  expect(joined).toEqual(by(["1:a", "2:b", "3:c"], 5));
  expect(knowsAllOf(joined, by(["3:c"], 7))).toBe(true);
  expect(knowsAllOf(by(["1:a"], 5), joined)).toBe(false);
});

test("no node's home and no node's word for the end of an image is lost in a join", () => {
  fc.assert(
    fc.property(image, image, (a, b) => {
      const joined = joinImages(a, b);
      for (const part of ["homes", "condemned", "headers"] as const) {
        const keys = new Set([...Object.keys(a[part]), ...Object.keys(b[part])]);
        expect(new Set(Object.keys(joined[part]))).toEqual(keys);
        for (const key of keys) {
          const stamps = [a, b].flatMap((known) =>
            Object.hasOwn(known[part], key) ? [known[part][key]?.stamp ?? { atMs: 0, node: 0 }] : [],
          );
          const newest = stamps.toSorted(compareStamps).at(-1);
          expect(joined[part][key]?.stamp).toEqual(newest);
        }
      }
    }),
    fewerRuns,
  );
});

test("of one node's words at one moment a copy beats none, and a synced one beats one on its way", () => {
  const at = { atMs: 5, node: 1 };
  const slot = (value: ImageRecord["homes"][string]["value"]): ImageRecord =>
    recordOf(id, { homes: { "1": { stamp: at, value } } });
  const none = slot(null);
  const onItsWay = slot({ store: storeOf(1), syncedAt: null });
  const synced = slot({ store: storeOf(1), syncedAt: wallMs(0) });
  for (const [lesser, greater] of [
    [none, onItsWay],
    [none, synced],
    [onItsWay, synced],
  ] as const) {
    expect(joinRecords(lesser, greater)).toEqual(greater);
    expect(joinRecords(greater, lesser)).toEqual(greater);
  }
});

test("two homes that say something at once both have their say", () => {
  const one = recordOf(id, { homes: homesAt([1], 5) });
  const two = recordOf(id, { homes: homesAt([2], 3) });
  expect(homesOf(joinImages(one, two)).map(({ node }) => node)).toEqual([1, 2]);
});

test("the later stamp wins, and of two at one moment that of the greater node", () => {
  const at = (atMs: number, node: number, trashed: number | null) =>
    recordOf(id, { trashed: { stamp: { atMs, node }, value: trashed === null ? null : wallMs(trashed) } });
  expect(joinImages(at(5, 1, 9), at(6, 1, null)).trashed.value).toBeNull();
  expect(joinImages(at(5, 2, 9), at(5, 1, null)).trashed.value).toBe(9);
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
  expect(joinImages(by(3, 2), by(1, 4)).processing.node).toBe(3);
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

test("what is counted is one later than what was seen, whatever any clock says", () => {
  expect(stampAfter({ atMs: 5, node: 9 }, nodeId(1))).toEqual({ atMs: 6, node: 1 });
  expect(compareStamps(stampAfter({ atMs: 5, node: 9 }, nodeId(1)), { atMs: 5, node: 9 })).toBeGreaterThan(0);
});

test("a clock that is far ahead shows in whatever it has written", () => {
  const late = 1_000_000;
  const stamp = { atMs: late, node: 1 };
  const plain = recordOf(id);
  const written: readonly AnyRecord[] = [
    recordOf(id, { trashed: { stamp, value: null } }),
    recordOf(id, { inspection: { stamp, value: { verdict: "ok", thumbnail: null } } }),
    recordOf(id, { headers: { ...plain.headers, bob: { stamp, value: new Uint8Array(1) } } }),
    recordOf(id, { homes: { ...plain.homes, "3": { stamp, value: null } } }),
    recordOf(id, { condemned: { "2": { stamp, store: storeOf(2) } } }),
    tombstoneOf(id, { purge: { stamp, reason: "expired" } }),
  ];
  for (const record of written) expect(latestStampMs(record)).toBe(late);
  expect(latestStampMs(plain)).toBe(1);
});

test("an image and what is left of it have one id and one owner", () => {
  for (const known of [recordOf(id), tombstoneOf(id)]) {
    expect(recordId(known)).toBe(id);
    expect(ownerOf(known)).toBe(userNameOf("alice"));
  }
});

test("the rough size of a record is no less than what it takes on the wire", () => {
  fc.assert(
    fc.property(record, fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }), (a, name) => {
      const named = a.kind === "image" ? { ...a, facts: { ...a.facts, name } } : a;
      const bytes = encodeMessage({ kind: "merge", records: [named] }).length;
      expect(roughBytesOf(named)).toBeGreaterThanOrEqual(bytes);
    }),
  );
});

test("nor is that of the largest record that nine nodes may make", () => {
  const nine = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const stamp = { atMs: Number.MAX_SAFE_INTEGER, node: 9 };
  const big: ImageRecord = recordOf(id, {
    processing: {
      ...recordOf(id).processing,
      candidates: nine.map((node) => ({ node: nodeId(node), images: 1e12, bytes: 1e15, cpu: 1 / 3 })),
    },
    headers: Object.fromEntries(
      Array.from({ length: 64 }, (_, n) => [
        `age1${"q".repeat(50)}${String(n).padStart(8, "0")}`,
        { stamp, value: new Uint8Array(200) },
      ]),
    ),
    homes: Object.fromEntries(
      nine.map((node) => [
        String(node),
        { stamp, value: { store: storeOf(node), syncedAt: wallMs(Number.MAX_SAFE_INTEGER) } },
      ]),
    ),
    condemned: Object.fromEntries(nine.map((node) => [String(node), { stamp, store: storeOf(node) }])),
  });
  const disks = Array.from({ length: 64 }, (_, n) => `${(n % 9) + 1}:${String(n).padStart(32, "0")}`);
  for (const largest of [big, tombstoneOf(id, { erasedOn: disks })])
    expect(roughBytesOf(largest)).toBeGreaterThanOrEqual(
      encodeMessage({ kind: "merge", records: [largest] }).length,
    );
});
