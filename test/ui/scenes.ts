/**
 * Clusters to look at: fixed snapshots and logs, the same at every run, for frames, pictures and the fixture.
 */
import type { Event, LogEntry } from "../../core/model/events.ts";
import { levelOf } from "../../core/model/events.ts";
import { fault } from "../../core/model/faults.ts";
import { boot, clusterId, imageId, type NodeId, nodeId, storeId, term } from "../../core/model/ids.ts";
import type { LinkView, NodeView, RiskView, Snapshot } from "../../core/model/snapshot.ts";
import { type WallMs, wallMs } from "../../core/model/units.ts";
import { acts } from "../../ui/model/acts.ts";
import { type ConsoleEvent, type ConsoleModel, firstModel, type Setup } from "../../ui/model/model.ts";
import type { Pixels } from "../../ui/model/picture.ts";
import { type Message, update } from "../../ui/model/update.ts";

/** 2026-03-04 10:10:49.000 UTC. */
export const sceneAt = wallMs(Date.UTC(2026, 2, 4, 10, 10, 49));

export const commands = {
  start: "distinsta server ID",
  status: "distinsta status",
  doctor: "distinsta doctor",
};

const cluster = clusterId("0123456789abcdef0123456789abcdef");

export const nodeView = (id: number, changes: Partial<NodeView> = {}): NodeView => ({
  id: nodeId(id),
  address: `127.0.0.1:${8000 + id}`,
  state: "up",
  role: "follower",
  heartbeatMs: 20 + 6 * id,
  roundTripMs: 0.4 * id,
  inFlight: id,
  load: 0.15 + 0.2 * (id % 4),
  cpu: 0.1 + 0.15 * (id % 4),
  memory: 0.3 + 0.02 * id,
  lagMs: 2 + id,
  images: 1_200 + id,
  payloadBytes: 2_400_000_000 + id * 1_000_000,
  diskFreeBytes: 38_000_000_000,
  uptimeMs: (2 * 24 + 4) * 3_600_000,
  drained: false,
  readOnly: false,
  uploadsPerSecond: 2 + id,
  uploadMsP50: 8 + id,
  uploadMsP99: 30 + 4 * id,
  rebuild: null,
  scrub: { state: "running", share: 0.1 * id, checked: 1_200 * id, bad: 0, repaired: 0, unrepairable: 0 },
  ...changes,
});

export interface ScenePlan {
  readonly observer?: number;
  readonly leader?: number | null;
  readonly term?: number;
  readonly nodes?: readonly NodeView[];
  readonly tolerance?: number;
  readonly at?: WallMs;
  readonly risk?: RiskView | null;
  readonly links?: readonly LinkView[];
}

const allCopied: RiskView = { underReplicated: 0, unreadable: 0, missingBytes: 0, safeInMs: 0 };

/** Everybody hears everybody who is not down. */
const linksOf = (nodes: readonly NodeView[]): readonly LinkView[] =>
  nodes.flatMap(({ id: from }) =>
    nodes.flatMap(({ id: to, state, heartbeatMs }): readonly LinkView[] =>
      from === to
        ? []
        : [
            {
              from,
              to,
              silenceMs: state === "down" ? heartbeatMs : 10 * from + 3 * to,
              roundTripMs: 0.3 * from + 0.2 * to,
            },
          ],
    ),
  );

/** Three nodes, node 3 leading term 8, unless the plan says otherwise. */
export const snapshotOf = (plan: ScenePlan = {}): Snapshot => {
  const leader = plan.leader === undefined ? 3 : plan.leader;
  const observer = plan.observer ?? leader ?? 1;
  const nodes = (plan.nodes ?? [1, 2, 3].map((id) => nodeView(id))).map((node) => ({
    ...node,
    role: node.id === leader ? ("leader" as const) : node.role,
    heartbeatMs: node.id === observer ? 0 : node.heartbeatMs,
  }));
  const live = nodes.filter((node) => node.state === "up" || node.state === "suspect").length;
  const needed = Math.floor(nodes.length / 2) + 1;
  return {
    observer: nodeId(observer),
    at: plan.at ?? sceneAt,
    cluster,
    term: leader === null ? null : term(plan.term ?? 8),
    leader: leader === null ? null : nodeId(leader),
    quorum: { live, needed, ok: live >= needed },
    tolerance: plan.tolerance ?? Math.max(0, live - needed),
    nodes,
    links: plan.links ?? linksOf(nodes),
    risk: plan.risk === undefined ? allCopied : plan.risk,
  };
};

export const entryOf = (node: number, event: Event, beforeMs = 0): LogEntry => ({
  at: sceneAt - beforeMs,
  node: nodeId(node),
  level: levelOf(event),
  event,
});

const image = (tail: string) => imageId(`01899f3c-1111-7abc-8def-0000${tail}`);

/** A morning in the life of three nodes. */
export const storyEntries: readonly LogEntry[] = [
  ...[1, 2, 3].flatMap((id) => [
    entryOf(
      id,
      {
        kind: "node.started",
        boot: boot(1),
        store: storeId("ab".repeat(16)),
        address: `127.0.0.1:${8000 + id}`,
      },
      61_000 - id,
    ),
    entryOf(id, { kind: "node.listening", address: `127.0.0.1:${8000 + id}` }, 60_900 - id),
  ]),
  entryOf(3, { kind: "quorum.regained", live: 2, needed: 2 }, 60_500),
  entryOf(3, { kind: "election.started", term: term(8), reason: "timeout" }, 60_400),
  entryOf(1, { kind: "vote.granted", term: term(8), to: nodeId(3) }, 60_390),
  entryOf(2, { kind: "vote.granted", term: term(8), to: nodeId(3) }, 60_389),
  entryOf(3, { kind: "leader.elected", term: term(8), leader: nodeId(3) }, 60_380),
  entryOf(1, { kind: "leader.elected", term: term(8), leader: nodeId(3) }, 60_377),
  entryOf(2, { kind: "leader.elected", term: term(8), leader: nodeId(3) }, 60_375),
  ...Array.from({ length: 18 }, (_, index) =>
    entryOf(
      1 + (index % 3),
      {
        kind: "image.stored",
        image: image(`5f2a${(0x1000 + index * 37).toString(16)}`),
        bytes: 182_400 + index * 31_337,
        copies: index % 3 === 0 ? 3 : 2,
        ms: 3.2 + (index % 7),
        assignedBy: "leader",
      },
      50_000 - index * 2_000,
    ),
  ),
  entryOf(
    2,
    {
      kind: "image.refused",
      image: image("00c0ffee"),
      fault: fault("NOT_AN_IMAGE", { name: "notes.txt" }),
    },
    12_000,
  ),
];

/** What is added when node 2 dies. */
export const deathEntries: readonly LogEntry[] = [
  entryOf(3, { kind: "node.suspect", peer: nodeId(2), silenceMs: 212 }, 11_800),
  entryOf(3, { kind: "node.down", peer: nodeId(2), reason: "refused" }, 11_500),
  entryOf(1, { kind: "node.down", peer: nodeId(2), reason: "refused" }, 11_480),
];

export const logEvents = (entries: readonly LogEntry[]): readonly ConsoleEvent[] =>
  entries.map((entry) => ({ kind: "log", entry }));

export const snapshotEvent = (snapshot: Snapshot): ConsoleEvent => ({ kind: "snapshot", snapshot });

export const processEvent = (
  node: number,
  state: "starting" | "running" | "frozen" | "exited",
  reason: string | null = null,
  cut = false,
): ConsoleEvent => ({ kind: "process", node: nodeId(node), state, pid: 1_000 + node, cut, reason });

export const played = (model: ConsoleModel, messages: readonly Message[]): ConsoleModel =>
  messages.reduce((before, message) => update(before, message)[0], model);

/** An operator in launch-local, who may do everything. */
export const setup: Setup = {
  title: "DISTINSTA",
  subtitle: "alice",
  commands,
  timings: { heartbeatMs: 50, electionTimeoutMs: 300 },
  acts: acts.map(({ name }) => name),
  readOnly: false,
  leaves: null,
};

export const sceneModel = (columns: number, rows: number): ConsoleModel =>
  firstModel({
    setup,
    now: sceneAt,
    size: { columns, rows },
    mouse: false,
    client: {
      user: "alice",
      history: ["upload cat.jpg", "list"],
      greeting: [[{ text: "help says what can be said here" }]],
    },
  });

export const news = (events: readonly ConsoleEvent[], at: WallMs = sceneAt): Message => ({
  kind: "news",
  at,
  events,
  second: false,
});
/** A second passes, with what came in it. */
export const second = (at: WallMs, events: readonly ConsoleEvent[] = []): Message => ({
  kind: "news",
  at,
  events,
  second: true,
});

export const keys = (...pressed: readonly string[]): readonly Message[] =>
  pressed.map((key) => ({ kind: "key", key }));

/** Some load that goes up and down, different for each node; 0 … 1. */
export const loadAt = (id: NodeId | number, second: number): number =>
  0.45 + 0.22 * Math.sin(second / (7 + 3 * id) + id) + 0.13 * Math.sin(second / (2.3 + id));

/** `seconds` of history up to `sceneAt`: one snapshot a second. */
export const loadHistory = (
  seconds: number,
  plan: ScenePlan = {},
  nodeIds: readonly number[] = [1, 2, 3],
): readonly Message[] =>
  Array.from({ length: seconds }, (_, index) => {
    const at = wallMs(sceneAt - (seconds - 1 - index) * 1_000);
    const nodes = nodeIds.map((id) =>
      nodeView(id, {
        load: loadAt(id, index),
        uploadsPerSecond: 12 * loadAt(id, index / 2),
        uploadMsP50: 8 + 6 * loadAt(id, index / 3),
        uploadMsP99: 30 + 50 * loadAt(id, index),
      }),
    );
    return second(at, [snapshotEvent(snapshotOf({ nodes, at, ...plan }))]);
  });

/** Three nodes up, five minutes of load, a log. */
export const calmScene = (columns: number, rows: number): ConsoleModel =>
  played(sceneModel(columns, rows), [...loadHistory(300), news(logEvents(storyEntries))]);

/** The same in launch-local: the nodes are processes of this console. */
export const launchedScene = (columns: number, rows: number): ConsoleModel =>
  played(calmScene(columns, rows), [news([1, 2, 3].map((id) => processEvent(id, "running")))]);

/** The same, but node 2 was killed twelve seconds ago. */
export const nodeDownScene = (columns: number, rows: number): ConsoleModel => {
  const nodes = [
    nodeView(1, { load: loadAt(1, 299) }),
    nodeView(2, { state: "down", heartbeatMs: 12_300 }),
    nodeView(3, { load: loadAt(3, 299) }),
  ];
  return played(calmScene(columns, rows), [
    news([snapshotEvent(snapshotOf({ nodes })), ...logEvents(deathEntries)]),
  ]);
};

/** Only node 1 is left. */
export const noQuorumScene = (columns: number, rows: number): ConsoleModel => {
  const nodes = [
    nodeView(1),
    nodeView(2, { state: "down", heartbeatMs: 12_300 }),
    nodeView(3, { state: "down", heartbeatMs: 3_200 }),
  ];
  return played(calmScene(columns, rows), [
    news([
      snapshotEvent(snapshotOf({ nodes, leader: null, observer: 1 })),
      processEvent(3, "exited", "killed by SIGKILL"),
      ...logEvents(deathEntries),
      ...logEvents([
        entryOf(1, { kind: "leader.lost", term: term(8), leader: nodeId(3), silenceMs: 301 }, 2_900),
        entryOf(1, { kind: "quorum.lost", live: 1, needed: 2 }, 2_890),
      ]),
    ]),
  ]);
};

/** Node 2 came back with an empty disk; what it had is being copied. */
export const lostDiskScene = (columns: number, rows: number): ConsoleModel => {
  const rebuild = {
    phase: "payloads",
    imagesLeft: 755,
    doneBytes: 890_000_000,
    totalBytes: 2_400_000_000,
    bytesPerSecond: 24_000_000,
    etaMs: 63_000,
    waitingFor: [],
  } as const;
  const nodes = [
    nodeView(1),
    nodeView(2, { state: "rebuilding", rebuild, scrub: null, images: 445, payloadBytes: 890_000_000 }),
    nodeView(3),
  ];
  const risk = { underReplicated: 755, unreadable: 0, missingBytes: 1_510_000_000, safeInMs: 63_000 };
  return played(calmScene(columns, rows), [
    news([
      snapshotEvent(snapshotOf({ nodes, risk, tolerance: 0 })),
      ...logEvents(
        Array.from({ length: 445 }, (_, index) => {
          const copied = { image: image("5f2a2000"), from: nodeId(1 + 2 * (index % 2)), bytes: 2_000_000 };
          return entryOf(2, { kind: "copy.made", ...copied }, 60_000 - 130 * index);
        }),
      ),
    ]),
    ...keys("8"),
  ]);
};

/** Nobody hears node 1, though it hears them. */
export const oneWayScene = (columns: number, rows: number): ConsoleModel => {
  const nodes = [nodeView(1, { state: "suspect", heartbeatMs: 4_200 }), nodeView(2), nodeView(3)];
  const links = linksOf(nodes).map((link) => (link.to === 1 ? { ...link, silenceMs: 4_200 } : link));
  return played(calmScene(columns, rows), [
    news([snapshotEvent(snapshotOf({ nodes, links }))]),
    ...keys("6"),
  ]);
};

/** Several uploads are under way, typed in the client's pane. */
export const uploadingScene = (columns: number, rows: number): ConsoleModel =>
  played(calmScene(columns, rows), [
    ...keys("3", ..."upload *.jpg", "enter"),
    {
      kind: "client",
      event: {
        kind: "transfers",
        transfers: [
          { name: "harbour.jpg", bytes: 4_100_000, total: 6_000_000, bytesPerSecond: 1_200_000 },
          { name: "dunes.jpg", bytes: 1_900_000, total: 8_000_000, bytesPerSecond: 900_000 },
          { name: "cat.jpg", bytes: 350_000, total: 400_000, bytesPerSecond: 700_000 },
        ],
      },
    },
    ...keys("escape", "9"),
  ]);

/** From dark to light and from red to blue; the same pixels for the same size. */
export const gradient = (width: number, height: number): Pixels => ({
  width,
  height,
  rgba: Uint8Array.from({ length: width * height * 4 }, (_, index) => {
    const [x, y] = [Math.floor(index / 4) % width, Math.floor(index / 4 / width)];
    const light = (255 * (y + 1)) / height;
    const blue = (x + 1) / width;
    return [light * (1 - blue), light / 2, light * blue, 255][index % 4] ?? 0;
  }),
});

export const pictureEvent = (id: string, pixels: Pixels, open = false): Message => {
  const caption = `${id}  ${pixels.width}x${pixels.height}  90 kB  cat.png`;
  return {
    kind: "client",
    event: { kind: "picture", open, picture: { id, tiles: [{ pixels, caption }], caption } },
  };
};

/** `view` has just shown a picture in the client's pane. */
export const viewScene = (columns: number, rows: number): ConsoleModel =>
  played(calmScene(columns, rows), [
    ...keys("3", ..."view 2048fd68", "enter"),
    pictureEvent("2048fd68", gradient(160, 120)),
    { kind: "client", event: { kind: "idle" } },
  ]);

/** Five pictures over the whole screen, one of which cannot be seen. */
export const albumScene = (columns: number, rows: number): ConsoleModel => {
  const seen = Array.from({ length: 4 }, (_, at) => ({
    pixels: gradient(40 - 8 * at, 30),
    caption: `2048fd6${at}  cat-${at}.png`,
  }));
  const tiles = [
    ...seen,
    { pixels: "dog.png cannot be shown: it cannot be decoded", caption: "2048fd68  dog.png" },
  ];
  const picture = { id: null, tiles, caption: "the 5 newest images" };
  return played(calmScene(columns, rows), [
    ...keys("3", "escape", "V"),
    { kind: "client", event: { kind: "picture", picture, open: true } },
    { kind: "client", event: { kind: "idle" } },
  ]);
};

/** Three of five are stored and show below what was said, two are on their way. */
export const previewScene = (columns: number, rows: number): ConsoleModel =>
  played(calmScene(columns, rows), [
    ...keys("3", ..."upload *.jpg", "enter"),
    ...["harbour.jpg", "dunes.jpg", "cat.jpg"].flatMap((caption, at): readonly Message[] => [
      {
        kind: "client",
        event: { kind: "output", lines: [[{ text: `✓ Server ${at + 1} processed request` }]] },
      },
      { kind: "client", event: { kind: "preview", tile: { pixels: gradient(24, 18), caption } } },
    ]),
    {
      kind: "client",
      event: {
        kind: "transfers",
        transfers: [
          { name: "street.jpg", bytes: 4_100_000, total: 6_000_000, bytesPerSecond: 1_200_000 },
          { name: "waves.jpg", bytes: 1_900_000, total: 8_000_000, bytesPerSecond: 900_000 },
        ],
      },
    },
  ]);

/** Looking back at the death of node 2, three minutes later. */
export const pastScene = (columns: number, rows: number): ConsoleModel =>
  played(nodeDownScene(columns, rows), [
    second(wallMs(sceneAt + 180_000), [snapshotEvent(snapshotOf())]),
    ...keys("left"),
  ]);
