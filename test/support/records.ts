/**
 * Records to try things with: one sound record to vary, and arbitrary versions of what a cluster may know of
 * one image, with stamps so close together that ties happen.
 */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { type ImageId, nodeId, type StoreId, storeId, term, userNameOf } from "../../core/model/ids.ts";
import { createdAtOf, imageIdFrom } from "../../core/model/image-id.ts";
import type { AnyRecord, Home, ImageRecord, Register, Tombstone, Verdict } from "../../core/model/records.ts";
import { wallMs } from "../../core/model/units.ts";

/** The `n`th of a series of ids, one millisecond apart. */
export const idOf = (n: number): ImageId => {
  const random = new Uint8Array(10);
  new DataView(random.buffer).setUint32(6, n);
  return imageIdFrom(wallMs(1_763_000_000_000 + n), random);
};

export const hashOf = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash("sha256").update(bytes).digest());

const stamp = { atMs: 1, node: 1 };

/** The disk of node `node` in these records, or a later one of it. */
export const storeOf = (node: number, disk = 0): StoreId => storeId(`${node}${disk}`.padEnd(32, "0"));

/** Slots of homes with a synced copy. */
export const homesAt = (nodes: readonly number[], atMs = 1): ImageRecord["homes"] =>
  Object.fromEntries(
    nodes.map((node) => [
      String(node),
      { stamp: { atMs, node }, value: { store: storeOf(node), syncedAt: wallMs(atMs) } },
    ]),
  );

/** What is known of image `id` after an upload to nodes 1 and 2. */
export const recordOf = (id: ImageId, changes: Partial<ImageRecord> = {}): ImageRecord => ({
  kind: "image",
  facts: {
    id,
    owner: userNameOf("alice"),
    name: "cat.png",
    bytes: 1_000,
    type: "image/png",
    width: 20,
    height: 10,
    createdAt: createdAtOf(id),
    payloadHash: new Uint8Array(32).fill(1),
    payloadBytes: 1_032,
    nonce: new Uint8Array(16).fill(2),
    fingerprint: new Uint8Array(32).fill(3),
  },
  processing: {
    node: nodeId(1),
    term: term(1),
    assignedBy: "leader",
    leader: nodeId(3),
    candidates: [],
    attempt: 1,
    startedAt: createdAtOf(id),
  },
  headers: { alice: { stamp, value: new Uint8Array(200).fill(4) } },
  homes: homesAt([1, 2]),
  inspection: { stamp, value: { verdict: "pending", thumbnail: null } },
  trashed: { stamp, value: null },
  condemned: {},
  ...changes,
});

/** What is left of image `id` after a purge. */
export const tombstoneOf = (id: ImageId, changes: Partial<Tombstone> = {}): Tombstone => ({
  kind: "tombstone",
  id,
  owner: userNameOf("alice"),
  purge: { stamp: { atMs: 5, node: 1 }, reason: "owner" },
  erasedOn: [],
  ...changes,
});

/** The same, owned by somebody else. */
export const ownedBy = (owner: string, record: ImageRecord): ImageRecord => ({
  ...record,
  facts: { ...record.facts, owner: userNameOf(owner) },
  headers: { [owner]: { stamp, value: new Uint8Array(200).fill(4) } },
});

export const inspected = (record: ImageRecord, verdict: Verdict, atMs: number): ImageRecord => ({
  ...record,
  inspection: { stamp: { atMs, node: 1 }, value: { verdict, thumbnail: null } },
});

const arbitraryStamp = fc.record({ atMs: fc.nat(2), node: fc.integer({ min: 1, max: 3 }) });
const registerOf = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Register<Value>> =>
  fc.record({ stamp: arbitraryStamp, value });
const fewBytes = fc.uint8Array({ minLength: 1, maxLength: 2, max: 2 });
const arbitraryStore = fc
  .record({ node: fc.constantFrom(1, 2), disk: fc.nat(1) })
  .map(({ node, disk }) => storeOf(node, disk));
const arbitraryHome: fc.Arbitrary<Home | null> = fc.option(
  fc.record({ store: arbitraryStore, syncedAt: fc.option(fc.nat(1).map(wallMs), { nil: null }) }),
  { nil: null },
);
const byNode = <Value>(value: fc.Arbitrary<Value>) =>
  fc.dictionary(fc.constantFrom("1", "2", "3"), value, { noNullPrototype: true });

/** What some node may know of image `id`; readers are also called like something that every object has. */
export const arbitraryImage = (id: ImageId): fc.Arbitrary<ImageRecord> =>
  fc.record({
    kind: fc.constant("image" as const),
    facts: fc.constantFrom("cat.png", "dog.png").map((name) => ({ ...recordOf(id).facts, name })),
    processing: fc.record({
      node: fc.integer({ min: 1, max: 3 }).map(nodeId),
      term: fc.nat(2).map(term),
      assignedBy: fc.constantFrom("leader" as const, "fallback" as const),
      leader: fc.constantFrom(null, nodeId(3)),
      candidates: fc.constantFrom([], [{ node: nodeId(1), images: 1, bytes: 2, cpu: 0.5 }]),
      attempt: fc.integer({ min: 1, max: 2 }),
      startedAt: fc.nat(1).map(wallMs),
    }),
    headers: fc.dictionary(fc.constantFrom("alice", "bob", "constructor"), registerOf(fc.option(fewBytes)), {
      noNullPrototype: true,
    }),
    homes: byNode(registerOf(arbitraryHome)),
    inspection: registerOf(
      fc.record({
        verdict: fc.constantFrom<Verdict[]>("pending", "ok", "damaged", "unknown"),
        thumbnail: fc.option(fewBytes),
      }),
    ),
    trashed: registerOf(fc.option(fc.nat(1).map(wallMs), { nil: null })),
    condemned: byNode(fc.record({ stamp: arbitraryStamp, store: arbitraryStore })),
  });

/** What some node may know of image `id` after it was purged. */
export const arbitraryTombstone = (id: ImageId): fc.Arbitrary<Tombstone> =>
  fc
    .record({
      stamp: arbitraryStamp,
      reason: fc.constantFrom("owner" as const, "expired" as const),
      disks: fc.uniqueArray(fc.constantFrom("1:a", "2:b", "2:c"), { maxLength: 3 }),
    })
    .map(({ stamp, reason, disks }) =>
      tombstoneOf(id, { purge: { stamp, reason }, erasedOn: disks.toSorted() }),
    );

/** Mostly an image, now and then what is left of it. */
export const arbitraryRecord = (id: ImageId): fc.Arbitrary<AnyRecord> =>
  fc.oneof({ arbitrary: arbitraryImage(id), weight: 9 }, { arbitrary: arbitraryTombstone(id), weight: 1 });
