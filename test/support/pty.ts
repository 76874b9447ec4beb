/**
 * A program on a terminal that a test can type on and look at.
 *
 * The program runs on a real pseudo-terminal; what it writes goes through a terminal emulator, whose answers to
 * queries go back. Tests wait for what is on the screen, never for time: the one deadline only turns a hang into
 * a failure that shows the screen.
 */
import pty from "@lydell/node-pty";
import { openScreen, type Screen } from "./screen.ts";

export interface SpawnOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly cwd?: string;
  /** Added to a small environment of our own; undefined leaves a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Exit {
  readonly code: number;
  readonly signal: number;
}

export interface PtyProgram {
  readonly pid: number;
  readonly screen: Screen;
  /** Types `keys` as they are: `"\r"` is Return, `"\u0003"` is ^C. */
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  kill(signal: NodeJS.Signals): void;
  /** Resolves when the screen's text contains or matches `wanted`; rejects with the screen when it never does. */
  waitForText(wanted: string | RegExp): Promise<void>;
  waitForNoText(unwanted: string | RegExp): Promise<void>;
  /** The same for anything that can be seen; `what` names it in the failure. */
  waitUntil(what: string, holds: (screen: Screen) => boolean): Promise<void>;
  /** Resolves when the program has ended and everything it wrote is on the screen. */
  readonly exited: Promise<Exit>;
}

/** Those that were started and have not ended. */
const running = new Set<PtyProgram>();

/** For `afterEach`: a test that failed leaves nothing behind. */
export const endPrograms = async (): Promise<void> => {
  const left = [...running];
  for (const program of left) program.kill("SIGKILL");
  await Promise.all(left.map((program) => program.exited));
};

/** Far longer than anything takes; only to end a test that hangs. */
const patienceMs = 45_000;

export const spawnOnPty = (file: string, args: readonly string[], options: SpawnOptions = {}): PtyProgram => {
  const { columns = 120, rows = 40 } = options;
  const screen = openScreen(columns, rows);
  const program = pty.spawn(file, [...args], {
    name: "xterm-256color",
    cols: columns,
    rows,
    cwd: options.cwd ?? process.cwd(),
    env: environment(options.env ?? {}),
  });
  const watchers = new Set<() => void>();
  const look = (): void => {
    for (const watcher of [...watchers]) watcher();
  };
  let written: Promise<unknown> = Promise.resolve();
  program.onData((data) => {
    written = screen.write(data).then(look);
  });
  screen.onReply((data) => program.write(data));
  const { promise: exited, resolve: resolveExited } = Promise.withResolvers<Exit>();
  program.onExit(({ exitCode, signal }) => {
    void written.then(() => resolveExited({ code: exitCode, signal: signal ?? 0 }));
  });

  const waitUntil = (what: string, holds: (seen: Screen) => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        watchers.delete(check);
        clearTimeout(deadline);
        settle();
      };
      const check = (): void => {
        if (holds(screen)) finish(resolve);
      };
      const fail = (why: string): void =>
        finish(() => reject(new Error(`${why} before the screen showed ${what}:\n${screen.text()}`)));
      const deadline = setTimeout(() => fail(`${patienceMs} ms passed`), patienceMs);
      watchers.add(check);
      void exited.then(() => watchers.has(check) && fail("the program ended"));
      check();
    });
  const has = (wanted: string | RegExp): boolean =>
    typeof wanted === "string" ? screen.text().includes(wanted) : wanted.test(screen.text());

  const handle: PtyProgram = {
    pid: program.pid,
    screen,
    type: (keys) => program.write(keys),
    resize: (newColumns, newRows) => {
      screen.resize(newColumns, newRows);
      program.resize(newColumns, newRows);
    },
    kill: (signal) => process.kill(program.pid, signal),
    waitForText: (wanted) => waitUntil(String(wanted), () => has(wanted)),
    waitForNoText: (unwanted) => waitUntil(`no ${unwanted}`, () => !has(unwanted)),
    waitUntil,
    exited,
  };
  running.add(handle);
  void exited.then(() => running.delete(handle));
  return handle;
};

/** Nothing of the test runner's own: CI would make programs dull, NODE_ENV slow. */
const environment = (added: Readonly<Record<string, string | undefined>>): Record<string, string> => {
  const base = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    LANG: "C.UTF-8",
    TERM: "xterm-256color",
    COLORTERM: "truecolor",
    NODE_ENV: "production",
  };
  const all = Object.entries({ ...base, ...added });
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
};
