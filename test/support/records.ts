/**
 * Records to try things with: one sound record to vary, and arbitrary versions of what a cluster may know of
 * one image, with stamps so close together that ties happen.
 */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { type ImageId, nodeId, term, userNameOf } from "../../core/model/ids.ts";
import { createdAtOf, imageIdFrom } from "../../core/model/image-id.ts";
import type { ImageRecord, Register, Verdict } from "../../core/model/records.ts";
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

/** What is known of image `id` after an upload to nodes 1 and 2. */
export const recordOf = (id: ImageId, changes: Partial<ImageRecord> = {}): ImageRecord => ({
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
  processing: { node: nodeId(1), term: term(1), assignedBy: "leader" },
  headers: { alice: { stamp, value: new Uint8Array(200).fill(4) } },
  homes: { stamp, value: [nodeId(1), nodeId(2)] },
  inspection: { stamp, value: { verdict: "pending", thumbnail: null } },
  trashed: { stamp, value: false },
  ...changes,
});

/** The same, owned by somebody else. */
export const ownedBy = (owner: string, record: ImageRecord): ImageRecord => ({
  ...record,
  facts: { ...record.facts, owner: userNameOf(owner) },
});

export const inspected = (record: ImageRecord, verdict: Verdict, atMs: number): ImageRecord => ({
  ...record,
  inspection: { stamp: { atMs, node: 1 }, value: { verdict, thumbnail: null } },
});

const registerOf = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Register<Value>> =>
  fc.record({
    stamp: fc.record({ atMs: fc.nat(2), node: fc.integer({ min: 1, max: 3 }) }),
    value,
  });
const fewBytes = fc.uint8Array({ maxLength: 2, max: 2 });

/** What some node may know of image `id`; readers are also called like something that every object has. */
export const arbitraryRecord = (id: ImageId): fc.Arbitrary<ImageRecord> =>
  fc.record({
    facts: fc.constant(recordOf(id).facts),
    processing: fc.record({
      node: fc.integer({ min: 1, max: 3 }).map(nodeId),
      term: fc.nat(2).map(term),
      assignedBy: fc.constantFrom("leader" as const, "fallback" as const),
    }),
    headers: fc.dictionary(fc.constantFrom("alice", "bob", "constructor"), registerOf(fewBytes), {
      noNullPrototype: true,
    }),
    homes: registerOf(fc.subarray([1, 2, 3].map(nodeId))),
    inspection: registerOf(
      fc.record({
        verdict: fc.constantFrom<Verdict[]>("pending", "ok", "damaged", "unknown"),
        thumbnail: fc.option(fewBytes),
      }),
    ),
    trashed: registerOf(fc.boolean()),
  });
