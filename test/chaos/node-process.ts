/**
 * One life of one node as a process. What it says goes into a file, line by line; of what it said only the kinds are
 * kept in memory, so that a run may last for hours.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it said on standard error: nothing, unless it has a bug. */
  readonly complaints: string;
}

export interface NodeProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** How often it has said what. */
  readonly said: ReadonlyMap<string, number>;
}

export interface Start {
  /** The whole command line. */
  readonly command: readonly string[];
  readonly folder: string;
  /** Where its words go; complaints go beside it. */
  readonly logPath: string;
  readonly onSaid: (event: string, message: string) => void;
}

/** Complaints are short; a program that never stops complaining must not fill the memory. */
const complaintsMax = 20_000;

export const startProcess = ({ command, folder, logPath, onSaid }: Start): NodeProcess => {
  const [program = "", ...words] = command;
  const env = { ...process.env, NODE_ENV: "production" };
  // Apart from the terminal: an interrupt there is for whoever tells the story.
  const child = spawn(program, words, {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const said = new Map<string, number>();
  const log = createWriteStream(logPath);
  let complaints = "";
  child.stderr.on("data", (bytes: Buffer) => {
    complaints = `${complaints}${bytes}`.slice(0, complaintsMax);
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    log.write(`${line}\n`);
    const { event, message } = wordsIn(line);
    said.set(event, (said.get(event) ?? 0) + 1);
    onSaid(event, message);
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => {
      log.end(complaints);
      resolve({ code, signal, complaints });
    });
  });
  return { child, ended, said };
};

/** A line that is no event is told as one, for whoever counts. */
const wordsIn = (line: string): { readonly event: string; readonly message: string } => {
  try {
    const { event, message } = JSON.parse(line) as Record<string, unknown>;
    return { event: String(event), message: String(message) };
  } catch {
    return { event: "no event", message: line };
  }
};
