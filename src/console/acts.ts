/**
 * What a console can do to nodes, performed: by an operator's request over the wire, or to a process of our own.
 *
 * An act that is new in `ui/model/acts.ts` is done here.
 */
import { askMoveLead, askOperator } from "../../core/io/client/operator.ts";
import type { Session } from "../../core/io/client/session.ts";
import type { ProcessAct } from "../../core/model/events.ts";
import { fault, good, type Result, wordFault } from "../../core/model/faults.ts";
import type { NodeId } from "../../core/model/ids.ts";
import type { ActName, ConsoleActs, Problem } from "../../ui/run.ts";

const wireActs = ["move-lead", "drain", "undrain", "check", "pause"] as const satisfies readonly ActName[];
type WireAct = (typeof wireActs)[number];
const processActs = [
  "start",
  "stop",
  "kill",
  "restart",
  "freeze",
  "wake",
  "cut",
  "mend",
] as const satisfies readonly ActName[];

const isWireAct = (act: ActName): act is WireAct => (wireActs as readonly ActName[]).includes(act);

export const noActs: ConsoleActs = { names: [], perform: async () => null };

/** Whoever runs the nodes as processes. */
export interface Processes {
  /** Does it, and logs that `by` did it. */
  handle(act: ProcessAct, node: NodeId): Promise<void>;
}

/** `session` is an operator's, or null where none is; `processes` null where the nodes are not ours. */
export const consoleActs = (session: Session | null, processes: Processes | null): ConsoleActs => ({
  names: [...(session === null ? [] : wireActs), ...(processes === null ? [] : processActs)],
  perform: async (act, node) => {
    if (isWireAct(act))
      return problemOf(session === null ? missing() : await performOnWire(session, act, node));
    if (processes === null) return problemOf(missing());
    if (act === "restart") {
      await processes.handle("stop", node);
      await processes.handle("start", node);
    } else await processes.handle(act, node);
    return null;
  },
});

const missing = (): Result<void> => ({
  ok: false,
  fault: fault("NOT_ALLOWED", { what: "this act, from here" }),
});

const problemOf = (done: Result<void>): Problem | null => (done.ok ? null : wordFault(done.fault));

const performOnWire = async (session: Session, act: WireAct, node: NodeId): Promise<Result<void>> => {
  switch (act) {
    case "move-lead":
      return moveLead(session, node);
    case "drain":
    case "undrain":
      return askOperator(session, node, { kind: "drain", drained: act === "drain" });
    case "check":
    case "pause":
      return askOperator(session, node, { kind: "scrub", action: act === "check" ? "start" : "pause" });
  }
};

/** Whoever is asked first names who leads. */
const moveLead = async (session: Session, node: NodeId): Promise<Result<void>> => {
  let last: Result<void> = good(undefined);
  for (const server of [...session.servers].reverse()) {
    last = await askMoveLead(session, server, node);
    if (
      last.ok ||
      !["CONNECTION_REFUSED", "CONNECTION_LOST", "TIMED_OUT", "NOT_LEADER"].includes(last.fault.code)
    )
      return last;
  }
  return last;
};
