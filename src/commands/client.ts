/** `distinsta client USER COMMAND …`: one command as that user. */
import { createClient } from "../../core/io/client/client.ts";
import { discardParts } from "../../core/io/client/sealed-file.ts";
import { systemClock } from "../../core/io/clock.ts";
import { type ExitCode, exitCodeOf, FaultError, fault } from "../../core/model/faults.ts";
import { get } from "../client/get.ts";
import { list } from "../client/list.ts";
import { talkFor } from "../client/talk.ts";
import { upload } from "../client/upload.ts";
import { parseWords } from "../client/words.ts";
import { userCredentialsFor } from "../credentials.ts";
import { complain, printLine } from "../output.ts";
import { configOf, must, type Settings, userOf } from "../settings.ts";
import { statusJson, statusLines } from "../status-text.ts";

export const client = async (outer: Settings, word: string, words: readonly string[]): Promise<ExitCode> => {
  const user = userOf(word);
  if (words.length === 0) {
    const hint = `for example: distinsta client ${user} list`;
    throw new FaultError(fault("USAGE", { message: "no command", hint }));
  }
  const { command, settings: inner } = must(parseWords(words));
  const settings: Settings = { ...outer, ...definedOf(inner) };
  if (command.kind === "help") {
    process.stdout.write(command.text);
    return 0;
  }
  const { config } = await configOf(settings);
  const { credentials, identity, recipient } = await userCredentialsFor(settings.data, config, user);
  const session = createClient({
    config,
    user,
    credentials,
    keys: { identity, recipient },
    clock: systemClock(),
  });
  const talk = talkFor(settings.json === true);
  stopOnInterrupt(talk.json);
  try {
    switch (command.kind) {
      case "upload":
        return await upload({ client: session, config, talk, folder: "images" }, command);
      case "list":
        return await list(session, talk);
      case "get":
        return await get(session, talk, command);
      case "status": {
        const snapshot = must(await session.status());
        if (talk.json) talk.item(statusJson(snapshot), "");
        else for (const line of statusLines(snapshot)) printLine(line);
        return 0;
      }
    }
  } finally {
    session.close();
  }
};

/** Options that were not given are left out, so that they do not hide the ones given before the words. */
const definedOf = (settings: Partial<Settings>): Partial<Settings> =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));

/** ^C leaves no half-written file behind. */
const stopOnInterrupt = (json: boolean): void => {
  process.on("SIGINT", () => {
    discardParts();
    complain(fault("INTERRUPTED", {}), { json });
    process.exit(exitCodeOf(fault("INTERRUPTED", {})));
  });
};
