/**
 * A cluster on this machine: N children, what they report put together, and their end in order.
 */
import type { LogEntry, ProcessAct } from "../../core/model/events.ts";
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
  /** It was frozen or woken, its network cut or mended. */
  | {
      readonly kind: "handled";
      readonly node: NodeId;
      readonly pid: number;
      readonly frozen: boolean;
      readonly cut: boolean;
    }
  /** `fault` is null when it stopped in good order. */
  | { readonly kind: "exited"; readonly node: NodeId; readonly pid: number; readonly fault: Fault | null }
  /** All nodes agree on a leader. Once. */
  | { readonly kind: "ready"; readonly leader: NodeId; readonly term: Term };

export interface LocalCluster {
  /** Those that run. */
  readonly children: readonly ChildNode[];
  /** Does that to a node's process. Resolves when it is done. */
  handle(act: ProcessAct, node: NodeId): Promise<void>;
  /** Stops the followers, then the leader. Resolves when all processes are gone. */
  stop(): Promise<void>;
}

interface Member {
  readonly child: ChildNode;
  frozen: boolean;
  cut: boolean;
}

export const startLocalCluster = (
  options: LaunchOptions,
  onNews: (news: ClusterNews) => void,
): LocalCluster => {
  const { config, configPath, data, acceptLoss = false } = options;
  const ids = options.only ?? config.servers.map((server) => server.id);
  const latest = new Map<NodeId, Snapshot>();
  const members = new Map<NodeId, Member>();
  let ready = false;
  const onReport = (id: NodeId, report: Report): void => {
    if (report.kind === "failed" || report.kind === "staying") return; // Told by `exited` and `release`.
    onNews(report);
    if (report.kind === "log") return;
    latest.set(id, report.snapshot);
    const agreed = ready ? null : agreement([...latest.values()], ids.length);
    if (agreed === null) return;
    ready = true;
    onNews({ kind: "ready", ...agreed });
  };
  const start = (id: NodeId): void => {
    const child = startChild({
      id,
      data,
      configPath,
      acceptLoss,
      onReport: (report) => onReport(id, report),
    });
    members.set(id, { child, frozen: false, cut: false });
    onNews({ kind: "started", node: id, pid: child.pid });
    void child.exited.then((problem) => {
      if (members.get(id)?.child === child) members.delete(id);
      latest.delete(id);
      onNews({ kind: "exited", node: id, pid: child.pid, fault: problem });
    });
  };
  const change = (member: Member, changes: Partial<Pick<Member, "frozen" | "cut">>): void => {
    Object.assign(member, changes);
    const { child, frozen, cut } = member;
    onNews({ kind: "handled", node: child.id, pid: child.pid, frozen, cut });
  };
  for (const id of ids) start(id);
  return {
    get children() {
      return [...members.values()].map(({ child }) => child);
    },
    handle: async (act, id) => {
      const member = members.get(id);
      if (act === "start" && member === undefined) start(id);
      if (member !== undefined) await handleMember(member, act, change);
    },
    stop: async () => {
      const children = [...members.values()].map(({ child }) => child);
      const leader = leaderOf([...latest.values()]);
      const followers = children.filter((child) => child.id !== leader);
      await Promise.all(followers.map((child) => child.stop()));
      await Promise.all(children.map((child) => child.stop()));
    },
  };
};

const handleMember = async (
  member: Member,
  act: ProcessAct,
  change: (member: Member, changes: Partial<Pick<Member, "frozen" | "cut">>) => void,
): Promise<void> => {
  const { child } = member;
  switch (act) {
    case "start":
      return;
    case "stop":
      return child.stop();
    case "kill":
      child.signal("SIGKILL");
      await child.exited;
      return;
    case "freeze":
      child.signal("SIGSTOP");
      return change(member, { frozen: true });
    case "wake":
      child.signal("SIGCONT");
      return change(member, { frozen: false });
    case "cut":
    case "mend":
      child.order({ kind: "cut", cut: act === "cut" });
      return change(member, { cut: act === "cut" });
  }
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
