/**
 * Every key of `config.toml` besides the addresses: its unit, default, bounds and the reason for them.
 *
 * This table is the only place that knows them. The parser checks against it, and the shipped `config.toml`
 * and `docs/configuration.md` are compared with it by a test.
 */
import { z } from "zod";
import type { ClusterConfig, Timings } from "../../model/config.ts";
import { isAgeRecipient } from "./recipient.ts";

export interface Setting<Value> {
  readonly schema: z.ZodType<Value>;
  /** In what it is counted; empty for a choice or a text. */
  readonly unit: string;
  /** What holds when the file does not say. */
  readonly fallback: Value;
  /** The default in words, where it is not just the value. */
  readonly fallbackWords: string | null;
  /** What is accepted, as the end of "want …". */
  readonly wants: string;
  /** What it does and why the default is what it is: whole sentences. */
  readonly reason: string;
}

interface Whole {
  readonly unit: string;
  readonly fallback: number;
  readonly min: number;
  readonly max: number;
  readonly reason: string;
  readonly fallbackWords?: string;
}

const whole = ({ unit, fallback, min, max, reason, fallbackWords }: Whole): Setting<number> => ({
  schema: z.int().min(min).max(max),
  unit,
  fallback,
  fallbackWords: fallbackWords ?? null,
  wants: `a whole number of ${unit} from ${sayNumber(min)} to ${sayNumber(max)}`,
  reason,
});

const oneOf = <const Choice extends string>(
  choices: readonly [Choice, ...Choice[]],
  reason: string,
): Setting<Choice> => ({
  schema: z.enum(choices),
  unit: "",
  fallback: choices[0],
  fallbackWords: null,
  wants: choices.map((choice) => `"${choice}"`).join(" or "),
  reason,
});

const recipient = (reason: string): Setting<string | null> => ({
  schema: z.string().refine(isAgeRecipient),
  unit: "",
  fallback: null,
  fallbackWords: "none",
  wants: 'an age recipient, "age1" and 58 letters and digits, with a right checksum',
  reason,
});

/** As TOML writes it: in groups of three from five digits on. */
export const sayNumber = (value: number): string =>
  value < 10_000 ? String(value) : String(value).replace(/\B(?=(\d{3})+$)/g, "_");

export const settings = {
  cluster: {
    replication: whole({
      unit: "copies",
      fallback: 3,
      fallbackWords: "3, or one per node where there are fewer",
      min: 1,
      max: 9,
      reason:
        "Wanted copies of each image, at most one per node. A majority is written before an upload is acknowledged, whatever stands here; further copies follow. Must be the same on all machines.",
    }),
    heartbeat_ms: whole({
      unit: "ms",
      fallback: 50,
      min: 5,
      max: 10_000,
      reason:
        "How often each node tells every other that it lives. More often finds a dead leader sooner and costs traffic: some 200 bytes each time, per peer.",
    }),
    election_timeout_ms: whole({
      unit: "ms",
      fallback: 300,
      min: 20,
      max: 60_000,
      reason:
        "Silence after which a node counts as gone. Six heartbeats: one or two that are late must not unseat a leader.",
    }),
    rank_step_ms: whole({
      unit: "ms",
      fallback: 60,
      min: 1,
      max: 10_000,
      reason:
        "How much longer a node waits for each live node with a higher id, so that the highest stands first and alone. More than a round trip and a write to disk.",
    }),
    jitter_ms_max: whole({
      unit: "ms",
      fallback: 30,
      min: 0,
      max: 10_000,
      reason: "At most so much chance is added to that wait, so that nodes in step do not stay in step.",
    }),
    lease_ms: whole({
      unit: "ms",
      fallback: 200,
      min: 10,
      max: 60_000,
      reason:
        "How long a leader may act on what a majority last confirmed. It ends before anybody else can be elected, also when clocks differ in speed by a tenth.",
    }),
    stable_window_ms: whole({
      unit: "ms",
      fallback: 10_000,
      min: 20,
      max: 3_600_000,
      reason:
        "How long a higher node must have been well before the leader hands over to it. A node that comes and goes must not take the lead with it each time.",
    }),
  },
  images: {
    inspect: oneOf(
      ["decode", "header"],
      'How uploads are looked at. "decode" also decodes the picture, which finds damage and makes the thumbnail; "header" only reads format and size, which costs far less CPU and makes no thumbnail.',
    ),
    recovery_recipient: recipient(
      "An age recipient that can open every image besides its owner, for the day when an owner loses the identity. Keep its identity off these machines. Without one, such images are lost.",
    ),
  },
  limits: {
    image_bytes_max: whole({
      unit: "bytes",
      fallback: 100_000_000,
      min: 1_000,
      max: 4_000_000_000,
      reason:
        "The largest image that is accepted. Larger than nearly every photograph, small enough to be sent again when a connection breaks.",
    }),
    image_pixels_max: whole({
      unit: "pixels",
      fallback: 100_000_000,
      min: 10_000,
      max: 1_000_000_000,
      reason:
        "Width times height of the largest image. Decoding takes four bytes of memory for each, however small the file is.",
    }),
    inspection_backlog_bytes_max: whole({
      unit: "bytes",
      fallback: 33_554_432,
      min: 1_048_576,
      max: 4_294_967_296,
      reason:
        "Plain pictures in memory while they are decoded, per node; a greater one is decoded alone. When as much again waits for it on disk, new uploads begin up to two seconds later; none that was accepted waits.",
    }),
    uploads_in_flight_max: whole({
      unit: "uploads",
      fallback: 64,
      min: 1,
      max: 10_000,
      reason: "Uploads that one node takes at the same time; others are told that it is busy, and wait.",
    }),
    connections_max: whole({
      unit: "connections",
      fallback: 1_024,
      min: 16,
      max: 100_000,
      reason:
        "Connections that one node accepts, of clients and peers together; users have at most three quarters of them, so that nodes always reach each other. Each costs memory and a file descriptor (see: ulimit -n).",
    }),
  },
  storage: {
    engine: oneOf(["segments"], "Where images are kept: in append-only segments below the data folder."),
    headroom_bytes: whole({
      unit: "bytes",
      fallback: 268_435_456,
      min: 1_048_576,
      max: 1_099_511_627_776,
      reason:
        "Free space that a node leaves on its disk. Below it the node takes no more images, so that deleting still has room to work in; at least segment_bytes.",
    }),
    segment_bytes: whole({
      unit: "bytes",
      fallback: 67_108_864,
      min: 1_048_576,
      max: 1_073_741_824,
      reason:
        "The size that files of many images grow to. Larger ones are fewer; smaller ones give the space of purged images back in smaller steps.",
    }),
    trash_days: whole({
      unit: "days",
      fallback: 30,
      min: 1,
      max: 3_650,
      reason:
        "How long an image stays in the trash, from where its owner can take it back. After that it is erased, once every node is there and agrees.",
    }),
    scrub_days: whole({
      unit: "days",
      fallback: 7,
      min: 1,
      max: 365,
      reason: "How often a node reads everything on its disk to find damage before somebody needs the image.",
    }),
    scrub_bytes_per_second: whole({
      unit: "bytes",
      fallback: 20_000_000,
      min: 100_000,
      max: 10_000_000_000,
      reason: "How fast that reading goes at most; a tenth of it while images are being uploaded.",
    }),
    compact_bytes_per_second: whole({
      unit: "bytes",
      fallback: 50_000_000,
      min: 100_000,
      max: 10_000_000_000,
      reason:
        "How fast images are moved out of files that are mostly dead, so that these can go; a tenth of it while images are being uploaded.",
    }),
    upkeep_ms: whole({
      unit: "ms",
      fallback: 60_000,
      min: 200,
      max: 3_600_000,
      reason:
        "How often a node looks after its disk: empties the trash and compares with another node what both know. Erasing purged images and giving space back come more often by themselves. A tombstone is kept for five times as long after all nodes have erased the image, and for 40 s at least.",
    }),
  },
} as const;

export type TableName = keyof typeof settings;
export const tableNames = Object.keys(settings) as readonly TableName[];

/** The setting of that table and key, or null when there is none. */
export const settingOf = (table: string, key: string): Setting<unknown> | null => {
  const keys: Readonly<Record<string, Setting<unknown>>> = Object.hasOwn(settings, table)
    ? settings[table as TableName]
    : {};
  return Object.hasOwn(keys, key) ? (keys[key] ?? null) : null;
};

type Values<Table> = {
  readonly [Key in keyof Table]: Table[Key] extends Setting<infer Value> ? Value : never;
};
export type Tables = { readonly [Name in TableName]: Values<(typeof settings)[Name]> };

/** One table as a schema: each key may be left out, no other may be there. */
const tableSchema = <Name extends TableName>(name: Name): z.ZodType<Tables[Name]> => {
  const shape = Object.fromEntries(
    Object.entries<Setting<unknown>>(settings[name]).map(([key, setting]) => [
      key,
      setting.schema.default(setting.fallback as never),
    ]),
  );
  return z.strictObject(shape).prefault({}) as unknown as z.ZodType<Tables[Name]>;
};

/** The whole file. What is in `[servers]` depends on each other and is read by `servers.ts`. */
export const fileSchema = z.strictObject({
  servers: z.record(z.string(), z.unknown()),
  cluster: tableSchema("cluster"),
  images: tableSchema("images"),
  limits: tableSchema("limits"),
  storage: tableSchema("storage"),
});

const dayMs = 86_400_000;

export const storageOf = (storage: Tables["storage"]): ClusterConfig["storage"] => ({
  engine: storage.engine,
  headroomBytes: storage.headroom_bytes,
  segmentBytes: storage.segment_bytes,
  trashMs: storage.trash_days * dayMs,
  scrubEveryMs: storage.scrub_days * dayMs,
  scrubBytesPerSecond: storage.scrub_bytes_per_second,
  compactBytesPerSecond: storage.compact_bytes_per_second,
  upkeepMs: storage.upkeep_ms,
});

export const timingsOf = (cluster: Tables["cluster"]): Timings => ({
  heartbeatMs: cluster.heartbeat_ms,
  electionTimeoutMs: cluster.election_timeout_ms,
  rankStepMs: cluster.rank_step_ms,
  jitterMsMax: cluster.jitter_ms_max,
  leaseMs: cluster.lease_ms,
  stableWindowMs: cluster.stable_window_ms,
});

/** The tables that describe `config`: the way back. */
export const tablesOf = (config: ClusterConfig): Tables => ({
  cluster: {
    replication: config.replication,
    heartbeat_ms: config.timings.heartbeatMs,
    election_timeout_ms: config.timings.electionTimeoutMs,
    rank_step_ms: config.timings.rankStepMs,
    jitter_ms_max: config.timings.jitterMsMax,
    lease_ms: config.timings.leaseMs,
    stable_window_ms: config.timings.stableWindowMs,
  },
  images: { inspect: config.images.inspect, recovery_recipient: config.images.recoveryRecipient },
  limits: {
    image_bytes_max: config.limits.imageBytesMax,
    image_pixels_max: config.limits.imagePixelsMax,
    inspection_backlog_bytes_max: config.limits.inspectionBacklogBytesMax,
    uploads_in_flight_max: config.limits.uploadsInFlightMax,
    connections_max: config.limits.connectionsMax,
  },
  storage: {
    engine: config.storage.engine,
    headroom_bytes: config.storage.headroomBytes,
    segment_bytes: config.storage.segmentBytes,
    trash_days: config.storage.trashMs / dayMs,
    scrub_days: config.storage.scrubEveryMs / dayMs,
    scrub_bytes_per_second: config.storage.scrubBytesPerSecond,
    compact_bytes_per_second: config.storage.compactBytesPerSecond,
    upkeep_ms: config.storage.upkeepMs,
  },
});
