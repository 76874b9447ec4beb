/** `share` and `unshare`: letting somebody else read an image, and no longer. */
import type { Client } from "../../core/io/client/client.ts";
import { type ExitCode, exitCodeOf, type Fault } from "../../core/model/faults.ts";
import { shortId } from "../../core/model/ids.ts";
import type { Talk } from "./talk.ts";
import type { ClientCommand } from "./words.ts";

type Share = Extract<ClientCommand, { kind: "share" | "unshare" }>;

export const share = async (
  client: Client,
  talk: Talk,
  { kind, id: part, user }: Share,
): Promise<ExitCode> => {
  const found = await client.find(part);
  if (!found.ok) return failed(talk, part, found.fault);
  const id = found.value;
  const done = await client[kind](id, user);
  if (!done.ok) return failed(talk, id, done.fault);
  const short = shortId(id);
  talk.item(
    { id, ok: true },
    kind === "share"
      ? `✓ ${user} can list, get and view ${short}; unshare ${short} ${user} takes it back`
      : `✓ ${user} finds ${short} no longer; what ${user} has fetched, ${user} keeps`,
  );
  return 0;
};

const failed = (talk: Talk, id: string, problem: Fault): ExitCode => {
  if (problem.code !== "INTERRUPTED") talk.failure({ id }, problem);
  return exitCodeOf(problem);
};
