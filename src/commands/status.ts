/** `distinsta status`: the cluster as its best informed node sees it. */

import { openSession } from "../../core/io/client/session.ts";
import { askStatus } from "../../core/io/client/status.ts";
import { systemClock } from "../../core/io/clock.ts";
import type { ExitCode } from "../../core/model/faults.ts";
import { statusCredentialsFor } from "../credentials.ts";
import { outputColumns, printJson, printLine } from "../output.ts";
import { configOf, must, type Settings } from "../settings.ts";
import { statusJson, statusLines } from "../status-text.ts";

export const status = async (settings: Settings): Promise<ExitCode> => {
  const { config } = await configOf(settings);
  const session = openSession(config, await statusCredentialsFor(settings.data, config), systemClock());
  try {
    const snapshot = must(await askStatus(session));
    if (settings.json === true) printJson(statusJson(snapshot));
    else for (const line of statusLines(snapshot, outputColumns())) printLine(line);
    return 0;
  } finally {
    session.pool.close();
  }
};
