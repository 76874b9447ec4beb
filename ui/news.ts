/**
 * Collects what comes in and hands it on when a person can use it.
 *
 * Numbers change all the time and are worth a look once a second; drawing is what costs, and what changes four times
 * a second cannot be read. What has happened is worth showing at once: log entries, processes, and states in which
 * somebody leads, dies or returns. A flood of entries is drawn four times a second. Of states and processes only
 * the newest of each node counts; of log lines as many as the log can hold.
 */
import type { NodeId } from "../core/model/ids.ts";
import type { Snapshot } from "../core/model/snapshot.ts";
import { logLinesMax } from "./model/log.ts";
import type { ConsoleEvent } from "./model/model.ts";

/** Between an event and its delivery, so that what belongs together comes together. */
const gatherMs = 60;
/** Between two deliveries while one event chases the next. */
const floodMs = 250;
const secondMs = 1_000;

export interface NewsDesk {
  add(event: ConsoleEvent): void;
  /** Forgets what has not been delivered. */
  close(): void;
}

/** `deliver` gets what was collected, once a second in any case; `nowMs` may be of any clock that goes on. */
export const openNewsDesk = (
  deliver: (events: readonly ConsoleEvent[], second: boolean) => void,
  nowMs: () => number,
): NewsDesk => {
  const latest = new Map<string, ConsoleEvent>();
  const shown = new Map<NodeId, string>();
  let inOrder: ConsoleEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  let deliveredAt = Number.NEGATIVE_INFINITY;

  const keep = (event: ConsoleEvent): void => {
    switch (event.kind) {
      case "process":
      case "link":
        latest.set(`${event.kind} ${event.node}`, event);
        break;
      case "snapshot":
        latest.set(`snapshot ${event.snapshot.observer}`, event);
        break;
      case "log":
      case "skipped":
      case "acted":
        inOrder.push(event);
        // Cut seldom, to the newest, so that a flood costs little for each line.
        if (inOrder.length > 2 * logLinesMax) inOrder = inOrder.slice(-logLinesMax);
        break;
    }
  };
  const isUrgent = (event: ConsoleEvent): boolean => {
    if (event.kind === "log") return event.entry.level !== "debug";
    if (event.kind !== "snapshot") return true;
    const outline = outlineOf(event.snapshot);
    const changed = shown.get(event.snapshot.observer) !== outline;
    shown.set(event.snapshot.observer, outline);
    return changed;
  };
  const handOver = (second: boolean): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    deliveredAt = nowMs();
    const events = [...latest.values(), ...inOrder];
    latest.clear();
    inOrder = [];
    deliver(events, second);
  };
  const clock = setInterval(() => handOver(true), secondMs);
  return {
    add: (event) => {
      keep(event);
      if (!isUrgent(event) || timer !== null) return;
      const sinceMs = nowMs() - deliveredAt;
      timer = setTimeout(() => handOver(false), Math.max(gatherMs, floodMs - sinceMs));
    },
    close: () => {
      clearInterval(clock);
      if (timer !== null) clearTimeout(timer);
      timer = null;
      latest.clear();
      inOrder = [];
    },
  };
};

/** Of a state what should be seen at once when it changes. */
const outlineOf = ({ leader, term, quorum, tolerance, nodes }: Snapshot): string =>
  `${leader} ${term} ${quorum.live} ${quorum.ok} ${tolerance} ${nodes
    .map(({ state, drained, readOnly }) => `${state}${drained}${readOnly}`)
    .join(" ")}`;
