/**
 * The client at a prompt: a line is read, its command runs, and so on until the person leaves.
 *
 * ^C stops what runs, or drops the line; ^D and `quit` leave. Connections come back by themselves with the next
 * command; that a server went away or came back is said when the line is empty, never into somebody's typing.
 */
import { clearLine, createInterface, cursorTo, type Interface } from "node:readline";
import { systemClock } from "../../core/io/clock.ts";
import { programVersion } from "../../core/io/version.ts";
import { type ExitCode, exitCodeOf, fault } from "../../core/model/faults.ts";
import { after } from "../../core/model/units.ts";
import { dim, displayWidth, type Line, plain, printable } from "../../ui/model/line.ts";
import { type Completion, completeLine } from "./complete.ts";
import type { Desk } from "./desk.ts";
import { type History, historyLinesMax } from "./history.ts";
import { type Keyboard, openKeyboard } from "./keyboard.ts";
import { readingHere, readLine } from "./line.ts";
import { type Paint, painted } from "./paint.ts";
import { runClientCommand } from "./run.ts";
import { screenOn } from "./screen.ts";
import { type ServerWatch, watchServers } from "./servers.ts";
import { type KnownSources, openSources } from "./sources.ts";
import { isYes, talkFor } from "./talk.ts";

export interface PromptOptions {
  readonly desk: Desk;
  readonly history: History;
  readonly json: boolean;
  readonly paint: Paint;
  readonly stdin: NodeJS.ReadStream;
  /** A terminal. */
  readonly stdout: NodeJS.WriteStream;
}

/** Until the person leaves (0), or a signal ends it (130). */
export const runPrompt = (options: PromptOptions): Promise<ExitCode> => new Prompt(options).run();

/** Between two looks at the servers while nothing runs. */
const lookMs = 3_000;
/** Choices of Tab that show at once: in columns, or one a line. */
const choicesMax = 60;
const rowsMax = 12;

class Prompt {
  readonly #options: PromptOptions;
  readonly #keyboard: Keyboard;
  readonly #editor: Interface;
  readonly #watch: ServerWatch;
  readonly #sources: KnownSources;
  readonly #clock = systemClock();
  /** News that waits for an empty line. */
  #news: readonly Line[] = [];
  #running: AbortController | null = null;
  /** A question stands where the line is edited. */
  #asking = false;
  #over = false;
  #code: ExitCode = 0;
  #takeLine: (line: string | null) => void = () => undefined;
  #cancelLook = (): void => undefined;

  constructor(options: PromptOptions) {
    this.#options = options;
    const { desk, stdin, stdout, paint, history } = options;
    this.#watch = watchServers(desk.client, desk.config);
    this.#sources = openSources(desk.client);
    this.#keyboard = openKeyboard(stdin, stdout, () => this.#running?.abort());
    this.#editor = createInterface({
      input: this.#keyboard.input,
      output: stdout,
      terminal: true,
      prompt: painted([{ text: `${desk.client.user}> `, bold: true }], paint),
      history: history.lines.toReversed(),
      historySize: historyLinesMax,
      removeHistoryDuplicates: true,
      completer: (before: string, done: (error: null, result: [string[], string]) => void) =>
        void this.#complete(before).then((result) => done(null, result)),
    });
    this.#editor.on("line", (line) => this.#takeLine(line));
    this.#editor.on("SIGINT", () => this.#dropLine());
    // After ^Z and fg the editor waits to be woken.
    this.#editor.on("SIGCONT", () => this.#editor.prompt(true));
    this.#editor.on("close", () => {
      this.#over = true;
      this.#takeLine(null);
    });
  }

  async run(): Promise<ExitCode> {
    const stopListening = this.#listenToSignals();
    try {
      await this.#greet();
      while (!this.#over) {
        const line = await this.#nextLine();
        if (line === null) break;
        await this.#do(line);
      }
    } finally {
      stopListening();
      this.#cancelLook();
      this.#editor.close();
      this.#keyboard.close();
    }
    return this.#code;
  }

  async #greet(): Promise<void> {
    const { desk } = this.#options;
    this.#show([
      [
        { text: "distinsta", bold: true, tone: "accent" },
        plain(` ${programVersion()} · you are `),
        { text: desk.client.user, bold: true },
      ],
      [plain("Uploads are offered to all of these; the leader says which one takes each:")],
      ...(await this.#watch.all()),
      [{ text: "help", bold: true }, plain(" tells what can be said here, Tab completes it, ^D leaves.")],
      [],
    ]);
    this.#sources.refresh();
  }

  /** Null when there will be none. */
  #nextLine(): Promise<string | null> {
    this.#tell();
    if (this.#over) return Promise.resolve(null);
    return new Promise((resolve) => {
      this.#takeLine = (line) => {
        this.#takeLine = () => undefined;
        this.#cancelLook();
        resolve(line);
      };
      this.#editor.prompt();
      this.#keyboard.release();
      this.#lookLater();
    });
  }

  async #do(line: string): Promise<void> {
    const { history, desk, json } = this.#options;
    history.add(line);
    const read = readLine(line, "person");
    const asJson = json || (read.ok && read.value?.settings.json === true);
    const screen = screenOn(process.stdout, process.env, this.#options.paint === "colored");
    const talk = talkFor(asJson, "", (question) => this.#ask(question), screen);
    if (!read.ok) {
      talk.failure({}, read.fault);
      return;
    }
    if (read.value === null) return;
    const { command } = read.value;
    if (command.kind === "quit") {
      this.#over = true;
      return;
    }
    this.#running = new AbortController();
    await runClientCommand(desk, talk, command, this.#running.signal);
    this.#running = null;
    this.#sources.refresh();
    void this.#look();
  }

  /** False also when ^C or the end of the input is the answer. */
  #ask(question: string): Promise<boolean> {
    const signal = this.#running?.signal;
    if (this.#over || signal === undefined || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#asking = true;
      const say = (answer: boolean): void => {
        this.#asking = false;
        resolve(answer);
      };
      signal.addEventListener("abort", () => say(false), { once: true });
      this.#takeLine = () => say(false);
      this.#editor.question(`${printable(question)} [y/N] `, { signal }, (answer) => say(isYes(answer)));
      this.#keyboard.release();
    });
  }

  #lookLater(): void {
    this.#cancelLook();
    const { monotonic, at } = this.#clock;
    this.#cancelLook = at(after(monotonic(), lookMs), () => void this.#look().then(() => this.#lookLater()));
  }

  async #look(): Promise<void> {
    const changes = await this.#watch.changes();
    this.#news = [...this.#news, ...changes];
    const waiting = this.#running === null && !this.#over && this.#editor.line === "";
    if (waiting && this.#news.length > 0) {
      this.#wipe();
      this.#tell();
      this.#editor.prompt();
    }
  }

  #tell(): void {
    this.#show(this.#news);
    this.#news = [];
  }

  #show(lines: readonly Line[]): void {
    for (const line of lines) this.#options.stdout.write(`${painted(line, this.#options.paint)}\n`);
  }

  #wipe(): void {
    cursorTo(this.#options.stdout, 0);
    clearLine(this.#options.stdout, 0);
  }

  /** ^C at the prompt, or where a question stands. */
  #dropLine(): void {
    if (this.#asking) {
      this.#options.stdout.write("^C\n");
      this.#running?.abort();
      return;
    }
    const empty = this.#editor.line === "";
    this.#options.stdout.write("^C\n");
    if (empty) this.#show([[plain("To leave: quit, or ^D.")]]);
    this.#editor.write(null, { ctrl: true, name: "e" });
    this.#editor.write(null, { ctrl: true, name: "u" });
    this.#editor.prompt();
  }

  /** In the editor's terms: what may stand for the last word, and that word. */
  async #complete(before: string): Promise<[string[], string]> {
    const completion = await completeLine(before, this.#sources, readingHere());
    if (completion === null) return [[], before];
    const typed = before.slice(completion.from);
    if (completion.choices.length > 1 && completion.text.length <= typed.length) {
      this.#showChoices(completion);
      return [[], typed];
    }
    return [[completion.text], typed];
  }

  #showChoices({ choices, described }: Completion): void {
    const { stdout } = this.#options;
    const shown = choices.slice(0, described ? rowsMax : choicesMax).map(printable);
    stdout.write("\n");
    this.#show(columnsOf(shown, described ? 0 : (stdout.columns ?? 80)));
    if (choices.length > shown.length) this.#show([[dim(`… and ${choices.length - shown.length} more`)]]);
    this.#editor.prompt(true);
  }

  #listenToSignals(): () => void {
    const onSignal = (): void => {
      this.#code = exitCodeOf(fault("INTERRUPTED", {}));
      this.#over = true;
      this.#running?.abort();
      this.#takeLine(null);
    };
    const signals = ["SIGTERM", "SIGHUP"] as const;
    const onInterrupt = (): void => this.#running?.abort();
    for (const signal of signals) process.on(signal, onSignal);
    process.on("SIGINT", onInterrupt);
    return () => {
      for (const signal of signals) process.off(signal, onSignal);
      process.off("SIGINT", onInterrupt);
    };
  }
}

/** Filled down, then across; one a row where the width is 0. */
const columnsOf = (words: readonly string[], width: number): readonly Line[] => {
  const cell = Math.max(...words.map(displayWidth)) + 2;
  const across = Math.max(1, Math.floor(width / cell));
  const rows = Math.ceil(words.length / across);
  return Array.from({ length: rows }, (_, row) => [
    plain(
      words
        .slice(row * across, (row + 1) * across)
        .map((word) => word + " ".repeat(cell - displayWidth(word)))
        .join("")
        .trimEnd(),
    ),
  ]);
};
