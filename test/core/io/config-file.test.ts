/** What `config.toml` may say, and how each mistake in it is told. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findConfig, loadConfig, parseConfig, renderConfig } from "../../../core/io/config-file.ts";
import type { ClusterConfig } from "../../../core/model/config.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { exampleRecipient } from "../../support/config-pages.ts";

/** The problems that `toml` has; none when it is a configuration. */
const problemsOf = (toml: string): readonly string[] => {
  const parsed = parseConfig(toml);
  if (parsed.ok) return [];
  return parsed.fault.code === "CONFIG_INVALID" ? parsed.fault.problems : [parsed.fault.code];
};

const parsedOf = (toml: string): ClusterConfig => {
  const parsed = parseConfig(toml);
  if (!parsed.ok) throw new Error(problemsOf(toml).join("\n"));
  return parsed.value;
};

const threeNodes = ["[servers]", 'node1 = "a:8001"', 'node2 = "b:8001"', 'node3 = "c:8001"'].join("\n");
/** Problems of `lines` after three good nodes, which end on line 4. */
const problemsAfterServers = (...lines: string[]) => problemsOf([threeNodes, ...lines].join("\n"));

describe("a whole configuration", () => {
  test("is the servers alone; all else has defaults", () => {
    expect(parsedOf(threeNodes)).toEqual({
      servers: [
        { id: 1, host: "a", port: 8001 },
        { id: 2, host: "b", port: 8001 },
        { id: 3, host: "c", port: 8001 },
      ],
      replication: 3,
      timings: {
        heartbeatMs: 50,
        electionTimeoutMs: 300,
        rankStepMs: 60,
        jitterMsMax: 30,
        leaseMs: 200,
        stableWindowMs: 10_000,
      },
      images: { inspect: "decode", recoveryRecipient: null },
      limits: {
        imageBytesMax: 100_000_000,
        imagePixelsMax: 100_000_000,
        inspectionBacklogBytesMax: 33_554_432,
        uploadsInFlightMax: 64,
        connectionsMax: 1_024,
      },
      storage: {
        engine: "segments",
        headroomBytes: 268_435_456,
        segmentBytes: 67_108_864,
        trashMs: 30 * 86_400_000,
        scrubEveryMs: 7 * 86_400_000,
        scrubBytesPerSecond: 20_000_000,
        compactBytesPerSecond: 50_000_000,
        upkeepMs: 60_000,
      },
    });
  });

  test("of one node wants one copy", () => {
    expect(parsedOf('[servers]\nnode1 = "a:1"').replication).toBe(1);
  });

  test("may be written with Windows line ends, in any order, with quoted and dotted keys", () => {
    const toml = 'cluster.heartbeat_ms = 20\r\n["servers"]\r\n"node2" = "b:2" # second\r\nnode1 = "a:1"\r\n';
    const config = parsedOf(toml);
    expect(config.servers.map((server) => server.id)).toEqual([1, 2]);
    expect(config.timings.heartbeatMs).toBe(20);
  });

  test("may mix IPv4, IPv6 and names, and spells them canonically", () => {
    const toml =
      '[servers]\nnode1 = "192.0.2.7:1"\nnode2 = "[2001:DB8:0:0:0::1]:65535"\nnode3 = "Store-3.Example.ORG:80"';
    expect(parsedOf(toml).servers).toEqual([
      { id: 1, host: "192.0.2.7", port: 1 },
      { id: 2, host: "2001:db8::1", port: 65_535 },
      { id: 3, host: "store-3.example.org", port: 80 },
    ]);
  });
});

describe("addresses", () => {
  test.for([
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "127.0.0.1:08001",
    ":8001",
    "::1:8001",
    "[::1]",
    "[::g]:8001",
    "[fe80::1%eth0]:8001",
    "[127.0.0.1]:8001",
    "1.2.3:8001",
    "256.1.1.1:8001",
    "under_score:8001",
    "-dash:8001",
    "http://a:8001",
    "a b:8001",
    `${"a".repeat(64)}:8001`,
    "",
  ])("'%s' is refused with what is wanted", (address) => {
    const [problem, ...rest] = problemsOf(`[servers]\nnode1 = "${address}"`);
    expect(problem).toMatch(
      /^line 2: \[servers\] node1: got ".*, want "host:port" with a port from 1 to 65535/,
    );
    expect(rest).toEqual([]);
  });

  test.for(["0.0.0.0:8001", "[::]:8001", "[0:0::0]:8001"])(
    "'%s' is nowhere that others could reach",
    (address) => {
      expect(problemsOf(`[servers]\nnode1 = "${address}"`)).toEqual([
        `line 2: [servers] node1: got "${address}", want the address under which the other machines reach this node`,
      ]);
    },
  );

  test.for([
    ["a:1", "A:1"],
    ["[::ffff]:1", "[0:0:0:0:0:0:0:FFFF]:1"],
    ["localhost:1", "127.0.0.1:1"],
    ["[::1]:1", "localhost:1"],
  ])("'%s' and '%s' are one address", ([one, other]) => {
    expect(problemsOf(`[servers]\nnode1 = "${one}"\nnode2 = "${other}"`)).toEqual([
      expect.stringMatching(/^line 3: \[servers\] node2: got .*, which is node1 already/),
    ]);
  });

  test("that are no text are refused", () => {
    expect(problemsOf("[servers]\nnode1 = 8001")).toEqual([
      'line 2: [servers] node1: got 8001, want "host:port" with a port from 1 to 65535',
    ]);
  });
});

describe("ids", () => {
  test("that are left out are each named", () => {
    expect(problemsOf('[servers]\nnode1 = "a:1"\nnode4 = "d:1"')).toEqual([
      "line 1: [servers]: node2 is missing, want every id from node1 to node4",
      "line 1: [servers]: node3 is missing, want every id from node1 to node4",
    ]);
  });

  test("above nine, and other keys, are refused", () => {
    expect(problemsOf('[servers]\nnode1 = "a:1"\nnode10 = "b:1"\nNode2 = "c:1"\nnode01 = "d:1"')).toEqual([
      "line 3: [servers] node10: no such node, want node1 to node9: a cluster has at most 9 nodes",
      "line 4: [servers] Node2: no such key, want node1 to node9, did you mean node2?",
      "line 5: [servers] node01: no such key, want node1 to node9, did you mean node1?",
    ]);
  });

  test.for(["", "[servers]", "servers = 5", "[[servers]]\nnode1 = 'a:1'"])(
    "cannot come from '%s'",
    (toml) => {
      expect(problemsOf(toml)).toEqual([
        expect.stringMatching(/^line 1: \[servers\]: got .*, want .*node1 = "/),
      ]);
    },
  );
});

describe("keys and tables", () => {
  test.for([
    [
      "[cluster]",
      "hartbeat_ms = 50",
      "line 6: [cluster] hartbeat_ms: no such key, did you mean heartbeat_ms?",
    ],
    ["[cluster]", 'inspect = "decode"', "line 6: [cluster] inspect: no such key, it belongs in [images]"],
    ["[limit]", "", "line 5: [limit]: no such table, did you mean limits?"],
    [
      "[metrics]",
      "",
      "line 5: [metrics]: no such table, want one of servers, cluster, images, limits, storage",
    ],
    [
      "[storage]",
      "__proto__ = 1",
      "line 6: [storage] __proto__: no such key, want one of engine, headroom_bytes, segment_bytes, trash_days, scrub_days, scrub_bytes_per_second, compact_bytes_per_second, upkeep_ms",
    ],
    ["[[images]]", "", "line 5: [images]: got a list, want a table"],
  ])("%s %s is told with a suggestion", ([header, line, problem]) => {
    expect(problemsAfterServers(header as string, line as string)).toEqual([problem]);
  });

  test.for([
    ["cluster", 'heartbeat_ms = "50"', 'got "50", want a whole number of ms from 5 to 10_000'],
    ["cluster", "heartbeat_ms = 4", "got 4, want a whole number of ms from 5 to 10_000"],
    ["cluster", "heartbeat_ms = 50.5", "got 50.5, want a whole number of ms from 5 to 10_000"],
    ["cluster", "heartbeat_ms = nan", "got NaN, want a whole number of ms from 5 to 10_000"],
    ["cluster", "replication = 0", "got 0, want a whole number of copies from 1 to 9"],
    ["limits", "connections_max = true", "got true, want a whole number of connections from 16 to 100_000"],
    ["limits", "uploads_in_flight_max = [1]", "got a list, want a whole number of uploads from 1 to 10_000"],
    [
      "limits",
      "image_bytes_max = 9007199254740993",
      "got 9007199254740993, want a whole number of bytes from 1000 to 4_000_000_000",
    ],
    ["images", 'inspect = "Decode"', 'got "Decode", want "decode" or "header"'],
    ["storage", "engine = 1979-05-27", 'got a date, want "segments"'],
  ])("[%s] %s is refused", ([table, line, problem]) => {
    const key = String(line).split(" ")[0];
    expect(problemsAfterServers(`[${table}]`, String(line))).toEqual([
      `line 6: [${table}] ${key}: ${problem}`,
    ]);
  });

  test("a recovery recipient with a mistyped letter is refused", () => {
    expect(problemsAfterServers("[images]", `recovery_recipient = "${exampleRecipient}"`)).toEqual([]);
    for (let at = "age1".length; at < exampleRecipient.length; at++) {
      const other = exampleRecipient[at] === "q" ? "p" : "q";
      const typo = exampleRecipient.slice(0, at) + other + exampleRecipient.slice(at + 1);
      expect(problemsAfterServers("[images]", `recovery_recipient = "${typo}"`), typo).toHaveLength(1);
    }
  });
});

describe("relations", () => {
  test("of the timings are told with the numbers", () => {
    expect(
      problemsAfterServers("[cluster]", "heartbeat_ms = 120", "jitter_ms_max = 61", "stable_window_ms = 299"),
    ).toEqual([
      "line 5: [cluster] lease_ms: 1.1 × lease_ms 200 + heartbeat_ms 120 = 340, want at most election_timeout_ms 300, or two leaders could act at once",
      "line 6: [cluster] heartbeat_ms: 2 × heartbeat_ms 120 = 240, want at most lease_ms 200, or one late heartbeat would stop the leader",
      "line 7: [cluster] jitter_ms_max: jitter_ms_max 61, want at most rank_step_ms 60, or chance would outweigh the rank",
      "line 8: [cluster] stable_window_ms: stable_window_ms 299, want at least election_timeout_ms 300, or a leader would hand over to a node that is already gone",
    ]);
  });

  test("hold up to the last millisecond", () => {
    expect(problemsAfterServers("[cluster]", "election_timeout_ms = 270")).toEqual([]);
    expect(problemsAfterServers("[cluster]", "election_timeout_ms = 269")).toHaveLength(1);
  });

  test("between headroom and segments leave room to delete in", () => {
    expect(problemsAfterServers("[storage]", "segment_bytes = 268_435_457")).toEqual([
      "line 5: [storage] headroom_bytes: headroom_bytes 268435456, want at least segment_bytes 268435457, or a full disk has no room to delete in",
    ]);
    expect(problemsAfterServers("[storage]", "segment_bytes = 268_435_456")).toEqual([]);
  });

  test("more copies than nodes cannot be had, also when an address is wrong", () => {
    const problem = "[cluster] replication: got 4, want at most 3, one copy per node";
    expect(problemsAfterServers("[cluster]", "replication = 4")).toEqual([`line 6: ${problem}`]);
    expect(problemsOf(`${threeNodes.replace("b:8001", "b")}\n[cluster]\nreplication = 4`)).toEqual([
      expect.stringContaining("line 3: [servers] node2"),
      `line 6: ${problem}`,
    ]);
  });
});

test("all problems are told at once, in the order of the file", () => {
  const toml = [
    "[servers] # the machines",
    'node1 = "127.0.0.1"',
    'node3 = "c:1"',
    "[cluster]",
    "heartbeat_ms = 0",
    "leese_ms = 1",
    "replication = 3",
    "[images]",
    'inspect = """',
    "replication = 1",
    '"""',
    'recovery_recipient = "age1"',
  ].join("\n");
  expect(problemsOf(toml).map((problem) => problem.replace(/: (got|no such|node2 is).*/, ""))).toEqual([
    "line 1: [servers]",
    "line 2: [servers] node1",
    "line 5: [cluster] heartbeat_ms",
    "line 6: [cluster] leese_ms",
    "line 7: [cluster] replication",
    "line 9: [images] inspect",
    "line 12: [images] recovery_recipient",
  ]);
});

test("what is not TOML is told with line and column", () => {
  expect(problemsOf("[servers]\nnode1 = a:1")).toEqual([
    expect.stringMatching(/^line 2, column \d+: not TOML: /),
  ]);
  expect(problemsOf('[servers]\nnode1 = "a:1"\nnode1 = "b:1"')).toEqual([
    expect.stringMatching(/^line 3, column \d+: not TOML: Can't redefine existing key/),
  ]);
});

test("no text makes the parser throw, and every problem names its line", () => {
  const fragment = fc.constantFrom(
    ...["[servers]", "[cluster]", "[[a]]", "[", "]", "node1", "node2", "=", '"a:1"', '"', "'''", '"""'],
    ...[
      "heartbeat_ms",
      "replication",
      "1",
      "-1",
      "1e9",
      "{",
      "}",
      ",",
      ".",
      "#",
      "\n",
      "\n",
      "\r\n",
      "\0",
      "é",
      "__proto__",
    ],
  );
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 40 }), (fragments) => {
      for (const problem of problemsOf(fragments.join(" ")))
        expect(problem).toMatch(/^(line \d+|and \d+ more)/);
    }),
    { numRuns: 500 },
  );
});

const hosts = fc.constantFrom(
  "127.0.0.1",
  "192.0.2.1",
  "::1",
  "2001:db8::7",
  "localhost",
  "store.example.org",
);

const configs: fc.Arbitrary<ClusterConfig> = fc
  .record({
    hosts: fc.array(hosts, { minLength: 1, maxLength: 9 }),
    replication: fc.integer({ min: 1, max: 9 }),
    heartbeatMs: fc.integer({ min: 5, max: 1_000 }),
    slackMs: fc.integer({ min: 0, max: 500 }),
    recoveryRecipient: fc.constantFrom(null, exampleRecipient),
    inspect: fc.constantFrom("decode" as const, "header" as const),
    imageBytesMax: fc.integer({ min: 1_000, max: 4_000_000_000 }),
    uploadsInFlightMax: fc.integer({ min: 1, max: 10_000 }),
    headroomBytes: fc.integer({ min: 1_048_576, max: 1_099_511_627_776 }),
    segmentBytes: fc.integer({ min: 1_048_576, max: 1_073_741_824 }),
    trashDays: fc.integer({ min: 1, max: 3_650 }),
    scrubDays: fc.integer({ min: 1, max: 365 }),
    scrubBytesPerSecond: fc.integer({ min: 100_000, max: 10_000_000_000 }),
    compactBytesPerSecond: fc.integer({ min: 100_000, max: 10_000_000_000 }),
    upkeepMs: fc.integer({ min: 200, max: 3_600_000 }),
  })
  .map((drawn) => ({
    servers: drawn.hosts.map((host, index) => ({ id: nodeId(index + 1), host, port: 8_001 + index })),
    replication: Math.min(drawn.replication, drawn.hosts.length),
    timings: {
      heartbeatMs: drawn.heartbeatMs,
      leaseMs: 2 * drawn.heartbeatMs + drawn.slackMs,
      electionTimeoutMs: 4 * drawn.heartbeatMs + 2 * drawn.slackMs,
      rankStepMs: drawn.heartbeatMs,
      jitterMsMax: drawn.heartbeatMs,
      stableWindowMs: 10_000 + drawn.slackMs,
    },
    images: { inspect: drawn.inspect, recoveryRecipient: drawn.recoveryRecipient },
    limits: {
      imageBytesMax: drawn.imageBytesMax,
      imagePixelsMax: 100_000_000,
      inspectionBacklogBytesMax: 33_554_432,
      uploadsInFlightMax: drawn.uploadsInFlightMax,
      connectionsMax: 1_024,
    },
    storage: {
      engine: "segments",
      headroomBytes: drawn.headroomBytes,
      segmentBytes: Math.min(drawn.segmentBytes, drawn.headroomBytes),
      trashMs: drawn.trashDays * 86_400_000,
      scrubEveryMs: drawn.scrubDays * 86_400_000,
      scrubBytesPerSecond: drawn.scrubBytesPerSecond,
      compactBytesPerSecond: drawn.compactBytesPerSecond,
      upkeepMs: drawn.upkeepMs,
    },
  }));

test("what is rendered is read back the same", () => {
  fc.assert(
    fc.property(configs, (config) => {
      expect(parseConfig(renderConfig(config))).toEqual({ ok: true, value: config });
    }),
  );
});

test("what is as by default is not rendered, so that tables can be added by hand", () => {
  expect(renderConfig(parsedOf(threeNodes))).toBe(`${threeNodes}\n`);
});

describe("files", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "distinsta-config-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("that are not there, folders, large files and other bytes are told apart", async () => {
    const path = join(folder, "config.toml");
    expect(await loadConfig(join(folder, "none.toml"))).toMatchObject({ fault: { code: "CONFIG_MISSING" } });
    expect(await loadConfig(folder)).toMatchObject({ fault: { code: "FILE_UNREADABLE" } });
    await writeFile(path, `# ${"é".repeat(70_000)}`);
    expect(await loadConfig(path)).toMatchObject({
      fault: { code: "CONFIG_INVALID", path, problems: [expect.stringContaining("more than 65536 bytes")] },
    });
    await writeFile(path, Buffer.from([0x23, 0xff, 0xfe]));
    expect(await loadConfig(path)).toMatchObject({
      fault: { code: "CONFIG_INVALID", path, problems: [expect.stringContaining("not UTF-8")] },
    });
  });

  test("may begin with a byte order mark", async () => {
    const path = join(folder, "marked.toml");
    await writeFile(path, `\ufeff${threeNodes}`);
    expect(await loadConfig(path)).toMatchObject({ ok: true });
  });

  test("are looked up as named, then in the data folder, then here", async () => {
    const data = join(folder, "data");
    await mkdir(data);
    expect(await findConfig({ data })).toBe("config.toml");
    await writeFile(join(data, "config.toml"), threeNodes);
    expect(await findConfig({ data })).toBe(join(data, "config.toml"));
    expect(await findConfig({ data, config: "named.toml" })).toBe("named.toml");
  });
});
