/**
 * The cluster as `config.toml` describes it, after parsing: every value present, checked and in its unit.
 * The same file is on every machine; where machines differ, the part that must agree (`agreement`) is
 * compared when they connect.
 */
import type { ClusterId, NodeId } from "./ids.ts";

export interface ServerAddress {
  readonly id: NodeId;
  /** Name, IPv4 or IPv6 (without brackets). */
  readonly host: string;
  readonly port: number;
}

/** Election and liveness timings, milliseconds (DESIGN: 1.1 × leaseMs + heartbeatMs ≤ electionTimeoutMs). */
export interface Timings {
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  readonly rankStepMs: number;
  readonly jitterMsMax: number;
  readonly leaseMs: number;
  readonly stableWindowMs: number;
}

export interface ClusterConfig {
  /** Sorted by id, ids 1 … N without gaps, N from 1 to 9. */
  readonly servers: readonly ServerAddress[];
  /** Wanted copies of each image; `max(replication, majority)`, at most N, are made. */
  readonly replication: number;
  readonly timings: Timings;
  readonly images: {
    readonly inspect: "decode" | "header";
    /** An age recipient that can open every image besides its owner, or null. */
    readonly recoveryRecipient: string | null;
  };
  readonly limits: {
    readonly imageBytesMax: number;
    readonly imagePixelsMax: number;
    /** Plaintext that may wait for decoding, bytes, per node. */
    readonly inspectionBacklogBytesMax: number;
    readonly uploadsInFlightMax: number;
    readonly connectionsMax: number;
  };
  readonly storage: {
    readonly engine: "segments";
    /** Free bytes below which a node takes no more images. */
    readonly headroomBytes: number;
    /** The size that segments grow to. */
    readonly segmentBytes: number;
    /** How long the trash keeps what is put into it. */
    readonly trashMs: number;
    /** A round of checking begins so long after the one before; and how fast it may read. */
    readonly scrubEveryMs: number;
    readonly scrubBytesPerSecond: number;
    /** How fast dead space is given back. */
    readonly compactBytesPerSecond: number;
    /** How often a node looks after its disk: the trash, and whether it knows what the others know. */
    readonly upkeepMs: number;
  };
}

export const majorityOf = (nodes: number): number => Math.floor(nodes / 2) + 1;

/** How many copies are made of each image: at least a majority, at most one per node. */
export const copiesWanted = (config: ClusterConfig): number =>
  Math.min(config.servers.length, Math.max(config.replication, majorityOf(config.servers.length)));

export const formatAddress = (address: { readonly host: string; readonly port: number }): string =>
  address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;

/**
 * The lines on which all machines must agree, in canonical order: one `key = value` per line. Their SHA-256
 * is the configuration hash of the hello; the lines themselves let two machines say _which_ key differs.
 */
export const agreement = (cluster: ClusterId, config: ClusterConfig): readonly string[] => [
  `cluster = ${cluster}`,
  ...config.servers.map((server) => `servers.node${server.id} = ${formatAddress(server)}`),
  `cluster.replication = ${config.replication}`,
];
