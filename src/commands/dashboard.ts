/**
 * `distinsta dashboard`: the console on a running cluster, from any machine that has an operator's certificate.
 */
import type { ExitCode } from "../../core/model/faults.ts";
import { runFromAfar } from "../console/from-afar.ts";
import { configOf, type Settings } from "../settings.ts";

export const dashboard = async (settings: Settings): Promise<ExitCode> => {
  const { config } = await configOf(settings);
  return runFromAfar({
    settings,
    config,
    subtitle: "dashboard",
    readOnly: settings.readOnly === true,
    credentials: async () => {
      const { operatorCredentialsFor } = await import("../credentials.ts");
      return operatorCredentialsFor(settings.data, config);
    },
  });
};
