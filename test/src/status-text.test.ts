import { expect, test } from "vitest";
import { clusterId, nodeId, term } from "../../core/model/ids.ts";
import type { NodeView, Snapshot } from "../../core/model/snapshot.ts";
import { wallMs } from "../../core/model/units.ts";
import { statusJson, statusLines } from "../../src/status-text.ts";

const up: NodeView = {
  id: nodeId(1),
  address: "127.0.0.1:8001",
  state: "up",
  role: "leader",
  heartbeatMs: 0,
  roundTripMs: null,
  inFlight: 2,
  load: 0.256,
  cpu: 0.5,
  memory: 0.5,
  lagMs: 1,
  images: 12,
  payloadBytes: 3_400_000,
  diskFreeBytes: 5e10,
  uptimeMs: 7_300_000,
  drained: false,
  readOnly: false,
  uploadsPerSecond: null,
  uploadMsP50: null,
  uploadMsP99: null,
  rebuild: null,
  scrub: null,
};
const unheard: NodeView = {
  ...up,
  id: nodeId(2),
  state: "down",
  role: "follower",
  heartbeatMs: null,
  inFlight: null,
  load: null,
  images: null,
  payloadBytes: null,
  diskFreeBytes: null,
  uptimeMs: null,
  drained: null,
  readOnly: null,
};
const snapshot: Snapshot = {
  observer: nodeId(1),
  at: wallMs(0),
  cluster: clusterId("ab".repeat(16)),
  term: term(7),
  leader: nodeId(1),
  quorum: { live: 1, needed: 2, ok: false },
  tolerance: 0,
  risk: null,
  nodes: [up, unheard],
  links: [],
};

test("scripts get what they rely on, with null for what is not known", () => {
  const json = statusJson(snapshot);
  expect(json).toMatchObject({ term: 7, leader: 1, quorum: false, tolerance: 0 });
  const keys = [
    "id",
    "address",
    "state",
    "role",
    "heartbeatMs",
    "inFlight",
    "load",
    "images",
    "payloadBytes",
  ];
  for (const node of json.nodes)
    expect(Object.keys(node)).toEqual(expect.arrayContaining([...keys, "diskFreeBytes", "uptimeMs"]));
  expect(json.nodes[1]).toMatchObject({ state: "down", heartbeatMs: null, load: null });
  expect(statusJson({ ...snapshot, term: null, leader: null })).toMatchObject({ term: null, leader: null });
});

test("a node that is down says for how long, and nothing that was only so while it lived", () => {
  const dead: NodeView = { ...up, id: nodeId(3), state: "down", role: "follower", heartbeatMs: 17_716 };
  const [, header = "", , second = "", third = ""] = statusLines(
    { ...snapshot, nodes: [up, unheard, dead] },
    200,
  );
  const cell = (row: string, title: string) =>
    row.slice(header.search(new RegExp(`\\b${title}\\b`))).split(/ {2,}/)[0];
  const titles = ["state", "role", "heartbeat", "load", "in flight", "up", "images", "stored", "free"];
  expect(titles.map((title) => cell(third, title))).toEqual([
    ...["down", "-", "silent 17 s", "-", "-", "-"],
    ...["12", "3.4 MB", "50 GB"],
  ]);
  expect(cell(second, "heartbeat")).toBe("never");
});

test("people get a sentence and a table whose columns stand under each other", () => {
  const [sentence = "", header = "", first = "", second = ""] = statusLines(snapshot, 200);
  expect(sentence).toBe("node 1 leads term 7 · NO QUORUM (1 live, 2 needed) · tolerates 0");
  for (const [title, one, two] of [
    ["state", "up", "down"],
    ["load", "26 %", "-"],
    ["stored", "3.4 MB", "-"],
    ["free", "50 GB", "-"],
    ["up ", "2 h", "-"],
    ["address", "127.0.0.1:8001", "127.0.0.1:8001"],
  ] as const) {
    const column = header.indexOf(title);
    expect(first.slice(column).startsWith(one)).toBe(true);
    expect(second.slice(column).startsWith(two)).toBe(true);
  }
  expect(statusLines({ ...snapshot, leader: null }, 200)[0]).toMatch(/^no leader · /);
});

test("a table fits its window: what matters least is left out, nothing else", () => {
  const worst = {
    ...up,
    state: "rebuilding",
    role: "candidate",
    heartbeatMs: 1_234,
    load: 1,
    inFlight: 12,
  } as const;
  const nodes = [
    { ...worst, address: "images.example.org:8001", images: 1_000_000, payloadBytes: 999e9 },
    up,
  ];
  const lines = statusLines({ ...snapshot, nodes }, 80).slice(0, 4);
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  for (const title of ["state", "role", "heartbeat", "images", "stored", "free"])
    expect(lines[1]).toContain(title);
  expect(lines[1]).not.toContain("address");
  expect(statusLines(snapshot, 80)[1]).toMatch(/load .*in flight .*up$/);
  expect(statusLines(snapshot, Number.POSITIVE_INFINITY)[1]).toMatch(/address$/);
});
