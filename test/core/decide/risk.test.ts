import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RiskFacts, riskOf } from "../../../core/decide/risk.ts";
import { homeKey } from "../../../core/model/home-key.ts";
import { type NodeId, nodeId, type StoreId } from "../../../core/model/ids.ts";
import type { RebuildView } from "../../../core/model/snapshot.ts";
import type { HomeSet } from "../../../core/ports.ts";
import { homesAt, idOf, recordOf, storeOf } from "../../support/records.ts";

/** Images on the disks of these nodes, as the index groups them. */
const setOf = (nodes: readonly number[], images = 1, payloadBytes = 100): HomeSet => ({
  homes: homeKey(recordOf(idOf(1), { homes: homesAt(nodes) })),
  here: true,
  images,
  payloadBytes,
});
/** These nodes live, on the disks where `setOf` puts copies, but for `others`, which have their `n`th. */
const liveOf = (nodes: readonly number[], others: Readonly<Record<number, number>> = {}): RiskFacts["live"] =>
  new Map<NodeId, StoreId>(nodes.map((node) => [nodeId(node), storeOf(node, others[node] ?? 0)]));
const rebuild = (changes: Partial<RebuildView>): RebuildView => ({
  phase: "payloads",
  imagesLeft: 2,
  doneBytes: 100,
  totalBytes: 400,
  bytesPerSecond: 100,
  etaMs: 3_000,
  waitingFor: [],
  ...changes,
});
const risk = (facts: Partial<RiskFacts>) =>
  riskOf({ homeSets: [], live: liveOf([1, 2, 3]), rebuilds: new Map(), wanted: 3, ...facts });
const rebuilding = (...views: readonly RebuildView[]): RiskFacts["rebuilds"] =>
  new Map(views.map((view, at) => [nodeId(at + 1), view]));

const safe = { underReplicated: 0, unreadable: 0, missingBytes: 0, safeInMs: 0 };

test("without images nothing is at risk, and there is no rarest one", () => {
  expect(risk({})).toEqual({ ...safe, fewestLiveCopies: null });
  expect(risk({ homeSets: [setOf([1], 0, 0)] })).toEqual({ ...safe, fewestLiveCopies: null });
});

test("images with all their copies on live disks are safe", () => {
  expect(risk({ homeSets: [setOf([1, 2, 3], 5, 500)] })).toEqual({ ...safe, fewestLiveCopies: 3 });
});

describe("a copy counts for nothing", () => {
  test("when its node is away", () => {
    expect(risk({ homeSets: [setOf([1, 2, 3], 5, 500)], live: liveOf([1, 2]) })).toEqual({
      underReplicated: 5,
      unreadable: 0,
      missingBytes: 500,
      safeInMs: null,
      fewestLiveCopies: 2,
    });
  });

  test("when its node has another disk by now", () => {
    expect(risk({ homeSets: [setOf([1, 2, 3], 5, 500)], live: liveOf([1, 2, 3], { 2: 1 }) })).toMatchObject({
      underReplicated: 5,
      missingBytes: 500,
      fewestLiveCopies: 2,
    });
  });

  test("and each that is missing is as large as the image", () => {
    const facts = { homeSets: [setOf([1, 2], 4, 400), setOf([3], 1, 70)], live: liveOf([1]) };
    expect(risk(facts)).toMatchObject({ underReplicated: 5, missingBytes: 2 * 400 + 3 * 70 });
  });
});

test("an image without a live copy cannot be read", () => {
  const homeSets = [setOf([1, 2], 4, 400), setOf([3], 2, 70)];
  expect(risk({ homeSets, live: liveOf([1, 2]) })).toMatchObject({ unreadable: 2, fewestLiveCopies: 0 });
  expect(risk({ homeSets, live: liveOf([]) })).toMatchObject({ unreadable: 6, fewestLiveCopies: 0 });
});

test("nor can one that all its homes have struck out: that it is listed nowhere does not hide it", () => {
  expect(setOf([]).homes).toBe("");
  expect(risk({ homeSets: [setOf([], 2, 50), setOf([1, 2, 3], 5, 500)] })).toEqual({
    underReplicated: 2,
    unreadable: 2,
    missingBytes: 150,
    safeInMs: null,
    fewestLiveCopies: 0,
  });
});

describe("what a node is still getting", () => {
  test("is missing, although it is listed; which image it is of, nobody can say", () => {
    const homeSets = [setOf([1, 2, 3], 5, 500)];
    expect(risk({ homeSets, rebuilds: rebuilding(rebuild({})) })).toEqual({
      underReplicated: 2,
      unreadable: 0,
      missingBytes: 300,
      safeInMs: 3_000,
      fewestLiveCopies: 2,
    });
  });

  test("takes as long as the slowest of them, and is unknown while one cannot say", () => {
    const homeSets = [setOf([1, 2, 3], 5, 500)];
    const slow = rebuild({ etaMs: 9_000 });
    expect(risk({ homeSets, rebuilds: rebuilding(rebuild({}), slow) }).safeInMs).toBe(9_000);
    expect(risk({ homeSets, rebuilds: rebuilding(slow, rebuild({ etaMs: null })) }).safeInMs).toBeNull();
    // Who has all it should have has nothing to say.
    expect(
      risk({ homeSets, rebuilds: rebuilding(slow, rebuild({ imagesLeft: 0, etaMs: null })) }).safeInMs,
    ).toBe(9_000);
  });
});

describe("what a node is getting that it had on an earlier disk", () => {
  // Node 1 has another disk; that its copies are not on it is known from their homes.
  const homeSets = [setOf([1, 2, 3], 2, 300)];
  const live = liveOf([1, 2, 3], { 1: 1 });

  test("is missing once, not twice", () => {
    const counted = { underReplicated: 2, unreadable: 0, missingBytes: 300, fewestLiveCopies: 2 };
    expect(risk({ homeSets, live })).toMatchObject(counted);
    expect(risk({ homeSets, live, rebuilds: rebuilding(rebuild({})) })).toEqual({
      ...counted,
      safeInMs: 3_000,
    });
  });

  test("is not all that it may be getting", () => {
    const more = {
      homeSets: [...homeSets, setOf([4, 5, 6], 5, 500)],
      live: liveOf([1, 2, 3, 4, 5, 6], { 1: 1 }),
    };
    const rebuilds = rebuilding(rebuild({ imagesLeft: 3, totalBytes: 500 }));
    expect(risk({ ...more, rebuilds })).toMatchObject({ underReplicated: 3, missingBytes: 400 });
  });

  test("is never more than there is", () => {
    const rebuilds = rebuilding(rebuild({ imagesLeft: 9 }));
    expect(risk({ homeSets, live, rebuilds }).underReplicated).toBe(2);
  });
});

test("names that are no disks count for nothing", () => {
  const homeSets = [
    { homes: "x:1 1: 12 0:00000000000000000000000000000000", here: true, images: 1, payloadBytes: 5 },
  ];
  expect(risk({ homeSets })).toMatchObject({ unreadable: 1, missingBytes: 15 });
});

test("whatever the homes: the numbers are those of counting image by image", () => {
  const nodes = [1, 2, 3, 4, 5];
  const sets = fc.array(fc.tuple(fc.subarray(nodes), fc.nat(3), fc.nat(9)), { maxLength: 6 });
  fc.assert(
    fc.property(sets, fc.subarray(nodes), fc.subarray(nodes), (drawn, living, burnt) => {
      const live = liveOf(living, Object.fromEntries(burnt.map((node) => [node, 1])));
      const homeSets = drawn.map(([homes, images, bytes]) => setOf(homes, images, images * bytes));
      const each = drawn.flatMap(([homes, images, bytes]) =>
        Array.from({ length: images }, () => ({
          bytes,
          copies: homes.filter((node) => living.includes(node) && !burnt.includes(node)).length,
        })),
      );
      const told = risk({ homeSets, live });
      const short = each.filter(({ copies }) => copies < 3);
      expect(told.underReplicated).toBe(short.length);
      expect(told.unreadable).toBe(each.filter(({ copies }) => copies === 0).length);
      expect(told.missingBytes).toBe(short.reduce((sum, { bytes, copies }) => sum + bytes * (3 - copies), 0));
      expect(told.fewestLiveCopies).toBe(
        each.length === 0 ? null : Math.min(...each.map(({ copies }) => copies)),
      );
    }),
  );
});
