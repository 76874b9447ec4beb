/** A healthy cluster of three machines as the doctor sees it from the first, to be made ill one thing at a time. */
import type { Answer, CredentialFacts, Facts, ServerFacts } from "../../../../core/decide/doctor/facts.ts";
import { clusterId, nodeId, term } from "../../../../core/model/ids.ts";
import type { NodeView, Snapshot } from "../../../../core/model/snapshot.ts";
import { wallMs } from "../../../../core/model/units.ts";
import { configOf, storage } from "../../../support/configs.ts";

export const now = wallMs(Date.UTC(2026, 10, 22, 12));
export const dayMs = 86_400_000;
const cluster = clusterId("c".repeat(32));

export const viewOf = (id: number, changes: Partial<NodeView> = {}): NodeView => ({
  id: nodeId(id),
  address: `10.0.0.${id}:8001`,
  state: "up",
  role: id === 3 ? "leader" : "follower",
  heartbeatMs: 10,
  roundTripMs: 1,
  inFlight: 0,
  load: 0,
  cpu: 0,
  memory: 0.5,
  lagMs: 0,
  images: 0,
  payloadBytes: 0,
  diskFreeBytes: 50_000_000_000,
  uptimeMs: 60_000,
  drained: false,
  readOnly: false,
  uploadsPerSecond: null,
  uploadMsP50: null,
  uploadMsP99: null,
  rebuild: null,
  scrub: null,
  ...changes,
});

export const snapshotOf = (observer: number, changes: Partial<Snapshot> = {}): Snapshot => ({
  observer: nodeId(observer),
  at: now,
  cluster,
  term: term(7),
  leader: nodeId(3),
  quorum: { live: 3, needed: 2, ok: true },
  tolerance: 1,
  risk: { underReplicated: 0, unreadable: 0, missingBytes: 0, safeInMs: 0 },
  nodes: [1, 2, 3].map((id) => viewOf(id)),
  links: [],
  ...changes,
});

export const answerOf = (id: number, changes: Partial<Answer> = {}): ServerFacts["reach"] => ({
  kind: "answered",
  version: "0.1.0",
  differs: null,
  status: { snapshot: snapshotOf(id), aheadMs: 3, roundTripMs: 2 },
  ...changes,
});

export const serverOf = (id: number, changes: Partial<ServerFacts> = {}): ServerFacts => ({
  server: { id: nodeId(id), host: `10.0.0.${id}`, port: 8001 },
  resolved: [`10.0.0.${id}`],
  isHere: id === 1,
  isLoopback: false,
  holder: null,
  reach: answerOf(id),
  ...changes,
});

export const credentialsOf = (who: string, changes: Partial<CredentialFacts> = {}): CredentialFacts => ({
  who,
  folder: `.distinsta/${who.replace(" ", "/")}`,
  fault: null,
  until: wallMs(now + 700 * dayMs),
  cluster,
  openSecrets: [],
  ...changes,
});

const config = configOf(3, {
  servers: [1, 2, 3].map((id) => serverOf(id).server),
  replication: 3,
  storage: { ...storage, headroomBytes: 268_435_456 },
});

export const healthy: Facts = {
  now,
  runtime: { version: "24.21.0", versionMin: "24.15.0" },
  configPath: "config.toml",
  config,
  servers: [1, 2, 3].map((id) => serverOf(id)),
  isAllLoopback: false,
  credentials: [credentialsOf("node 1")],
  credentialsCommand: "for a user: distinsta user request NAME",
  disks: [{ folder: ".distinsta", exists: true, writable: true, freeBytes: 50_000_000_000 }],
  dataOption: "",
  askedAs: "node 1",
  version: "0.1.0",
};

/** The healthy cluster with one server changed. */
export const withServer = (id: number, changes: Partial<ServerFacts>): Partial<Facts> => ({
  servers: healthy.servers.map((each) => (each.server.id === id ? { ...each, ...changes } : each)),
});
