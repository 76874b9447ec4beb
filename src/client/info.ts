/** `info ID`: all that the cluster knows of one image. */

import type { Described } from "../../core/io/client/change.ts";
import type { Client } from "../../core/io/client/client.ts";
import { type ExitCode, FaultError, sayBytes } from "../../core/model/faults.ts";
import { shortId } from "../../core/model/ids.ts";
import { sharedWith } from "../../core/model/readers.ts";
import { homesOf, type ImageRecord, type PlacedHome } from "../../core/model/records.ts";
import { must } from "../settings.ts";
import { recordJson } from "./list.ts";
import { isoTime, sayTime } from "./say-time.ts";
import type { Talk } from "./talk.ts";

export const info = async (client: Client, talk: Talk, part: string, trashMs: number): Promise<ExitCode> => {
  const described = await describe(client, part);
  talk.item(infoJson(described, trashMs), infoText(described, trashMs));
  return 0;
};

/** Throws FaultError: IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS, NO_SERVER, NO_QUORUM. */
export const describe = async (client: Client, part: string): Promise<Described> => {
  const found = await client.find(part);
  if (!found.ok) throw new FaultError(found.fault);
  return must(await client.describe(found.value));
};

/** A copy counts when its node lives and still has that disk. */
export const isLive = ({ node, store }: PlacedHome, { live }: Described): boolean =>
  live.some((disk) => disk.node === node && disk.store === store);

const infoJson = (described: Described, trashMs: number) => {
  const { record } = described;
  const { facts, processing, inspection, trashed } = record;
  return {
    ...recordJson(record),
    payloadBytes: facts.payloadBytes,
    payloadSha256: Buffer.from(facts.payloadHash).toString("hex"),
    thumbnailBytes: inspection.value.thumbnail?.length ?? null,
    sharedWith: sharedWith(record),
    homes: homesOf(record).map((home) => ({
      node: home.node,
      syncedAt: home.syncedAt === null ? null : isoTime(home.syncedAt),
      live: isLive(home, described),
    })),
    processedBy: processing.node,
    term: processing.term,
    assignedBy: processing.assignedBy,
    trashedAt: trashed.value === null ? null : isoTime(trashed.value),
    erasedAfter: trashed.value === null ? null : isoTime(trashed.value + trashMs),
  };
};

const infoText = (described: Described, trashMs: number): readonly string[] => {
  const { record } = described;
  const { facts, processing, inspection, trashed } = record;
  const size = facts.width === 0 ? "" : `, ${facts.width}x${facts.height}`;
  const readers = sharedWith(record);
  const rows: readonly (readonly [string, string])[] = [
    ["id", facts.id],
    ["owner", facts.owner],
    ["uploaded", sayTime(facts.createdAt)],
    ["image", `${facts.type}${size}, ${sayBytes(facts.bytes)}`],
    ["sealed", `${sayBytes(facts.payloadBytes)}, SHA-256 ${Buffer.from(facts.payloadHash).toString("hex")}`],
    ["decoded", verdictOf(record)],
    ...(inspection.value.thumbnail === null
      ? []
      : [["thumbnail", sayBytes(inspection.value.thumbnail.length)] as const]),
    ["copies", copiesOf(described)],
    ...(readers.length === 0 ? [] : [["shared", `with ${readers.join(", ")}`] as const]),
    [
      "processed",
      `by node ${processing.node} in term ${processing.term}; why ${shortId(facts.id)} tells more`,
    ],
    ...(trashed.value === null
      ? []
      : [
          [
            "trash",
            `since ${sayTime(trashed.value)}, erased after ${sayTime(trashed.value + trashMs)}`,
          ] as const,
        ]),
  ];
  return [facts.name, ...rows.map(([what, says]) => `  ${what.padEnd(11)}${says}`)];
};

const copiesOf = (described: Described): string => {
  const homes = homesOf(described.record);
  if (homes.length === 0) return "none: every node that had one has lost it";
  return homes
    .map((home) => {
      const state =
        home.syncedAt === null ? " (on its way)" : isLive(home, described) ? "" : " (not there now)";
      return `node ${home.node}${state}`;
    })
    .join(", ");
};

const verdictOf = ({ inspection }: ImageRecord): string => {
  switch (inspection.value.verdict) {
    case "ok":
      return "in full, and sound";
    case "damaged":
      return "it is damaged";
    case "pending":
      return "not yet";
    case "unknown":
      return "only its beginning was looked at";
  }
};
