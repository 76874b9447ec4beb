/**
 * The console's one decision: what a message makes of the model, and what is to be done about it.
 *
 * Nothing here knows a terminal, a clock or a socket; what has to happen outside is returned as commands. What
 * comes in is taken in here, what a person presses in `press.ts`.
 */
import type { Level } from "../../core/model/events.ts";
import type { NodeId } from "../../core/model/ids.ts";
import type { WallMs } from "../../core/model/units.ts";
import { type ClientEvent, clientHeard } from "./client.ts";
import { clusterOf, isLive, type ProcessState, type Received } from "./cluster.ts";
import type { Size } from "./layout.ts";
import { printable } from "./line.ts";
import { appendLog, type Said, saidOf } from "./log.ts";
import {
  type ConsoleEvent,
  type ConsoleModel,
  type Live,
  type LoadHistory,
  loadSamplesMax,
  shownNodes,
} from "./model.ts";
import { pasted, press, type Updated } from "./press.ts";

export type Message =
  /** What came in since the last such message, oldest first. */
  | { readonly kind: "news"; readonly at: WallMs; readonly events: readonly ConsoleEvent[] }
  /** Once a second. */
  | { readonly kind: "tick"; readonly at: WallMs }
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "paste"; readonly text: string }
  | { readonly kind: "resize"; readonly size: Size }
  /** From whoever runs the client's commands. */
  | { readonly kind: "client"; readonly event: ClientEvent }
  /** What this process itself would have printed. */
  | { readonly kind: "said"; readonly at: WallMs; readonly level: Level; readonly text: string };

export const update = (model: ConsoleModel, message: Message): Updated => {
  const [next, commands] = decided(model, message);
  return [withSelection(next), commands];
};

const decided = (model: ConsoleModel, message: Message): Updated => {
  switch (message.kind) {
    case "news":
      return [heard(model, message.at, message.events), []];
    case "tick":
      return [ticked(model, message.at), []];
    case "said":
      return [withLog(model, [{ at: message.at, node: null, level: message.level, text: message.text }]), []];
    case "resize":
      return [{ ...model, size: message.size }, []];
    case "paste":
      return [pasted(model, message.text), []];
    case "client":
      return [{ ...model, client: clientHeard(model.client, message.event) }, []];
    case "key":
      return press(model, message.key);
  }
};

const heard = (model: ConsoleModel, at: WallMs, events: readonly ConsoleEvent[]): ConsoleModel => {
  const snapshots = new Map<NodeId, Received>(model.live.snapshots);
  const processes = new Map<NodeId, ProcessState>(model.live.processes);
  const said: Said[] = [];
  for (const event of events) {
    switch (event.kind) {
      case "snapshot":
        snapshots.set(event.snapshot.observer, { snapshot: event.snapshot, at });
        break;
      case "process":
        processes.set(event.node, {
          state: event.state,
          pid: event.pid,
          reason: event.reason === null ? null : printable(event.reason),
          since: at,
        });
        break;
      case "log":
        said.push(saidOf(event.entry));
        break;
    }
  }
  // Nodes report one after the other; what happened first is read first.
  const inOrder = said.toSorted((one, other) => one.at - other.at);
  const live = { ...model.live, snapshots, processes, log: appendLog(model.live.log, inOrder) };
  // The first sample at once: a chart without one looks broken for a second.
  const loads = live.loads.size === 0 ? sampled(live, at) : live.loads;
  return { ...model, now: at, live: { ...live, loads } };
};

const ticked = (model: ConsoleModel, at: WallMs): ConsoleModel => ({
  ...model,
  now: at,
  live: { ...model.live, loads: sampled(model.live, at) },
});

/** One more sample for each node, and none for nodes that left the cluster. */
const sampled = (live: Live, at: WallMs): LoadHistory => {
  const cluster = clusterOf(live, at);
  if (cluster === null) return live.loads;
  const known = Math.max(0, ...[...live.loads.values()].map((samples) => samples.length));
  return new Map(
    cluster.nodes.map((node) => {
      const before = live.loads.get(node.view.id) ?? Array<null>(known).fill(null);
      const load = isLive(node.state) && !cluster.stale ? node.view.load : null;
      return [node.view.id, [...before, load].slice(-loadSamplesMax)];
    }),
  );
};

const withLog = (model: ConsoleModel, said: readonly Said[]): ConsoleModel => ({
  ...model,
  live: { ...model.live, log: appendLog(model.live.log, said) },
});

/**
 * The selection stays on a node that shows: the first when it has gone. Any message can take it away, because time
 * alone can change whose view shows.
 */
const withSelection = (model: ConsoleModel): ConsoleModel => {
  const nodes = shownNodes(model);
  if (model.selected !== null && nodes.includes(model.selected)) return model;
  return { ...model, selected: nodes[0] ?? null };
};
