/**
 * `distinsta client USER`: a prompt on a terminal, a script on anything else; with words after it, one command.
 */
import { createInterface } from "node:readline/promises";
import { discardParts } from "../../core/io/client/sealed-file.ts";
import { type ExitCode, exitCodeOf, fault, good } from "../../core/model/faults.ts";
import type { UserName } from "../../core/model/ids.ts";
import { printable } from "../../ui/model/line.ts";
import { type Desk, openDesk } from "../client/desk.ts";
import { historyPath, openHistory } from "../client/history.ts";
import { paintFor } from "../client/paint.ts";
import { runClientCommand } from "../client/run.ts";
import { screenOn } from "../client/screen.ts";
import { type Confirm, isYes, talkFor } from "../client/talk.ts";
import { leadingOptions, parseWords, type Spoken } from "../client/words.ts";
import { userCredentialsFor } from "../credentials.ts";
import { configOf, must, type Settings, userOf } from "../settings.ts";

export const client = async (outer: Settings, word: string, words: readonly string[]): Promise<ExitCode> => {
  const user = userOf(word);
  const led = must(leadingOptions(words));
  const parsed = led.rest.length === 0 ? good(null) : parseWords(led.rest, "shell");
  if (!parsed.ok) {
    talkFor(outer.json === true || words.includes("--json"), callOf(user)).failure({}, parsed.fault);
    return exitCodeOf(parsed.fault);
  }
  const spoken = parsed.value;
  const settings: Settings = { ...outer, ...led.settings, ...spoken?.settings };
  if (spoken?.command.kind === "help") {
    talkFor(false).page(spoken.command.text);
    return 0;
  }
  const { config } = await configOf(settings);
  const desk = openDesk(config, user, await userCredentialsFor(settings.data, config, user));
  try {
    return await serve(desk, settings, spoken);
  } finally {
    desk.client.close();
  }
};

/** What is typed before a command of this client. */
const callOf = (user: UserName): string => `distinsta client ${user} `;

const serve = async (desk: Desk, settings: Settings, spoken: Spoken | null): Promise<ExitCode> => {
  const json = settings.json === true;
  if (spoken !== null) {
    const signal = interruptSignal();
    const screen = screenOn(process.stdout, process.env, settings.color);
    return runClientCommand(
      desk,
      talkFor(json, callOf(desk.client.user), askerOn(signal), screen),
      spoken.command,
      signal,
    );
  }
  if (process.stdin.isTTY !== true) {
    const { runScript } = await import("../client/script.ts");
    return runScript(desk, process.stdin, json, interruptSignal());
  }
  const { runPrompt } = await import("../client/prompt.ts");
  const { stdin } = process;
  const stdout = process.stdout.isTTY === true ? process.stdout : process.stderr;
  const paint = paintFor(stdout, process.env, settings.color);
  const history = openHistory(historyPath(settings.data, desk.client.user));
  return runPrompt({ desk, history, json, paint, stdin, stdout });
};

/** Questions go to standard error, because the answers of commands are on standard output. */
const askerOn = (signal: AbortSignal): Confirm | null => {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return null;
  return async (question) => {
    const asker = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return isYes(await asker.question(`${printable(question)} [y/N] `, { signal }));
    } catch {
      return false; // ^C, or the end of the input
    } finally {
      asker.close();
    }
  };
};

/** ^C ends the command in good order; a second one ends it at once. Neither leaves a half-written file behind. */
const interruptSignal = (): AbortSignal => {
  const asked = new AbortController();
  const stop = (): void => {
    if (asked.signal.aborted) {
      discardParts();
      process.exit(exitCodeOf(fault("INTERRUPTED", {})));
    }
    asked.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  return asked.signal;
};
