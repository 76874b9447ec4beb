/**
 * The command line: which words exist, and which module does each.
 *
 * Only the word that was typed is loaded, so that `--help` is quick. Whatever a command runs into comes back
 * as a fault and ends here, as two lines and an exit code.
 */
import { Command, CommanderError, Option } from "commander";
import { nearestOf } from "../core/io/config/wording.ts";
import { programVersion } from "../core/io/version.ts";
import { type ExitCode, type Fault, FaultError, fault } from "../core/model/faults.ts";
import { arrangeWords } from "./command-words.ts";
import { complain, complainAsEvent } from "./output.ts";
import { must, onTerminal, type Settings } from "./settings.ts";

type Act = (settings: Settings, ...words: never[]) => Promise<ExitCode>;

const optionsEverywhere = `
Options everywhere, before or after the command:
  --config <file>  the cluster's configuration
  --data <dir>     everything this machine keeps (default: ".distinsta")
  --json           results as JSON, one line an item
  --no-color       no colours`;

const program = new Command("distinsta")
  .description("An encrypted, replicated image store for a few machines.")
  .version(programVersion(), "--version", "the version of this program")
  .helpOption("--help", "this help")
  .helpCommand(false)
  .exitOverride()
  .enablePositionalOptions()
  .configureOutput({ writeErr: () => undefined })
  .showSuggestionAfterError(false)
  .addHelpText("after", `${optionsEverywhere}\n\nMore of a command: distinsta help COMMAND`);

/** A command with the options that all have. */
const command = (usage: string, description: string, parent: Command = program): Command =>
  parent
    .command(usage)
    .description(description)
    .helpOption("--help", "this help")
    .addOption(new Option("--config <file>", "the cluster's configuration"))
    .addOption(new Option("--data <dir>", "everything this machine keeps").default(".distinsta"))
    .addOption(new Option("--json", "results as JSON, one line an item"))
    .addOption(new Option("--no-color", "no colours"));

/** What every command with a console takes. */
const withConsole = (made: Command): Command =>
  made
    .option("--mouse", "the mouse clicks and scrolls (and no longer selects text to copy)")
    .option("--screen-reader", "sentences instead of panes");

let exitCode: ExitCode = 0;

/** A reader that has seen enough, as `head` has, is no failure of ours. */
const endWithReader = (): void => {
  if (process.stdout.isTTY) return;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(exitCode);
    throw error;
  });
};

const run =
  (act: Act) =>
  async (...given: unknown[]): Promise<void> => {
    endWithReader();
    const settings = (given.at(-1) as Command).opts() as Settings;
    exitCode = await act(settings, ...(given.slice(0, -2) as never[]));
  };

withConsole(command("launch-local", "N nodes on this machine, with the console"))
  .option("--nodes <n>", "how many nodes, 1 to 9", "3")
  .option("--base-port <port>", "the port of node 1; the others follow", "8001")
  .option("--user <name>", "the user that is made", "alice")
  .option("--headless", "JSON lines on standard output instead of the console")
  .action(run(async (settings) => (await import("./commands/launch-local.ts")).launchLocal(settings)));

withConsole(command("server <id>", "one node of the configuration"))
  .option("--headless", "JSON log lines on standard output instead of the console")
  .option("--user <name>", "whose client the console has; the first one found here")
  .option("--accept-loss", "go on without nodes that may have what this disk has lost")
  .action(run(async (settings, id) => (await import("./commands/server.ts")).server(settings, id)));

const client = command("client <user> [words...]", "upload, list and get images as USER")
  .usage("[options] USER [COMMAND …]")
  .passThroughOptions()
  .allowUnknownOption()
  .action(
    run(async (settings, user, words) =>
      (await import("./commands/client.ts")).client(settings, user, words),
    ),
  );

withConsole(command("dashboard", "the console on a running cluster"))
  .option("--read-only", "only to look: nothing can be done to nodes")
  .option("--user <name>", "whose client the console has; the first one found here")
  .action(run(async (settings) => (await import("./commands/dashboard.ts")).dashboard(settings)));

withConsole(command("status", "who leads, who is up, how much room there is"))
  .option("--watch", "goes on: the console, only to look; where there is no terminal, lines")
  .action(
    run(async (settings) =>
      settings.watch === true
        ? (await import("./commands/status-watch.ts")).statusWatch(settings)
        : (await import("./commands/status.ts")).status(settings),
    ),
  );

command("init", "the cluster's CA, certificates for all nodes, an operator").action(
  run(async (settings) => (await import("./commands/init.ts")).init(settings)),
);

command("doctor", "what is wrong, or soon will be, and what to type").action(
  run(async (settings) => (await import("./commands/doctor.ts")).doctor(settings)),
);

const user = program
  .command("user")
  .description("who may use the cluster")
  .helpOption("--help", "this help")
  .addHelpText("after", optionsEverywhere)
  .helpCommand(false);
command("add <name>", "makes a user where the CA is kept", user)
  .option("--request <file>", "signs the request that the user made on another machine")
  .action(run(async (settings, name) => (await import("./commands/user.ts")).addUserCommand(settings, name)));
command("list", "the users that were given a certificate", user).action(
  run(async (settings) => (await import("./commands/user.ts")).listUsersCommand(settings)),
);
command("revoke <name>", "shuts a user out: her certificates count no longer, on any node", user).action(
  run(async (settings, name) => (await import("./commands/revoke.ts")).revokeUserCommand(settings, name)),
);
command("request <name>", "makes a user's keys here, and a request to be signed elsewhere", user).action(
  run(async (settings, name) => (await import("./commands/user.ts")).requestUserCommand(settings, name)),
);
command("install <name> <file>", "puts the signed certificate beside the user's keys", user).action(
  run(async (settings, name, file) =>
    (await import("./commands/user.ts")).installUserCommand(settings, name, file),
  ),
);

/** What commander objects to, in our words. `named`: the command that was typed. */
const usageFault = (error: CommanderError, named: string): Fault => {
  const message = error.message.replace(/^error: /, "").replace(/\.$/, "");
  return fault("USAGE", { message, hint: `see: ${named} --help` });
};

/** Throws FaultError: UNKNOWN_COMMAND, and USAGE for `user` alone. Returns how the command is called. */
const nameOf = (words: readonly string[], among: Command = program): string => {
  const [word] = words;
  const name = among === program ? "distinsta" : `distinsta ${among.name()}`;
  if (word === undefined && among !== program) {
    process.stderr.write(`${among.helpInformation()}\n`);
    const message = `${name} wants one of these commands`;
    throw new FaultError(fault("USAGE", { message, hint: `for example: ${name} list` }));
  }
  if (word === undefined || word.startsWith("-")) return name;
  const known = among.commands.find((candidate) => candidate.name() === word);
  if (known === undefined) {
    const names = among.commands.map((candidate) => candidate.name());
    throw new FaultError(fault("UNKNOWN_COMMAND", { got: word, suggestion: nearestOf(word, names) }));
  }
  return known.commands.length > 0 ? nameOf(words.slice(1), known) : `${name} ${word}`;
};

const main = async (typed: readonly string[]): Promise<ExitCode> => {
  let named = "distinsta";
  try {
    const words = must(arrangeWords(typed, [user.name()]));
    if (words.length === 0) {
      program.outputHelp();
      return 0;
    }
    named = nameOf(words);
    if (named === "distinsta client") await tellClientCommands();
    await program.parseAsync([...words], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const problem = error instanceof CommanderError ? usageFault(error, named) : faultOf(error);
    const speaksInEvents =
      named === "distinsta launch-local" && (typed.includes("--headless") || !onTerminal());
    return speaksInEvents ? complainAsEvent(problem) : complain(problem, { json: typed.includes("--json") });
  }
};

/** Their table is loaded only where it is needed. */
const tellClientCommands = async (): Promise<void> => {
  const { commandRows } = await import("./client/words.ts");
  client.addHelpText("after", `\nCommands, none for a prompt:\n${commandRows().join("\n")}`);
};

const faultOf = (error: unknown): Fault => {
  if (error instanceof FaultError) return error.fault;
  throw error;
};

process.exitCode = await main(process.argv.slice(2));
