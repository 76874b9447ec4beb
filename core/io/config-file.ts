/**
 * `config.toml`: found, read, checked and written.
 *
 * A person mends a file in one go or not at all, so every problem is told at once, each with its line, what
 * was got and what is wanted. What comes out has every value present and in its unit.
 *
 * The syntax is TOML 0.5 as @iarna/toml reads it. The keys are in `config/settings.ts`.
 */
import { access, open } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "@iarna/toml";
import type { z } from "zod";
import { type ClusterConfig, formatAddress } from "../model/config.ts";
import { bad, fault, good, type Result } from "../model/faults.ts";
import { type Lines, lineOf, linesOf } from "./config/lines.ts";
import { brokenRelations } from "./config/relations.ts";
import { readServers } from "./config/servers.ts";
import {
  fileSchema,
  sayNumber,
  settingOf,
  settings,
  storageOf,
  type Tables,
  tableNames,
  tablesOf,
  timingsOf,
} from "./config/settings.ts";
import { gotOf, suggestionFor } from "./config/wording.ts";

/** A hundred times what a cluster needs. */
const configBytesMax = 65_536;
const tooLarge = `line 1: got more than ${configBytesMax} bytes, want a configuration`;
/** What is told at once; a file of another kind would make thousands. */
const problemsMax = 50;

/** A complaint before its line is known. `key` null: about the table; `table` "": about the file. */
interface Problem {
  readonly table: string;
  readonly key: string | null;
  readonly problem: string;
}

/**
 * The configuration that `toml` describes. `path` is only named in complaints.
 * Faults: CONFIG_INVALID with all problems, each `line N: [table] key: got …, want …`.
 */
export const parseConfig = (toml: string, path = "config.toml"): Result<ClusterConfig> => {
  if (toml.length > configBytesMax) return invalid(path, [tooLarge]);
  // The library takes a comment's carriage return for a control character.
  const document = parseToml(toml.replaceAll("\r\n", "\n"));
  if (typeof document === "string") return invalid(path, [document]);

  const read = readServers(isTable(document.servers) ? document.servers : {});
  const parsed = fileSchema.safeParse(document);
  const problems = [
    ...(parsed.error?.issues ?? []).flatMap((issue) => problemsOf(issue, document)),
    ...(isTable(document.servers) ? read.problems.map((each) => ({ table: "servers", ...each })) : []),
    ...relationProblems(isTable(document.cluster) ? document.cluster : {}, read.named),
    ...roomProblems(isTable(document.storage) ? document.storage : {}),
  ];
  if (!parsed.success || problems.length > 0) return invalid(path, tell(problems, linesOf(toml)));
  return good(configOf(parsed.data, read.servers, isTable(document.cluster) ? document.cluster : {}));
};

/**
 * Reads and parses the file at `path`.
 * Faults: CONFIG_MISSING, FILE_UNREADABLE, and CONFIG_INVALID as `parseConfig`.
 */
export const loadConfig = async (path: string): Promise<Result<ClusterConfig>> => {
  const bytes = await readBounded(path);
  if (!bytes.ok) return bytes;
  if (bytes.value.length > configBytesMax) return invalid(path, [tooLarge]);
  const toml = decodeUtf8(bytes.value);
  if (toml === null) return invalid(path, ["line 1: got bytes that are not UTF-8, want a text"]);
  return parseConfig(toml, path);
};

/** Where the configuration is: the file that was named, else the data folder's, else `config.toml` right here. */
export const findConfig = async (options: {
  readonly config?: string | undefined;
  readonly data: string;
}): Promise<string> => {
  if (options.config !== undefined) return options.config;
  const ofData = join(options.data, "config.toml");
  return access(ofData).then(
    () => ofData,
    () => "config.toml",
  );
};

/** TOML text that `parseConfig` reads back as `config`. What is as by default is left out. */
export const renderConfig = (config: ClusterConfig): string => {
  const lines = [
    "[servers]",
    ...config.servers.map((server) => `node${server.id} = "${formatAddress(server)}"`),
  ];
  const tables = tablesOf(config);
  for (const table of tableNames) {
    const entries = Object.entries(tables[table]).filter(
      ([key, value]) => value !== fallbackOf(table, key, config.servers.length),
    );
    if (entries.length === 0) continue;
    lines.push("", `[${table}]`);
    for (const [key, value] of entries) {
      lines.push(`${key} = ${typeof value === "number" ? sayNumber(value) : JSON.stringify(value)}`);
    }
  }
  return `${lines.join("\n")}\n`;
};

type Table = Readonly<Record<string, unknown>>;

const isTable = (value: unknown): value is Table =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** The document, or the one problem that keeps it from being TOML. */
const parseToml = (toml: string): Table | string => {
  try {
    return parse(toml);
  } catch (error) {
    const { line, col, message } = error as { line?: number; col?: number; message: string };
    const [first = ""] = message.split("\n");
    const reason = first.replace(/ at row \d+, col \d+, pos \d+:$/, "");
    return `line ${(line ?? 0) + 1}, column ${col ?? 1}: not TOML: ${reason}`;
  }
};

const problemsOf = (issue: z.core.$ZodIssue, document: Table): readonly Problem[] => {
  const [table = "", key] = issue.path.map(String);
  if (issue.code === "unrecognized_keys") return issue.keys.map((each) => unknownKey(table, each));
  const value = document[table];
  if (key === undefined) {
    const want = table === "servers" ? 'a table with node1 = "host:port" and so on' : "a table";
    return [{ table, key: null, problem: `got ${gotOf(value)}, want ${want}` }];
  }
  const wants = settingOf(table, key)?.wants ?? "something else";
  return [{ table, key, problem: `got ${gotOf(isTable(value) ? value[key] : value)}, want ${wants}` }];
};

const unknownKey = (table: string, key: string): Problem => {
  if (table === "") {
    const names = ["servers", ...tableNames];
    const suggestion = suggestionFor(key, names) || `, want one of ${names.join(", ")}`;
    return { table: key, key: null, problem: `no such table${suggestion}` };
  }
  const here = Object.keys(settings[table as keyof Tables]);
  const home = tableNames.find((name) => settingOf(name, key) !== null);
  const suggestion =
    home === undefined
      ? suggestionFor(key, here) || `, want one of ${here.join(", ")}`
      : `, it belongs in [${home}]`;
  return { table, key, problem: `no such key${suggestion}` };
};

/** What is wrong between values that are right by themselves. */
const relationProblems = (cluster: Table, nodes: number): readonly Problem[] => {
  const { replication, ...timings } = cluster;
  const known = Object.entries(timings).filter(([key]) => settingOf("cluster", key) !== null);
  const parsed = fileSchema.shape.cluster.safeParse(Object.fromEntries(known));
  const broken = parsed.success ? brokenRelations(timingsOf(parsed.data)) : [];
  const isTooMany =
    settings.cluster.replication.schema.safeParse(replication).success && Number(replication) > nodes;
  return [
    ...broken.map((each) => ({ table: "cluster", ...each })),
    ...(isTooMany && nodes > 0
      ? [
          {
            table: "cluster",
            key: "replication",
            problem: `got ${replication}, want at most ${nodes}, one copy per node`,
          },
        ]
      : []),
  ];
};

/** What deleting needs on a full disk: the next segment, for what says that something is deleted. */
const roomProblems = (storage: Table): readonly Problem[] => {
  const parsed = fileSchema.shape.storage.safeParse(storage);
  if (!parsed.success) return [];
  const { headroom_bytes: headroom, segment_bytes: segment } = parsed.data;
  if (headroom >= segment) return [];
  const problem = `headroom_bytes ${headroom}, want at least segment_bytes ${segment}, or a full disk has no room to delete in`;
  return [{ table: "storage", key: "headroom_bytes", problem }];
};

/** One line of text each, in the order of the file. */
const tell = (problems: readonly Problem[], lines: Lines): readonly string[] => {
  const told = problems
    .map(({ table, key, problem }) => {
      const where = key === null ? `[${table}]` : `[${table}] ${key}`;
      return { line: lineOf(lines, table, key), text: `${where}: ${problem}` };
    })
    .sort((one, other) => one.line - other.line)
    .map(({ line, text }) => `line ${line}: ${text}`);
  const rest = told.length - problemsMax;
  return rest > 0 ? [...told.slice(0, problemsMax), `and ${rest} more`] : told;
};

const configOf = (tables: Tables, servers: ClusterConfig["servers"], cluster: Table): ClusterConfig => ({
  servers,
  replication: "replication" in cluster ? tables.cluster.replication : replicationOf(servers.length),
  timings: timingsOf(tables.cluster),
  images: { inspect: tables.images.inspect, recoveryRecipient: tables.images.recovery_recipient },
  limits: {
    imageBytesMax: tables.limits.image_bytes_max,
    imagePixelsMax: tables.limits.image_pixels_max,
    inspectionBacklogBytesMax: tables.limits.inspection_backlog_bytes_max,
    uploadsInFlightMax: tables.limits.uploads_in_flight_max,
    connectionsMax: tables.limits.connections_max,
  },
  storage: storageOf(tables.storage),
});

const replicationOf = (nodes: number): number => Math.min(nodes, settings.cluster.replication.fallback);

const fallbackOf = (table: string, key: string, nodes: number): unknown =>
  key === "replication" ? replicationOf(nodes) : settingOf(table, key)?.fallback;

const invalid = (path: string, problems: readonly string[]) =>
  bad(fault("CONFIG_INVALID", { path, problems }));

/** The file's bytes; of one that is too large, one byte more than is accepted. */
const readBounded = async (path: string): Promise<Result<Uint8Array>> => {
  try {
    await using file = await open(path, "r");
    const buffer = new Uint8Array(configBytesMax + 1);
    let bytes = 0;
    // A pipe gives what it has at the moment; only nothing at all is the end.
    for (let more = 1; more > 0 && bytes < buffer.length; bytes += more) {
      more = (await file.read(buffer, bytes, buffer.length - bytes)).bytesRead;
    }
    return good(buffer.subarray(0, bytes));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return bad(fault("CONFIG_MISSING", { path }));
    return bad(
      fault("FILE_UNREADABLE", { path, reason: code === "EISDIR" ? "it is a folder" : (code ?? message) }),
    );
  }
};

const decodeUtf8 = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
};
