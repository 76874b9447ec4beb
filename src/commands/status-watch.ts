/**
 * `distinsta status --watch`: the console, only to look, for whoever may ask for the status at all.
 */
import type { ExitCode } from "../../core/model/faults.ts";
import { runFromAfar } from "../console/from-afar.ts";
import { configOf, type Settings } from "../settings.ts";

export const statusWatch = async (settings: Settings): Promise<ExitCode> => {
  const { config } = await configOf(settings);
  return runFromAfar({
    settings,
    config,
    subtitle: "status",
    readOnly: true,
    credentials: async () => {
      const { statusCredentialsFor } = await import("../credentials.ts");
      return statusCredentialsFor(settings.data, config);
    },
  });
};
