/**
 * One command done to its end, for the prompt, a script, the console's pane and the shell alike.
 */
import { type ExitCode, exitCodeOf, FaultError, fault } from "../../core/model/faults.ts";
import { must } from "../settings.ts";
import { statusJson, statusLines } from "../status-text.ts";
import { change } from "./change.ts";
import type { Desk } from "./desk.ts";
import { get } from "./get.ts";
import { info } from "./info.ts";
import { list } from "./list.ts";
import { share } from "./share.ts";
import type { Talk } from "./talk.ts";
import { upload } from "./upload.ts";
import { why } from "./why.ts";
import type { ClientCommand } from "./words.ts";

const dayMs = 86_400_000;

/** When `signal` comes, what is under way is broken off, leaves no half-written file, and the code is 130. */
export const runClientCommand = async (
  desk: Desk,
  talk: Talk,
  command: ClientCommand,
  signal: AbortSignal,
): Promise<ExitCode> => {
  try {
    const code = await perform({ ...desk, client: desk.client.until(signal) }, talk, command, signal);
    // Its items kept silent: that it was broken off is said once.
    if (code === 130) talk.failure({}, fault("INTERRUPTED", {}));
    return code;
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    talk.failure({}, error.fault);
    return exitCodeOf(error.fault);
  } finally {
    talk.progress.clear();
  }
};

const perform = async (
  desk: Desk,
  talk: Talk,
  command: ClientCommand,
  signal: AbortSignal,
): Promise<ExitCode> => {
  switch (command.kind) {
    case "upload":
      return upload(desk, talk, command, signal);
    case "list":
      return list(desk.client, talk);
    case "get":
      return get(desk.client, talk, command, signal);
    case "info":
      return info(desk.client, talk, command.id, desk.config.storage.trashMs);
    case "why":
      return why(desk.client, talk, command.id);
    case "view": {
      const { view } = await import("./view.ts");
      return view(desk.client, talk, command.ids, desk.config.limits.imagePixelsMax);
    }
    case "share":
    case "unshare":
      return share(desk.client, talk, command);
    case "rm":
    case "restore":
    case "purge":
      return change(desk.client, talk, command, desk.config.storage.trashMs / dayMs, signal);
    case "status": {
      const snapshot = must(await desk.client.status());
      talk.item(statusJson(snapshot), statusLines(snapshot, talk.columns));
      return 0;
    }
    case "help":
      talk.page(command.text);
      return 0;
    case "quit":
      return 0;
  }
};
