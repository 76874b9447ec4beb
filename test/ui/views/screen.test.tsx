/**
 * Whole frames from fixed scenes, kept as text files to read, and what they must say, so that a frame that was
 * accepted by mistake still fails.
 */
import { renderToString } from "ink";
import { describe, expect, test } from "vitest";
import { nodeId } from "../../../core/model/ids.ts";
import { displayWidth } from "../../../ui/model/line.ts";
import type { ConsoleModel } from "../../../ui/model/model.ts";
import { Screen } from "../../../ui/views/screen.tsx";
import {
  calmScene,
  entryOf,
  keys,
  loadHistory,
  logEvents,
  news,
  nodeDownScene,
  nodeView,
  noQuorumScene,
  played,
  sceneModel,
  snapshotEvent,
  snapshotOf,
} from "../scenes.ts";

const sizes = [
  [60, 18],
  [80, 24],
  [120, 40],
  [200, 60],
] as const;

const frameOf = (model: ConsoleModel, colored = true): string =>
  renderToString(<Screen model={model} theme={{ colored }} />, { columns: model.size.columns });
const linesOf = (model: ConsoleModel): readonly string[] => frameOf(model).split("\n");
const press = (model: ConsoleModel, ...pressed: readonly string[]): ConsoleModel =>
  played(model, keys(...pressed));

describe.each(sizes)("at %ix%i", (columns, rows) => {
  test.each([
    ["calm", calmScene(columns, rows)],
    ["node-down", nodeDownScene(columns, rows)],
    ["no-quorum", noQuorumScene(columns, rows)],
    ["help", press(calmScene(columns, rows), "?")],
    ["empty", sceneModel(columns, rows)],
  ])("%s fills the terminal exactly and looks as it did", async (name, model) => {
    const lines = linesOf(model);
    expect(lines.length).toBe(rows);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    for (const line of lines.filter((each) => each.startsWith("│"))) {
      expect(displayWidth(line)).toBe(columns);
      expect(line.endsWith("│")).toBe(true);
    }
    await expect(`${lines.map((line) => line.trimEnd()).join("\n")}\n`).toMatchFileSnapshot(
      `golden/${name}-${columns}x${rows}.golden.txt`,
    );
  });

  test("leader, term, every node and the newest line of the log show", () => {
    const frame = frameOf(calmScene(columns, rows));
    expect(frame).toContain("★ node 3 · term 8 · quorum OK");
    for (const id of [1, 2, 3]) expect(frame).toMatch(new RegExp(` ${id} +up +(★ LEADER|  follower)`));
    expect(frame).toContain("Node 2: refused 00c0ffee: notes.txt is");
  });

  test("a node that is down has its own line with when it was last seen, and the command that starts it", () => {
    const frame = frameOf(nodeDownScene(columns, rows));
    expect(frame).toMatch(/▲ {2}2 +DOWN +last seen 12 s ago, at 10:10:36Z/);
    expect(frame).toContain("⚠ node 2 silent for 12 s");
    expect(frame).toContain("— start it: distinsta server 2");
    expect(frame).toContain("2/3 up");
  });

  test("without a quorum the header shouts, and the first warning is that one", () => {
    const frame = frameOf(noQuorumScene(columns, rows));
    expect(frame).toContain("NO QUORUM 1/2");
    expect(frame).toContain("no leader");
    expect(frame).toMatch(/⚠ quorum lost.*— start it: distinsta server 2/);
    expect(frame).toMatch(/■ {2}3 +DOWN .*: killed by SIGKILL/);
  });
});

describe("the sizes differ as they should", () => {
  test("more width shows more of a node", () => {
    const [small, usual, wide, widest] = sizes.map(([columns, rows]) => frameOf(calmScene(columns, rows)));
    expect(small).toContain("in flight");
    expect(small).not.toContain("images");
    expect(usual).toContain("images");
    expect(usual).not.toContain("cpu");
    expect(wide).toContain("cpu");
    expect(wide).toMatch(/█+░+/);
    expect(wide).not.toContain("127.0.0.1:8001");
    expect(widest).toContain("127.0.0.1:8001");
  });

  test("the load is nothing, sparklines, or a chart", () => {
    const [small, usual, wide] = sizes.map(([columns, rows]) => frameOf(calmScene(columns, rows)));
    expect(small).not.toContain("2 Load");
    expect(usual).toMatch(/● {2}1 {2}[▁-█]{60,}/);
    expect(wide).toMatch(/[\u2801-\u28ff]{2}/);
    expect(wide).toContain("5 min ago");
  });

  test("a young chart is of twenty seconds, then of one minute, then of five", () => {
    const aged = (seconds: number) => frameOf(played(sceneModel(120, 40), loadHistory(seconds)));
    expect(aged(5)).toContain("20 s ago");
    expect(aged(30)).toContain("1 min ago");
    expect(aged(70)).toContain("5 min ago");
  });

  test("log times have milliseconds where there is room", () => {
    expect(frameOf(calmScene(80, 24))).toContain(" 10:10:37 ▲ WARN");
    expect(frameOf(calmScene(120, 40))).toContain(" 10:10:37.000 ▲ WARN");
  });

  test("below 60x18 only a sentence shows, however small it gets", () => {
    expect(frameOf(calmScene(59, 18))).toContain("needs 60x18, has 59x18");
    for (const [columns, rows] of [
      [20, 5],
      [5, 2],
      [1, 1],
    ] as const) {
      const lines = linesOf(calmScene(columns, rows));
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    }
  });
});

describe("views", () => {
  test("paused, old and live are told apart in the header", () => {
    const calm = calmScene(120, 40);
    expect(linesOf(calm)[0]).toMatch(/live *$/);
    expect(linesOf(press(calm, "p"))[0]).toMatch(/paused at 10:10:49Z *$/);
    const later = played(calm, [{ kind: "tick", at: (calm.now + 7_000) as typeof calm.now }]);
    expect(linesOf(later)[0]).toMatch(/7\.0 s old *$/);
  });

  test("the log's title says what is left out, and that it does not follow", () => {
    const title = (model: ConsoleModel) => linesOf(model).find((line) => line.includes("4 Log"));
    expect(title(calmScene(120, 40))).toContain("following · info and above · 30 of 32");
    expect(title(press(calmScene(120, 40), "4", "k", "k"))).toContain("2 below, f follows");
    expect(title(press(calmScene(120, 40), "j", "enter"))).toContain("only ▲ 2");
    expect(title(press(calmScene(120, 40), "l", "l", "l"))).toContain("all levels · 32");
    expect(title(press(calmScene(120, 40), "/", ..."zzz"))).toContain("/zzz · 0 of 32");
  });

  test("the field shows the end of what is typed, and its own keys", () => {
    const footer = linesOf(press(calmScene(80, 24), "/", ..."x".repeat(70), "y")).at(-1);
    expect(footer).toMatch(/^ filter: x+y▏ {3}Enter keep it · Esc show all lines$/);
  });

  test("a zoomed pane hides the others, and help and quit stay in the footer", () => {
    const zoomed = linesOf(press(calmScene(80, 24), "4", "z"));
    expect(zoomed.some((line) => line.includes("1 Nodes"))).toBe(false);
    expect(zoomed.filter((line) => line.startsWith("│")).length).toBe(19);
    expect(zoomed.at(-1)).toContain("? help · q quit");
  });

  test("with more nodes than rows the selected one is always among those that show", () => {
    const nodes = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => nodeView(id));
    const model = played(sceneModel(60, 18), [news([snapshotEvent(snapshotOf({ nodes }))])]);
    for (let step = 0; step < 9; step += 1) {
      const frame = frameOf(press(model, ...Array<string>(step).fill("j")));
      expect(frame).toMatch(new RegExp(`›. {2}${step + 1} `, "u"));
      expect(frame).toContain("3 more: j k");
    }
  });

  test("without colour the load is sparklines, also where a chart would fit", () => {
    const frame = frameOf(calmScene(120, 40), false);
    expect(frame).toMatch(/▲ {2}2 {2}[▁-█]{60,}/);
    expect(frame).not.toMatch(/[\u2801-\u28ff]/);
  });

  test("a name that tries to steer the terminal or is wider than it looks leaves the frame whole", () => {
    const evil = {
      kind: "peer.rejected",
      remote: "\u001b[2J日本\u202e👩‍👩‍👧".repeat(20),
      fault: { kind: "fault", code: "NO_LEADER" },
    } as const;
    const model = played(calmScene(80, 24), [news(logEvents([entryOf(1, evil)]))]);
    const lines = linesOf(model);
    expect(lines.join("")).not.toContain("\u001b");
    expect(lines.length).toBe(24);
    for (const line of lines.filter((each) => each.startsWith("│"))) expect(displayWidth(line)).toBe(80);
  });

  test("a node nobody has heard of says so, and unknown numbers are not zeros", () => {
    const nodes = [
      nodeView(1),
      nodeView(2, { state: "down", heartbeatMs: null }),
      nodeView(3, { load: null, images: null, inFlight: null, uptimeMs: null }),
    ];
    const frame = frameOf(played(sceneModel(80, 24), [news([snapshotEvent(snapshotOf({ nodes }))])]));
    expect(frame).toMatch(/▲ {2}2 +DOWN +never seen/);
    expect(frame).toMatch(/■ {2}3 +up +★ LEADER +0 ms +– +– +– +–/);
  });

  test("a process that was just started is waited for by name", () => {
    const model = played(sceneModel(80, 24), [
      news([{ kind: "process", node: nodeId(1), state: "starting", pid: 5, reason: null }]),
    ]);
    expect(linesOf(model)[0]).toContain("starting: 0/1 running");
  });
});
