/**
 * What a person may say to the client: the same words at the prompt, in a pane, and one-shot.
 */
import { Command, CommanderError, Option } from "commander";
import { nearestOf } from "../../core/io/config/wording.ts";
import { bad, type Fault, FaultError, fault, good, type Result } from "../../core/model/faults.ts";
import { numberOf, type Settings } from "../settings.ts";

export type ClientCommand =
  | {
      readonly kind: "upload";
      readonly paths: readonly string[];
      readonly recursive: boolean;
      readonly jobs: number;
      /** The name of what comes from standard input (`-`). */
      readonly name: string | null;
    }
  | { readonly kind: "list" }
  | {
      readonly kind: "get";
      readonly ids: readonly string[];
      /** A file, a folder, or `-` for standard output. */
      readonly output: string | null;
      readonly sealed: boolean;
    }
  | { readonly kind: "status" }
  | { readonly kind: "help"; readonly text: string };

export interface Spoken {
  readonly command: ClientCommand;
  /** The options that all commands have, as they stood among the words. */
  readonly settings: Partial<Settings>;
}

export const jobsMax = 32;
const jobsDefault = "4";

/** Errors: USAGE, UNKNOWN_COMMAND. */
export const parseWords = (words: readonly string[]): Result<Spoken> => {
  let spoken: Spoken | null = null;
  let help = "";
  const say = (command: ClientCommand, settings: Partial<Settings>): void => {
    spoken = { command, settings };
  };
  const program = grammar(say, (text) => {
    help += text;
  });
  try {
    program.parse([...words], { from: "user" });
  } catch (error) {
    if (error instanceof FaultError) return bad(error.fault);
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) return bad(usageFault(error, program));
  }
  if (spoken !== null) return good(spoken);
  return good({ command: { kind: "help", text: help || program.helpInformation() }, settings: {} });
};

const grammar = (
  say: (command: ClientCommand, settings: Partial<Settings>) => void,
  print: (text: string) => void,
): Command => {
  const program = new Command("distinsta client USER")
    .helpOption("--help", "this help")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => undefined })
    .showSuggestionAfterError(false);
  const command = (usage: string, description: string): Command =>
    program
      .command(usage)
      .description(description)
      .helpOption("--help", "this help")
      .exitOverride()
      .configureOutput({ writeOut: print, writeErr: () => undefined })
      .addOption(new Option("--config <file>", "the cluster's configuration"))
      .addOption(new Option("--data <dir>", "everything this machine keeps"))
      .addOption(new Option("--json", "results as JSON, one line an item"))
      .addOption(new Option("--no-color", "no colours").default(undefined));

  command("upload <path...>", "files, globs, folders with -r; - for standard input")
    .option("-r, --recursive", "folders with all that is in them")
    .option("--jobs <n>", `how many at once, 1 to ${jobsMax}`, jobsDefault)
    .option("--name <name>", "what to call standard input")
    .action((paths: string[], { recursive, jobs, name, ...settings }: UploadOptions) => {
      const count = numberOf("--jobs", jobs, 1, jobsMax);
      say(
        { kind: "upload", paths, recursive: recursive === true, jobs: count, name: name ?? null },
        settings,
      );
    });
  command("list", "your images, newest first").action((settings: Partial<Settings>) =>
    say({ kind: "list" }, settings),
  );
  command("get <id...>", "opened images, into ./<name>")
    .option("-o, --output <path>", "a file, a folder, or - for standard output")
    .option("--sealed", "as stored, with .age at the end of the name")
    .action((ids: string[], { output, sealed, ...settings }: GetOptions) =>
      say({ kind: "get", ids, output: output ?? null, sealed: sealed === true }, settings),
    );
  command("status", "the cluster").action((settings: Partial<Settings>) => say({ kind: "status" }, settings));
  command("help", "these words").action(() => print(program.helpInformation()));
  return program;
};

interface UploadOptions extends Partial<Settings> {
  readonly recursive?: boolean;
  readonly jobs: string;
  readonly name?: string;
}

interface GetOptions extends Partial<Settings> {
  readonly output?: string;
  readonly sealed?: boolean;
}

const usageFault = (error: CommanderError, program: Command): Fault => {
  const message = error.message.replace(/^error: /, "").replace(/\.$/, "");
  if (error.code === "commander.unknownCommand") {
    const got = /'(.*)'/.exec(message)?.[1] ?? "";
    return fault("UNKNOWN_COMMAND", {
      got,
      suggestion: nearestOf(
        got,
        program.commands.map((known) => known.name()),
      ),
    });
  }
  return fault("USAGE", { message, hint: "see: distinsta client USER help" });
};
