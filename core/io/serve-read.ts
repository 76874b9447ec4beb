/**
 * Answering what people and peers ask of stored images: list, find, get, describe; pull, fetch and digests.
 *
 * A person is shown nothing older than what was acknowledged before the question, and nothing that the next question,
 * to another node, would not show; peers are told what is here.
 */
import { bad, type Fault, FaultError, fault, type Result } from "../model/faults.ts";
import type { ImageId, UserName } from "../model/ids.ts";
import { digestBucketsMax, digestEntriesMax, frameBytesMax, pageRecordsMax } from "../model/limits.ts";
import type { Bucket, Describe, Fetch, Find, Get, List, Pull, Records } from "../model/messages.ts";
import { mayRead, shownTo } from "../model/readers.ts";
import { type AnyRecord, homesOf, type ImageRecord, roughBytesOf } from "../model/records.ts";
import type { Holding } from "../ports.ts";
import { sameBytes } from "./bytes.ts";
import type { Connection } from "./connection.ts";
import { faultOf } from "./exchange.ts";
import { payloadFrom } from "./fetch.ts";
import type { Freshness } from "./freshness.ts";
import { type NodeContext, readyFault } from "./node-context.ts";
import { refuse } from "./refuse.ts";
import { settle } from "./write-back.ts";

/** How many candidates of an ambiguous short id are told. */
const foundMax = 20;

export const serveList = async (
  context: NodeContext,
  freshness: Freshness,
  connection: Connection,
  request: List,
  user: UserName,
): Promise<void> => {
  const fresh = await freshness.catchUp();
  if (!fresh.ok) return refuse(connection, fresh.fault);
  const limit = Math.min(request.limit, pageRecordsMax);
  const page = await context.store.list(user, request.before, limit);
  const fitting = page.holdings.slice(0, countFitting(page.holdings.map(({ record }) => record)));
  const settled = await settle(context, fitting);
  if (!settled.ok) return refuse(connection, settled.fault);
  const records = fitting.flatMap(({ record }) => (record.kind === "image" ? [shownTo(record, user)] : []));
  await connection.send({
    kind: "list.page",
    records,
    more: page.more || fitting.length < page.holdings.length,
  });
};

export const serveFind = async (
  context: NodeContext,
  freshness: Freshness,
  connection: Connection,
  request: Find,
  user: UserName,
): Promise<void> => {
  const fresh = await freshness.catchUp();
  if (!fresh.ok) return refuse(connection, fresh.fault);
  const ids = await context.store.find(user, request.part, foundMax);
  await connection.send({ kind: "found", ids });
};

/** The record, then the payload: from this disk, or passed on from a home. */
export const serveGet = async (
  context: NodeContext,
  freshness: Freshness,
  connection: Connection,
  request: Get,
  user: UserName,
): Promise<void> => {
  const found = await findReadable(context, freshness, request.id, user);
  if (!found.ok) return refuse(connection, found.fault);
  const { record, here } = found.value;
  await connection.send({ kind: "get.found", record: shownTo(record, user) });
  const problem = await sendPayloadFromAnywhere(context, connection, record, here);
  if (problem !== null) await refuse(connection, problem);
};

export const serveDescribe = async (
  context: NodeContext,
  freshness: Freshness,
  connection: Connection,
  request: Describe,
  user: UserName,
): Promise<void> => {
  const found = await findReadable(context, freshness, request.id, user);
  if (!found.ok) return refuse(connection, found.fault);
  const disks = context.driver.peerDisks();
  const live = context.driver.live().map((node) => ({
    node,
    store: disks.get(node)?.store ?? context.store.id,
  }));
  await connection.send({ kind: "described", record: shownTo(found.value.record, user), live });
};

export interface FoundImage extends Holding {
  readonly record: ImageRecord;
}

/** An image of `user`'s own. IMAGE_NOT_FOUND, also for a purged one; IMAGE_NOT_OWNED when she may read it; NO_QUORUM. */
export const findOwn = async (
  context: NodeContext,
  freshness: Freshness,
  id: ImageId,
  user: UserName,
): Promise<Result<FoundImage>> => {
  const found = await findReadable(context, freshness, id, user);
  if (!found.ok) return found;
  const { owner } = found.value.record.facts;
  return owner === user ? found : bad(fault("IMAGE_NOT_OWNED", { id, owner }));
};

/** An image that `user` may read, as all others will be shown it too. IMAGE_NOT_FOUND, also for a purged one; NO_QUORUM. */
export const findReadable = async (
  context: NodeContext,
  freshness: Freshness,
  id: ImageId,
  user: UserName,
): Promise<Result<FoundImage>> => {
  const fresh = await freshness.catchUp();
  if (!fresh.ok) return fresh;
  const holding = await context.store.get(id);
  const record = holding?.record;
  if (holding === null || record?.kind !== "image" || !mayRead(record, user))
    return bad(fault("IMAGE_NOT_FOUND", { id }));
  const settled = await settle(context, [holding]);
  return settled.ok ? { ok: true, value: { ...holding, record } } : settled;
};

/** Tries each source in turn; the bytes are the same everywhere, so the next one goes on where one broke off. */
const sendPayloadFromAnywhere = async (
  context: NodeContext,
  connection: Connection,
  record: ImageRecord,
  here: boolean,
): Promise<Fault | null> => {
  const { id, payloadBytes } = record.facts;
  let sent = 0;
  let problem: Fault = fault("IMAGE_UNAVAILABLE", { id, reason: "no node that has it can be reached" });
  for (const source of sourcesOf(context, record, here)) {
    try {
      let offset = 0;
      for await (const chunk of source()) {
        const fresh = chunk.subarray(Math.max(0, sent - offset));
        offset += chunk.length;
        if (fresh.length === 0) continue;
        sent += fresh.length;
        await connection.sendChunk(fresh);
      }
      if (sent === payloadBytes) return null;
    } catch (error) {
      problem = faultOf(error, "the home");
    }
  }
  return problem;
};

type Source = () => AsyncIterable<Uint8Array>;

/** This disk first, then the live homes, then everybody else who lives. */
const sourcesOf = (context: NodeContext, record: ImageRecord, here: boolean): readonly Source[] => {
  const others = context.driver.live().filter((node) => node !== context.self);
  const listed = homesOf(record).map(({ node }) => node);
  const homes = others.filter((node) => listed.includes(node));
  const rest = others.filter((node) => !listed.includes(node));
  const own: readonly Source[] = here ? [() => readHere(context, record)] : [];
  return [
    ...own,
    ...[...homes, ...rest].map(
      (node): Source =>
        () =>
          payloadFrom(context, node, record),
    ),
  ];
};

async function* readHere(context: NodeContext, record: ImageRecord): AsyncGenerator<Uint8Array> {
  const chunks = await context.store.read(record.facts.id);
  if (!chunks.ok) throw new FaultError(chunks.fault);
  yield* chunks.value;
}

export const serveFetch = async (
  context: NodeContext,
  connection: Connection,
  request: Fetch,
): Promise<void> => {
  const { id, payloadHash } = request;
  const problem = context.store.readFault;
  if (problem !== null) return refuse(connection, problem);
  const holding = await context.store.get(id);
  const isIt = holding?.record.kind === "image" && sameBytes(holding.record.facts.payloadHash, payloadHash);
  const missing = fault("IMAGE_UNAVAILABLE", { id, reason: "not on this node's disk" });
  if (holding?.record.kind !== "image" || !isIt) return refuse(connection, missing);
  const chunks = await context.store.read(id);
  if (!chunks.ok) return refuse(connection, chunks.fault);
  await connection.send({ kind: "fetch.found", payloadBytes: holding.record.facts.payloadBytes });
  for await (const chunk of chunks.value) await connection.sendChunk(chunk);
};

/** A page of the change feed. A cursor of another store (a disk that was replaced) starts from the beginning. */
export const servePull = async (
  context: NodeContext,
  connection: Connection,
  request: Pull,
): Promise<void> => {
  const problem = readyFault(context);
  if (problem !== null) return refuse(connection, problem);
  const { id: store } = context.store;
  const from = request.store === store ? request.after : 0;
  const page = await context.store.changedAfter(from, digestEntriesMax);
  await connection.send({ kind: "pull.page", store, ...page });
};

export const serveDigests = async (context: NodeContext, connection: Connection): Promise<void> => {
  const problem = readyFault(context);
  if (problem !== null) return refuse(connection, problem);
  const buckets = (await context.store.digests()).slice(-digestBucketsMax);
  await connection.send({ kind: "digests.reply", buckets });
};

export const serveBucket = async (
  context: NodeContext,
  connection: Connection,
  request: Bucket,
): Promise<void> => {
  const problem = readyFault(context);
  if (problem !== null) return refuse(connection, problem);
  const { bucket, after } = request;
  const found = await context.store.bucket(bucket, after, digestEntriesMax + 1);
  const entries = found.slice(0, digestEntriesMax);
  await connection.send({ kind: "bucket.reply", entries, more: entries.length < found.length });
};

/** Those of them that are known here; as many as fit. */
export const serveRecords = async (
  context: NodeContext,
  connection: Connection,
  { ids }: Records,
): Promise<void> => {
  const problem = readyFault(context);
  if (problem !== null) return refuse(connection, problem);
  const records: AnyRecord[] = [];
  let bytes = 0;
  let answered = 0;
  // Looked up a few at a time: of records with thumbnails not all that were asked for fit.
  for (; answered < ids.length && bytes <= recordsBytesMax; ) {
    for (const record of await context.store.recordsOf(ids.slice(answered, answered + lookUpMax))) {
      bytes += record === null ? 0 : roughBytesOf(record);
      if (bytes > recordsBytesMax && answered > 0) break;
      answered++;
      if (record !== null) records.push(record);
    }
  }
  await connection.send({ kind: "records.reply", answered, records });
};

const lookUpMax = 64;
/** Sizes are rough, so half of a frame. */
const recordsBytesMax = frameBytesMax / 2;

/** How many of `records`, from the first, fit in one frame; at least one. */
const countFitting = (records: readonly AnyRecord[]): number => {
  let bytes = 0;
  const fits = records.findIndex((record, index) => {
    bytes += roughBytesOf(record);
    return index > 0 && bytes > recordsBytesMax;
  });
  return fits === -1 ? records.length : fits;
};
