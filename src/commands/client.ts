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
    const interrupt = interruptible();
    const { signal } = interrupt;
    const screen = screenOn(process.stdout, process.env, settings.color);
    return runClientCommand(
      desk,
      talkFor(json, callOf(desk.client.user), askerOn(interrupt), screen),
      spoken.command,
      signal,
    );
  }
  if (process.stdin.isTTY !== true) {
    const { runScript } = await import("../client/script.ts");
    return runScript(desk, process.stdin, json, interruptible().signal);
  }
  const { runPrompt } = await import("../client/prompt.ts");
  const { stdin } = process;
  const stdout = process.stdout.isTTY === true ? process.stdout : process.stderr;
  const paint = paintFor(stdout, process.env, settings.color);
  const history = openHistory(historyPath(settings.data, desk.client.user));
  return runPrompt({ desk, history, json, paint, stdin, stdout });
};

/** Questions go to standard error, because the answers of commands are on standard output. */
const askerOn = ({ signal, stop }: Interruptible): Confirm | null => {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return null;
  return async (question) => {
    const asker = createInterface({ input: process.stdin, output: process.stderr });
    // While a line is edited the terminal makes no signal of ^C.
    asker.on("SIGINT", stop);
    const ended = new Promise<null>((resolve) => asker.on("close", () => resolve(null)));
    const answered = asker.question(`${printable(question)} [y/N] `, { signal }).catch(() => null);
    const answer = await Promise.race([answered, ended]);
    // Whoever answered has ended the line.
    if (answer === null) process.stderr.write("\n");
    asker.close();
    return answer !== null && isYes(answer);
  };
};

interface Interruptible {
  readonly signal: AbortSignal;
  /** As ^C does. */
  readonly stop: () => void;
}

/** ^C ends the command in good order; a second one ends it at once. Neither leaves a half-written file behind. */
const interruptible = (): Interruptible => {
  const asked = new AbortController();
  const stop = (): void => {
    if (asked.signal.aborted) {
      discardParts();
      process.exit(exitCodeOf(fault("INTERRUPTED", {})));
    }
    asked.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  return { signal: asked.signal, stop };
};
