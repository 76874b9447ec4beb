/**
 * The console over nodes that run as our children: all of a local cluster, or the one of `server ID`.
 *
 * The screen is there first. What stands behind it (`crew.ts`) takes longer to load, and nodes longer to start.
 */
import { commandFor } from "../../core/io/pki/places.ts";
import type { ExitCode } from "../../core/model/faults.ts";
import type { PaneClient } from "../client/pane.ts";
import { openHub } from "../console/hub.ts";
import { openConsole } from "../console/open.ts";
import { complain, note } from "../output.ts";
import type { Settings } from "../settings.ts";
import type { NodesCrew } from "./crew.ts";
import type { LaunchOptions } from "./local-config.ts";

export interface ConsoleOverNodes {
  readonly settings: Settings;
  readonly options: LaunchOptions;
  readonly subtitle: string;
  /** What must be there before a node can be started. */
  readonly prepare: () => Promise<void>;
  readonly openClient: () => Promise<PaneClient>;
}

/** Ends when the person quits; then the client hangs up, and every node is stopped in good order, or left running. */
export const runWithConsole = async (wish: ConsoleOverNodes): Promise<ExitCode> => {
  const { settings, options, prepare, openClient } = wish;
  const { data, only } = options;
  const hub = openHub();
  const { exit, crew } = await openConsole(
    {
      settings,
      config: options.config,
      subtitle: wish.subtitle,
      source: hub,
      start: only === undefined ? ":start ID" : commandFor(data, "server ID"),
      readOnly: false,
      leaves: only?.[0] ?? null,
    },
    async () => {
      await prepare();
      const { gatherNodes } = await import("./crew.ts");
      return gatherNodes(options, hub, openClient);
    },
  );
  if (crew === null) return exit.exit === "failed" ? 1 : 0;
  await crew.hangUp();
  if (exit.exit === "quit" && exit.background) return leaveRunning(crew, data);
  note(crew.cluster.children.length === 1 ? "stopping the node …" : "stopping the nodes …");
  await crew.cluster.stop();
  if (exit.exit === "failed") return 1;
  const fault = crew.firstFault();
  return fault !== null && only !== undefined ? complain(fault, {}) : 0;
};

const leaveRunning = async ({ cluster }: NodesCrew, data: string): Promise<ExitCode> => {
  for (const child of cluster.children) {
    const logPath = await child.release();
    if (logPath === null) return 1;
    note(`node ${child.id} goes on as process ${child.pid}; its log: ${logPath}`);
    note(`look: ${commandFor(data, "dashboard")}    stop it: kill ${child.pid}`);
  }
  return 0;
};
