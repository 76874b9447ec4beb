/** Arbitrary messages of every kind, within their bounds. The table is complete: the compiler says so. */
import * as fc from "fast-check";
import { fault } from "../../../core/model/faults.ts";
import * as ids from "../../../core/model/ids.ts";
import { type Message, protocolVersion } from "../../../core/model/messages.ts";
import {
  type AnyRecord,
  type ImageRecord,
  imageTypes,
  type Register,
  type Stamp,
  type Tombstone,
} from "../../../core/model/records.ts";
import type { RebuildView, ScrubView, Snapshot } from "../../../core/model/snapshot.ts";
import { monotonicMs, wallMs } from "../../../core/model/units.ts";
import { refusalOf } from "../../../core/wire/schema-faults.ts";
import { everyEvent } from "../../support/events.ts";

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

const stamp: fc.Arbitrary<Stamp> = fc.record({ atMs: count, node: fc.nat(9) });
const register = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Register<Value>> =>
  fc.record({ stamp, value });
const byNode = <Value>(value: fc.Arbitrary<Value>) =>
  fc.dictionary(nodeId.map(String), value, { maxKeys: 9, noNullPrototype: true });
const candidates = fc.array(fc.record({ node: nodeId, images: count, bytes: count, cpu: measure }), {
  maxLength: 9,
});

export const record: fc.Arbitrary<ImageRecord> = fc.record({
  kind: fc.constant("image" as const),
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
  processing: fc.record({
    node: nodeId,
    term,
    assignedBy,
    leader: nullable(nodeId),
    candidates,
    attempt: count,
    startedAt: count.map(wallMs),
  }),
  headers: fc.dictionary(userName, register(nullable(bytesUpTo(300))), { maxKeys: 5, noNullPrototype: true }),
  homes: byNode(register(nullable(fc.record({ store: storeId, syncedAt: nullable(count.map(wallMs)) })))),
  inspection: register(fc.record({ verdict, thumbnail: nullable(bytesUpTo(500)) })),
  trashed: register(nullable(count.map(wallMs))),
  condemned: byNode(fc.record({ stamp, store: storeId })),
});

export const tombstone: fc.Arbitrary<Tombstone> = fc.record({
  kind: fc.constant("tombstone" as const),
  id: imageId,
  owner: userName,
  purge: fc.record({ stamp, reason: fc.constantFrom("owner" as const, "expired" as const) }),
  erasedOn: fc.array(
    fc.tuple(nodeId, hex32).map(([node, store]) => `${node}:${store}`),
    { maxLength: 64 },
  ),
});

const anyRecord: fc.Arbitrary<AnyRecord> = fc.oneof(record, tombstone);

const rebuildView: fc.Arbitrary<RebuildView> = fc.record({
  phase: fc.constantFrom("waiting" as const, "records" as const, "payloads" as const),
  imagesLeft: count,
  doneBytes: count,
  totalBytes: count,
  bytesPerSecond: nullable(measure),
  etaMs: nullable(measure),
  waitingFor: nodes,
});

const scrubView: fc.Arbitrary<ScrubView> = fc.record({
  state: fc.constantFrom("running" as const, "paused" as const, "idle" as const),
  share: measure,
  checked: count,
  bad: count,
  repaired: count,
  unrepairable: count,
});

const snapshot: fc.Arbitrary<Snapshot> = fc.record({
  observer: nodeId,
  at: count.map(wallMs),
  cluster: clusterId,
  term: nullable(term),
  leader: nullable(nodeId),
  quorum: fc.record({ live: fc.nat(9), needed: fc.nat(9), ok: boolean }),
  tolerance: fc.nat(9),
  risk: nullable(
    fc.record({
      underReplicated: count,
      unreadable: count,
      missingBytes: count,
      safeInMs: nullable(measure),
    }),
  ),
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
      drained: nullable(boolean),
      readOnly: nullable(boolean),
      uploadsPerSecond: nullable(measure),
      uploadMsP50: nullable(measure),
      uploadMsP99: nullable(measure),
      rebuild: nullable(rebuildView),
      scrub: nullable(scrubView),
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
  uploadsPerSecond: measure,
  uploadMsP50: nullable(measure),
  uploadMsP99: nullable(measure),
  drained: boolean,
  readOnly: boolean,
  rebuild: nullable(rebuildView),
  scrub: nullable(scrubView),
});

const diskMemory = fc.record({ generation: count, store: storeId, saves: count, feedHead: count });

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
    protocol: fc.constant(protocolVersion),
    version: text(64),
    cluster: clusterId,
    agreement: fc.array(text(320), { maxLength: 12 }),
    purpose: fc.constantFrom("control" as const, "request" as const),
  }),
  ping: fc.record({
    boot,
    run: count,
    store: storeId,
    saves: count,
    replaces: boolean,
    term,
    leader: nullable(nodeId),
    electable: boolean,
    generation: count,
    ready: boolean,
    feedHead: count,
    load,
    hears: nodes,
    silenceMs: fc.array(fc.record({ id: nodeId, ms: measure, roundTripMs: nullable(measure) }), {
      maxLength: 9,
    }),
    sentAt: monotonic,
    echo: nullable(fc.record({ sentAt: monotonic, heldMs: measure })),
    remembers: nullable(fc.record({ run: count, disk: nullable(diskMemory) })),
    pulled: nullable(fc.record({ store: storeId, upTo: count })),
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
    assignment: fc.record({ node: nodeId, term, by: assignedBy, leader: nullable(nodeId), candidates }),
    attempt: fc.integer({ min: 1, max: 1_000_000 }),
  }),
  list: fc.record({ before: nullable(imageId), limit: fc.integer({ min: 1, max: 500 }) }),
  get: fc.record({ id: imageId }),
  find: fc.record({ part: text(64) }),
  describe: fc.record({ id: imageId }),
  trash: fc.record({ id: imageId, trashed: boolean, seen: stamp }),
  purge: fc.record({ id: imageId }),
  share: fc.record({
    id: imageId,
    reader: userName,
    header: nullable(bytesUpTo(512)),
    seen: nullable(stamp),
  }),
  user: fc.record({ name: userName }),
  revocations: fc.record({ digest: count }),
  revoke: fc.record({ list: bytesUpTo(900) }),
  status: fc.constant({}),
  "move-lead": fc.record({ to: nullable(nodeId) }),
  drain: fc.record({ drained: boolean }),
  scrub: fc.record({ action: fc.constantFrom("start" as const, "pause" as const) }),
  watch: fc.record({ boot: nullable(boot), after: count }),
  store: fc.record({ id: imageId, payloadBytes: count, payloadHash: nullable(bytes(32)) }),
  "store.commit": fc.record({ record }),
  merge: fc.record({ records: fc.array(anyRecord, { maxLength: 3 }) }),
  pull: fc.record({ store: nullable(storeId), after: count }),
  digests: fc.constant({}),
  bucket: fc.record({ bucket: count, after: nullable(imageId) }),
  records: fc.record({ ids: fc.array(imageId, { maxLength: 20 }) }),
  users: fc.record({ digest: count, after: nullable(userName) }),
  fetch: fc.record({ id: imageId, payloadHash: bytes(32) }),
  "offer.assigned": fc.record({ id: imageId, node: nodeId, term, leader: nodeId, candidates }),
  "offer.declined": fc.record({ id: imageId, node: nodeId, term, leader: nodeId }),
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
  described: fc.record({
    record,
    live: fc.array(fc.record({ node: nodeId, store: storeId }), { maxLength: 9 }),
  }),
  changed: fc.record({ id: imageId }),
  "user.found": fc.record({ certificate: bytesUpTo(900) }),
  "revocations.known": fc.record({ list: nullable(bytesUpTo(900)) }),
  "status.reply": fc.record({ snapshot }),
  done: fc.constant({}),
  "watch.news": fc.record({
    boot,
    snapshot: nullable(snapshot),
    entries: fc.array(
      fc.record({
        number: count,
        at: count,
        level: fc.constantFrom("debug" as const, "info" as const, "warn" as const, "error" as const),
        event: fc.constantFrom(...everyEvent),
      }),
      { maxLength: 9 },
    ),
    skipped: count,
  }),
  "store.ready": fc.record({ have: boolean }),
  stored: fc.record({ store: storeId, feedHead: count }),
  "pull.page": fc.record({
    store: storeId,
    upTo: count,
    feedHead: count,
    entries: fc.array(fc.record({ id: imageId, digest: count }), { maxLength: 20 }),
  }),
  "digests.reply": fc.record({
    buckets: fc.array(fc.record({ bucket: count, records: count, digest: count }), { maxLength: 20 }),
  }),
  "bucket.reply": fc.record({
    entries: fc.array(fc.record({ id: imageId, digest: count }), { maxLength: 20 }),
    more: boolean,
  }),
  "records.reply": fc.record({
    answered: fc.integer({ min: 1, max: 500 }),
    records: fc.array(anyRecord, { maxLength: 3 }),
  }),
  "users.page": fc.record({
    users: fc.array(fc.record({ name: userName, digest: count }), { maxLength: 20 }),
    more: boolean,
  }),
  "fetch.found": fc.record({ payloadBytes: count }),
};

export const messageKinds = Object.keys(fields) as readonly Message["kind"][];

export const messageOf = (kind: Message["kind"]): fc.Arbitrary<Message> =>
  (fields[kind] as fc.Arbitrary<object>).map((rest) => ({ kind, ...rest }) as Message);

export const anyMessage: fc.Arbitrary<Message> = fc.oneof(...messageKinds.map(messageOf));
