import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  condemnedBy,
  type ErasureView,
  erasureOf,
  hasCondemned,
  mayForget,
} from "../../../core/decide/erasure.ts";
import { type NodeId, nodeId, type StoreId } from "../../../core/model/ids.ts";
import {
  type AnyRecord,
  compareStamps,
  diskName,
  type ImageRecord,
  joinRecords,
  type Stamp,
  stampAfter,
} from "../../../core/model/records.ts";
import { wallMs } from "../../../core/model/units.ts";
import { idOf, recordOf, storeOf, tombstoneOf } from "../../support/records.ts";

const id = idOf(1);
const [n1, n2, n3] = [nodeId(1), nodeId(2), nodeId(3)] as const;
const nodes = [n1, n2, n3];
const trashMs = 1_000;
/** What was said of the trash last: its count, and when that was. */
const trashedAt = { atMs: 4, node: 2 };
const since = wallMs(5_000);
const now = wallMs(6_000);

const disks = (of: readonly NodeId[] = nodes): ReadonlyMap<NodeId, StoreId> =>
  new Map(of.map((node) => [node, storeOf(node)]));
const viewOf = (changes: Partial<ErasureView> = {}): ErasureView => ({
  self: n1,
  nodes,
  ready: disks(),
  trashMs,
  now,
  ...changes,
});
const trashed = recordOf(id, { trashed: { stamp: trashedAt, value: since } });
/** The same, condemned by these nodes for this stamp, on these disks. */
const condemned = (by: readonly NodeId[], stamp = trashedAt, record: ImageRecord = trashed): ImageRecord => ({
  ...record,
  condemned: {
    ...record.condemned,
    ...Object.fromEntries(by.map((node) => [String(node), { stamp, store: storeOf(node) }])),
  },
});

describe("an image in the trash", () => {
  test("is left alone until its time is over, and when it is not in the trash at all", () => {
    expect(erasureOf(trashed, viewOf({ now: wallMs(5_999) }))).toEqual({ kind: "none" });
    expect(erasureOf(trashed, viewOf({ now: wallMs(6_000) })).kind).toBe("condemn");
    const restored = { ...trashed, trashed: { stamp: trashedAt, value: null } };
    expect(erasureOf(restored, viewOf())).toEqual({ kind: "none" });
    // A clock that was set back keeps it longer, not shorter.
    expect(erasureOf(trashed, viewOf({ now: wallMs(10) }))).toEqual({ kind: "none" });
  });

  test("is first condemned, for the present stamp and on the present disk, and nothing else of it changes", () => {
    const erasure = erasureOf(trashed, viewOf());
    expect(erasure).toEqual({
      kind: "condemn",
      record: { ...trashed, condemned: { "1": { stamp: trashedAt, store: storeOf(1) } } },
    });
  });

  test("is condemned anew when it was trashed again since, or the disk is another by now", () => {
    const earlier = condemned(nodes, { atMs: 3, node: 2 });
    expect(erasureOf(earlier, viewOf())).toMatchObject({
      kind: "condemn",
      record: { condemned: { "1": { stamp: trashedAt } } },
    });
    const burnt = viewOf({ ready: new Map([...disks(), [n1, storeOf(1, 1)]]) });
    expect(erasureOf(condemned(nodes), burnt)).toMatchObject({
      kind: "condemn",
      record: { condemned: { "1": { store: storeOf(1, 1) } } },
    });
  });

  test("is purged when all have condemned it, later than everything that was said of the trash", () => {
    const erasure = erasureOf(condemned(nodes), viewOf());
    expect(erasure).toEqual({
      kind: "purge",
      tombstone: {
        kind: "tombstone",
        id,
        owner: trashed.facts.owner,
        purge: { stamp: { atMs: 5, node: 1 }, reason: "expired" },
        erasedOn: [],
      },
    });
    if (erasure.kind !== "purge") throw new Error("it was purged above");
    expect(compareStamps(erasure.tombstone.purge.stamp, trashedAt)).toBeGreaterThan(0);
  });

  test.each([
    ["one has not condemned it", condemned([n1, n2]), disks()],
    [
      "one has condemned what was there before",
      condemned([n3], { atMs: 1, node: 1 }, condemned([n1, n2])),
      disks(),
    ],
    ["one is away", condemned(nodes), disks([n1, n2])],
    ["one has another disk by now", condemned(nodes), new Map([...disks(), [n3, storeOf(3, 1)]])],
  ])("is not purged when %s", (_, record, ready) => {
    expect(erasureOf(record, viewOf({ ready }))).toEqual({ kind: "none" });
  });

  test("is nothing to a node whose own disk may not speak", () => {
    expect(erasureOf(trashed, viewOf({ ready: disks([n2, n3]) }))).toEqual({ kind: "none" });
  });

  test("alone is condemned and purged by the one node that there is", () => {
    const alone = viewOf({ nodes: [n1], ready: disks([n1]) });
    const first = erasureOf(trashed, alone);
    if (first.kind !== "condemn") throw new Error(`it was ${first.kind}`);
    expect(erasureOf(first.record, alone).kind).toBe("purge");
  });
});

test("a word counts only for the stamp and the disk that it was given for", () => {
  const record = condemned([n2]);
  expect(condemnedBy(record, n2, storeOf(2))).toBe(true);
  expect(condemnedBy(record, n1, storeOf(1))).toBe(false);
  expect(condemnedBy(record, n2, storeOf(2, 1))).toBe(false);
  const again = { ...record, trashed: { stamp: { atMs: 5, node: 1 }, value: since } };
  expect(condemnedBy(again, n2, storeOf(2))).toBe(false);
});

test("a node that has condemned an image restores it no more, on none of its later disks either", () => {
  const record = condemned([n2]);
  expect(hasCondemned(record, n2, trashedAt)).toBe(true);
  expect(hasCondemned(record, n1, trashedAt)).toBe(false);
  expect(hasCondemned(record, n2, { atMs: trashedAt.atMs, node: 1 })).toBe(false);
});

describe("a tombstone", () => {
  const erasedOn = (...of: readonly (readonly [NodeId, number])[]) =>
    tombstoneOf(id, { erasedOn: of.map(([node, disk]) => diskName(node, storeOf(node, disk))) });

  test("may go when nothing is left on the disk of any node", () => {
    expect(mayForget(erasedOn([n1, 0], [n2, 0], [n3, 0]), nodes, disks())).toBe(true);
    expect(mayForget(erasedOn([n1, 0], [n2, 0]), nodes, disks())).toBe(false);
  });

  test("stays while a node has another disk than the one that has said so, or was never heard", () => {
    const all = erasedOn([n1, 0], [n2, 0], [n3, 0]);
    expect(mayForget(all, nodes, new Map([...disks(), [n3, storeOf(3, 1)]]))).toBe(false);
    expect(mayForget(all, nodes, disks([n1, n2]))).toBe(false);
    const also = erasedOn([n1, 0], [n2, 0], [n3, 0], [n3, 1]);
    expect(mayForget(also, nodes, new Map([...disks(), [n3, storeOf(3, 1)]]))).toBe(true);
  });
});

/**
 * Five nodes with a disk each, an owner who asks any of them, and feeds that bring any version at any time. What
 * `io/upkeep.ts`, `io/serve-change.ts` and `io/refill.ts` do around the decisions is done here too.
 */
class Cluster {
  readonly #nodes = [1, 2, 3, 4, 5].map(nodeId);
  readonly #majority = 3;
  readonly #known = new Map<NodeId, AnyRecord>();
  readonly #disk = new Map<NodeId, number>();
  readonly #up = new Set<NodeId>();
  /** Versions of the record that are on their way, or were; any may come again. */
  #sent: { readonly from: NodeId; readonly record: AnyRecord }[] = [];
  /** The word of each node, for which stamp and on which disk. */
  readonly words: string[] = [];
  /** The newest restore that its owner was told of. */
  restoredAt: Stamp | null = null;
  purges = 0;
  at = 6_000;

  constructor() {
    for (const node of this.#nodes) {
      this.#known.set(node, trashed);
      this.#disk.set(node, 0);
      this.#up.add(node);
    }
  }

  known(node: NodeId): AnyRecord {
    return this.#known.get(node) ?? trashed;
  }

  /** Every version that some node has, or may still hear. */
  get versions(): readonly AnyRecord[] {
    return [...this.#known.values(), ...this.#sent.map(({ record }) => record)];
  }

  #store(node: NodeId): StoreId {
    return storeOf(node, this.#disk.get(node) ?? 0);
  }

  #learn(node: NodeId, record: AnyRecord): void {
    this.#known.set(node, joinRecords(this.known(node), record));
    this.#sent.push({ from: node, record: this.known(node) });
  }

  /** On as many as make a majority with `self`; false, and perhaps on some of them, when too few are up. */
  #settle(self: NodeId, first: number): boolean {
    const others = this.#nodes.filter((node) => node !== self && this.#up.has(node));
    const told = others.map((_, index) => others[(index + first) % others.length] ?? self);
    for (const node of told.slice(0, this.#majority - 1)) this.#learn(node, this.known(self));
    return told.length >= this.#majority - 1;
  }

  /** `age` 0 is the latest. */
  deliver(node: NodeId, age: number): void {
    const message = this.#sent.at(-1 - age);
    if (this.#up.has(node) && message !== undefined) this.#learn(node, message.record);
  }

  hear(node: NodeId, record: AnyRecord): void {
    this.#learn(node, record);
  }

  toggle(node: NodeId): void {
    if (!this.#up.delete(node)) this.#up.add(node);
  }

  /** The disk burns, with what was on its way from it; the next one is filled by N − W + 1 others that are up. */
  burn(node: NodeId, first: number): void {
    const others = this.#nodes.filter((other) => other !== node && this.#up.has(other));
    const sources = others.map((_, index) => others[(index + first) % others.length] ?? node).slice(0, 3);
    if (sources.length < 3) return;
    this.#disk.set(node, (this.#disk.get(node) ?? 0) + 1);
    this.#sent = this.#sent.filter(({ from }) => from !== node);
    this.#known.set(node, sources.map((source) => this.known(source)).reduce(joinRecords));
    this.#up.add(node);
  }

  look(self: NodeId, first: number): void {
    const record = this.known(self);
    if (!this.#up.has(self) || record.kind === "tombstone") return;
    const ready = new Map([...this.#up].map((node) => [node, this.#store(node)]));
    const erasure = erasureOf(record, { self, nodes: this.#nodes, ready, trashMs, now: wallMs(this.at) });
    if (erasure.kind === "condemn") {
      this.words.push(wordOf(self, this.#store(self), record.trashed.stamp));
      this.#learn(self, erasure.record);
    }
    if (erasure.kind !== "purge") return;
    for (const node of this.#nodes)
      expect(this.words).toContain(wordOf(node, this.#store(node), record.trashed.stamp));
    if (!this.#settle(self, first)) return;
    this.purges++;
    this.#learn(self, erasure.tombstone);
  }

  trash(self: NodeId, value: boolean, first: number): void {
    const record = this.known(self);
    if (!this.#up.has(self) || record.kind === "tombstone" || (record.trashed.value !== null) === value)
      return;
    const { stamp: before } = record.trashed;
    if (!value && hasCondemned(record, self, before)) return;
    const stamp = stampAfter(before, self);
    this.#learn(self, { ...record, trashed: { stamp, value: value ? wallMs(this.at) : null } });
    if (this.#settle(self, first) && !value) this.restoredAt = stamp;
    else if (value) this.restoredAt = null;
  }
}

const wordOf = (node: NodeId, store: StoreId, { atMs, node: by }: Stamp): string =>
  `${diskName(node, store)} for ${atMs}/${by}`;

const node = fc.integer({ min: 1, max: 5 }).map(nodeId);
const first = fc.nat(3);
const move = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant("look" as const), node, first }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant("deliver" as const), node, age: fc.nat(6) }), weight: 8 },
  { arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(900) }), weight: 2 },
  {
    arbitrary: fc.record({ kind: fc.constant("trash" as const), node, first, value: fc.boolean() }),
    weight: 2,
  },
  { arbitrary: fc.record({ kind: fc.constant("toggle" as const), node }), weight: 1 },
  { arbitrary: fc.record({ kind: fc.constant("burn" as const), node, first }), weight: 1 },
);

/** Condemned by all, each on its own, which these nodes have heard: the next look of one of them may purge it. */
const ripen = (cluster: Cluster, knowing: readonly NodeId[]): void => {
  const all = [1, 2, 3, 4, 5].map(nodeId);
  for (const each of all) cluster.look(each, 0);
  const words = all.map((each) => cluster.known(each));
  for (const each of knowing) for (const word of words) cluster.hear(each, word);
};

const knowing = fc.option(fc.subarray([1, 2, 3, 4, 5].map(nodeId), { minLength: 1, maxLength: 2 }));

test("an image whose time is over goes by the word of every disk that there is, and never over a restore that was told", () => {
  let purges = 0;
  let restores = 0;
  fc.assert(
    fc.property(knowing, fc.array(move, { minLength: 5, maxLength: 60, size: "max" }), (known, moves) => {
      const cluster = new Cluster();
      if (known !== null) ripen(cluster, known);
      for (const next of moves) {
        switch (next.kind) {
          case "look":
            cluster.look(next.node, next.first);
            break;
          case "deliver":
            cluster.deliver(next.node, next.age);
            break;
          case "wait":
            cluster.at += next.ms;
            break;
          case "trash":
            cluster.trash(next.node, next.value, next.first);
            break;
          case "toggle":
            cluster.toggle(next.node);
            break;
          case "burn":
            cluster.burn(next.node, next.first);
        }
        if (cluster.restoredAt === null) continue;
        restores++;
        // Nothing that could still be heard says that the image is gone.
        for (const version of cluster.versions) expect(version.kind).toBe("image");
      }
      purges += cluster.purges;
    }),
    { numRuns: 3_000 },
  );
  expect(purges).toBeGreaterThan(300);
  expect(restores).toBeGreaterThan(1_000);
});
