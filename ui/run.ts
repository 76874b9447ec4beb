/**
 * Runs the console on a terminal until the person leaves, a signal comes or something breaks; and whichever it
 * was, gives the terminal back as it was.
 *
 * The console is given snapshots and events and hands back how it ended; it opens no socket and starts no process.
 */
import { format } from "node:util";
import type { Level } from "../core/model/events.ts";
import type { NodeId } from "../core/model/ids.ts";
import type { WallMs } from "../core/model/units.ts";
import type { OpenScreen } from "./app.tsx";
import { startLean } from "./lean-start.ts";
import type { ActName } from "./model/acts.ts";
import type { ClientEvent, ClientRequest, FirstClient } from "./model/client.ts";
import { type ConsoleEvent, firstModel, type Problem, type Setup } from "./model/model.ts";
import type { Command } from "./model/press.ts";
import { type NewsDesk, openNewsDesk } from "./news.ts";
import { type Graphics, graphicsOf } from "./pictures/graphics.ts";
import { openShows, type Shows } from "./show.ts";
import { createStore, type Store } from "./store.ts";
import { themeOf } from "./theme.ts";

export type { ActName } from "./model/acts.ts";
export type { ConsoleEvent, Problem, Setup } from "./model/model.ts";

export interface ConsoleSource {
  /** Snapshots (of several observers), log entries and process states as they come; returns how to stop that. */
  subscribe(listener: (event: ConsoleEvent) => void): () => void;
}

/** Where pictures will be shown: the whole screen, and what it can show besides text. */
export interface PictureRoom {
  readonly columns: number;
  readonly rows: number;
  readonly graphics: Graphics | null;
}

/** Who runs what is typed in the client's pane. */
export interface ConsoleClient {
  readonly first: FirstClient;
  /** `room` is the screen as it is now. */
  perform(request: ClientRequest, room: PictureRoom): void;
  subscribe(listener: (event: ClientEvent) => void): () => void;
}

/** Who does to nodes what a person wants done. */
export interface ConsoleActs {
  /** What can be done from here; nothing where one may only look. */
  readonly names: readonly ActName[];
  perform(act: ActName, node: NodeId): Promise<Problem | null>;
}

/** Those behind the console who need not be there when it opens. */
export interface ConsoleCrew {
  readonly client: ConsoleClient;
  readonly acts: ConsoleActs;
}

export interface ConsoleOptions {
  readonly source: ConsoleSource;
  readonly setup: Omit<Setup, "acts">;
  /** Called once, when the first frame is on the screen. When it rejects, the console ends `unready`. */
  readonly gather: () => Promise<ConsoleCrew>;
  readonly mouse: boolean;
  readonly clock: { wall(): WallMs; monotonic(): number };
  /** Both must be terminals. */
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type ConsoleExit =
  /** `background`: a node that runs as a child goes on. */
  | { readonly exit: "quit"; readonly background: boolean }
  | { readonly exit: "signal"; readonly signal: "SIGINT" | "SIGTERM" | "SIGHUP" }
  /** The crew did not come; its error is for whoever was to gather it. */
  | { readonly exit: "unready" }
  /** Already told on standard error; the process should end with 1. */
  | { readonly exit: "failed"; readonly error: unknown };

export const runConsole = async (options: ConsoleOptions): Promise<ConsoleExit> => {
  // React decides at load time which of its builds it is; the one for development costs 1.4 times the CPU.
  process.env.NODE_ENV ??= "production";
  const loadAll = startLean();
  const { openScreen } = await import("./app.tsx");
  loadAll();
  const { stdin, stdout, stderr, clock, env } = options;
  const { promise: ended, resolve: end } = Promise.withResolvers<ConsoleExit>();
  const store = createStore(
    firstModel({
      setup: { ...options.setup, acts: [] },
      now: clock.wall(),
      size: sizeOf(stdout),
      mouse: options.mouse,
      client: null,
    }),
    (command) => perform(command),
  );
  const restore = [takeOver(options, store, end)];
  const theme = themeOf(env);
  const spoken = isSpoken(env);
  const screen = openScreen({ store, theme, spoken, stdin, stdout });
  const news = openNewsDesk(
    (events, second) => store.dispatch({ kind: "news", at: clock.wall(), events, second }),
    () => clock.monotonic(),
  );
  let crew: ConsoleCrew | null = null;
  const graphics = theme.depth === "none" || spoken ? null : graphicsOf(env);
  const shows = openShows({ stdin, stdout, graphics });
  const perform = (command: Command): void =>
    performCommand({ command, crew, options, store, screen, news, shows, end });
  if (options.mouse) switchMouse(stdout, true);
  restore.push(mouseOffAtExit(stdout, () => store.get().mouse));
  screen.closed.catch((error: unknown) => end({ exit: "failed", error }));
  restore.push(listen(options, store, news));
  const begin = setImmediate(() => {
    options.gather().then(
      (gathered) => {
        crew = gathered;
        // What was typed before runs at once, so its answers must be heard already.
        restore.push(crew.client.subscribe((event) => store.dispatch({ kind: "client", event })));
        store.dispatch({ kind: "joined", client: crew.client.first, acts: crew.acts.names });
      },
      () => end({ exit: "unready" }),
    );
  });
  // Who has left before it began must not have anything gathered behind him.
  restore.push(() => clearImmediate(begin));

  const outcome = await ended;
  await shows.leave();
  for (const undo of restore.toReversed()) undo();
  screen.close();
  await screen.closed.catch(() => undefined);
  if (outcome.exit === "failed") stderr.write(`error: the console broke\n${format(outcome.error)}\n`);
  return outcome;
};

interface Performance {
  readonly command: Command;
  /** Null until it has come. */
  readonly crew: ConsoleCrew | null;
  readonly options: ConsoleOptions;
  readonly store: Store;
  readonly screen: OpenScreen;
  readonly news: NewsDesk;
  readonly shows: Shows;
  readonly end: (exit: ConsoleExit) => void;
}

const performCommand = ({ command, crew, options, store, screen, news, shows, end }: Performance): void => {
  const { stdout } = options;
  const failed = (error: unknown): void => end({ exit: "failed", error });
  const lend = (task: () => Promise<void>): Promise<void> =>
    screen.lend(() => withoutMouse(stdout, store.get().mouse, task));
  switch (command.kind) {
    case "quit":
      end({ exit: "quit", background: command.background });
      break;
    case "suspend":
      lend(stopThisJob).catch(failed);
      break;
    case "redraw":
      screen.lend(async () => undefined).catch(failed);
      break;
    case "show":
      shows
        .show(command.text, lend)
        .then(() => store.dispatch({ kind: "key", key: "escape" }))
        .catch(failed);
      break;
    case "mouse":
      switchMouse(stdout, command.on);
      break;
    case "act":
      if (crew !== null) void performAct(crew.acts, news, command);
      break;
    case "client.run":
    case "client.cancel":
    case "client.complete":
    case "client.album":
    case "client.enlarge":
      crew?.client.perform(command, { ...sizeOf(stdout), graphics: shows.graphics });
      break;
  }
};

const sizeOf = (stdout: NodeJS.WriteStream) => ({ columns: stdout.columns, rows: stdout.rows });

/** Ink's own variable, so that one setting serves all programs that are built on it. */
const isSpoken = (env: ConsoleOptions["env"]): boolean => env.INK_SCREEN_READER === "true";

/** Presses and the wheel, in the form that has no bound on columns (xterm's 1000 and 1006). */
const switchMouse = (stdout: NodeJS.WriteStream, on: boolean): void => {
  stdout.write(on ? "\u001b[?1000h\u001b[?1006h" : "\u001b[?1006l\u001b[?1000l");
};

/** Whatever ends this process, or the console. Returns how to do it now. */
const mouseOffAtExit = (stdout: NodeJS.WriteStream, isOn: () => boolean): (() => void) => {
  const off = (): void => {
    if (isOn()) switchMouse(stdout, false);
  };
  process.on("exit", off);
  return () => {
    process.off("exit", off);
    off();
  };
};

/** Another program must not be sent reports of the mouse. */
const withoutMouse = async (
  stdout: NodeJS.WriteStream,
  on: boolean,
  task: () => Promise<void>,
): Promise<void> => {
  if (on) switchMouse(stdout, false);
  await task();
  if (on) switchMouse(stdout, true);
};

const performAct = async (
  acts: ConsoleActs,
  news: NewsDesk,
  { act, node }: Extract<Command, { readonly kind: "act" }>,
): Promise<void> => {
  const problem = await acts.perform(act, node).catch((error: unknown): Problem => {
    const what = error instanceof Error ? error.message : String(error);
    return { what, hint: "see the log" };
  });
  news.add({ kind: "acted", act, node, problem });
};

/** What comes in by itself: news, and a new window size. Returns how to stop it. */
const listen = (options: ConsoleOptions, store: Store, news: NewsDesk): (() => void) => {
  const { source, stdout } = options;
  const onResize = (): void => store.dispatch({ kind: "resize", size: sizeOf(stdout) });
  stdout.on("resize", onResize);
  const unsubscribe = source.subscribe((event) => news.add(event));
  return () => {
    unsubscribe();
    news.close();
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
