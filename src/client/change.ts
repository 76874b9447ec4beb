/** `rm`, `restore` and `purge`: images into the trash, out of it, and away for good. */
import type { Client } from "../../core/io/client/client.ts";
import { type ExitCode, exitCodeOf, type Fault, FaultError, fault } from "../../core/model/faults.ts";
import { type ImageId, shortId } from "../../core/model/ids.ts";
import { exitCodeOfAll } from "../output.ts";
import type { Talk } from "./talk.ts";
import type { ClientCommand } from "./words.ts";

type Change = Extract<ClientCommand, { kind: "rm" | "restore" | "purge" }>;

/** One image after the other; one that fails does not keep the others. */
export const change = async (
  client: Client,
  talk: Talk,
  command: Change,
  trashDays: number,
  signal: AbortSignal,
): Promise<ExitCode> => {
  if (command.kind === "purge" && !command.yes && talk.confirm === null) throw new FaultError(nobodyToAsk);
  const faults: (Fault | null)[] = [];
  for (const part of command.ids) {
    const problem = await changeOne(client, talk, command, part, trashDays, signal);
    if (problem?.code === "INTERRUPTED") return exitCodeOf(problem);
    if (problem !== null) talk.failure({ id: part }, problem);
    faults.push(problem);
  }
  return exitCodeOfAll(faults);
};

const nobodyToAsk = fault("USAGE", {
  message: "purge cannot be undone, and there is nobody here to ask",
  hint: "say that it is meant: distinsta client USER purge ID --yes",
});

const changeOne = async (
  client: Client,
  talk: Talk,
  command: Change,
  part: string,
  trashDays: number,
  signal: AbortSignal,
): Promise<Fault | null> => {
  const found = await client.find(part);
  if (!found.ok) return found.fault;
  const id = found.value;
  const short = shortId(id);
  switch (command.kind) {
    case "rm": {
      const done = await client.trash(id, true);
      if (!done.ok) return done.fault;
      talk.item(
        { id, ok: true },
        `✓ ${short} is in the trash; restore ${short} takes it out, within ${trashDays} days`,
      );
      return null;
    }
    case "restore": {
      const done = await client.trash(id, false);
      if (!done.ok) return done.fault;
      talk.item({ id, ok: true }, `✓ ${short} is out of the trash`);
      return null;
    }
    case "purge": {
      if (!command.yes && !(await isMeant(client, talk, id))) {
        if (signal.aborted) return fault("INTERRUPTED", {});
        talk.remark(`${short} stays as it is`);
        return null;
      }
      const done = await client.purge(id);
      if (!done.ok) return done.fault;
      talk.item({ id, ok: true }, `✓ ${short} is gone for good`);
      return null;
    }
  }
};

const isMeant = async (client: Client, talk: Talk, id: ImageId): Promise<boolean> => {
  const described = await client.describe(id);
  if (!described.ok) throw new FaultError(described.fault);
  const { name } = described.value.record.facts;
  return (await talk.confirm?.(`Purge ${name} (${shortId(id)}) from all disks, for good?`)) === true;
};
