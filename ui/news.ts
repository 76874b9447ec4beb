/**
 * Collects what comes in and hands it on a few times a second.
 *
 * Three nodes send thirty snapshots a second, and an election a hundred log lines at once; nobody can read
 * faster than the screen is drawn, and drawing is what costs. Of snapshots and process states only the newest
 * of each node counts; of log lines as many as the log can hold.
 */
import type { NodeId } from "../core/model/ids.ts";
import { logLinesMax } from "./model/log.ts";
import type { ConsoleEvent } from "./model/model.ts";

/** Between two deliveries: four a second. */
const deliveryMs = 250;

export interface NewsDesk {
  add(event: ConsoleEvent): void;
  /** Forgets what has not been delivered. */
  close(): void;
}

/** `deliver` gets what was collected: process states, snapshots, then log entries, oldest first; never nothing. */
export const openNewsDesk = (deliver: (events: readonly ConsoleEvent[]) => void): NewsDesk => {
  const processes = new Map<NodeId, ConsoleEvent>();
  const snapshots = new Map<NodeId, ConsoleEvent>();
  let entries: ConsoleEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;

  const keep = (event: ConsoleEvent): void => {
    switch (event.kind) {
      case "process":
        processes.set(event.node, event);
        break;
      case "snapshot":
        snapshots.set(event.snapshot.observer, event);
        break;
      case "log":
        entries.push(event);
        // Cut seldom, to the newest, so that a flood costs little for each line.
        if (entries.length > 2 * logLinesMax) entries = entries.slice(-logLinesMax);
        break;
    }
  };
  const forget = (): readonly ConsoleEvent[] => {
    const all = [...processes.values(), ...snapshots.values(), ...entries];
    processes.clear();
    snapshots.clear();
    entries = [];
    timer = null;
    return all;
  };
  return {
    add: (event) => {
      keep(event);
      timer ??= setTimeout(() => deliver(forget()), deliveryMs);
    },
    close: () => {
      if (timer !== null) clearTimeout(timer);
      forget();
    },
  };
};
