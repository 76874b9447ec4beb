/**
 * Taking in what comes by itself: states, log entries, processes, and how acts ended.
 */
import type { Level, LogEntry } from "../../core/model/events.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { type WallMs, wallMs } from "../../core/model/units.ts";
import { actEntry } from "./acts.ts";
import {
  chooseSnapshot,
  clusterOf,
  isLive,
  type LinkProblem,
  type ProcessState,
  type Received,
  type Sources,
} from "./cluster.ts";
import { type History, nothingKnown, type Sample, withSamples } from "./history.ts";
import { leaderlessThen } from "./leaderless.ts";
import { printable } from "./line.ts";
import { appendLog, type Said, saidOf } from "./log.ts";
import { type ConsoleEvent, type ConsoleModel, type Live, withFlash } from "./model.ts";
import { withReports } from "./timeline.ts";

export const heard = (
  model: ConsoleModel,
  at: WallMs,
  events: readonly ConsoleEvent[],
  second: boolean,
): ConsoleModel => {
  const sources = withSources(model.live, at, events);
  const told = withWords({ ...model.live, ...sources }, at, events);
  const live = { ...told, leaderless: leaderlessThen(told.leaderless, clusterOf(told, at), at) };
  // The first sample at once: a chart without one looks broken for a second.
  const sampled = second || live.history.second === null ? { ...live, history: measured(live, at) } : live;
  const acted = events.findLast((event) => event.kind === "acted");
  const next = { ...model, now: at, live: sampled };
  return acted === undefined ? next : withOutcome(next, acted);
};

/** What this process itself says. */
export const saidHere = (model: ConsoleModel, at: WallMs, level: Level, text: string): ConsoleModel => ({
  ...model,
  live: { ...model.live, log: appendLog(model.live.log, [ownWord(at, level, text)]) },
});

const ownWord = (at: WallMs, level: Level, text: string): Said => ({
  at,
  node: null,
  level,
  kind: null,
  text,
});

const withSources = (live: Live, at: WallMs, events: readonly ConsoleEvent[]): Sources => {
  const snapshots = new Map<NodeId, Received>(live.snapshots);
  const processes = new Map<NodeId, ProcessState>(live.processes);
  const links = new Map<NodeId, LinkProblem>(live.links);
  const heardAt = new Map<NodeId, WallMs>(live.heard);
  for (const event of events) {
    switch (event.kind) {
      case "snapshot":
        snapshots.set(event.snapshot.observer, { snapshot: event.snapshot, at });
        for (const { id, heartbeatMs } of event.snapshot.nodes)
          if (heartbeatMs !== null)
            heardAt.set(id, wallMs(Math.max(heardAt.get(id) ?? Number.NEGATIVE_INFINITY, at - heartbeatMs)));
        break;
      case "process": {
        const { state, pid, cut, reason } = event;
        const before = processes.get(event.node);
        const goesOn = before !== undefined && before.state !== "exited" && before.pid === pid;
        processes.set(event.node, {
          state,
          pid,
          cut,
          reason: reason === null ? null : printable(reason),
          since: at,
          bornAt: goesOn ? before.bornAt : at,
        });
        break;
      }
      case "link":
        if (event.problem === null) links.delete(event.node);
        else links.set(event.node, { ...event.problem, since: links.get(event.node)?.since ?? at });
        break;
      case "log":
      case "skipped":
      case "acted":
        break;
    }
  }
  return { snapshots, processes, links, heard: heardAt };
};

/** Log and timeline. Nodes report one after the other; what happened first is read first. */
const withWords = (live: Live, at: WallMs, events: readonly ConsoleEvent[]): Live => {
  const words = events.flatMap((event): readonly Word[] => wordsOf(event, at));
  if (words.length === 0) return live;
  const inOrder = words.toSorted((one, other) => one.said.at - other.said.at);
  const first = live.log.sequenceNext;
  const log = appendLog(
    live.log,
    inOrder.map(({ said }) => said),
  );
  const reports = inOrder.flatMap(({ entry }, index) =>
    entry === null ? [] : [{ entry, sequence: first + index }],
  );
  return {
    ...live,
    log,
    timeline: withReports(live.timeline, reports, {
      at,
      sources: momentOf(live, at),
      leaderless: live.leaderless,
    }),
  };
};

interface Word {
  readonly said: Said;
  readonly entry: LogEntry | null;
}

const wordsOf = (event: ConsoleEvent, at: WallMs): readonly Word[] => {
  switch (event.kind) {
    case "log":
      return [{ said: saidOf(event.entry), entry: event.entry }];
    case "skipped": {
      const text = `${event.lines} log lines of node ${event.node} are missing here: this console could not keep up`;
      return [{ said: ownWord(at, "warn", text), entry: null }];
    }
    case "acted": {
      const { act, node, problem } = event;
      const text = `${act} node ${node}: ${problem === null ? "done" : `${problem.what} — ${problem.hint}`}`;
      return [{ said: ownWord(at, problem === null ? "info" : "warn", text), entry: null }];
    }
    case "snapshot":
    case "process":
    case "link":
      return [];
  }
};

/** What must be kept to show this moment again: of all views only the one that counts. */
const momentOf = (sources: Sources, at: WallMs): Sources => {
  const chosen = chooseSnapshot(sources, at);
  const snapshots: ReadonlyMap<NodeId, Received> =
    chosen === null ? new Map() : new Map([[chosen.snapshot.observer, { ...chosen, at }]]);
  return { ...pickSources(sources), snapshots };
};

const pickSources = ({ snapshots, processes, links, heard }: Sources): Sources => ({
  snapshots,
  processes,
  links,
  heard,
});

const orNaN = (value: number | null): number => value ?? Number.NaN;

const measured = (live: Live, at: WallMs): History => {
  const cluster = clusterOf(live, at);
  if (cluster === null) return live.history;
  const samples = cluster.nodes.map(({ view, state }): readonly [NodeId, Sample] => [
    view.id,
    isLive(state) && !cluster.stale
      ? {
          load: orNaN(view.load),
          uploads: orNaN(view.uploadsPerSecond),
          p50: orNaN(view.uploadMsP50),
          p99: orNaN(view.uploadMsP99),
        }
      : nothingKnown,
  ]);
  return withSamples(live.history, Math.floor(at / 1_000), new Map(samples));
};

const withOutcome = (
  model: ConsoleModel,
  { act, node, problem }: Extract<ConsoleEvent, { readonly kind: "acted" }>,
): ConsoleModel =>
  problem === null
    ? withFlash(model, `${actEntry(act).name} node ${node}: done`, "good")
    : withFlash(model, `${act} node ${node}: ${problem.what} — ${problem.hint}`, "bad");
