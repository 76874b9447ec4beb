/** `distinsta launch-local`: a whole cluster on this machine, with one command and nothing to set up. */

import { userCredentials } from "../../core/io/pki/places.ts";
import type { ExitCode } from "../../core/model/faults.ts";
import type { UserName } from "../../core/model/ids.ts";
import { absentClient, type PaneClient } from "../client/pane.ts";
import { type LaunchOptions, writeLocalConfig } from "../launch/local-config.ts";
import { must, onTerminal, type Settings, userOf } from "../settings.ts";

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

/** Who is revoked is not made again, and hears that from the nodes; these are there for the others as well. */
const ensureCertificates = async ({ data, config }: LaunchOptions, user: UserName): Promise<void> => {
  const { ensureLocalPki, ensureLocalUser } = await import("../../core/io/pki/local.ts");
  const { wallNow } = await import("../../core/io/clock.ts");
  must(await ensureLocalPki(data, config, wallNow()));
  const made = await ensureLocalUser(data, config, user, wallNow());
  if (!made.ok && made.fault.code !== "CREDENTIALS_REVOKED") must(made);
};

const clientOf = async ({ data, config }: LaunchOptions, user: UserName): Promise<PaneClient> => {
  const { clientOfUser } = await import("../console/client-here.ts");
  const client = await clientOfUser(data, config, user, "all");
  return client.ok ? client.value : absentClient(userCredentials(data, user).command);
};
