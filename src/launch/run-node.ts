/**
 * Being a node: start, tell what happens, and stop in good order when asked.
 *
 * What happens goes to standard output as JSON lines, or to the parent process when there is one. A parent
 * that dies takes its nodes with it: the channel closes, and the node stops.
 */
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { type NodeOptions, type RunningNode, startNode } from "../../core/io/node.ts";
import { type Event, type LogEntry, levelOf, sentenceOf } from "../../core/model/events.ts";
import { type ExitCode, exitCodeOf } from "../../core/model/faults.ts";
import type { WallMs } from "../../core/model/units.ts";
import { complain } from "../output.ts";
import { type LogFile, openLogFile } from "./log-file.ts";
import { isOrder, type Report } from "./report.ts";

/** How often the parent is shown the whole state; changes are told at once besides. */
const snapshotMs = 1_000;

export const runNode = async (options: Omit<NodeOptions, "onEvent" | "onChange">): Promise<ExitCode> => {
  preferHeartbeats();
  const toParent = process.connected ? reporter() : null;
  const staying = { log: null as LogFile | null };
  const stopping = stopSignal(toParent !== null, () => staying.log !== null);
  const tell = (event: Event, at: WallMs): void => {
    const entry: LogEntry = { at, node: options.id, level: levelOf(event), event };
    if (staying.log !== null) staying.log.add(logLine(entry));
    else if (toParent === null) process.stdout.write(`${logLine(entry)}\n`);
    else toParent({ kind: "log", entry });
  };
  let node: RunningNode | null = null;
  process.on("message", (message: unknown) => {
    if (!isOrder(message)) return;
    if (message.kind === "cut") node?.cutNetwork(message.cut);
    else {
      const logPath = join(options.data, `node${options.id}.log`);
      // Where the parent listened nobody will; a write there must not end this process.
      process.stderr.on("error", () => undefined);
      staying.log = openLogFile(logPath);
      toParent?.({ kind: "staying", logPath });
    }
  });
  const showState = (): void => {
    if (node !== null) toParent?.({ kind: "snapshot", snapshot: node.snapshot() });
  };
  const started = await startNode({ ...options, onEvent: tell, onChange: showState });
  if (!started.ok) {
    toParent?.({ kind: "failed", fault: started.fault });
    if (toParent === null) complain(started.fault, {});
    letParentGo();
    return exitCodeOf(started.fault);
  }
  node = started.value;
  const timer = setInterval(showState, snapshotMs);
  showState();
  await stopping;
  clearInterval(timer);
  await node.stop();
  letParentGo();
  return 0;
};

/**
 * A node that waits behind a build or a backup for the processor looks dead to its peers. Where the system
 * lets us (root, or CAP_SYS_NICE), its process goes first; elsewhere it runs as everybody.
 */
const preferHeartbeats = (): void => {
  try {
    setPriority(constants.priority.PRIORITY_HIGH);
  } catch {
    // Not allowed to: then not.
  }
};

/** The open channel would keep this process alive. What was sent is still delivered. */
const letParentGo = (): void => {
  if (process.connected) process.disconnect();
};

/** Sends to the parent; once it is gone, to nobody. */
const reporter =
  () =>
  (report: Report): void => {
    if (process.connected) process.send?.(report, undefined, {}, () => undefined);
  };

/** Resolves at SIGTERM, SIGHUP or, without a parent, SIGINT; with one, when it is gone, unless this node `stays`. */
const stopSignal = (hasParent: boolean, stays: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => resolve();
    process.on("SIGTERM", stop);
    process.on("SIGHUP", hasParent ? () => undefined : stop);
    // ^C reaches the whole group; with a parent, that one decides in which order its nodes stop.
    process.on("SIGINT", hasParent ? () => undefined : stop);
    if (!hasParent) return;
    process.on("disconnect", () => {
      if (!stays()) stop();
    });
    // Nor does ^Z stop the nodes: it gives the shell back, and the console.
    process.on("SIGTSTP", () => undefined);
  });

/** One line of the log: time, node, level, event, the sentence, and the event's own fields. */
const logLine = ({ at, node, level, event }: LogEntry): string => {
  const { kind, ...fields } = event;
  const message = sentenceOf(node, event);
  return JSON.stringify({ at: new Date(at).toISOString(), node, level, event: kind, message, ...fields });
};
