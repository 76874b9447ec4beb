/** `upload PATH…`: files, several at a time, each one line of result. */
import { resolve } from "node:path";
import type { Client } from "../../core/io/client/client.ts";
import { fileSource, type Source, streamSource } from "../../core/io/client/source.ts";
import type { Uploaded } from "../../core/io/client/upload.ts";
import { systemClock } from "../../core/io/clock.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import { bad, type ExitCode, type Fault, fault, type Result, sayBytes } from "../../core/model/faults.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { shortId } from "../../core/model/ids.ts";
import type { OfferReply } from "../../core/model/messages.ts";
import { exitCodeOfAll } from "../output.ts";
import { expandPaths, type Item } from "./expand.ts";
import { createProgress, type Progress } from "./progress.ts";
import type { Talk } from "./talk.ts";
import type { ClientCommand } from "./words.ts";

type Upload = Extract<ClientCommand, { kind: "upload" }>;

export interface UploadOptions {
  readonly client: Client;
  readonly config: ClusterConfig;
  readonly talk: Talk;
  /** Where sealed images are saved. */
  readonly folder: string;
}

export const upload = async (options: UploadOptions, command: Upload): Promise<ExitCode> => {
  const items = await expandPaths(command.paths, command.recursive);
  const progress = createProgress(process.stderr);
  const faults = await inTurns(items, command.jobs, (item) => uploadOne(options, command, item, progress));
  return exitCodeOfAll(faults);
};

const uploadOne = async (
  { client, config, talk, folder }: UploadOptions,
  command: Upload,
  item: Item,
  progress: Progress,
): Promise<Fault | null> => {
  const clock = systemClock();
  const startedAt = clock.monotonic();
  const source = await sourceOf(item, command, config);
  if (!source.ok) {
    talk.failure({ file: item.file }, source.fault);
    return source.fault;
  }
  const { name, bytes } = source.value;
  const answers = new Map<NodeId, OfferReply>();
  const stored = await client.upload(source.value, resolve(folder), {
    onProgress: (sent) => progress.show(name, sent, bytes),
    onAnswer: (node, reply) => answers.set(node, reply),
  });
  progress.done(name);
  if (!stored.ok) {
    talk.failure({ file: item.file }, stored.fault);
    return stored.fault;
  }
  for (const line of declines(answers, stored.value.receipt.node)) talk.remark(line);
  const ms = Math.round((clock.monotonic() - startedAt) * 10) / 10;
  talk.item(
    { file: item.file, ...resultOf(stored.value, bytes, ms) },
    sentenceOf(item.file, stored.value, bytes, ms),
  );
  return null;
};

const sourceOf = async (item: Item, command: Upload, config: ClusterConfig): Promise<Result<Source>> => {
  if (!item.path.ok) return item.path;
  if (item.path.value !== "-") return fileSource(item.path.value);
  if (command.name === null) {
    const hint = "add --name, for example: upload - --name cat.png";
    return bad(fault("USAGE", { message: "standard input has no name", hint }));
  }
  return streamSource(process.stdin, command.name, config.limits.imageBytesMax);
};

const resultOf = ({ receipt, savedAs }: Uploaded, bytes: number, ms: number) => {
  const { id, node, term, assignedBy, copies } = receipt;
  return { ok: true, id, node, term, assignedBy, bytes, copies, savedAs, ms };
};

const sentenceOf = (file: string, { receipt, savedAs }: Uploaded, bytes: number, ms: number): string => {
  const { node, id, copies, repeated, assignedBy } = receipt;
  const how = repeated
    ? " (stored by an earlier try)"
    : assignedBy === "fallback"
      ? " (no leader: chosen by this client)"
      : "";
  return [
    `✓ Server ${node} processed request${how}`,
    `  ${file}: ${shortId(id)}, ${sayBytes(bytes)}, ${copies} copies, ${ms} ms`,
    `  ${savedAs}`,
  ].join("\n");
};

/** Who answered the broadcast and did not process: `- Server 1 declined: assigned to node 2`. */
const declines = (answers: ReadonlyMap<NodeId, OfferReply>, processedBy: NodeId): readonly string[] =>
  [...answers]
    .filter(([node]) => node !== processedBy)
    .sort(([a], [b]) => a - b)
    .map(([node, reply]) =>
      reply.kind === "offer.no-leader"
        ? `- Server ${node} declined: no leader yet`
        : `- Server ${node} declined: assigned to node ${reply.node}`,
    );

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
