import { describe, expect, test } from "vitest";
import { diagnose } from "../../../../core/decide/doctor/diagnose.ts";
import type { Facts, Reach } from "../../../../core/decide/doctor/facts.ts";
import { fault } from "../../../../core/model/faults.ts";
import { wallMs } from "../../../../core/model/units.ts";
import {
  answerOf,
  credentialsOf,
  dayMs,
  healthy,
  now,
  serverOf,
  snapshotOf,
  viewOf,
  withServer,
} from "./facts.ts";

const ill = (changes: Partial<Facts>) =>
  diagnose({ ...healthy, ...changes }).filter(({ level }) => level !== "good");

test("a healthy cluster has one good line for each check, in the order in which troubles bite", () => {
  const findings = diagnose(healthy);
  expect(findings.map(({ check }) => check)).toEqual([
    "runtime",
    "configuration",
    "addresses",
    "certificates",
    "disk",
    "ports",
    "firewall",
    "version",
    "clock",
    "quorum",
  ]);
  expect(findings.filter(({ level, hint }) => level !== "good" || hint !== "")).toEqual([]);
});

const statusWith = (id: number, aheadMs: number, roundTripMs = 2) =>
  answerOf(id, { status: { snapshot: snapshotOf(id), aheadMs, roundTripMs } });
const node2Down = snapshotOf(1, {
  nodes: [viewOf(1), viewOf(2, { state: "down", heartbeatMs: 9_000 }), viewOf(3)],
  quorum: { live: 2, needed: 2, ok: true },
  tolerance: 0,
});

interface Trouble {
  readonly title: string;
  readonly facts: Partial<Facts>;
  readonly found: readonly (readonly [check: string, level: string, message: RegExp, hint: RegExp])[];
}

const troubles: readonly Trouble[] = [
  {
    title: "an old runtime",
    facts: { runtime: { version: "24.9.0", versionMin: "24.15.0" } },
    found: [["runtime", "bad", /Node 24\.9\.0 is too old, 24\.15\.0 is needed/, /npm run setup/]],
  },
  {
    title: "a node that does not run",
    facts: {
      servers: [1, 2, 3].map((id) =>
        serverOf(id, {
          reach:
            id === 2
              ? { kind: "refused" }
              : answerOf(id, { status: { snapshot: node2Down, aheadMs: 0, roundTripMs: 1 } }),
        }),
      ),
    },
    found: [
      ["ports", "bad", /nothing listens at 10\.0\.0\.2:8001: node 2 is not running/, /distinsta server 2;/],
    ],
  },
  {
    title: "a node that does not run on this machine, with the data folder to type",
    facts: { ...withServer(1, { reach: { kind: "refused" } }), dataOption: " --data disk" },
    found: [["ports", "bad", /node 1 is not running/, /^type: distinsta server 1 --data disk$/]],
  },
  {
    title: "a port of this machine that another program holds",
    facts: withServer(1, {
      holder: "nginx (pid 7)",
      reach: { kind: "failed", fault: fault("UNAUTHENTICATED", { reason: "it is no distinsta node" }) },
    }),
    found: [
      [
        "ports",
        "bad",
        /10\.0\.0\.1:8001 is not node 1 of this cluster, it is nginx \(pid 7\)/,
        /stop that program/,
      ],
    ],
  },
  {
    title: "another node at the address",
    facts: withServer(2, {
      reach: {
        kind: "failed",
        fault: fault("WRONG_ROLE", { peer: "10.0.0.2:8001", role: "node 3", wanted: "node 2" }),
      },
    }),
    found: [["ports", "bad", /at 10\.0\.0\.2:8001 answers node 3, not node 2/, /config\.toml/]],
  },
  {
    title: "a frozen node",
    facts: withServer(2, {
      reach: {
        kind: "failed",
        fault: fault("TIMED_OUT", { peer: "10.0.0.2:8001", what: "answer", ms: 3_000 }),
      },
    }),
    found: [["ports", "bad", /node 2 .* accepts connections and does not answer/, /frozen/]],
  },
  {
    title: "silence, as a firewall keeps it, with what to type for ufw, firewalld and Windows",
    facts: withServer(2, { reach: { kind: "silent", ms: 4_000 } }),
    found: [
      [
        "firewall",
        "bad",
        /node 2 cannot be reached at 10\.0\.0\.2:8001 \(no answer within 4\.0 s\): other nodes hear it/,
        /ufw allow 8001\/tcp; or: sudo firewall-cmd --permanent --add-port=8001\/tcp .*; or on Windows: netsh .*localport=8001/,
      ],
    ],
  },
  {
    title: "a firewall that rejects: refused here, heard elsewhere",
    facts: { servers: [1, 2, 3].map((id) => serverOf(id, id === 2 ? { reach: { kind: "refused" } } : {})) },
    found: [["firewall", "bad", /node 2 cannot be reached .* \(it refuses\): other nodes hear it/, /ufw/]],
  },
  {
    title: "two nodes that answer here and do not hear each other",
    facts: withServer(1, {
      reach: answerOf(1, { status: { snapshot: node2Down, aheadMs: 0, roundTripMs: 1 } }),
    }),
    found: [
      [
        "firewall",
        "bad",
        /node 1 does not hear node 2, although both answer here/,
        /machine of node 1: sudo ufw/,
      ],
    ],
  },
  {
    title: "a name without an address",
    facts: withServer(3, { resolved: [], reach: { kind: "unresolved", reason: "no such name" } }),
    found: [
      [
        "addresses",
        "bad",
        /the name '10\.0\.0\.3' of node 3 has no address: no such name/,
        /IP address for node3/,
      ],
    ],
  },
  {
    title: "a loopback address among others",
    facts: withServer(2, { isLoopback: true }),
    found: [["addresses", "bad", /of node 2 means another machine on each machine/, /ip -brief addr/]],
  },
  {
    title: "two names for one place",
    facts: withServer(2, { resolved: ["10.0.0.1"] }),
    found: [["addresses", "bad", /nodes 1 and 2 have one address: 10\.0\.0\.1:8001/, /of its own/]],
  },
  {
    title: "another configuration elsewhere: which line, which machine",
    facts: withServer(2, {
      reach: answerOf(2, {
        differs: { here: ["cluster.replication = 3"], there: ["cluster.replication = 2"] },
      }),
    }),
    found: [
      [
        "configuration",
        "bad",
        /one of node 2 \(10\.0\.0\.2:8001\): here cluster\.replication = 3; there cluster\.replication = 2/,
        /copy one config\.toml/,
      ],
    ],
  },
  {
    title: "another configuration, told by a node to a node",
    facts: withServer(2, {
      reach: {
        kind: "failed",
        fault: fault("CONFIG_DIFFERS", { peer: "node 2", ours: ["a = 1"], theirs: ["a = 2"] }),
      },
    }),
    found: [["configuration", "bad", /here a = 1; there a = 2/, /copy one config\.toml/]],
  },
  {
    title: "another protocol",
    facts: withServer(3, {
      reach: { kind: "failed", fault: fault("VERSION_MISMATCH", { peer: "node 3", theirs: 2, ours: 1 }) },
    }),
    found: [["version", "bad", /node 3 speaks protocol 2, this program speaks 1/, /same version/]],
  },
  {
    title: "another version that still speaks our protocol",
    facts: withServer(3, { reach: answerOf(3, { version: "0.2.0" }) }),
    found: [
      ["version", "warning", /node 3 runs distinsta 0\.2\.0, this machine 0\.1\.0/, /one after the other/],
    ],
  },
  {
    title: "one node's clock five seconds behind",
    facts: withServer(2, { reach: statusWith(2, -5_000) }),
    found: [["clock", "warning", /the clock of node 2 is 5\.0 s behind this machine's/, /timedatectl/]],
  },
  {
    title: "one node's clock ten minutes ahead",
    facts: withServer(2, { reach: statusWith(2, 600_000) }),
    found: [["clock", "bad", /node 2 is 10 min ahead of .* dated wrongly/, /timedatectl/]],
  },
  {
    title: "this machine's clock, when all nodes agree that it is wrong",
    facts: { servers: [1, 2, 3].map((id) => serverOf(id, { reach: statusWith(id, -600_000) })) },
    found: [["clock", "bad", /this machine's clock is 10 min ahead of all nodes'/, /here/]],
  },
  {
    title: "another cluster",
    facts: withServer(2, {
      reach: { kind: "failed", fault: fault("WRONG_CLUSTER", { peer: "10.0.0.2:8001" }) },
    }),
    found: [
      ["certificates", "bad", /10\.0\.0\.2:8001 belongs to another cluster/, /credentials were copied/],
    ],
  },
  {
    title: "no credentials, and what is therefore not known",
    facts: {
      credentials: [],
      askedAs: null,
      servers: [1, 2, 3].map((id) => serverOf(id, { reach: { kind: "open" } })),
    },
    found: [
      ["certificates", "bad", /no certificate/, /user request/],
      ["clock", "unknown", /needs usable credentials/, /doctor/],
      ["quorum", "unknown", /needs usable credentials/, /doctor/],
    ],
  },
  {
    title: "a certificate that ran out, and how to renew it",
    facts: {
      credentials: [
        credentialsOf("node 1"),
        credentialsOf("user alice", {
          fault: fault("CREDENTIALS_EXPIRED", { who: "user alice", since: "2026-11-01" }),
        }),
      ],
    },
    found: [["certificates", "bad", /user alice ran out on 2026-11-01/, /distinsta user request alice/]],
  },
  {
    title: "a certificate that the operator has revoked, as nodes say",
    facts: {
      servers: [
        serverOf(1),
        ...[2, 3].map((id) => {
          const revoked = { name: "alice", since: "2026-11-01", command: null };
          return serverOf(id, { reach: { kind: "failed", fault: fault("CREDENTIALS_REVOKED", revoked) } });
        }),
      ],
    },
    found: [
      [
        "certificates",
        "bad",
        /nodes 2 and 3: the certificate of alice was revoked on 2026-11-01/,
        /ask the operator/,
      ],
    ],
  },
  {
    title: "a certificate that ends this month",
    facts: { credentials: [credentialsOf("node 1", { until: wallMs(now + 20 * dayMs) })] },
    found: [["certificates", "warning", /certificate of node 1 ends in 20 d/, /distinsta init/]],
  },
  {
    title: "a key that others may read",
    facts: { credentials: [credentialsOf("node 1", { openSecrets: ["disk/key.pem"] })] },
    found: [["certificates", "bad", /disk\/key\.pem can be read by others/, /chmod 600 disk\/key\.pem/]],
  },
  {
    title: "certificates of two clusters",
    facts: { credentials: [credentialsOf("node 1"), credentialsOf("user bob", { cluster: "another" })] },
    found: [["certificates", "bad", /user bob is of another cluster than that of node 1/, /move/]],
  },
  {
    title: "a node of this machine without its certificate",
    facts: { ...withServer(1, { reach: { kind: "refused" } }), credentials: [credentialsOf("user bob")] },
    found: [
      ["certificates", "bad", /node 1 is to run on this machine, and its certificate is not here/, /node1/],
      ["ports", "bad", /node 1 is not running/, /distinsta server 1/],
    ],
  },
  {
    title: "a folder that cannot be written",
    facts: { disks: [{ folder: "disk", exists: true, writable: false, freeBytes: 1e12 }] },
    found: [["disk", "bad", /disk cannot be written/, /ls -ld disk/]],
  },
  {
    title: "a disk without headroom here, and elsewhere",
    facts: {
      ...withServer(2, {
        reach: answerOf(2, {
          status: {
            snapshot: snapshotOf(2, {
              nodes: [viewOf(1), viewOf(2, { diskFreeBytes: 5_000_000 }), viewOf(3)],
            }),
            aheadMs: 0,
            roundTripMs: 1,
          },
        }),
      }),
      disks: [{ folder: "disk", exists: true, writable: true, freeBytes: 1_000_000 }],
    },
    found: [
      [
        "disk",
        "bad",
        /disk has 1\.0 MB free, less than the 268 MB of \[storage\] headroom_bytes/,
        /df -h disk/,
      ],
      ["disk", "bad", /node 2 has 5\.0 MB free/, /on that machine/],
    ],
  },
];

describe("the doctor finds", () => {
  test.each(troubles)("$title", ({ facts, found }) => {
    const findings = ill(facts).filter(({ check }) => found.some(([wanted]) => wanted === check));
    expect(findings.map(({ check, level }) => [check, level])).toEqual(
      found.map(([check, level]) => [check, level]),
    );
    for (const [index, [, , message, hint]] of found.entries()) {
      expect(findings[index]?.message).toMatch(message);
      expect(findings[index]?.hint).toMatch(hint);
    }
  });

  const seen = (changes: Parameters<typeof snapshotOf>[1]) => ({
    servers: [1, 2, 3].map((id) =>
      serverOf(id, {
        reach: answerOf(id, { status: { snapshot: snapshotOf(id, changes), aheadMs: 0, roundTripMs: 1 } }),
      }),
    ),
  });

  test.each([
    [
      "no quorum, and whom to start",
      {
        quorum: { live: 1, needed: 2, ok: false },
        leader: null,
        term: null,
        tolerance: 0,
        nodes: [viewOf(1), viewOf(2, { state: "down" }), viewOf(3, { state: "down" })],
      },
      /1 of 3 nodes live, 2 are needed: nothing can be written/,
      /^mend what stands above/,
    ],
    ["no leader", { leader: null, term: null }, /no leader is elected/, /wait/],
    [
      "a rebuilding node",
      { nodes: [viewOf(1), viewOf(2, { state: "rebuilding" }), viewOf(3)] },
      /node 2 rebuilding/,
      /status/,
    ],
    ["that none more may stop", { tolerance: 0 }, /none more may stop/, /copies/],
  ] as const)("%s", (_, changes, message, hint) => {
    const [finding, ...others] = ill(seen(changes)).filter(({ check }) => check === "quorum");
    expect(others).toEqual([]);
    expect(finding?.message).toMatch(message);
    expect(finding?.hint).toMatch(hint);
  });
});

test("whom to start is said with where: on its machine, or on the machine of each", () => {
  const without = (...down: readonly number[]) => {
    const nodes = [1, 2, 3].map((id) => viewOf(id, down.includes(id) ? { state: "down" } : {}));
    const snapshot = snapshotOf(1, { quorum: { live: 1, needed: 2, ok: false }, nodes });
    const reach = (id: number): Reach =>
      down.includes(id)
        ? { kind: "refused" }
        : answerOf(id, { status: { snapshot, aheadMs: 0, roundTripMs: 1 } });
    const servers = [1, 2, 3].map((id) => serverOf(id, { reach: reach(id) }));
    return ill({ servers }).find(({ check }) => check === "quorum")?.hint;
  };
  expect(without(3)).toBe("start node 3, on its machine: distinsta server 3");
  expect(without(2, 3)).toMatch(/^start nodes 2 and 3, on the machine of each: .*server 2, .*server 3$/);
});

test("a slow network is no clock skew: what half a round trip explains is not told", () => {
  const slow = { servers: [1, 2, 3].map((id) => serverOf(id, { reach: statusWith(id, id * 1_000, 4_000) })) };
  expect(ill(slow)).toEqual([]);
});

test("on one machine nothing needs certificates before the first start", () => {
  const fresh = {
    isAllLoopback: true,
    credentials: [],
    askedAs: null,
    servers: [1, 2, 3].map((id) =>
      serverOf(id, { isLoopback: true, isHere: true, reach: { kind: "refused" } as const }),
    ),
  };
  const findings = diagnose({ ...healthy, ...fresh });
  expect(findings.find(({ check }) => check === "certificates")?.level).toBe("good");
  expect(
    findings.filter(({ check }) => check === "clock" || check === "quorum").map(({ message }) => message),
  ).toEqual(["not looked at: no node answered", "not looked at: no node answered"]);
});
