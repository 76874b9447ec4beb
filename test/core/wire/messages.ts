/** Arbitrary messages of every kind, within their bounds. The table is complete: the compiler says so. */
import * as fc from "fast-check";
import { fault } from "../../../core/model/faults.ts";
import * as ids from "../../../core/model/ids.ts";
import type { Message } from "../../../core/model/messages.ts";
import { type ImageRecord, imageTypes, type Register } from "../../../core/model/records.ts";
import type { Snapshot } from "../../../core/model/snapshot.ts";
import { monotonicMs, wallMs } from "../../../core/model/units.ts";
import { refusalOf } from "../../../core/wire/schema-faults.ts";

const nodeId = fc.integer({ min: 1, max: 9 }).map(ids.nodeId);
const term = fc.maxSafeNat().map(ids.term);
const boot = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(ids.boot);
const hex32 = fc.stringMatching(/^[0-9a-f]{32}$/);
const storeId = hex32.map(ids.storeId);
const clusterId = hex32.map(ids.clusterId);
export const imageId = fc.uuid({ version: 7 }).map(ids.imageId);
const userName = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,31}$/).map(ids.userNameOf);
const count = fc.maxSafeNat();
const measure = fc.double({ min: 0, max: 1e15, noNaN: true }).map((value) => value + 0);
const monotonic = measure.map(monotonicMs);
const text = (unitsMax: number) => fc.string({ unit: "binary", maxLength: Math.floor(unitsMax / 2) });
const name = text(80).map((value) => `${value.replaceAll("/", "_").replaceAll("\u0000", "_")}.png`);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const bytesUpTo = (lengthMax: number) => fc.uint8Array({ maxLength: lengthMax });
const nullable = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const boolean = fc.boolean();
const nodes = fc.uniqueArray(nodeId, { maxLength: 9 });

const refusalReason = fc.constantFrom(
  "lower-term" as const,
  "hears-leader" as const,
  "is-leader" as const,
  "silent-after-restart" as const,
  "higher-electable" as const,
  "already-voted" as const,
  "rebuilding" as const,
);
const verdict = fc.constantFrom("pending" as const, "ok" as const, "damaged" as const, "unknown" as const);
const assignedBy = fc.constantFrom("leader" as const, "fallback" as const);
const imageType = fc.constantFrom(...imageTypes);

const register = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Register<Value>> =>
  fc.record({ stamp: fc.record({ atMs: count, node: fc.nat(9) }), value });

export const record: fc.Arbitrary<ImageRecord> = fc.record({
  facts: fc.record({
    id: imageId,
    owner: userName,
    name,
    bytes: count,
    type: imageType,
    width: count,
    height: count,
    createdAt: count.map(wallMs),
    payloadHash: bytes(32),
    payloadBytes: count,
    nonce: bytes(16),
    fingerprint: bytes(32),
  }),
  processing: fc.record({ node: nodeId, term, assignedBy }),
  headers: fc.dictionary(userName, register(bytesUpTo(300)), { maxKeys: 5, noNullPrototype: true }),
  homes: register(nodes),
  inspection: register(fc.record({ verdict, thumbnail: nullable(bytesUpTo(500)) })),
  trashed: register(boolean),
});

const snapshot: fc.Arbitrary<Snapshot> = fc.record({
  observer: nodeId,
  at: count.map(wallMs),
  cluster: clusterId,
  term: nullable(term),
  leader: nullable(nodeId),
  quorum: fc.record({ live: fc.nat(9), needed: fc.nat(9), ok: boolean }),
  tolerance: fc.integer({ min: -9, max: 9 }),
  nodes: fc.array(
    fc.record({
      id: nodeId,
      address: text(300),
      state: fc.constantFrom("up" as const, "suspect" as const, "down" as const, "rebuilding" as const),
      role: fc.constantFrom("leader" as const, "follower" as const, "candidate" as const),
      heartbeatMs: nullable(measure),
      roundTripMs: nullable(measure),
      inFlight: nullable(count),
      load: nullable(measure),
      cpu: nullable(measure),
      memory: nullable(measure),
      lagMs: nullable(measure),
      images: nullable(count),
      payloadBytes: nullable(count),
      diskFreeBytes: nullable(count),
      uptimeMs: nullable(measure),
    }),
    { maxLength: 9 },
  ),
  links: fc.array(
    fc.record({ from: nodeId, to: nodeId, silenceMs: nullable(measure), roundTripMs: nullable(measure) }),
    { maxLength: 20 },
  ),
});

const load = fc.record({
  inFlight: count,
  bytesInFlight: count,
  cpu: measure,
  memory: measure,
  lagMs: measure,
  images: count,
  payloadBytes: count,
  diskFreeBytes: count,
  uptimeMs: measure,
  drained: boolean,
  readOnly: boolean,
});

const refused = fc
  .oneof(
    fc
      .record({ peer: text(99), theirs: fc.array(text(99), { maxLength: 9 }), ours: fc.constant([]) })
      .map((payload) => fault("CONFIG_DIFFERS", payload)),
    fc
      .record({ name: text(99), bytes: count, bytesMax: count })
      .map((payload) => fault("IMAGE_TOO_LARGE", payload)),
    fc
      .record({ address: text(99), holder: nullable(text(99)) })
      .map((payload) => fault("ADDRESS_IN_USE", payload)),
    fc.constant(fault("NO_LEADER", {})),
  )
  .map(refusalOf);

type Fields<Kind extends Message["kind"]> = Omit<Extract<Message, { readonly kind: Kind }>, "kind">;

const fields: { readonly [Kind in Message["kind"]]: fc.Arbitrary<Fields<Kind>> } = {
  hello: fc.record({
    protocol: fc.constant(1),
    version: text(64),
    cluster: clusterId,
    agreement: fc.array(text(320), { maxLength: 12 }),
    purpose: fc.constantFrom("control" as const, "request" as const),
  }),
  ping: fc.record({
    boot,
    store: storeId,
    term,
    leader: nullable(nodeId),
    electable: boolean,
    ready: boolean,
    feedHead: count,
    load,
    hears: nodes,
    silenceMs: fc.array(fc.record({ id: nodeId, ms: measure, roundTripMs: nullable(measure) }), {
      maxLength: 9,
    }),
    sentAt: monotonic,
    echo: nullable(fc.record({ sentAt: monotonic, heldMs: measure })),
  }),
  "pre-vote.request": fc.record({ boot, term }),
  "pre-vote.reply": fc.record({
    boot,
    term,
    ownTerm: term,
    granted: boolean,
    reason: nullable(refusalReason),
  }),
  "vote.request": fc.record({ boot, term, handover: boolean }),
  "vote.reply": fc.record({ boot, term, ownTerm: term, granted: boolean, reason: nullable(refusalReason) }),
  heartbeat: fc.record({ boot, term, leaseMs: measure, sentAt: monotonic }),
  "heartbeat.reply": fc.record({ boot, term, accepted: boolean, sentAt: monotonic }),
  handover: fc.record({ boot, term, to: nodeId }),
  goodbye: fc.record({ boot }),
  assigned: fc.record({ boot, term, request: imageId, node: nodeId, bytes: count }),
  offer: fc.record({ id: imageId, name, bytes: count }),
  upload: fc.record({
    id: imageId,
    name,
    bytes: count,
    type: imageType,
    sha256: bytes(32),
    fileKey: bytes(16),
    header: bytesUpTo(400),
    fingerprint: bytes(32),
    assignment: fc.record({ node: nodeId, term, by: assignedBy }),
    retry: boolean,
  }),
  list: fc.record({ before: nullable(imageId), limit: fc.integer({ min: 1, max: 500 }) }),
  get: fc.record({ id: imageId }),
  find: fc.record({ part: text(64) }),
  status: fc.constant({}),
  store: fc.record({ id: imageId, payloadBytes: count, payloadHash: nullable(bytes(32)) }),
  "store.commit": fc.record({ record }),
  merge: fc.record({ records: fc.array(record, { maxLength: 3 }) }),
  pull: fc.record({ store: nullable(storeId), after: count, limit: fc.integer({ min: 1, max: 500 }) }),
  fetch: fc.record({ id: imageId, payloadHash: bytes(32) }),
  "offer.assigned": fc.record({ id: imageId, node: nodeId, term }),
  "offer.declined": fc.record({ id: imageId, node: nodeId, term }),
  "offer.no-leader": fc.record({ id: imageId, term }),
  "upload.accepted": fc.record({ id: imageId, payloadBytes: count }),
  receipt: fc.record({
    id: imageId,
    node: nodeId,
    term,
    assignedBy,
    copies: fc.nat(9),
    payloadHash: bytes(32),
    payloadBytes: count,
    width: count,
    height: count,
    inspected: verdict,
    repeated: boolean,
  }),
  refused: refused.map(({ kind: _, ...rest }) => rest),
  "list.page": fc.record({ records: fc.array(record, { maxLength: 3 }), more: boolean }),
  "get.found": fc.record({ record }),
  found: fc.record({ ids: fc.array(imageId, { maxLength: 20 }) }),
  "status.reply": fc.record({ snapshot }),
  "store.ready": fc.record({ have: boolean }),
  stored: fc.record({ store: storeId, feedHead: count }),
  "pull.page": fc.record({
    store: storeId,
    upTo: count,
    feedHead: count,
    records: fc.array(record, { maxLength: 3 }),
  }),
  "fetch.found": fc.record({ payloadBytes: count }),
};

export const messageKinds = Object.keys(fields) as readonly Message["kind"][];

export const messageOf = (kind: Message["kind"]): fc.Arbitrary<Message> =>
  (fields[kind] as fc.Arbitrary<object>).map((rest) => ({ kind, ...rest }) as Message);

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(...messageKinds.map(messageOf));
