/** `distinsta launch-local`: a whole cluster on this machine, with one command and nothing to set up. */
import { wallNow } from "../../core/io/clock.ts";
import { ensureLocalPki, ensureLocalUser } from "../../core/io/pki/local.ts";
import { loadUser } from "../../core/io/pki/users.ts";
import type { ExitCode } from "../../core/model/faults.ts";
import { openDesk } from "../client/desk.ts";
import { historyPath, openHistory } from "../client/history.ts";
import { writeLocalConfig } from "../launch/local-config.ts";
import { must, type Settings, userOf } from "../settings.ts";

export const launchLocal = async (settings: Settings): Promise<ExitCode> => {
  const user = userOf(settings.user ?? "alice");
  const options = await writeLocalConfig(settings);
  must(await ensureLocalPki(options.data, options.config, wallNow()));
  must(await ensureLocalUser(options.data, options.config, user, wallNow()));
  const onTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  if (settings.headless === true || !onTerminal) {
    const { runHeadless } = await import("../launch/headless.ts");
    return runHeadless(options);
  }
  const { runWithConsole } = await import("../launch/with-console.ts");
  const { openPaneClient } = await import("../client/pane.ts");
  const desk = openDesk(options.config, user, must(await loadUser(options.data, user, wallNow())));
  const client = openPaneClient(desk, openHistory(historyPath(options.data, user)));
  return runWithConsole(options, `launch-local · ${user}`, client);
};
