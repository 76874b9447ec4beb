/**
 * The index in a thread of its own, seen from the thread that must not wait.
 *
 * SQLite answers while its caller stands still, and once in a while that takes as long as a sync of the disk; on
 * the node's own thread a heartbeat would wait for it. So every call becomes a job for one thread, which does
 * one after the other in the order in which they were asked. A thread that dies takes its unanswered jobs with
 * it, and the index stays failed until it is opened again.
 */
import { Worker } from "node:worker_threads";
import { bad, type Fault, FaultError, fault, good, type Result } from "../../model/faults.ts";
import type { Index, IndexChange } from "../../ports.ts";
import { type IndexAnswer, type IndexJob, openingTicket } from "./index-job.ts";

type Method = keyof Index;

/** V8 gives a thread 48 MB for young objects; rows are short-lived and need little. */
const youngMegabytes = 4;

/** Beside this file, as source or as built. */
const isSource = import.meta.url.endsWith(".ts");
const program = new URL(isSource ? "./index-worker.ts" : "./index-worker.js", import.meta.url);

/**
 * Opens the index in the file `path`, or begins one there when there is none that can be used.
 * Faults: DISK_FULL, DISK_FAILED.
 */
export const openIndex = async (path: string): Promise<Result<Index>> => {
  const thread = startThread(path);
  const opened = await thread.opened;
  if (opened.ok) return good(indexOn(thread));
  await thread.stop();
  return opened;
};

interface Thread {
  readonly opened: Promise<Result<unknown>>;
  /** What the method of that name answers; rejects with a FaultError. */
  ask<Name extends Method>(method: Name, ...parameters: Parameters<Index[Name]>): ReturnType<Index[Name]>;
  /** Resolves when it is gone; what it had not answered is rejected. */
  stop(): Promise<void>;
}

const startThread = (path: string): Thread => {
  const waiting = new Map<number, (result: Result<unknown>) => void>();
  let dead: Fault | null = null;
  let tickets = openingTicket;
  const worker = new Worker(program, {
    name: "index",
    workerData: path,
    resourceLimits: { maxYoungGenerationSizeMb: youngMegabytes },
  });

  const settle = (ticket: number, result: Result<unknown>): void => {
    waiting.get(ticket)?.(result);
    waiting.delete(ticket);
    // A thread that waits for work must not keep the process alive; one that works may.
    if (waiting.size === 0) worker.unref();
  };
  const answerTo = (ticket: number): Promise<Result<unknown>> =>
    new Promise((resolve) => waiting.set(ticket, resolve));
  const die = (reason: string): void => {
    dead ??= fault("DISK_FAILED", { path, reason });
    for (const ticket of [...waiting.keys()]) settle(ticket, bad(dead));
  };
  worker.on("message", ({ ticket, result }: IndexAnswer) => settle(ticket, result));
  worker.on("error", (error: Error) => die(`its thread died: ${error.message}`));
  worker.on("exit", () => die("its thread has ended"));

  const ask = async (method: Method, ...parameters: readonly unknown[]): Promise<unknown> => {
    if (dead !== null) throw new FaultError(dead);
    const ticket = ++tickets;
    worker.ref();
    worker.postMessage({ ticket, method, parameters } satisfies IndexJob);
    const result = await answerTo(ticket);
    if (!result.ok) throw new FaultError(result.fault);
    return result.value;
  };
  return {
    opened: answerTo(openingTicket),
    // The thread answers as the method of that name does.
    ask: ask as Thread["ask"],
    stop: async () => {
      await worker.terminate();
    },
  };
};

const indexOn = ({ ask, stop }: Thread): Index => {
  let closing: Promise<void> | null = null;
  return {
    position: () => ask("position"),
    apply: (changes, step) => ask("apply", changes.map(withOwnBytes), step),
    clear: () => ask("clear"),
    get: (ids) => ask("get", ids),
    changedAfter: (after, limit) => ask("changedAfter", after, limit),
    digestsOf: (ids) => ask("digestsOf", ids),
    list: (user, before, limit) => ask("list", user, before, limit),
    find: (user, part, limit) => ask("find", user, part, limit),
    walk: (after, limit) => ask("walk", after, limit),
    inSegment: (segment, after, limit) => ask("inSegment", segment, after, limit),
    supersededOf: (id) => ask("supersededOf", id),
    forgetSuperseded: (id, places) => ask("forgetSuperseded", id, places),
    settle: () => ask("settle"),
    trashedBefore: (atMs, after, limit) => ask("trashedBefore", atMs, after, limit),
    toErase: (limit) => ask("toErase", limit),
    tombstones: (after, limit) => ask("tombstones", after, limit),
    homeSets: () => ask("homeSets"),
    inHomeSet: (set, after, limit) => ask("inHomeSet", set, after, limit),
    holdings: () => ask("holdings"),
    digests: () => ask("digests"),
    bucket: (bucket, after, limit) => ask("bucket", bucket, after, limit),
    segments: () => ask("segments"),
    forgetSegment: (segment) => ask("forgetSegment", segment),
    note: (name) => ask("note", name),
    setNote: (name, text) => ask("setNote", name, text),
    close: () => {
      closing ??= ask("close").finally(stop);
      return closing;
    },
  };
};

/** A message takes the whole buffer that bytes are a part of along; so parts of larger ones are copied first. */
const withOwnBytes = (change: IndexChange): IndexChange => {
  if (change.kind === "drop") return change;
  const { row } = change;
  const thumbnail = row.thumbnail === null ? null : ownBytes(row.thumbnail);
  return { kind: "put", row: { ...row, summary: ownBytes(row.summary), thumbnail } };
};

const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
