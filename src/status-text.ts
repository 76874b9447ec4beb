/** A snapshot for scripts and, as a table, for people. */
import { sayBytes } from "../core/model/faults.ts";
import { sayNodes } from "../core/model/say.ts";
import type { NodeView, RebuildView, RiskView, Snapshot } from "../core/model/snapshot.ts";

/** The object that `docs` and tests outside this repo know. */
export const statusJson = (snapshot: Snapshot) => ({
  term: snapshot.term,
  leader: snapshot.leader,
  quorum: snapshot.quorum.ok,
  live: snapshot.quorum.live,
  needed: snapshot.quorum.needed,
  tolerance: snapshot.tolerance,
  observer: snapshot.observer,
  risk: snapshot.risk,
  nodes: snapshot.nodes.map((node) => ({
    id: node.id,
    address: node.address,
    state: node.state,
    role: node.role,
    heartbeatMs: node.heartbeatMs,
    inFlight: node.inFlight,
    load: node.load,
    images: node.images,
    payloadBytes: node.payloadBytes,
    diskFreeBytes: node.diskFreeBytes,
    uptimeMs: node.uptimeMs,
    drained: node.drained,
    readOnly: node.readOnly,
    rebuild: node.rebuild,
    scrub: node.scrub,
  })),
});

/** `width`: the cells of a row. What matters least is left out of a table that does not fit. */
export const statusLines = (snapshot: Snapshot, width: number): readonly string[] => {
  const { leader, term, quorum, tolerance } = snapshot;
  const leads = leader === null ? "no leader" : `node ${leader} leads term ${term}`;
  const has = quorum.ok ? "quorum" : "NO QUORUM";
  return [
    `${leads} · ${has} (${quorum.live} live, ${quorum.needed} needed) · tolerates ${tolerance}`,
    ...tableOf([header, ...snapshot.nodes.map(rowOf)], width),
    ...riskLines(snapshot.risk),
    ...snapshot.nodes.flatMap(troubleLines),
  ];
};

/** Left out in this order until the rest fits. */
const spare = ["address", "in flight", "load", "up"] as const;
const gap = 2;

const tableOf = (rows: readonly (readonly string[])[], width: number): readonly string[] => {
  const widths = header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const kept = new Set<string>(header);
  const needed = (): number =>
    header.reduce((sum, title, column) => sum + (kept.has(title) ? (widths[column] ?? 0) + gap : 0), -gap);
  for (const title of spare) if (needed() > width) kept.delete(title);
  return rows.map((row) =>
    row
      .flatMap((cell, column) => (kept.has(header[column] ?? "") ? [cell.padEnd(widths[column] ?? 0)] : []))
      .join(" ".repeat(gap))
      .trimEnd(),
  );
};

/** What would be lost, and how soon it is safe. */
const riskLines = (risk: RiskView | null): readonly string[] => {
  if (risk === null) return [];
  const { underReplicated, unreadable, missingBytes, safeInMs } = risk;
  if (underReplicated === 0) return ["every image has its copies"];
  const soon = safeInMs === null ? "" : `, safe in about ${sayDuration(safeInMs)}`;
  const count = (images: number): string => (images === 1 ? "1 image has" : `${images} images have`);
  return [
    `AT RISK: ${count(underReplicated)} fewer copies than wanted, ${sayBytes(missingBytes)} to copy${soon}`,
    ...(unreadable === 0 ? [] : [`UNREADABLE now: ${count(unreadable)} no copy on a node that is up`]),
  ];
};

/** What a node is at besides serving, and why it takes no images. */
const troubleLines = ({ id, rebuild, scrub, readOnly, drained }: NodeView): readonly string[] => [
  ...(rebuild === null ? [] : [`node ${id} ${sayRebuild(rebuild)}`]),
  ...(readOnly === true ? [`node ${id} takes no new images: its disk is full or has failed`] : []),
  ...(drained === true ? [`node ${id} takes no new images: an operator wants it so`] : []),
  ...(scrub !== null && scrub.bad > 0
    ? [
        `node ${id} found ${scrub.bad} damaged copies, made ${scrub.repaired} anew, ${scrub.unrepairable} cannot be`,
      ]
    : []),
];

const sayRebuild = (rebuild: RebuildView): string => {
  const { phase, doneBytes, totalBytes, imagesLeft, bytesPerSecond, etaMs, waitingFor } = rebuild;
  if (phase === "waiting") return `waits for ${sayNodes(waitingFor)} before it is filled or speaks`;
  const share = totalBytes === 0 ? 0 : Math.floor((100 * doneBytes) / totalBytes);
  const rate = bytesPerSecond === null ? "" : `, ${sayBytes(bytesPerSecond)}/s`;
  const left = etaMs === null ? "" : `, about ${sayDuration(etaMs)} left`;
  if (phase === "records") return `is being filled with records: ${share} %${rate}${left}`;
  return `fetches ${imagesLeft === 1 ? "1 copy" : `${imagesLeft} copies`}: ${share} %${rate}${left}`;
};

const header = [
  "node",
  "state",
  "role",
  "heartbeat",
  "load",
  "in flight",
  "images",
  "stored",
  "free",
  "up",
  "address",
];

/** Of a node that is down only what its disk holds is still so; what it said of itself last is no news. */
const rowOf = (node: NodeView): readonly string[] => {
  const { role, load, inFlight, uptimeMs } =
    node.state === "down" ? { role: "-", load: null, inFlight: null, uptimeMs: null } : node;
  return [
    String(node.id),
    node.state,
    role,
    heartbeatOf(node),
    load === null ? "-" : `${Math.round(load * 100)} %`,
    orDash(inFlight),
    orDash(node.images),
    node.payloadBytes === null ? "-" : sayBytes(node.payloadBytes),
    node.diskFreeBytes === null ? "-" : sayBytes(node.diskFreeBytes),
    uptimeMs === null ? "-" : sayDuration(uptimeMs),
    node.address,
  ];
};

const heartbeatOf = ({ state, heartbeatMs }: NodeView): string => {
  if (heartbeatMs === null) return state === "down" ? "never" : "-";
  return state === "down" ? `silent ${sayDuration(heartbeatMs)}` : `${Math.round(heartbeatMs)} ms`;
};

const orDash = (value: number | null): string => (value === null ? "-" : String(value));

/** `42 s`, `17 min`, `3 h`, `12 d`. */
const sayDuration = (ms: number): string => {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
};
