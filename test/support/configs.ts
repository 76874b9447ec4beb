/** Configurations of clusters on loopback, every value present, for tests that need one and do not care. */
import type { ClusterConfig, Timings } from "../../core/model/config.ts";
import { nodeId } from "../../core/model/ids.ts";

const timings: Timings = {
  heartbeatMs: 50,
  electionTimeoutMs: 300,
  rankStepMs: 60,
  jitterMsMax: 30,
  leaseMs: 200,
  stableWindowMs: 10_000,
};

const dayMs = 86_400_000;

export const storage: ClusterConfig["storage"] = {
  engine: "segments",
  headroomBytes: 0,
  segmentBytes: 8_388_608,
  trashMs: 30 * dayMs,
  scrubEveryMs: 7 * dayMs,
  scrubBytesPerSecond: 20_000_000,
  compactBytesPerSecond: 50_000_000,
  upkeepMs: 60_000,
};

export const configOf = (nodes: number, changes: Partial<ClusterConfig> = {}): ClusterConfig => ({
  servers: Array.from({ length: nodes }, (_, index) => ({
    id: nodeId(index + 1),
    host: "127.0.0.1",
    port: 8_001 + index,
  })),
  replication: 2,
  timings,
  images: { inspect: "decode", recoveryRecipient: null },
  limits: {
    imageBytesMax: 100_000_000,
    imagePixelsMax: 100_000_000,
    inspectionBacklogBytesMax: 67_108_864,
    uploadsInFlightMax: 64,
    connectionsMax: 1_024,
  },
  storage,
  ...changes,
});
