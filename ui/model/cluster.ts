/**
 * One picture of the cluster out of what several observers say.
 *
 * Each node sends its own view. The leader's is the best informed, so it is shown when a node claims to lead in
 * the highest term; otherwise the view that hears most nodes. Two things overrule every view: a process that
 * is known to have ended is down, until somebody has heard that node again for certain, and a view that nobody
 * has renewed for `staleMsMax` is marked as old.
 */
import type { NodeId, Term } from "../../core/model/ids.ts";
import type { LinkView, NodeState, NodeView, RiskView, Snapshot } from "../../core/model/snapshot.ts";
import type { WallMs } from "../../core/model/units.ts";

/** Snapshots come once a second and at each change; after this long without one, what is shown is called old. */
export const staleMsMax = 3_500;

/** Every node speaks once a second: one whose word is so much older than another's has fallen silent. */
export const behindMsMax = 2_100;

/** What is heard of a node this long after its process ended is of a new process, not late news of the old. */
export const lateNewsMsMax = 1_000;

/** A process needs seconds to become a node that is heard; one that takes longer than this hangs. */
export const startingMsMax = 30_000;

/** A snapshot and when the console got it, by the console's own clock (observers' clocks may differ). */
export interface Received {
  readonly snapshot: Snapshot;
  readonly at: WallMs;
}

export interface ProcessState {
  /** `frozen`: stopped by a signal, and nobody can tell but who did it. */
  readonly state: "starting" | "running" | "frozen" | "exited";
  /** Its network is cut. */
  readonly cut: boolean;
  readonly pid: number | null;
  readonly reason: string | null;
  readonly since: WallMs;
  /** When this process began, whatever was done to it since. */
  readonly bornAt: WallMs;
}

/** Why this console hears nothing of a node directly, though others may. */
export interface LinkProblem {
  readonly what: string;
  readonly hint: string;
  readonly since: WallMs;
}

export interface Sources {
  readonly snapshots: ReadonlyMap<NodeId, Received>;
  readonly processes: ReadonlyMap<NodeId, ProcessState>;
  readonly links: ReadonlyMap<NodeId, LinkProblem>;
  /** When anybody last heard the node, as far as this console was told: an observer that has just started knows less. */
  readonly heard: ReadonlyMap<NodeId, WallMs>;
}

export interface ClusterNode {
  readonly view: NodeView;
  readonly state: NodeState;
  readonly leads: boolean;
  /**
   * For how long nothing was heard of it: by the observer, or where that has never heard it, by anybody. 0 for the
   * observer; null when nobody has heard it since this console looks.
   */
  readonly silentMs: number | null;
  /** Why its process ended, where the console started it. */
  readonly exit: string | null;
  /** The process that the console started, while it is there. */
  readonly pid: number | null;
  readonly process: ProcessState | null;
  /** Since its process was started, while nothing has been heard of that process; null when it is none of ours. */
  readonly unheardMs: number | null;
  readonly link: LinkProblem | null;
}

export interface ClusterView {
  readonly observer: NodeId;
  readonly ageMs: number;
  readonly stale: boolean;
  readonly term: Term | null;
  readonly leader: NodeId | null;
  readonly quorum: { readonly live: number; readonly needed: number; readonly ok: boolean };
  readonly tolerance: number;
  readonly nodes: readonly ClusterNode[];
  readonly links: readonly LinkView[];
  readonly risk: RiskView | null;
}

/** Null until the first snapshot has come. */
export const clusterOf = (sources: Sources, now: WallMs): ClusterView | null => {
  const chosen = chooseSnapshot(sources, now);
  if (chosen === null) return null;
  const { snapshot } = chosen;
  const ageMs = Math.max(0, now - chosen.at);
  const stale = ageMs > staleMsMax;
  const nodes = snapshot.nodes.map((view) => clusterNode(view, sources, now, { received: chosen, stale }));
  const overruled = nodes.filter((node) => isLive(node.view.state) && !isLive(node.state)).length;
  const live = Math.max(0, snapshot.quorum.live - overruled);
  const leaderUp = nodes.some((node) => node.leads);
  return {
    observer: snapshot.observer,
    ageMs,
    stale,
    term: snapshot.term,
    leader: leaderUp ? snapshot.leader : null,
    quorum: {
      live,
      needed: snapshot.quorum.needed,
      ok: live >= snapshot.quorum.needed && snapshot.quorum.ok,
    },
    tolerance: Math.max(0, snapshot.tolerance - overruled),
    nodes,
    links: snapshot.links,
    risk: snapshot.risk,
  };
};

/** Down only because its process is not yet far enough to be heard. */
export const isStarting = ({ state, unheardMs }: ClusterNode): boolean =>
  state === "down" && unheardMs !== null && unheardMs < startingMsMax;

export const isLive = (state: NodeState): boolean => state === "up" || state === "suspect";

/** The snapshot to show, by the rule on top of this page; null when there is none. */
export const chooseSnapshot = (sources: Sources, now: WallMs): Received | null => {
  const all = [...sources.snapshots.values()];
  const newest = Math.max(...all.map(({ at }) => at));
  const fresh = all.filter(
    (received) =>
      now - received.at <= staleMsMax &&
      newest - received.at <= behindMsMax &&
      sources.processes.get(received.snapshot.observer)?.state !== "exited",
  );
  const best = fresh.length > 0 ? fresh.toSorted(better) : all.toSorted((one, other) => other.at - one.at);
  return best[0] ?? null;
};

const better = (one: Received, other: Received): number => {
  const [claimOne, claimOther] = [claimOf(one.snapshot), claimOf(other.snapshot)];
  if (claimOne !== claimOther) return claimOther - claimOne;
  const heard = other.snapshot.quorum.live - one.snapshot.quorum.live;
  if (heard !== 0) return heard;
  return (
    (other.snapshot.term ?? 0) - (one.snapshot.term ?? 0) || one.snapshot.observer - other.snapshot.observer
  );
};

/** The term in which its observer itself claims to lead; -1 for everybody else. */
const claimOf = (snapshot: Snapshot): number =>
  snapshot.leader === snapshot.observer ? (snapshot.term ?? -1) : -1;

const clusterNode = (
  view: NodeView,
  sources: Sources,
  now: WallMs,
  from: { readonly received: Received; readonly stale: boolean },
): ClusterNode => {
  const process = sources.processes.get(view.id);
  const exited = process?.state === "exited" && !isHeardAgain(view, process, from.received);
  const ageMs = from.stale ? Math.max(0, now - from.received.at) : 0;
  const silentMs = view.heartbeatMs === null ? sinceHeard(view.id, sources, now) : view.heartbeatMs + ageMs;
  const state = exited ? "down" : view.state;
  return {
    view,
    state,
    leads: view.id === from.received.snapshot.leader && isLive(state),
    silentMs: exited ? Math.max(0, now - process.since) : silentMs,
    exit: exited ? (process.reason ?? "its process ended") : null,
    pid: process === undefined || process.state === "exited" ? null : process.pid,
    process: process ?? null,
    unheardMs:
      process === undefined ? null : unheardFor(process, lastHeard(view, sources, from.received), now),
    link: sources.links.get(view.id) ?? null,
  };
};

const sinceHeard = (id: NodeId, { heard }: Sources, now: WallMs): number | null => {
  const at = heard.get(id);
  return at === undefined ? null : Math.max(0, now - at);
};

const lastHeard = ({ id, heartbeatMs }: NodeView, { heard }: Sources, { at }: Received): number =>
  Math.max(heard.get(id) ?? never, heartbeatMs === null ? never : at - heartbeatMs);
const never = Number.NEGATIVE_INFINITY;

/** What was heard before it began was of another process, and late news of that one may come a little after. */
const unheardFor = ({ state, cut, bornAt }: ProcessState, heardAt: number, now: WallMs): number | null => {
  const runs = !cut && (state === "starting" || state === "running");
  return runs && heardAt <= bornAt + lateNewsMsMax ? Math.max(0, now - bornAt) : null;
};

/** Somebody else may have started the node again, from another terminal. */
const isHeardAgain = (view: NodeView, process: ProcessState, { at }: Received): boolean =>
  view.heartbeatMs !== null && at - view.heartbeatMs > process.since + lateNewsMsMax;
