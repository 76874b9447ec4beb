import { describe, expect, test } from "vitest";
import { nodeId } from "../../../core/model/ids.ts";
import type { NodeView, RebuildView } from "../../../core/model/snapshot.ts";
import { wallMs } from "../../../core/model/units.ts";
import { type ConsoleModel, liveNotices } from "../../../ui/model/model.ts";
import {
  commands,
  news,
  nodeView,
  second as passed,
  played,
  processEvent,
  type ScenePlan,
  sceneAt,
  sceneModel,
  snapshotEvent,
  snapshotOf,
} from "../scenes.ts";

const said = (model: ConsoleModel): readonly string[] =>
  liveNotices(model).map(
    (notice) => `${notice.tone}: ${notice.text}${notice.command === null ? "" : ` — ${notice.command}`}`,
  );
const withSnapshot = (plan: ScenePlan): ConsoleModel =>
  played(sceneModel(120, 40), [news([snapshotEvent(snapshotOf(plan))])]);
const second = (changes: Partial<NodeView>): readonly NodeView[] => [
  nodeView(1),
  nodeView(2, changes),
  nodeView(3),
];

const refill = (changes: Partial<RebuildView>): RebuildView => ({
  phase: "payloads",
  imagesLeft: 9,
  doneBytes: 37,
  totalBytes: 100,
  bytesPerSecond: 5,
  etaMs: 63_000,
  waitingFor: [nodeId(3)],
  ...changes,
});
const checking = { state: "running", share: 0.5, checked: 9, bad: 0, repaired: 0, unrepairable: 0 } as const;

describe("what needs care", () => {
  test("copies that are missing, and images that nobody has", () => {
    const risk = { underReplicated: 755, unreadable: 0, missingBytes: 1_510_000_000, safeInMs: 63_000 };
    expect(said(withSnapshot({ risk }))).toEqual([
      "warn: 755 images with too few copies: 1.5 GB to copy, safe in 1m 03s — watch it: press 8",
    ]);
    const gone = withSnapshot({
      risk: { ...risk, unreadable: 1 },
      nodes: second({ state: "down", heartbeatMs: 5_000 }),
    });
    expect(said(gone)).toContain(
      "bad: 1 image cannot be read: no live node has it — start who has them: distinsta server 2",
    );
  });

  test("a node that is refilled says how far it is, and one that waits says for whom", () => {
    const rebuilding = (rebuild: RebuildView) =>
      said(withSnapshot({ nodes: second({ state: "rebuilding", rebuild }) }));
    expect(rebuilding(refill({}))[0]).toBe(
      "warn: node 2 is being refilled: payloads 37%, 1m 03s left — watch it: press 8",
    );
    const nodes = [
      nodeView(1),
      nodeView(2, { state: "rebuilding", rebuild: refill({ phase: "waiting" }) }),
      nodeView(3, { state: "down", heartbeatMs: 900 }),
    ];
    expect(said(withSnapshot({ nodes, leader: null, observer: 1 }))).toContain(
      "bad: node 2 lost its disk and waits for node 3 before it can be refilled — start: distinsta server 3",
    );
    // Every node that starts waits for a moment; nobody is to start a node that is up.
    expect(rebuilding(refill({ phase: "waiting" }))[0]).toBe(
      "warn: node 2 waits for word of node 3 before it votes and answers — watch it: press 8",
    );
  });

  test("drained and read-only nodes, and how to end that", () => {
    expect(said(withSnapshot({ nodes: second({ drained: true }) }))).toEqual([
      "warn: node 2 is drained: it gets no new images — end that: :undrain 2",
    ]);
    expect(said(withSnapshot({ nodes: second({ readOnly: true, diskFreeBytes: 4_000_000 }) }))[0]).toBe(
      "bad: node 2 takes no new images: its disk is full or failed, 4.0 MB free — there: df -h, dmesg",
    );
  });

  test("a node that others hear and this console does not", () => {
    const unreached = played(withSnapshot({}), [
      news([
        { kind: "link", node: nodeId(2), problem: { what: "it refused the connection", hint: "start it" } },
      ]),
    ]);
    expect(said(unreached)).toEqual([
      "warn: node 2 is up, but not reached from here: it refused the connection — look: distinsta doctor",
    ]);
    expect(said(played(unreached, [news([{ kind: "link", node: nodeId(2), problem: null }])]))[0]).toMatch(
      /^good/,
    );
  });

  test("what was done to a process from here is told, with what undoes it", () => {
    const down = withSnapshot({ nodes: second({ state: "down", heartbeatMs: 3_000 }) });
    expect(said(played(down, [news([processEvent(2, "frozen")])]))[0]).toBe(
      "bad: node 2 frozen, silent for 3 s: writes go on with 2 of 3 nodes — wake it: :wake 2",
    );
    expect(said(played(down, [news([processEvent(2, "running", null, true)])]))[0]).toBe(
      "bad: node 2 cut off, silent for 3 s: writes go on with 2 of 3 nodes — mend its network: :mend 2",
    );
  });

  test("the worst comes first", () => {
    const tones = said(
      withSnapshot({ nodes: [nodeView(1, { drained: true }), nodeView(2, { state: "down" }), nodeView(3)] }),
    ).map((text) => text.slice(0, 4));
    expect(tones).toEqual(["bad:", "warn"]);
  });
});

describe("what needs attention", () => {
  test("when all is well, it says how many may stop", () => {
    expect(said(withSnapshot({}))).toEqual(["good: all 3 nodes up: 1 more may stop and nothing is lost"]);
  });

  test("a silent node names what goes on and the command that starts it", () => {
    expect(said(withSnapshot({ nodes: second({ state: "down", heartbeatMs: 12_345 }) }))).toEqual([
      "bad: node 2 silent for 12 s: writes go on with 2 of 3 nodes — start it: distinsta server 2",
    ]);
  });

  test("a node that was never heard, one that is late and one that rebuilds are told apart", () => {
    expect(said(withSnapshot({ nodes: second({ state: "down", heartbeatMs: null }) }))[0]).toContain(
      "node 2 not heard yet",
    );
    expect(said(withSnapshot({ nodes: second({ state: "suspect", heartbeatMs: 1_200 }) }))[0]).toBe(
      "warn: node 2 silent for 1 s: it gets no new work — look: distinsta status",
    );
    expect(said(withSnapshot({ nodes: second({ state: "rebuilding" }) }))[0]).toMatch(
      /^warn: node 2 is rebuilding/,
    );
  });

  test("a lost quorum comes before the nodes that are missing for it", () => {
    const nodes = [nodeView(1), nodeView(2, { state: "down" }), nodeView(3, { state: "down" })];
    expect(said(withSnapshot({ nodes, leader: null, observer: 1 }))).toEqual([
      "bad: quorum lost, no writes: 1 of 3 nodes up, 2 needed — start it: distinsta server 2",
      expect.stringMatching(/^bad: node 2 .* missing for a quorum — start it: distinsta server 2$/),
      expect.stringMatching(/^bad: node 3 .* missing for a quorum — start it: distinsta server 3$/),
    ]);
  });

  test("a process that runs without being heard must be ended first, and another node is started rather", () => {
    const running = news([processEvent(2, "running")], wallMs(sceneAt - 60_000));
    const silent = snapshotEvent(snapshotOf({ nodes: second({ state: "down", heartbeatMs: 3_000 }) }));
    const frozen = played(sceneModel(120, 40), [running, news([silent])]);
    expect(said(frozen)).toEqual([
      "bad: node 2 silent for 3 s though its process runs: writes go on with 2 of 3 nodes — end it: kill -9 1002",
    ]);
    // One that is being stopped has said goodbye and is not gone yet.
    const leaving = snapshotEvent(snapshotOf({ nodes: second({ state: "down", heartbeatMs: 1_900 }) }));
    expect(said(played(sceneModel(120, 40), [running, news([leaving])]))).toEqual([
      "bad: node 2 silent for 1 s though its process runs: writes go on with 2 of 3 nodes — look: distinsta status",
    ]);
    const nodes = [nodeView(1), nodeView(2, { state: "down" }), nodeView(3, { state: "down" })];
    const alone = played(withSnapshot({ nodes, leader: null, observer: 1 }), [
      news([processEvent(2, "running")]),
    ]);
    expect(said(alone)[0]).toMatch(/^bad: quorum lost.* — start it: distinsta server 3$/);
  });

  test("a process that was just started is starting, and only later one that hangs", () => {
    const ended = played(withSnapshot({ nodes: second({ state: "down", heartbeatMs: 6_000 }) }), [
      news([processEvent(2, "exited", "killed by SIGKILL")]),
    ]);
    const started = played(ended, [news([processEvent(2, "running")], wallMs(sceneAt + 1_000))]);
    expect(said(started)).toEqual(["warn: node 2 is starting: writes go on with 2 of 3 nodes"]);
    const since = (ms: number) => {
      const nodes = second({ state: "down", heartbeatMs: 6_000 + ms });
      return said(played(started, [passed(wallMs(sceneAt + ms), [snapshotEvent(snapshotOf({ nodes }))])]));
    };
    expect(since(20_000)).toEqual(["warn: node 2 is starting: writes go on with 2 of 3 nodes"]);
    expect(since(40_000)).toEqual([
      "bad: node 2 started 39 s ago and not heard since: writes go on with 2 of 3 nodes — end it: kill -9 1002",
    ]);
    const others = snapshotOf({
      observer: 1,
      leader: null,
      nodes: [nodeView(1), nodeView(2, { state: "down", heartbeatMs: null }), nodeView(3, { state: "down" })],
    });
    const alone = played(sceneModel(120, 40), [
      news([2, 3].map((id) => processEvent(id, "running"))),
      news([snapshotEvent(others)], wallMs(sceneAt + 10)),
    ]);
    expect(said(alone).join("\n")).not.toContain("kill");
    expect(said(alone)[0]).toMatch(/^bad: quorum lost.* — look: distinsta status$/);
  });

  test("an election and a tolerance of nothing are warnings", () => {
    expect(said(withSnapshot({ leader: null }))).toEqual([
      "warn: no leader yet: one is being elected, uploads go on — look: distinsta status",
    ]);
    expect(said(withSnapshot({ tolerance: 0 }))[0]).toMatch(/^warn: all 3 nodes up, but none may stop/);
    // Of two nodes none may ever stop: that is how it is, and no warning.
    const two = { nodes: [nodeView(2), nodeView(3)], tolerance: 0 };
    expect(said(withSnapshot(two))).toEqual([
      "good: both nodes are up: writing takes both, so neither may ever stop",
    ]);
    expect(said(withSnapshot({ nodes: [nodeView(3)] }))).toEqual([
      "good: the only node is up: nothing else holds a copy",
    ]);
  });

  test("old news are called old, and the age counts up", () => {
    const later = (ms: number) => played(withSnapshot({}), [passed(wallMs(sceneAt + ms))]);
    expect(said(later(3_000))[0]).toMatch(/^good/);
    expect(said(later(5_400))[0]).toBe(
      "bad: no node has said anything for 5 s: what you see is that old — look: distinsta status",
    );
  });

  test("before the first snapshot it waits, or says which process ended and why", () => {
    expect(said(sceneModel(120, 40))).toEqual(["warn: waiting for the first word of a node"]);
    expect(said(played(sceneModel(120, 40), [news([processEvent(2, "exited", "exit code 2")])]))).toEqual([
      "bad: node 2 ended before it said a word: exit code 2 — start it: distinsta server 2",
    ]);
  });

  test("whatever is red ends with a command", () => {
    const scenes = [
      withSnapshot({ nodes: second({ state: "down" }) }),
      withSnapshot({
        nodes: [nodeView(1), nodeView(2, { state: "rebuilding" }), nodeView(3, { state: "rebuilding" })],
        leader: null,
      }),
      played(withSnapshot({}), [passed(wallMs(sceneAt + 60_000))]),
      withSnapshot({ nodes: second({ readOnly: true }) }),
      withSnapshot({ risk: { underReplicated: 1, unreadable: 1, missingBytes: 5, safeInMs: null } }),
      withSnapshot({
        nodes: [
          nodeView(1, { state: "rebuilding", rebuild: refill({ phase: "waiting" }) }),
          nodeView(2),
          nodeView(3, { state: "down" }),
        ],
        leader: null,
      }),
      withSnapshot({ nodes: second({ scrub: { ...checking, bad: 2, unrepairable: 1 } }) }),
      played(withSnapshot({}), [news([processEvent(2, "exited")])]),
    ];
    const red = scenes.flatMap(liveNotices).filter((notice) => notice.tone === "bad");
    expect(red.length).toBeGreaterThanOrEqual(8);
    for (const notice of red)
      expect(notice.command).toMatch(/: (distinsta (server \d|status|doctor)|df -h|dmesg)/);
  });

  test("the caller's own commands are told", () => {
    const scene = withSnapshot({ nodes: second({ state: "down" }) });
    const own = { ...commands, start: "npm run node -- ID" };
    const model = { ...scene, setup: { ...scene.setup, commands: own } };
    expect(said(model)[0]).toMatch(/start it: npm run node -- 2$/);
  });
});
