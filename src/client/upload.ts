/** `upload PATH…`: files, several at a time, each one line of result. */
import { resolve } from "node:path";
import { addAbortSignal } from "node:stream";
import { fileSource, type Source, streamSource } from "../../core/io/client/source.ts";
import type { Uploaded } from "../../core/io/client/upload.ts";
import { systemClock } from "../../core/io/clock.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import {
  bad,
  type ExitCode,
  type Fault,
  fault,
  type Result,
  sayBytes,
  wordFault,
} from "../../core/model/faults.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { shortId } from "../../core/model/ids.ts";
import type { OfferReply } from "../../core/model/messages.ts";
import { exitCodeOfAll } from "../output.ts";
import type { Desk } from "./desk.ts";
import { expandPaths, type Item } from "./expand.ts";
import { fromHere, type Talk } from "./talk.ts";
import type { ClientCommand } from "./words.ts";

type Upload = Extract<ClientCommand, { kind: "upload" }>;

export const upload = async (
  desk: Desk,
  talk: Talk,
  command: Upload,
  signal: AbortSignal,
): Promise<ExitCode> => {
  const items = await expandPaths(command.paths, command.recursive);
  const faults = await inTurns(items, command.jobs, async (item) => {
    const problem = signal.aborted
      ? fault("INTERRUPTED", {})
      : await uploadOne(desk, talk, command, item, signal);
    if (problem !== null && problem.code !== "INTERRUPTED") {
      // Stored for all that: a script is given the id that goes on with it.
      const id = problem.code === "SEALED_NOT_SAVED" ? { id: problem.id } : {};
      talk.failure({ file: item.file, ...id }, problem);
    }
    return problem;
  });
  return exitCodeOfAll(faults);
};

const uploadOne = async (
  { client, config, folder }: Desk,
  talk: Talk,
  command: Upload,
  item: Item,
  signal: AbortSignal,
): Promise<Fault | null> => {
  const clock = systemClock();
  const startedAt = clock.monotonic();
  const source = await sourceOf(item, command, config, signal);
  if (!source.ok) return source.fault;
  const { name, bytes } = source.value;
  const answers = new Map<NodeId, OfferReply | Fault>();
  const stored = await client.upload(source.value, resolve(folder), {
    onProgress: (sent) => talk.progress.show(item, name, sent, bytes),
    onAnswer: (node, reply) => answers.set(node, reply),
    onUnreachable: (node, problem) => answers.set(node, problem),
  });
  talk.progress.done(item);
  if (!stored.ok) return stored.fault;
  if (item.path.ok && item.path.value !== "-") talk.board?.uploaded(item.path.value);
  for (const line of declines(answers, stored.value.receipt.node)) talk.remark(line);
  const ms = Math.round((clock.monotonic() - startedAt) * 10) / 10;
  talk.item(
    { file: item.file, ...resultOf(stored.value, bytes, ms) },
    linesOf(item.file === "-" ? name : item.file, stored.value, bytes, ms),
  );
  return null;
};

const sourceOf = async (
  item: Item,
  command: Upload,
  config: ClusterConfig,
  signal: AbortSignal,
): Promise<Result<Source>> => {
  if (!item.path.ok) return item.path;
  if (item.path.value !== "-") return fileSource(item.path.value);
  if (command.name === null) {
    const hint = "add --name, for example: distinsta client USER upload - --name cat.png";
    return bad(fault("USAGE", { message: "standard input has no name", hint }));
  }
  const stdin = addAbortSignal(signal, process.stdin);
  const source = await streamSource(stdin, command.name, config.limits.imageBytesMax);
  return signal.aborted ? bad(fault("INTERRUPTED", {})) : source;
};

const resultOf = ({ receipt, savedAs }: Uploaded, bytes: number, ms: number) => {
  const { id, node, term, assignedBy, copies } = receipt;
  return { ok: true, id, node, term, assignedBy, bytes, copies, savedAs, ms };
};

const linesOf = (
  file: string,
  { receipt, savedAs }: Uploaded,
  bytes: number,
  ms: number,
): readonly string[] => {
  const { node, id, copies, repeated, assignedBy } = receipt;
  const how = repeated
    ? " (stored by an earlier try)"
    : assignedBy === "fallback"
      ? " (no leader: chosen by this client)"
      : "";
  return [
    `✓ Server ${node} processed request${how}`,
    `  ${file}: ${shortId(id)}, ${sayBytes(bytes)}, ${copies} copies, ${ms} ms`,
    `  ${fromHere(savedAs)}`,
  ];
};

/** Who got the broadcast and did not process: `- Server 1 declined: assigned to node 2`. */
const declines = (answers: ReadonlyMap<NodeId, OfferReply | Fault>, processedBy: NodeId): readonly string[] =>
  [...answers]
    .filter(([node]) => node !== processedBy)
    .sort(([a], [b]) => a - b)
    .map(([node, reply]) => `- Server ${node} ${sayAnswer(reply)}`);

const sayAnswer = (reply: OfferReply | Fault): string => {
  switch (reply.kind) {
    case "fault":
      return `was not reached: ${wordFault(reply).what}`;
    case "offer.no-leader":
      return "declined: no leader yet";
    case "offer.assigned":
    case "offer.declined":
      return `declined: assigned to node ${reply.node}`;
  }
};

/** Runs `act` on each item, at most `atOnce` at a time; results in the order of the items. */
const inTurns = async <Of, To>(
  items: readonly Of[],
  atOnce: number,
  act: (item: Of) => Promise<To>,
): Promise<To[]> => {
  const results: To[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index];
      if (item !== undefined) results[index] = await act(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
};
