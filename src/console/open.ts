/**
 * Opens the console on this terminal, the same for every command that has one.
 */
import { systemClock } from "../../core/io/clock.ts";
import { commandFor } from "../../core/io/pki/places.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import type { NodeId } from "../../core/model/ids.ts";
import type { ConsoleCrew, ConsoleExit, ConsoleSource, Setup } from "../../ui/run.ts";
import type { Settings } from "../settings.ts";

export interface ConsoleWish {
  readonly settings: Settings;
  readonly config: ClusterConfig;
  readonly subtitle: string;
  readonly source: ConsoleSource;
  /** How to start a node; `ID` stands for its number. */
  readonly start: string;
  readonly readOnly: boolean;
  readonly leaves: NodeId | null;
}

/** What the model must know beforehand, on a terminal or not. */
export const setupOf = (
  wish: Pick<ConsoleWish, "settings" | "config" | "subtitle" | "start" | "readOnly" | "leaves">,
): Omit<Setup, "acts"> => ({
  title: "DISTINSTA",
  subtitle: wish.subtitle,
  commands: {
    start: wish.start,
    status: commandFor(wish.settings.data, "status"),
    doctor: commandFor(wish.settings.data, "doctor"),
  },
  timings: wish.config.timings,
  readOnly: wish.readOnly,
  leaves: wish.leaves,
});

export interface Ended<Crew> {
  readonly exit: ConsoleExit;
  /** Null when the console ended before it was asked for. */
  readonly crew: Crew | null;
}

/**
 * The first frame is drawn before `gather` begins, because what it needs takes longer to load than a person waits
 * without wondering. What it throws is thrown on, when the terminal has been given back.
 */
export const openConsole = async <Crew extends ConsoleCrew>(
  wish: ConsoleWish,
  gather: () => Promise<Crew>,
): Promise<Ended<Crew>> => {
  const { runConsole } = await import("../../ui/run.ts");
  const { settings, source } = wish;
  const gathering: Promise<Crew>[] = [];
  const exit = await runConsole({
    source,
    setup: setupOf(wish),
    gather: () => {
      const crew = gather();
      gathering.push(crew);
      return crew;
    },
    mouse: settings.mouse === true,
    clock: systemClock(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: environmentOf(settings),
  });
  return { exit, crew: (await gathering[0]) ?? null };
};

const environmentOf = ({ color, screenReader }: Settings): NodeJS.ProcessEnv => ({
  ...process.env,
  ...(color === false && { NO_COLOR: "1" }),
  ...(screenReader === true && { INK_SCREEN_READER: "true" }),
});
