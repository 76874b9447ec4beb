/**
 * A cluster on this machine: N children, what they report put together, and their end in order.
 */
import type { LogEntry } from "../../core/model/events.ts";
import type { Fault } from "../../core/model/faults.ts";
import type { NodeId, Term } from "../../core/model/ids.ts";
import type { Snapshot } from "../../core/model/snapshot.ts";
import { type ChildNode, startChild } from "./child.ts";
import type { LaunchOptions } from "./local-config.ts";
import type { Report } from "./report.ts";

export type ClusterNews =
  | { readonly kind: "log"; readonly entry: LogEntry }
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  | { readonly kind: "started"; readonly node: NodeId; readonly pid: number }
  /** `fault` is null when it stopped in good order. */
  | { readonly kind: "exited"; readonly node: NodeId; readonly pid: number; readonly fault: Fault | null }
  /** All nodes agree on a leader. Once. */
  | { readonly kind: "ready"; readonly leader: NodeId; readonly term: Term };

export interface LocalCluster {
  readonly children: readonly ChildNode[];
  /** Stops the followers, then the leader. Resolves when all processes are gone. */
  stop(): Promise<void>;
}

export const startLocalCluster = (
  options: LaunchOptions,
  onNews: (news: ClusterNews) => void,
): LocalCluster => {
  const { config, configPath, data, acceptLoss = false } = options;
  const latest = new Map<NodeId, Snapshot>();
  let ready = false;
  const onReport = (id: NodeId, report: Report): void => {
    if (report.kind === "failed") return; // `exited` tells it.
    onNews(report);
    if (report.kind === "log") return;
    latest.set(id, report.snapshot);
    const agreed = ready ? null : agreement([...latest.values()], ids.length);
    if (agreed === null) return;
    ready = true;
    onNews({ kind: "ready", ...agreed });
  };
  const ids = options.only ?? config.servers.map((server) => server.id);
  const children = ids.map((id) => {
    const child = startChild({
      id,
      data,
      configPath,
      acceptLoss,
      onReport: (report) => onReport(id, report),
    });
    onNews({ kind: "started", node: id, pid: child.pid });
    void child.exited.then((problem) => {
      latest.delete(id);
      onNews({ kind: "exited", node: id, pid: child.pid, fault: problem });
    });
    return child;
  });
  const stop = async (): Promise<void> => {
    const leader = leaderOf([...latest.values()]);
    const followers = children.filter((child) => child.id !== leader);
    await Promise.all(followers.map((child) => child.stop()));
    await Promise.all(children.map((child) => child.stop()));
  };
  return { children, stop };
};

/** The leader and term that all `nodes` name; null while they do not. */
const agreement = (
  snapshots: readonly Snapshot[],
  nodes: number,
): { readonly leader: NodeId; readonly term: Term } | null => {
  const [first] = snapshots;
  if (first === undefined || snapshots.length < nodes) return null;
  const { leader, term } = first;
  if (leader === null || term === null) return null;
  const all = snapshots.every((snapshot) => snapshot.leader === leader && snapshot.term === term);
  return all ? { leader, term } : null;
};

/** Whom the node in the highest term follows. */
const leaderOf = (snapshots: readonly Snapshot[]): NodeId | null =>
  [...snapshots].sort((a, b) => (b.term ?? 0) - (a.term ?? 0))[0]?.leader ?? null;
