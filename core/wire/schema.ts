/** The shape of every message, by kind: one look-up, never "try them all". */
import * as z from "zod";
import { nodeIdMax } from "../model/ids.ts";
import {
  certificateBytesMax,
  digestBucketsMax,
  digestEntriesMax,
  newsEntriesMax,
  pageRecordsMax,
  revocationsBytesMax,
  usersPageMax,
} from "../model/limits.ts";
import type { Message } from "../model/messages.ts";
import { controlSchemas } from "./schema-control.ts";
import { anyEvent } from "./schema-events.ts";
import { refused } from "./schema-faults.ts";
import {
  boot,
  bytesOf,
  bytesUpTo,
  clusterId,
  count,
  type Drift,
  imageId,
  imageName,
  type MustBeNever,
  nodeId,
  storeId,
  term,
  text,
  userName,
} from "./schema-parts.ts";
import {
  anyRecord,
  assignedBy,
  candidates,
  header,
  imageRecord,
  imageType,
  sha256,
  sharedHeader,
  stamp,
  verdict,
} from "./schema-records.ts";
import { snapshot } from "./schema-views.ts";

const agreementLinesMax = 32;
const agreementLineUnitsMax = 320;

const hello = z.strictObject({
  kind: z.literal("hello"),
  protocol: count,
  version: text(64),
  cluster: clusterId,
  agreement: z.array(text(agreementLineUnitsMax)).max(agreementLinesMax),
  purpose: z.enum(["control", "request"]),
});

const pageLimit = z.int().min(1).max(pageRecordsMax);
const page = z.array(imageRecord).max(pageRecordsMax);
const digestEntries = z.array(z.strictObject({ id: imageId, digest: count })).max(digestEntriesMax);
const anyPage = z.array(anyRecord).max(pageRecordsMax);

const watchedEntry = z.strictObject({
  number: count,
  at: count,
  level: z.enum(["debug", "info", "warn", "error"]),
  event: anyEvent,
});

const revocationList = bytesUpTo(revocationsBytesMax);

const requestSchemas = {
  offer: z.strictObject({ kind: z.literal("offer"), id: imageId, name: imageName, bytes: count }),
  upload: z.strictObject({
    kind: z.literal("upload"),
    id: imageId,
    name: imageName,
    bytes: count,
    type: imageType,
    sha256,
    fileKey: bytesOf(16),
    header,
    fingerprint: bytesOf(32),
    assignment: z.strictObject({ node: nodeId, term, by: assignedBy, leader: nodeId.nullable(), candidates }),
    attempt: z.int().min(1).max(1_000_000),
  }),
  list: z.strictObject({ kind: z.literal("list"), before: imageId.nullable(), limit: pageLimit }),
  get: z.strictObject({ kind: z.literal("get"), id: imageId }),
  find: z.strictObject({ kind: z.literal("find"), part: text(64) }),
  describe: z.strictObject({ kind: z.literal("describe"), id: imageId }),
  trash: z.strictObject({ kind: z.literal("trash"), id: imageId, trashed: z.boolean(), seen: stamp }),
  purge: z.strictObject({ kind: z.literal("purge"), id: imageId }),
  share: z.strictObject({
    kind: z.literal("share"),
    id: imageId,
    reader: userName,
    header: sharedHeader.nullable(),
    seen: stamp.nullable(),
  }),
  user: z.strictObject({ kind: z.literal("user"), name: userName }),
  revocations: z.strictObject({ kind: z.literal("revocations"), digest: count }),
  revoke: z.strictObject({ kind: z.literal("revoke"), list: revocationList }),
  status: z.strictObject({ kind: z.literal("status") }),
  "move-lead": z.strictObject({ kind: z.literal("move-lead"), to: nodeId.nullable() }),
  drain: z.strictObject({ kind: z.literal("drain"), drained: z.boolean() }),
  scrub: z.strictObject({ kind: z.literal("scrub"), action: z.enum(["start", "pause"]) }),
  watch: z.strictObject({ kind: z.literal("watch"), boot: boot.nullable(), after: count }),
  store: z.strictObject({
    kind: z.literal("store"),
    id: imageId,
    payloadBytes: count,
    payloadHash: sha256.nullable(),
  }),
  "store.commit": z.strictObject({ kind: z.literal("store.commit"), record: imageRecord }),
  merge: z.strictObject({ kind: z.literal("merge"), records: anyPage }),
  pull: z.strictObject({
    kind: z.literal("pull"),
    store: storeId.nullable(),
    after: count,
  }),
  digests: z.strictObject({ kind: z.literal("digests") }),
  bucket: z.strictObject({ kind: z.literal("bucket"), bucket: count, after: imageId.nullable() }),
  records: z.strictObject({ kind: z.literal("records"), ids: z.array(imageId).max(pageRecordsMax) }),
  users: z.strictObject({ kind: z.literal("users"), digest: count, after: userName.nullable() }),
  fetch: z.strictObject({ kind: z.literal("fetch"), id: imageId, payloadHash: sha256 }),
};

const replySchemas = {
  "offer.assigned": z.strictObject({
    kind: z.literal("offer.assigned"),
    id: imageId,
    node: nodeId,
    term,
    leader: nodeId,
    candidates,
  }),
  "offer.declined": z.strictObject({
    kind: z.literal("offer.declined"),
    id: imageId,
    node: nodeId,
    term,
    leader: nodeId,
  }),
  "offer.no-leader": z.strictObject({ kind: z.literal("offer.no-leader"), id: imageId, term }),
  "upload.accepted": z.strictObject({
    kind: z.literal("upload.accepted"),
    id: imageId,
    payloadBytes: count,
  }),
  receipt: z.strictObject({
    kind: z.literal("receipt"),
    id: imageId,
    node: nodeId,
    term,
    assignedBy,
    copies: count,
    payloadHash: sha256,
    payloadBytes: count,
    width: count,
    height: count,
    inspected: verdict,
    repeated: z.boolean(),
  }),
  refused,
  "list.page": z.strictObject({ kind: z.literal("list.page"), records: page, more: z.boolean() }),
  "get.found": z.strictObject({ kind: z.literal("get.found"), record: imageRecord }),
  found: z.strictObject({ kind: z.literal("found"), ids: z.array(imageId).max(pageRecordsMax) }),
  described: z.strictObject({
    kind: z.literal("described"),
    record: imageRecord,
    live: z.array(z.strictObject({ node: nodeId, store: storeId })).max(nodeIdMax),
  }),
  changed: z.strictObject({ kind: z.literal("changed"), id: imageId }),
  "user.found": z.strictObject({
    kind: z.literal("user.found"),
    certificate: bytesUpTo(certificateBytesMax),
  }),
  "revocations.known": z.strictObject({
    kind: z.literal("revocations.known"),
    list: revocationList.nullable(),
  }),
  "status.reply": z.strictObject({ kind: z.literal("status.reply"), snapshot }),
  done: z.strictObject({ kind: z.literal("done") }),
  "watch.news": z.strictObject({
    kind: z.literal("watch.news"),
    boot,
    snapshot: snapshot.nullable(),
    entries: z.array(watchedEntry).max(newsEntriesMax),
    skipped: count,
  }),
  "store.ready": z.strictObject({ kind: z.literal("store.ready"), have: z.boolean() }),
  stored: z.strictObject({ kind: z.literal("stored"), store: storeId, feedHead: count }),
  "pull.page": z.strictObject({
    kind: z.literal("pull.page"),
    store: storeId,
    upTo: count,
    feedHead: count,
    entries: digestEntries,
  }),
  "digests.reply": z.strictObject({
    kind: z.literal("digests.reply"),
    buckets: z.array(z.strictObject({ bucket: count, records: count, digest: count })).max(digestBucketsMax),
  }),
  "bucket.reply": z.strictObject({
    kind: z.literal("bucket.reply"),
    entries: digestEntries,
    more: z.boolean(),
  }),
  "records.reply": z.strictObject({
    kind: z.literal("records.reply"),
    answered: z.int().min(1).max(pageRecordsMax),
    records: anyPage,
  }),
  "users.page": z.strictObject({
    kind: z.literal("users.page"),
    users: z.array(z.strictObject({ name: userName, digest: count })).max(usersPageMax),
    more: z.boolean(),
  }),
  "fetch.found": z.strictObject({ kind: z.literal("fetch.found"), payloadBytes: count }),
};

export const messageSchemas = { hello, ...controlSchemas, ...requestSchemas, ...replySchemas };

export type MessageDrift = MustBeNever<Drift<typeof messageSchemas, Message>>;
