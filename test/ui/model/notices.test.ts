import { describe, expect, test } from "vitest";
import type { NodeView } from "../../../core/model/snapshot.ts";
import { wallMs } from "../../../core/model/units.ts";
import { type ConsoleModel, liveNotices } from "../../../ui/model/model.ts";
import {
  commands,
  news,
  nodeView,
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
    const frozen = played(withSnapshot({ nodes: second({ state: "down", heartbeatMs: 3_000 }) }), [
      news([processEvent(2, "running")]),
    ]);
    expect(said(frozen)).toEqual([
      "bad: node 2 silent for 3 s though its process runs: writes go on with 2 of 3 nodes — end it: kill -9 1002",
    ]);
    const nodes = [nodeView(1), nodeView(2, { state: "down" }), nodeView(3, { state: "down" })];
    const alone = played(withSnapshot({ nodes, leader: null, observer: 1 }), [
      news([processEvent(2, "running")]),
    ]);
    expect(said(alone)[0]).toMatch(/^bad: quorum lost.* — start it: distinsta server 3$/);
  });

  test("an election and a tolerance of nothing are warnings", () => {
    expect(said(withSnapshot({ leader: null }))).toEqual([
      "warn: no leader yet: an election is under way, uploads go on without one — look: distinsta status",
    ]);
    expect(said(withSnapshot({ tolerance: 0 }))[0]).toMatch(/^warn: all 3 nodes up, but none may stop/);
    expect(said(withSnapshot({ nodes: [nodeView(3)] }))).toEqual([
      "good: the only node is up: nothing else holds a copy",
    ]);
  });

  test("old news are called old, and the age counts up", () => {
    const later = (ms: number) => played(withSnapshot({}), [{ kind: "tick", at: wallMs(sceneAt + ms) }]);
    expect(said(later(2_000))[0]).toMatch(/^good/);
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
      played(withSnapshot({}), [{ kind: "tick", at: wallMs(sceneAt + 60_000) }]),
      played(withSnapshot({}), [news([processEvent(2, "exited")])]),
    ];
    const red = scenes.flatMap(liveNotices).filter((notice) => notice.tone === "bad");
    expect(red.length).toBeGreaterThanOrEqual(4);
    for (const notice of red) expect(notice.command).toMatch(/: distinsta (server \d|status)$/);
  });

  test("the caller's own commands are told", () => {
    const model = {
      ...withSnapshot({ nodes: second({ state: "down" }) }),
      commands: { ...commands, start: "npm run node -- ID" },
    };
    expect(said(model)[0]).toMatch(/start it: npm run node -- 2$/);
  });
});
