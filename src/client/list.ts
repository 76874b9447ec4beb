/** `list`: the user's images, newest first. */
import type { Client } from "../../core/io/client/client.ts";
import { type ExitCode, exitCodeOf, sayBytes } from "../../core/model/faults.ts";
import { shortId, type UserName } from "../../core/model/ids.ts";
import { homesOf, type ImageRecord } from "../../core/model/records.ts";
import type { Talk } from "./talk.ts";

export const list = async (client: Client, talk: Talk): Promise<ExitCode> => {
  let count = 0;
  for await (const record of client.list()) {
    if (!record.ok) {
      if (record.fault.code !== "INTERRUPTED") talk.failure({}, record.fault);
      return exitCodeOf(record.fault);
    }
    count++;
    talk.item(recordJson(record.value), rowOf(record.value, client.user));
  }
  if (count === 0) talk.remark("no images yet: upload one with upload PATH");
  return 0;
};

export const recordJson = ({ facts, homes, trashed, inspection }: ImageRecord) => ({
  id: facts.id,
  name: facts.name,
  bytes: facts.bytes,
  width: facts.width || null,
  height: facts.height || null,
  type: facts.type,
  createdAt: new Date(facts.createdAt).toISOString(),
  owner: facts.owner,
  copies: homesOf({ homes }).length,
  trashed: trashed.value !== null,
  inspected: inspection.value.verdict,
});

const rowOf = ({ facts, homes, trashed, inspection }: ImageRecord, user: UserName): string => {
  const at = new Date(facts.createdAt).toISOString().slice(0, 19).replace("T", " ");
  const size = facts.width === 0 ? "?" : `${facts.width}x${facts.height}`;
  const flags = [
    ...(facts.owner === user ? [] : [`from ${facts.owner}`]),
    ...(inspection.value.verdict === "damaged" ? ["damaged"] : []),
    ...(trashed.value !== null ? ["in the trash"] : []),
  ];
  const copies = `${homesOf({ homes }).length} copies`;
  return [
    shortId(facts.id),
    at,
    sayBytes(facts.bytes).padStart(8),
    size.padStart(11),
    copies,
    facts.name,
    ...flags,
  ].join("  ");
};
