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
import { complain } from "./output.ts";
import type { Settings } from "./settings.ts";

type Act = (settings: Settings, ...words: never[]) => Promise<ExitCode>;

const program = new Command("distinsta")
  .description("An encrypted, replicated image store for a few machines.")
  .version(programVersion(), "--version", "the version of this program")
  .helpOption("--help", "this help")
  .helpCommand(false)
  .exitOverride()
  .enablePositionalOptions()
  .configureOutput({ writeErr: () => undefined })
  .showSuggestionAfterError(false);

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

command("client <user> [words...]", "upload, list and get images as USER")
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

/** What commander objects to, in our words. */
const usageFault = (error: CommanderError): Fault => {
  const message = error.message.replace(/^error: /, "").replace(/\.$/, "");
  if (error.code === "commander.unknownCommand") {
    const got = /'(.*)'/.exec(message)?.[1] ?? "";
    const names = program.commands.map((known) => known.name());
    return fault("UNKNOWN_COMMAND", { got, suggestion: nearestOf(got, names) });
  }
  return fault("USAGE", { message, hint: "see: distinsta --help" });
};

const main = async (): Promise<ExitCode> => {
  const json = process.argv.includes("--json");
  try {
    if (process.argv.length <= 2) {
      process.stdout.write(program.helpInformation());
      return 0;
    }
    await program.parseAsync();
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof CommanderError) return complain(usageFault(error), { json });
    if (error instanceof FaultError) return complain(error.fault, { json });
    throw error;
  }
};

process.exitCode = await main();
