/**
 * The client in the console's pane: the same lines and the same commands as at the prompt, told in events.
 */
import { systemClock } from "../../core/io/clock.ts";
import { type Fault, fault } from "../../core/model/faults.ts";
import type { UserName } from "../../core/model/ids.ts";
import type { ClientEvent, ClientRequest, Transfer } from "../../ui/model/client.ts";
import { dim, type Line, plain } from "../../ui/model/line.ts";
import type { ConsoleClient, PictureRoom } from "../../ui/run.ts";
import { album } from "./album.ts";
import { type Board, boardCells, openPreviews } from "./board.ts";
import { completeLine } from "./complete.ts";
import type { Desk } from "./desk.ts";
import { enlarge } from "./enlarge.ts";
import type { History } from "./history.ts";
import { readingHere, readLine } from "./line.ts";
import type { Progress } from "./progress.ts";
import { runClientCommand } from "./run.ts";
import { openSources } from "./sources.ts";
import { type Talk, talkTo, type Voice } from "./talk.ts";
import { type ClientCommand, type CommandEntry, commandEntries } from "./words.ts";

export interface PaneClient extends ConsoleClient {
  /** Breaks off what runs and hangs up. */
  close(): Promise<void>;
}

type Tell = (event: ClientEvent) => void;

/** Which commands a pane takes: all, or those that change nothing. */
export type PaneWords = "all" | "only-reading";

export const openPaneClient = (desk: Desk, history: History, words: PaneWords): PaneClient => {
  const listeners = new Set<Tell>();
  const tell: Tell = (event) => {
    for (const listener of listeners) listener(event);
  };
  const voice = voiceOf(tell);
  const sources = openSources(desk.client);
  let running: { readonly stop: AbortController; readonly ended: Promise<void> } | null = null;

  const previews = openPreviews(desk.config.limits.imagePixelsMax, (tile) => tell({ kind: "preview", tile }));
  const boardIn = (room: PictureRoom, open: boolean): Board => ({
    ...boardCells(room),
    pin: (picture) => tell({ kind: "picture", picture, open }),
    uploaded: previews.uploaded,
  });
  const begin = (work: (signal: AbortSignal) => Promise<unknown>): void => {
    previews.forget();
    const stop = new AbortController();
    const ended = work(stop.signal).then(() => {
      running = null;
      tell({ kind: "idle" });
    });
    running = { stop, ended };
  };
  const run = async (line: string, room: PictureRoom, signal: AbortSignal): Promise<void> => {
    history.add(line);
    const board = boardIn(room, false);
    await runLine(
      desk,
      line,
      words,
      (json) => talkTo({ ...voice, columns: room.columns }, json, null, null, board),
      signal,
    );
    sources.refresh();
  };
  const complete = async (before: string): Promise<void> => {
    const completion = await completeLine(before, sources, readingHere(), entriesOf(words));
    if (completion === null) return;
    const { from, text, choices, described } = completion;
    tell({ kind: "completed", before, from, text, choices: choiceLines(choices, described) });
  };
  return {
    first: { user: desk.client.user, history: history.lines, greeting: greetings[words] },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    perform: (request: ClientRequest, room: PictureRoom) => {
      switch (request.kind) {
        case "client.run":
          return begin((signal) => run(request.line, room, signal));
        case "client.album":
          return begin((signal) => album(desk, talkTo(voice, false), boardIn(room, true), signal));
        case "client.enlarge":
          void enlarge(desk, room, request.id).then((text) => {
            if (text !== null) tell({ kind: "enlarged", id: request.id, text });
          });
          return;
        case "client.cancel":
          running?.stop.abort();
          return;
        case "client.complete":
          void complete(request.before);
          return;
      }
    },
    close: async () => {
      running?.stop.abort();
      await running?.ended;
      desk.client.close();
    },
  };
};

/** Where nobody's credentials are: what to type to get some. */
export const absentClient = (command: string): PaneClient => ({
  first: {
    user: null,
    history: [],
    greeting: [
      [plain("No user's credentials are here.")],
      [plain("To upload from this machine, run")],
      [{ text: `  ${command}`, bold: true }],
      [plain("and open the console again.")],
    ],
  },
  subscribe: () => () => undefined,
  perform: () => undefined,
  close: async () => undefined,
});

const help: Line = [
  { text: "help", bold: true },
  plain(" tells what can be said here, Tab completes it, Esc leaves."),
];
const greetings: Readonly<Record<PaneWords, readonly Line[]>> = {
  all: [help],
  "only-reading": [[plain("This console is read-only: here one can look at images, and change none.")], help],
};

const entriesOf = (words: PaneWords): readonly CommandEntry[] =>
  words === "all" ? commandEntries : commandEntries.filter(({ onlyReads }) => onlyReads);

/** Why a pane does not do that; null when it does. */
export const refusalOf = (kind: ClientCommand["kind"], words: PaneWords, user: UserName): Fault | null => {
  if (entriesOf(words).some(({ name }) => name === kind)) return null;
  const message = `${kind} is not done here: this console is read-only`;
  return fault("USAGE", { message, hint: `outside of it: distinsta client ${user} ${kind} …` });
};

const runLine = async (
  desk: Desk,
  line: string,
  words: PaneWords,
  talkAs: (json: boolean) => Talk,
  signal: AbortSignal,
): Promise<void> => {
  const read = readLine(line, "person");
  const command = read.ok ? read.value?.command : undefined;
  const refusal = command === undefined ? null : refusalOf(command.kind, words, desk.client.user);
  if (!read.ok) talkAs(false).failure({}, read.fault);
  else if (refusal !== null) talkAs(false).failure({}, refusal);
  else if (read.value?.command.kind === "quit")
    talkAs(false).page("Esc leaves this pane, and then q the console.");
  else if (read.value?.command.kind === "help") talkAs(false).page(narrowed(read.value.command.text, words));
  else if (read.value !== null) {
    const talk = talkAs(read.value.settings.json === true);
    await runClientCommand(desk, talk, read.value.command, signal);
  }
};

/** The list of commands without their operands and options, which a pane has no room for, nor those that it refuses. */
export const narrowed = (help: string, words: PaneWords): string => {
  const known = new Set(entriesOf(words).map(({ name }) => name));
  return help
    .replace(/^ {2}(\w+)(?: \S.*?)? {3,}(\S.*)\n/gm, (line, name: string, says: string) => {
      if (known.has(name)) return `${name.padEnd(8)}${says}\n`;
      return commandEntries.some((entry) => entry.name === name) ? "" : line;
    })
    .replace(/ A path alone is uploaded\./, (words_) => (words === "all" ? words_ : ""));
};

const voiceOf = (tell: Tell): Voice => {
  const say = (...lines: readonly Line[]): void => tell({ kind: "output", lines });
  return {
    result: (text) =>
      say(text.startsWith("✓") ? [{ text: "✓", tone: "good" }, plain(text.slice(1))] : [plain(text)]),
    aside: (text) => say([dim(text)]),
    complaint: (what, hint) =>
      say([{ text: "error: ", tone: "bad" }, plain(what)], [dim("hint: "), plain(hint)]),
    progress: transfersTo(tell),
  };
};

/** Between two drawings of the bars: each is a frame of the whole screen. */
const drawMs = 250;

const transfersTo = (tell: Tell): Progress => {
  const clock = systemClock();
  const active = new Map<object, Transfer & { readonly since: number }>();
  let drawnAt = 0;
  const draw = (): void => {
    drawnAt = clock.monotonic();
    tell({ kind: "transfers", transfers: [...active.values()] });
  };
  return {
    show: (item, name, bytes, total) => {
      const now = clock.monotonic();
      const since = active.get(item)?.since ?? now;
      const seconds = Math.max(0.001, (now - since) / 1000);
      const isNew = !active.has(item);
      active.set(item, { name, bytes, total, bytesPerSecond: bytes / seconds, since });
      if (isNew || now - drawnAt >= drawMs) draw();
    },
    done: (item) => {
      active.delete(item);
      draw();
    },
    clear: () => undefined,
  };
};

const choicesMax = 40;

const choiceLines = (choices: readonly string[], described: boolean): readonly Line[] => {
  const shown = choices.slice(0, choicesMax);
  const more: readonly Line[] =
    choices.length > shown.length ? [[dim(`… and ${choices.length - shown.length} more`)]] : [];
  if (described) return [...shown.map((choice): Line => [dim(choice)]), ...more];
  return [[dim(shown.join("  "))], ...more];
};
