/**
 * Runs the console on a terminal until the person leaves, a signal comes or something breaks; and whichever it
 * was, gives the terminal back as it was.
 *
 * The console is given snapshots and events and hands back how it ended; it opens no socket and starts no process.
 */
import { format } from "node:util";
import type { Level } from "../core/model/events.ts";
import type { WallMs } from "../core/model/units.ts";
import type { ClientEvent, ClientRequest, FirstClient } from "./model/client.ts";
import { type ConsoleEvent, firstModel } from "./model/model.ts";
import type { NoticeCommands } from "./model/notices.ts";
import type { Command } from "./model/press.ts";
import { type NewsDesk, openNewsDesk } from "./news.ts";
import { createStore, type Store } from "./store.ts";
import { themeOf } from "./theme.ts";

export type { ConsoleEvent } from "./model/model.ts";

export interface ConsoleSource {
  /** Snapshots (of several observers), log entries and process states as they come; returns how to stop that. */
  subscribe(listener: (event: ConsoleEvent) => void): () => void;
}

/** Who runs what is typed in the client's pane. */
export interface ConsoleClient {
  readonly first: FirstClient;
  perform(request: ClientRequest): void;
  subscribe(listener: (event: ClientEvent) => void): () => void;
}

export interface ConsoleOptions {
  readonly source: ConsoleSource;
  readonly client: ConsoleClient;
  /** The product's name, at the left of the header. */
  readonly title: string;
  /** Who or what this console is for, at the right of the header; "" for nothing. */
  readonly subtitle: string;
  /** What warnings tell to type, where it is not the usual; `ID` stands for a node's number. */
  readonly commands?: NoticeCommands;
  readonly clock: { wall(): WallMs };
  /** Both must be terminals. */
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type ConsoleExit =
  | { readonly exit: "quit" }
  | { readonly exit: "signal"; readonly signal: "SIGINT" | "SIGTERM" | "SIGHUP" }
  /** Already told on standard error; the process should end with 1. */
  | { readonly exit: "failed"; readonly error: unknown };

const usualCommands: NoticeCommands = { start: "distinsta server ID", status: "distinsta status" };
const tickMs = 1_000;

export const runConsole = async (options: ConsoleOptions): Promise<ConsoleExit> => {
  // React decides at load time which of its builds it is; the one for development costs 1.4 times the CPU.
  process.env.NODE_ENV ??= "production";
  const { openScreen } = await import("./app.tsx");
  const { stdin, stdout, stderr, clock } = options;
  const { promise: ended, resolve: end } = Promise.withResolvers<ConsoleExit>();
  const store = createStore(
    firstModel({
      title: options.title,
      subtitle: options.subtitle,
      commands: options.commands ?? usualCommands,
      now: clock.wall(),
      size: sizeOf(stdout),
      client: options.client.first,
    }),
    (command) => perform(command),
  );
  const restore = [takeOver(options, store, end)];
  const screen = openScreen({ store, theme: themeOf(options.env), stdin, stdout });
  const perform = (command: Command): void => {
    switch (command.kind) {
      case "quit":
        end({ exit: "quit" });
        break;
      case "suspend":
        screen.lend(stopThisJob).catch((error: unknown) => end({ exit: "failed", error }));
        break;
      case "client.run":
      case "client.cancel":
      case "client.complete":
        options.client.perform(command);
        break;
    }
  };
  screen.closed.catch((error: unknown) => end({ exit: "failed", error }));
  const news = openNewsDesk((events) => store.dispatch({ kind: "news", at: clock.wall(), events }));
  restore.push(listen(options, store, news));

  const outcome = await ended;
  for (const undo of restore.toReversed()) undo();
  screen.close();
  await screen.closed.catch(() => undefined);
  if (outcome.exit === "failed") stderr.write(`error: the console broke\n${format(outcome.error)}\n`);
  return outcome;
};

const sizeOf = (stdout: NodeJS.WriteStream) => ({ columns: stdout.columns, rows: stdout.rows });

/** What comes in by itself: news, seconds, a new window size. Returns how to stop it. */
const listen = (options: ConsoleOptions, store: Store, news: NewsDesk): (() => void) => {
  const { source, client, stdout, clock } = options;
  const onResize = (): void => store.dispatch({ kind: "resize", size: sizeOf(stdout) });
  stdout.on("resize", onResize);
  const tick = setInterval(() => store.dispatch({ kind: "tick", at: clock.wall() }), tickMs);
  const unsubscribe = source.subscribe((event) => news.add(event));
  const unsubscribeClient = client.subscribe((event) => store.dispatch({ kind: "client", event }));
  return () => {
    unsubscribe();
    unsubscribeClient();
    news.close();
    clearInterval(tick);
    stdout.off("resize", onResize);
  };
};

/**
 * Everything that could end the process, or write over the screen, without the terminal being given back:
 * signals, errors that nobody caught, a terminal that is gone, and prints. Returns how to give it all back.
 */
const takeOver = (
  { stdin, stdout, clock }: ConsoleOptions,
  store: Store,
  end: (exit: ConsoleExit) => void,
): (() => void) => {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signal === "SIGINT" || signal === "SIGTERM" || signal === "SIGHUP") end({ exit: "signal", signal });
  };
  const onError = (error: unknown): void => end({ exit: "failed", error });
  const onGone = (): void => end({ exit: "signal", signal: "SIGHUP" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, onSignal);
  process.on("uncaughtException", onError);
  process.on("unhandledRejection", onError);
  stdout.on("error", onGone);
  stdin.on("error", onGone);
  stdin.on("end", onGone);
  const say = (level: Level, text: string): void =>
    store.dispatch({ kind: "said", at: clock.wall(), level, text });
  const giveBack = [redirectConsole(say), redirectWarnings(say)];
  return () => {
    for (const undo of giveBack) undo();
    for (const signal of signals) process.off(signal, onSignal);
    process.off("uncaughtException", onError);
    process.off("unhandledRejection", onError);
    stdout.off("error", onGone);
    stdin.off("error", onGone);
    stdin.off("end", onGone);
  };
};

type Say = (level: Level, text: string) => void;

const consoleLevels = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error" } as const;

const redirectConsole = (say: Say): (() => void) => {
  const names = Object.keys(consoleLevels) as (keyof typeof consoleLevels)[];
  const before = names.map((name) => [name, console[name]] as const);
  for (const name of names) console[name] = (...words) => say(consoleLevels[name], format(...words));
  return () => {
    for (const [name, method] of before) console[name] = method;
  };
};

/** Node prints its warnings by a listener like any other. */
const redirectWarnings = (say: Say): (() => void) => {
  const before = process.listeners("warning");
  const onWarning = (warning: Error): void => say("warn", `${warning.name}: ${warning.message}`);
  process.removeAllListeners("warning");
  process.on("warning", onWarning);
  return () => {
    process.off("warning", onWarning);
    for (const listener of before) process.on("warning", listener);
  };
};

/**
 * What the terminal itself does at ^Z when it is not in raw mode: stop the whole job, launcher included, so that
 * the shell notices. Processes that must go on are not in the job, or ignore SIGTSTP. Where no shell could wake the
 * job again the kernel discards the signal (POSIX, "orphaned process group"), and the console simply comes back.
 */
const stopThisJob = async (): Promise<void> => {
  process.kill(0, "SIGTSTP");
  // Back again. The window may have been resized meanwhile, and only the foreground job was told.
  process.kill(process.pid, "SIGWINCH");
};
