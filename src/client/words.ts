/**
 * What a person may say to the client: the same words at the prompt, in a pane, in a script, and one-shot.
 *
 * Each command is one entry of a table; reading, help and completion all come from there.
 */
import { Command, CommanderError, Option } from "commander";
import { nearestOf } from "../../core/io/config/wording.ts";
import { bad, type Fault, FaultError, fault, good, type Result } from "../../core/model/faults.ts";
import type { UserName } from "../../core/model/ids.ts";
import { splitLeading } from "../command-words.ts";
import { numberOf, type Settings, userOf } from "../settings.ts";

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
  | { readonly kind: "info" | "why"; readonly id: string }
  | { readonly kind: "view"; readonly ids: readonly string[] }
  | { readonly kind: "rm" | "restore"; readonly ids: readonly string[] }
  | { readonly kind: "share" | "unshare"; readonly id: string; readonly user: UserName }
  | { readonly kind: "purge"; readonly ids: readonly string[]; readonly yes: boolean }
  | { readonly kind: "status" }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "quit" };

/**
 * Where it is said: as words of a shell's command, or inside the running client, whose configuration is settled
 * and whose standard input is the commands themselves.
 */
export type Where = "shell" | "inside";

export interface Spoken {
  readonly command: ClientCommand;
  /** The options that all commands have, as they stood among the words. */
  readonly settings: Partial<Settings>;
}

type Given = Readonly<Record<string, string | boolean | undefined>>;

export interface CommandEntry {
  readonly name: string;
  /** As commander reads them: `<path...>`. */
  readonly operands: string;
  readonly says: string;
  /** Flags, and what they do; a third is the value without the flag. */
  readonly options: readonly (readonly [string, string, string?])[];
  /** What Tab offers for each operand, or for the first and the second. */
  readonly completes: "path" | "id" | "id, user" | "command" | null;
  /** Whether it leaves everything as it is, in the cluster and on this machine: `get` writes a file. */
  readonly onlyReads: boolean;
  readonly read: (operands: readonly string[], given: Given, where: Where) => ClientCommand;
}

export const jobsMax = 32;
const jobsDefault = "4";

export const commandEntries: readonly CommandEntry[] = [
  {
    name: "upload",
    operands: "<path...>",
    says: "files, globs, folders with -r",
    options: [
      ["-r, --recursive", "folders with all that is in them"],
      ["--jobs <n>", `how many at once, 1 to ${jobsMax}`, jobsDefault],
      ["--name <name>", "what to call standard input (-)"],
    ],
    completes: "path",
    onlyReads: false,
    read: (paths, { recursive, jobs, name }, where) => {
      if (paths.includes("-")) refuseInside(where, "upload - reads standard input, and so do these commands");
      else if (name !== undefined) throw new FaultError(nameWithoutInput);
      const count = numberOf("--jobs", String(jobs), 1, jobsMax);
      return { kind: "upload", paths, recursive: recursive === true, jobs: count, name: textOr(name, null) };
    },
  },
  {
    name: "list",
    operands: "",
    says: "your images and those shared with you",
    options: [],
    completes: null,
    onlyReads: true,
    read: () => ({ kind: "list" }),
  },
  {
    name: "get",
    operands: "<id...>",
    says: "opened images, into ./<name>",
    options: [
      ["-o, --output <path>", "a file, a folder, or - for standard output"],
      ["--sealed", "as stored, with .age at the end of the name"],
    ],
    completes: "id",
    onlyReads: false,
    read: (ids, { output, sealed }, where) => {
      if (output === "-") refuseInside(where, "get -o - writes where the answers of the other commands go");
      return { kind: "get", ids, output: textOr(output, null), sealed: sealed === true };
    },
  },
  {
    name: "view",
    operands: "<id...>",
    says: "pictures, here in the terminal",
    options: [],
    completes: "id",
    onlyReads: true,
    read: (ids) => ({ kind: "view", ids }),
  },
  {
    name: "info",
    operands: "<id>",
    says: "all that is known of an image",
    options: [],
    completes: "id",
    onlyReads: true,
    read: ([id = ""]) => ({ kind: "info", id }),
  },
  {
    name: "why",
    operands: "<id>",
    says: "who placed it where, when, and why",
    options: [],
    completes: "id",
    onlyReads: true,
    read: ([id = ""]) => ({ kind: "why", id }),
  },
  {
    name: "share",
    operands: "<id> <user>",
    says: "let somebody else read an image of yours",
    options: [],
    completes: "id, user",
    onlyReads: false,
    read: ([id = "", user = ""]) => ({ kind: "share", id, user: userOf(user) }),
  },
  {
    name: "unshare",
    operands: "<id> <user>",
    says: "take that back",
    options: [],
    completes: "id, user",
    onlyReads: false,
    read: ([id = "", user = ""]) => ({ kind: "unshare", id, user: userOf(user) }),
  },
  {
    name: "rm",
    operands: "<id...>",
    says: "into the trash",
    options: [],
    completes: "id",
    onlyReads: false,
    read: (ids) => ({ kind: "rm", ids }),
  },
  {
    name: "restore",
    operands: "<id...>",
    says: "out of the trash",
    options: [],
    completes: "id",
    onlyReads: false,
    read: (ids) => ({ kind: "restore", ids }),
  },
  {
    name: "purge",
    operands: "<id...>",
    says: "away from all disks, for good",
    options: [["--yes", "do not ask"]],
    completes: "id",
    onlyReads: false,
    read: (ids, { yes }) => ({ kind: "purge", ids, yes: yes === true }),
  },
  {
    name: "status",
    operands: "",
    says: "the cluster: who leads, who is up",
    options: [],
    completes: null,
    onlyReads: true,
    read: () => ({ kind: "status" }),
  },
  {
    name: "help",
    operands: "[command]",
    says: "these words; help get tells more",
    options: [],
    completes: "command",
    onlyReads: true,
    read: ([name], _, where) => ({ kind: "help", text: helpText(name, where) }),
  },
  {
    name: "quit",
    operands: "",
    says: "leave the client",
    options: [],
    completes: null,
    onlyReads: true,
    read: () => ({ kind: "quit" }),
  },
];

const nameWithoutInput = fault("USAGE", {
  message: "--name names standard input, and that is not uploaded here",
  hint: "a file keeps its own name; for standard input: distinsta client USER upload - --name cat.png",
});

const textOr = <Other>(given: string | boolean | undefined, other: Other): string | Other =>
  typeof given === "string" ? given : other;

const refuseInside = (where: Where, message: string): void => {
  const hint = "run it as one command, from the shell: distinsta client NAME …";
  if (where === "inside") throw new FaultError(fault("USAGE", { message, hint }));
};

/** Options that every command takes. */
export const commonOptions = (where: Where): CommandEntry["options"] =>
  where === "inside"
    ? [["--json", "results as JSON, one line an item"]]
    : [
        ["--config <file>", "the cluster's configuration"],
        ["--data <dir>", "everything this machine keeps"],
        ["--json", "results as JSON, one line an item"],
        ["--no-color", "no colours"],
      ];

export interface Led {
  readonly settings: Partial<Settings>;
  /** From the command on; empty when there is none. */
  readonly rest: readonly string[];
}

/** Takes the options before the command off: `client alice --json list`. Errors: USAGE. */
export const leadingOptions = (words: readonly string[]): Result<Led> => {
  const split = splitLeading(words, "distinsta client --help");
  if (!split.ok) return split;
  let settings: Partial<Settings> = {};
  for (const [flag, value] of split.value.options) {
    if (flag === "--json") settings = { ...settings, json: true };
    else if (flag === "--no-color") settings = { ...settings, color: false };
    else settings = { ...settings, [flag.slice(2)]: value };
  }
  return good({ settings, rest: split.value.rest });
};

/** Errors: USAGE, UNKNOWN_COMMAND. */
export const parseWords = (words: readonly string[], where: Where): Result<Spoken> => {
  if (words.length === 0) {
    return good({ command: { kind: "help", text: helpText(undefined, where) }, settings: {} });
  }
  let spoken: Spoken | null = null;
  let help = "";
  const program = grammar(where, (text) => {
    help += text;
  });
  for (const [index, entry] of commandEntries.entries()) {
    program.commands[index]?.action((...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const options = command.opts();
      spoken = { command: entry.read(command.args, options, where), settings: commonOf(options) };
    });
  }
  try {
    program.parse([...words], { from: "user" });
  } catch (error) {
    if (error instanceof FaultError) return bad(error.fault);
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) return bad(usageFault(error, words, where));
  }
  if (spoken !== null) return good(spoken);
  return good({ command: { kind: "help", text: help }, settings: {} });
};

const grammar = (where: Where, print: (text: string) => void): Command => {
  const program = new Command(where === "shell" ? "distinsta client USER" : "")
    .helpOption("--help", "this help")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => undefined })
    .showSuggestionAfterError(false);
  for (const entry of commandEntries) {
    const command = program
      .command(`${entry.name} ${entry.operands}`.trim())
      .description(entry.says)
      .helpOption("--help", "this help")
      .exitOverride()
      .configureOutput({ writeOut: print, writeErr: () => undefined });
    for (const [flags, says, value] of [...entry.options, ...commonOptions(where)])
      command.addOption(new Option(flags, says).default(value));
  }
  return program;
};

const commonOf = ({ config, data, json, color }: Given): Partial<Settings> => ({
  ...(typeof config === "string" && { config }),
  ...(typeof data === "string" && { data }),
  ...(json === true && { json }),
  ...(color === false && { color }),
});

/** All commands, a line each, or one with its options. Throws FaultError: UNKNOWN_COMMAND. */
const helpText = (name: string | undefined, where: Where): string => {
  const program = grammar(where, () => undefined);
  if (name !== undefined) {
    const command = program.commands.find((known) => known.name() === name);
    if (command === undefined) throw new FaultError(unknownCommand(name));
    return command.helpInformation();
  }
  if (where === "shell") return program.helpInformation();
  return `${[...commandRows(), "", ...insideHints].join("\n")}\n`;
};

/** Every command, a line each. */
export const commandRows = (): readonly string[] => {
  const usages = commandEntries.map((entry) => usageOf(entry));
  const width = Math.max(...usages.map((usage) => usage.length)) + 3;
  return commandEntries.map((entry, index) => `  ${(usages[index] ?? "").padEnd(width)}${entry.says}`);
};

const insideHints = [
  "  Tab completes commands, paths and ids. A path alone is uploaded.",
  "  ^C stops what runs. --json after a command gives JSON lines.",
];

/** `get ID… [-o PATH] [--sealed]`, as people write it. */
const usageOf = ({ name, operands, options }: CommandEntry): string => {
  const upper = operands.replace(/<(\w+)(\.\.\.)?>/g, (_, word: string, more?: string) =>
    more === undefined ? word.toUpperCase() : `${word.toUpperCase()}…`,
  );
  const flags = options
    .filter(([flag]) => flag !== "--name <name>")
    .map(
      ([flag]) =>
        `[${flag.replace(/, --\w+/, "").replace(/<(\w+)>/, (_, word: string) => word.toUpperCase())}]`,
    );
  return [name, ...(upper === "" ? [] : [upper.toUpperCase()]), ...flags].join(" ");
};

const unknownCommand = (got: string): Fault =>
  fault("UNKNOWN_COMMAND", {
    got,
    suggestion: nearestOf(
      got,
      commandEntries.map((entry) => entry.name),
    ),
  });

const usageFault = (error: CommanderError, [word = ""]: readonly string[], where: Where): Fault => {
  const message = error.message.replace(/^error: /, "").replace(/\.$/, "");
  if (error.code === "commander.unknownCommand") return unknownCommand(/'(.*)'/.exec(message)?.[1] ?? "");
  const about = commandEntries.some(({ name }) => name === word) ? `help ${word}` : "help";
  return fault("USAGE", {
    message,
    hint: where === "shell" ? `see: distinsta client USER ${about}` : `see: ${about}`,
  });
};
