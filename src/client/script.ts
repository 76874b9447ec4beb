/**
 * Commands from standard input, one a line. A failure does not stop the ones after it; the first one is the
 * exit code. Nothing is asked, and there is no banner.
 */
import { createInterface } from "node:readline";
import type { ExitCode } from "../../core/model/faults.ts";
import { exitCodeOf } from "../../core/model/faults.ts";
import type { Desk } from "./desk.ts";
import { readLine } from "./line.ts";
import { runClientCommand } from "./run.ts";
import { talkFor } from "./talk.ts";

export const runScript = async (
  desk: Desk,
  input: NodeJS.ReadableStream,
  json: boolean,
  signal: AbortSignal,
): Promise<ExitCode> => {
  let code: ExitCode = 0;
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY, signal });
  for await (const line of lines) {
    const ended = await runLine(desk, line, json, signal);
    if (ended === "quit") break;
    if (code === 0) code = ended;
    if (signal.aborted) return 130;
  }
  lines.close();
  return signal.aborted ? 130 : code;
};

const runLine = async (
  desk: Desk,
  line: string,
  json: boolean,
  signal: AbortSignal,
): Promise<ExitCode | "quit"> => {
  const read = readLine(line, "script");
  const talk = talkFor(json || (read.ok && read.value?.settings.json === true));
  if (!read.ok) {
    talk.failure({}, read.fault);
    return exitCodeOf(read.fault);
  }
  if (read.value === null) return 0;
  if (read.value.command.kind === "quit") return "quit";
  return runClientCommand(desk, talk, read.value.command, signal);
};
