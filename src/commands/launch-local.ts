/** `distinsta launch-local`: a whole cluster on this machine, with one command and nothing to set up. */
import type { ExitCode } from "../../core/model/faults.ts";
import type { UserName } from "../../core/model/ids.ts";
import type { PaneClient } from "../client/pane.ts";
import { onTerminal } from "../console/open.ts";
import { type LaunchOptions, writeLocalConfig } from "../launch/local-config.ts";
import { must, type Settings, userOf } from "../settings.ts";

export const launchLocal = async (settings: Settings): Promise<ExitCode> => {
  const user = userOf(settings.user ?? "alice");
  const options = await writeLocalConfig(settings);
  if (settings.headless === true || !onTerminal()) {
    await ensureCertificates(options, user);
    const { runHeadless } = await import("../launch/headless.ts");
    return runHeadless(options);
  }
  const { runWithConsole } = await import("../launch/with-console.ts");
  return runWithConsole({
    settings,
    options,
    subtitle: `launch-local · ${user}`,
    prepare: () => ensureCertificates(options, user),
    openClient: () => clientOf(options, user),
  });
};

const ensureCertificates = async ({ data, config }: LaunchOptions, user: UserName): Promise<void> => {
  const { ensureLocalPki, ensureLocalUser } = await import("../../core/io/pki/local.ts");
  const { wallNow } = await import("../../core/io/clock.ts");
  must(await ensureLocalPki(data, config, wallNow()));
  must(await ensureLocalUser(data, config, user, wallNow()));
};

const clientOf = async ({ data, config }: LaunchOptions, user: UserName): Promise<PaneClient> => {
  const { clientOfUser } = await import("../console/client-here.ts");
  return must(await clientOfUser(data, config, user));
};
