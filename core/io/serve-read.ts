/**
 * Answering what people and peers ask of stored images: list, find, get; pull and fetch.
 *
 * A person is shown nothing older than what was acknowledged before the question; peers are told what is here.
 */
import { type Fault, FaultError, fault } from "../model/faults.ts";
import type { ImageId, UserName } from "../model/ids.ts";
import { namesImage } from "../model/image-id.ts";
import { frameBytesMax, pageRecordsMax } from "../model/limits.ts";
import type { Fetch, Find, Get, List, Pull } from "../model/messages.ts";
import { type ImageRecord, roughBytesOf } from "../model/records.ts";
import { sameBytes } from "./bytes.ts";
import type { Connection } from "./connection.ts";
import { faultOf } from "./exchange.ts";
import { payloadFrom } from "./fetch.ts";
import type { Freshness } from "./freshness.ts";
import type { NodeContext } from "./node-context.ts";
import { refuse } from "./refuse.ts";

/** How many candidates of an ambiguous short id are told. */
const foundMax = 20;

export const serveList = async (
  context: NodeContext,
  freshness: Freshness,
  connection: Connection,
  request: List,
  owner: UserName,
): Promise<void> => {
  const fresh = await freshness.catchUp();
  if (!fresh.ok) return refuse(connection, fresh.fault);
  const limit = Math.min(request.limit, pageRecordsMax);
  const candidates = context.records.list(owner, request.before, limit + 1);
  const records = fitting(candidates.slice(0, limit));
  await connection.send({ kind: "list.page", records, more: candidates.length > records.length });
};

export const serveFind = async (
  context: NodeContext,
  freshness: Freshness,
  connection: Connection,
  request: Find,
  owner: UserName,
): Promise<void> => {
  const fresh = await freshness.catchUp();
  if (!fresh.ok) return refuse(connection, fresh.fault);
  const ids: ImageId[] = [];
  for (const record of context.records.all()) {
    if (record.facts.owner !== owner || !namesImage(request.part, record.facts.id)) continue;
    if (ids.push(record.facts.id) === foundMax) break;
  }
  await connection.send({ kind: "found", ids });
};

/** The record, then the payload: from this disk, or passed on from a home. */
export const serveGet = async (
  context: NodeContext,
  freshness: Freshness,
  connection: Connection,
  request: Get,
  owner: UserName,
): Promise<void> => {
  const fresh = await freshness.catchUp();
  if (!fresh.ok) return refuse(connection, fresh.fault);
  const record = context.records.get(request.id);
  if (record === null || record.facts.owner !== owner) {
    return refuse(connection, fault("IMAGE_NOT_FOUND", { id: request.id }));
  }
  await connection.send({ kind: "get.found", record });
  const problem = await sendPayloadFromAnywhere(context, connection, record);
  if (problem !== null) await refuse(connection, problem);
};

/** Tries each source in turn; the bytes are the same everywhere, so the next one goes on where one broke off. */
const sendPayloadFromAnywhere = async (
  context: NodeContext,
  connection: Connection,
  record: ImageRecord,
): Promise<Fault | null> => {
  const { id, payloadBytes } = record.facts;
  let sent = 0;
  let problem: Fault = fault("IMAGE_UNAVAILABLE", { id, reason: "no node that has it can be reached" });
  for (const source of sourcesOf(context, record)) {
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
const sourcesOf = (context: NodeContext, record: ImageRecord): readonly Source[] => {
  const { id, payloadHash } = record.facts;
  const others = context.driver.live().filter((node) => node !== context.self);
  const homes = others.filter((node) => record.homes.value.includes(node));
  const rest = others.filter((node) => !homes.includes(node));
  const here: readonly Source[] = context.payloads.has(id, payloadHash)
    ? [() => readHere(context, record)]
    : [];
  return [
    ...here,
    ...[...homes, ...rest].map(
      (node): Source =>
        () =>
          payloadFrom(context, node, record),
    ),
  ];
};

async function* readHere(context: NodeContext, record: ImageRecord): AsyncGenerator<Uint8Array> {
  const chunks = await context.payloads.read(record.facts.id, record.facts.payloadHash);
  if (!chunks.ok) throw new FaultError(chunks.fault);
  yield* chunks.value;
}

export const serveFetch = async (
  context: NodeContext,
  connection: Connection,
  request: Fetch,
): Promise<void> => {
  const { id, payloadHash } = request;
  const record = context.records.get(id);
  const chunks = await context.payloads.read(id, payloadHash);
  if (!chunks.ok) return refuse(connection, chunks.fault);
  if (record === null || !sameBytes(record.facts.payloadHash, payloadHash)) {
    return refuse(connection, fault("IMAGE_UNAVAILABLE", { id, reason: "not on this node's disk" }));
  }
  await connection.send({ kind: "fetch.found", payloadBytes: record.facts.payloadBytes });
  for await (const chunk of chunks.value) await connection.sendChunk(chunk);
};

/** A page of the change feed. A cursor of another store (a disk that was replaced) starts from the beginning. */
export const servePull = async (
  context: NodeContext,
  connection: Connection,
  request: Pull,
): Promise<void> => {
  const { store } = context.records;
  const from = request.store === store ? request.after : 0;
  const page = context.records.changedAfter(from, Math.min(request.limit, pageRecordsMax));
  await connection.send({
    kind: "pull.page",
    store,
    upTo: page.upTo,
    feedHead: page.feedHead,
    records: page.records,
  });
};

/** As many of `records` as fit in one frame, at least one. */
const fitting = (records: readonly ImageRecord[]): readonly ImageRecord[] => {
  let bytes = 0;
  const fits = records.findIndex((record, index) => {
    bytes += roughBytesOf(record);
    return index > 0 && bytes > frameBytesMax / 2;
  });
  return fits === -1 ? records : records.slice(0, fits);
};
