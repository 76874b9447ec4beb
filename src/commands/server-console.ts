/** `distinsta server ID` on a terminal: the console here, the node in a child process. */
import type { ExitCode } from "../../core/model/faults.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { clientHere } from "../console/client-here.ts";
import { runWithConsole } from "../launch/with-console.ts";
import type { Located, Settings } from "../settings.ts";

export const serverWithConsole = async (
  settings: Settings,
  { path, config }: Located,
  id: NodeId,
): Promise<ExitCode> => {
  const acceptLoss = settings.acceptLoss === true;
  const options = { config, configPath: path, data: settings.data, only: [id], acceptLoss };
  return runWithConsole({
    settings,
    options,
    subtitle: `server ${id}`,
    prepare: async () => undefined,
    openClient: () => clientHere(settings, config, "all"),
  });
};
