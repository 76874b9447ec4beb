/**
 * Whole frames from fixed scenes, kept as text files to read, and what they must say, so that a frame that was
 * accepted by mistake still fails.
 */
import { describe, expect, test } from "vitest";
import { nodeId } from "../../../core/model/ids.ts";
import { wallMs } from "../../../core/model/units.ts";
import { displayWidth, lineText } from "../../../ui/model/line.ts";
import { type ConsoleModel, liveNotices, paneRows } from "../../../ui/model/model.ts";
import { panes } from "../../../ui/model/panes.ts";
import type { Depth } from "../../../ui/theme.ts";
import { frameLines } from "../../../ui/views/frame.ts";
import {
  albumScene,
  calmScene,
  entryOf,
  keys,
  launchedScene,
  loadHistory,
  logEvents,
  lostDiskScene,
  news,
  nodeDownScene,
  nodeView,
  noQuorumScene,
  oneWayScene,
  pastScene,
  played,
  previewScene,
  processEvent,
  sceneAt,
  sceneModel,
  second,
  snapshotEvent,
  snapshotOf,
  uploadingScene,
  viewScene,
} from "../scenes.ts";

const sizes = [
  [60, 18],
  [80, 24],
  [120, 40],
  [200, 60],
] as const;

const linesOf = (model: ConsoleModel, depth: Depth = "full"): readonly string[] =>
  frameLines(model, { depth }).map(lineText);
const frameOf = (model: ConsoleModel, depth: Depth = "full"): string => linesOf(model, depth).join("\n");
const press = (model: ConsoleModel, ...pressed: readonly string[]): ConsoleModel =>
  played(model, keys(...pressed));

/** The rows between the panes and the keys. */
const frameParts = (model: ConsoleModel): { readonly notices: string } => {
  const lines = linesOf(model);
  const end = lines.findLastIndex((line) => line.startsWith("╰"));
  return { notices: lines.slice(end + 1, -1).join("\n") };
};

type Scene = (columns: number, rows: number) => ConsoleModel;
const scenes: Readonly<Record<string, Scene>> = {
  calm: calmScene,
  "node-down": nodeDownScene,
  "no-quorum": noQuorumScene,
  "lost-disk": lostDiskScene,
  "one-way": oneWayScene,
  uploading: uploadingScene,
  past: pastScene,
  events: (columns, rows) => press(nodeDownScene(columns, rows), "5", "k"),
  traffic: (columns, rows) => press(calmScene(columns, rows), "7"),
  menu: (columns, rows) => press(launchedScene(columns, rows), "j", "a"),
  help: (columns, rows) => press(calmScene(columns, rows), "?"),
  copy: (columns, rows) => press(calmScene(columns, rows), "4", "c"),
  "no-colour": calmScene,
  empty: sceneModel,
};
const pictureScenes: Readonly<Record<string, Scene>> = {
  view: viewScene,
  "view-no-colour": viewScene,
  enlarged: (columns, rows) => press(viewScene(columns, rows), "ctrl-o"),
  album: albumScene,
  previews: previewScene,
};
/** Room for a pane of pictures, and for one beside others. */
const pictureSizes = [
  [80, 24],
  [120, 40],
] as const;

describe.each(pictureSizes)("with pictures at %ix%i", (columns, rows) => {
  test.each(Object.entries(pictureScenes))(
    "%s fills the terminal exactly and looks as it did",
    async (name, scene) => {
      const lines = linesOf(scene(columns, rows), name.endsWith("no-colour") ? "none" : "full");
      expect(lines.length).toBe(rows);
      for (const line of lines) expect(displayWidth(line)).toBe(columns);
      await expect(`${lines.map((line) => line.trimEnd()).join("\n")}\n`).toMatchFileSnapshot(
        `golden/${name}-${columns}x${rows}.golden.txt`,
      );
    },
  );

  test("a picture is as large as its pane, in its colours, and what it is stands below", () => {
    const model = viewScene(columns, rows);
    const drawn = frameLines(model, { depth: "full" }).filter((line) => lineText(line).includes("▀"));
    const inside = paneRows(model, "client");
    expect(drawn.length).toBeGreaterThanOrEqual(inside - 3);
    expect(drawn.length).toBeLessThan(inside);
    const colors = drawn.flatMap((line) => line.filter(({ ink }) => ink !== undefined));
    expect(colors.at(0)?.ink?.front[2]).toBeLessThan(20);
    expect(colors.at(-1)?.ink?.back?.[2]).toBeGreaterThan(200);
    expect(frameOf(model)).toContain("2048fd68  160x120  90 kB");
  });

  test("without colours it is shades, and the same size", () => {
    const shades = linesOf(viewScene(columns, rows), "none").filter((line) => /[░▒▓]{4}/.test(line));
    expect(shades.length).toBeGreaterThan(2);
    expect(linesOf(viewScene(columns, rows), "16").join("")).not.toContain("▀");
    expect(linesOf(viewScene(columns, rows), "256").join("")).toContain("▀");
  });

  test("over the whole screen it has all rows but one, which says what it is and how to leave it", () => {
    const lines = linesOf(press(viewScene(columns, rows), "ctrl-o"));
    expect(lines.slice(0, -1).every((line) => line.includes("▀▀▀▀▀▀▀▀"))).toBe(true);
    expect(lines.at(-1)).toMatch(/ 2048fd68 .* any key leads back $/);
  });

  test("an album has every picture with its name, and why one cannot be seen", () => {
    const frame = frameOf(albumScene(columns, rows));
    for (const at of [0, 1, 2, 3]) expect(frame).toContain(`2048fd6${at}  cat-${at}.png`);
    expect(frame).toMatch(/dog\.png cannot be shown/);
    expect(frame).toContain("the 5 newest images");
  });

  test("what was just uploaded shows above the bars", () => {
    const frame = frameOf(previewScene(columns, rows));
    expect(frame).toMatch(/▀{4}[\s\S]*cat\.jpg[\s\S]*street\.jpg +▆+▁+ +68%/);
    expect(frame).toContain("✓ Server 3 processed request");
  });
});

describe.each(sizes)("at %ix%i", (columns, rows) => {
  test.each(Object.entries(scenes))(
    "%s fills the terminal exactly and looks as it did",
    async (name, scene) => {
      const lines = linesOf(scene(columns, rows), name.endsWith("no-colour") ? "none" : "full");
      expect(lines.length).toBe(rows);
      for (const line of name === "copy" ? [] : lines) expect(displayWidth(line)).toBe(columns);
      await expect(`${lines.map((line) => line.trimEnd()).join("\n")}\n`).toMatchFileSnapshot(
        `golden/${name}-${columns}x${rows}.golden.txt`,
      );
    },
  );

  test("leader, term, every node and the newest line of the log show", () => {
    const frame = frameOf(calmScene(columns, rows));
    expect(frame).toContain("★ node 3 · term 8 · quorum OK");
    for (const id of [1, 2, 3]) expect(frame).toMatch(new RegExp(` ${id} +up +(★ LEADER|  follower)`));
    expect(frame).toContain("refused 00c0ffee: notes.txt is not an image");
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
    expect(frame).toMatch(/⚠ quorum lost[\s\S]*— start it: distinsta server 2/);
    expect(frame).toMatch(/■ {2}3 +DOWN .*: killed by SIGKILL/);
  });

  test("a node that is refilled says how far, how long, and what is at risk meanwhile", () => {
    const frame = frameOf(lostDiskScene(columns, rows));
    expect(frame).toMatch(/▲ {2}2 +refill 37%/);
    expect(frame).toMatch(/refill: payloads 37% [▆▁]+ 1m 03s left/);
    expect(frame).toContain("755 images with too few, safe in 1m 03s");
  });

  test("a link that works one way is named", () => {
    const frame = frameOf(oneWayScene(columns, rows));
    expect(frame).toContain("✗ 4.2 s");
    expect(frame).toContain("node 2 does not hear node 1");
  });

  test("the past cannot be taken for the present", () => {
    const [header = "", ...rest] = linesOf(pastScene(columns, rows));
    expect(header).toContain("PAST 10:10:49Z");
    expect(header).toContain("3/3 up");
    expect(rest.join("\n")).toMatch(/▲ {2}2 +DOWN/);
    expect(rest.at(-1)).toContain("Esc to now · ← earlier · → later");
  });
});

describe("the sizes differ as they should", () => {
  const framed = sizes.map(([columns, rows]) => frameOf(calmScene(columns, rows)));
  const [small = "", usual = "", wide = "", widest = ""] = framed;

  test("more width shows more of a node", () => {
    expect(small).toContain("in flight");
    expect(small).not.toContain("images ");
    expect(usual).toContain("images ");
    expect(usual).not.toContain("cpu");
    expect(wide).toContain("cpu");
    expect(wide).toMatch(/▆+▁+/);
    expect(wide).not.toContain("127.0.0.1:8001 ");
    expect(widest).toMatch(/round trip +address/);
  });

  test("the load is nothing, sparklines, or a chart", () => {
    expect(small).not.toContain("2 Load");
    expect(usual).toMatch(/● {2}1 {2} *[▁-█]{60,}/);
    expect(wide).toMatch(/[\u2801-\u28ff]{2}/);
    expect(wide).toContain("5 min ago");
  });

  test("only the largest shows every pane, the others name them in the deck", () => {
    for (const { id, name } of panes) {
      const number = panes.findIndex((pane) => pane.id === id) + 1;
      expect(widest).toMatch(new RegExp(`╭─[› ]${number} ${name} `));
    }
    expect(widest).not.toContain("· 9 Transfers");
    expect(wide).toContain("╰─ 4 Log · 5 Events · 6 Beats · 7 Traffic · 8 Risk · 9 Transfers ─");
    expect(small).toContain("╰─ 4 Log · 5 · 6 · 7 · 8 · 9 ─");
  });

  test("log times have milliseconds where there is room, and little is said where there is none", () => {
    expect(small).toContain(" 10:10:37 ▲ W refused");
    expect(usual).toContain(" 10:10:37 ▲ WARN  Node 2: refused");
    expect(wide).toContain(" 10:10:37.000 ▲ WARN  Node 2: refused");
  });

  test("a word is not cut in two where the sentence fits", () => {
    for (const frame of [usual, wide, widest]) expect(frame).not.toMatch(/stored image.*…/);
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

describe("nothing jumps between frames", () => {
  /** Cells in which two frames differ, by row. */
  const changedRows = (one: readonly string[], other: readonly string[]): readonly number[] =>
    one.flatMap((line, row) => (line === other[row] ? [] : [row]));

  test.each(sizes)("a quiet second at %ix%i changes only the clock", (columns, rows) => {
    const before = calmScene(columns, rows);
    const same = [1, 2, 3].map((id) => nodeView(id, { load: 0.5, uploadsPerSecond: 5 }));
    const steady = played(before, [
      second(wallMs(sceneAt + 1_000), [snapshotEvent(snapshotOf({ nodes: same }))]),
    ]);
    const after = played(steady, [
      second(wallMs(sceneAt + 2_000), [snapshotEvent(snapshotOf({ nodes: same }))]),
    ]);
    // Charts of five minutes move on when a stretch is full, which this second is not the end of.
    const moved = changedRows(linesOf(steady, "none"), linesOf(after, "none"));
    expect(moved.filter((row) => row !== 0)).toEqual([]);
  });

  test("a number that grows by a digit moves nothing else", () => {
    const with_ = (images: number) =>
      linesOf(
        played(calmScene(120, 40), [
          news([snapshotEvent(snapshotOf({ nodes: [nodeView(1, { images }), nodeView(2), nodeView(3)] }))]),
        ]),
      );
    const [one, other] = [with_(999), with_(1_000)];
    expect(changedRows(one, other)).toEqual([3]);
    expect(one[3]?.replace("  999", "1,000")).toBe(other[3]);
  });
});

describe("views", () => {
  test("paused, old and live are told apart in the header", () => {
    const calm = calmScene(120, 40);
    expect(linesOf(calm)[0]).toMatch(/live *$/);
    expect(linesOf(press(calm, "p"))[0]).toMatch(/paused at 10:10:49Z *$/);
    const later = played(calm, [second(wallMs(calm.now + 7_000))]);
    expect(linesOf(later)[0]).toMatch(/7\.0 s old *$/);
  });

  test("the log's title says what is left out, and that it does not follow", () => {
    const title = (model: ConsoleModel) => linesOf(model).find((line) => line.includes("4 Log"));
    expect(title(calmScene(120, 40))).toContain("following · info and above · 30 of 32");
    expect(title(press(calmScene(120, 40), "4", "k", "k"))).toContain("2 below, f follows");
    expect(title(press(calmScene(120, 40), "j", "enter"))).toContain("only ▲ 2");
    expect(title(press(calmScene(120, 40), "l", "l", "l"))).toContain("all levels · 32");
    expect(title(press(calmScene(120, 40), "/", ..."zzz"))).toContain("/zzz · 0 of 32");
    expect(title(press(calmScene(120, 40), "/", ..."z(", "tab"))).toMatch(/regex z\( · .*group/);
    expect(title(press(calmScene(120, 40), "s", ..."node", "enter"))).toContain('"node": n N');
  });

  test("what a filter or a search found is marked, and the line that one is at", () => {
    const marked = (model: ConsoleModel): readonly string[] =>
      frameLines(model, { depth: "full" }).flatMap((line) =>
        line.filter((piece) => piece.underline === true).map((piece) => piece.text),
      );
    expect(marked(press(calmScene(120, 40), "/", ..."NOTES", "enter"))).toEqual(["notes"]);
    expect(new Set(marked(press(calmScene(120, 40), "s", ..."copies", "enter")))).toEqual(
      new Set(["copies"]),
    );
    const frame = frameOf(press(calmScene(120, 40), "s", ..."5f2a1206", "enter"));
    expect(frame).toMatch(/│›10:10:27\.000 ■ INFO {2}Node 3: stored image 5f2a1206/);
  });

  test("the field shows the end of what is typed, and its own keys", () => {
    const footer = linesOf(press(calmScene(80, 24), "/", ..."x".repeat(70), "y")).at(-1);
    expect(footer).toMatch(/^ filter: x+y▏ {3}Enter keep it · Esc drop it/);
  });

  test("the command line shows what can be completed", () => {
    const footer = linesOf(press(launchedScene(120, 40), ":", "m", "tab")).at(-1);
    expect(footer).toMatch(/^ :m▏ +mouse {2}move-lead {2}mend/);
  });

  test("a question names node, consequence and answers", () => {
    const asked = (model: ConsoleModel) => linesOf(model).at(-1);
    expect(asked(press(launchedScene(120, 40), "G", "a", "k"))).toMatch(
      /^ kill node 3\? 2 of 3 live then: the quorum holds\. It leads: an election follows\. {2}y yes {2}n no/,
    );
    const two = news([
      snapshotEvent(snapshotOf({ nodes: [nodeView(1), nodeView(2, { state: "down" }), nodeView(3)] })),
    ]);
    expect(asked(press(played(launchedScene(120, 40), [two]), "a", "t"))).toContain(
      "stop node 1? 1 of 3 live then: NO QUORUM, nothing can be written.",
    );
    const server = launchedScene(80, 24);
    const leaving = { ...server, setup: { ...server.setup, leaves: nodeId(1) } };
    expect(asked(press(leaving, "q"))).toMatch(
      /^ Leave node 1\? {2}s stop it {2}b leave it running {2}Esc stay/,
    );
  });

  test("at 80x24 a question is told whole, in two lines where one is too short", () => {
    const lowest = (key: string, count: number) => {
      const lines = linesOf(press(launchedScene(80, 24), "G", "a", key));
      expect(lines).toHaveLength(24);
      return lines.slice(-count).map((line) => line.trimEnd());
    };
    expect(lowest("k", 3)).toEqual([
      " ● all 3 nodes up: 1 more may stop and nothing is lost",
      " kill node 3? 2 of 3 live then: the quorum holds. It leads: an election",
      " follows.  y yes  n no",
    ]);
    expect(lowest("d", 2)).toEqual([
      " drain node 3? It leads: another is elected. It keeps its copies and goes on",
      " answering.  y yes  n no",
    ]);
    const second = linesOf(press(launchedScene(80, 24), "a", "l")).slice(-2);
    expect(second.map((line) => line.trimEnd())).toEqual([
      " move-lead node 1? The highest node takes it back when it is steady; drain that",
      " one to prevent it.  y yes  n no",
    ]);
    const narrow = linesOf(press(launchedScene(60, 18), "a", "l"))
      .slice(-2)
      .join(" ");
    expect(narrow).not.toContain("…");
    expect(narrow).toMatch(/prevent it\. {2}y yes {2}n no/);
  });

  test("at 80x24 the worst warning is told whole, whatever it is", () => {
    const started = news([processEvent(2, "running")], wallMs(sceneAt - 60_000));
    const down = [nodeView(1), nodeView(2, { state: "down", heartbeatMs: 72_000 }), nodeView(3)];
    const two = [nodeView(1), nodeView(2)];
    const scenes = [
      { leader: null },
      { tolerance: 0 },
      { nodes: down },
      { nodes: two, leader: 1, tolerance: 0 },
      { nodes: down.map((node) => ({ ...node, state: "down" as const })), leader: null },
    ].map((plan) => played(sceneModel(80, 24), [started, news([snapshotEvent(snapshotOf(plan))])]));
    for (const scene of scenes) {
      const { notices } = frameParts(scene);
      expect(notices).not.toContain("…");
      const [worst] = liveNotices(scene);
      expect(notices.replaceAll(/\s+/g, " ")).toContain(worst?.text);
      expect(notices).toContain(worst?.command ?? "");
    }
  });

  test("what Tab could mean has the room beside what is typed, and whole words", () => {
    const footer = linesOf(press(launchedScene(80, 24), ":", "tab")).at(-1) ?? "";
    expect(footer.trimEnd()).toMatch(/^ :▏ {2}go {2}range {2}at {2}now {2}mouse {2}level .* \+\d+ more$/);
    expect(footer.trimEnd().length).toBeGreaterThan(66);
    expect(footer).not.toContain("…");
    const few = linesOf(press(launchedScene(80, 24), ":", ..."kill", " ", "tab")).at(-1) ?? "";
    expect(few.trimEnd()).toMatch(/^ :kill ▏ {2}1 {2}2 {2}3$/);
  });

  test("the menu stands over the panes and leaves the rest as it is", () => {
    const [calm, menu] = [linesOf(launchedScene(120, 40)), linesOf(press(launchedScene(120, 40), "j", "a"))];
    expect(menu.slice(0, 6)).toEqual([calm[0], calm[1], ...menu.slice(2, 6)]);
    const over = menu.find((line) => line.includes("k  kill")) ?? "";
    expect(over).toMatch(/^[│╭╰].*│ {2}k {2}kill +kill its process at once \(asks\) +│.*[│╮╯]$/);
    expect(menu.join("\n")).toContain("wake it from being frozen (not frozen)");
  });

  test("a word about what was done takes the place of the keys, for a while", () => {
    const told = press(calmScene(80, 24), "r");
    expect(linesOf(told).at(-1)).toMatch(/^ charts of 1 min *$/);
    expect(linesOf(played(told, [second(wallMs(sceneAt + 7_000))])).at(-1)).toContain("q quit");
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

  test("nine nodes hear each other in a table that fits, and scrolls where it does not", () => {
    const nodes = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => nodeView(id));
    const at = (columns: number, rows: number) =>
      press(played(sceneModel(columns, rows), [news([snapshotEvent(snapshotOf({ nodes }))])]), "6");
    expect(frameOf(at(200, 60))).toMatch(/◇ 9 +93 ms +96 ms/);
    expect(frameOf(press(at(200, 60), "z"))).toMatch(/◇ 9 +93 ms \/ 2\.9 ms/);
    expect(frameOf(at(80, 24))).toMatch(/9 more: j|more: j/);
    expect(frameOf(press(at(80, 24), "G"))).toContain("everybody who lives hears everybody else");
  });

  test("without colour the load is sparklines, also where a chart would fit", () => {
    const frame = frameOf(calmScene(120, 40), "none");
    expect(frame).toMatch(/▲ {2}2 {2} *[▁-█]{55,}/);
    expect(frame).not.toMatch(/[\u2801-\u28ff]/);
  });

  test("a young chart spans a minute, an older one five, and one that was chosen what was chosen", () => {
    const aged = (count: number) => played(sceneModel(120, 40), loadHistory(count));
    expect(frameOf(aged(5))).toContain("1 min ago");
    expect(frameOf(aged(140))).toContain("1 min ago");
    expect(frameOf(aged(160))).toContain("5 min ago");
    expect(frameOf(press(aged(160), "r", "r", "r"))).toContain("1 h ago");
  });

  test("where there is room, a refill says how much, and below the disks stands what was copied lately", () => {
    const frame = frameOf(lostDiskScene(120, 40));
    expect(frame).toMatch(/37% [▆▁]+ 1m 03s left, 755 images, 890 MB of 2\.4 GB, 24 MB\/s/);
    expect(frame).toMatch(/lately +│\n│ 10:10:19 ✚ node 2 copied 214 images, 428 MB/);
  });

  test("a drained, a full and a read-only node are not just up", () => {
    const nodes = [nodeView(1, { drained: true }), nodeView(2, { readOnly: true }), nodeView(3)];
    const frame = frameOf(played(calmScene(80, 24), [news([snapshotEvent(snapshotOf({ nodes }))])]));
    expect(frame).toMatch(/1 +drained +follower/);
    expect(frame).toMatch(/2 +read-only +follower/);
  });

  test("what was done to a process is in its row", () => {
    const nodes = [nodeView(1), nodeView(2, { state: "down", heartbeatMs: 4_000 }), nodeView(3)];
    const frame = (event: Parameters<typeof processEvent>) =>
      frameOf(
        played(launchedScene(120, 40), [
          news([snapshotEvent(snapshotOf({ nodes })), processEvent(...event)]),
        ]),
      );
    expect(frame([2, "frozen"])).toMatch(/DOWN +last seen 4 s ago, at .*: frozen/);
    expect(frame([2, "running", null, true])).toMatch(/DOWN +last seen 4 s ago, at .*: its network is cut/);
  });

  test("a read-only console says so, and offers no acts", () => {
    const scene = calmScene(120, 40);
    const model = { ...scene, setup: { ...scene.setup, acts: [], readOnly: true } };
    expect(linesOf(model)[0]).toContain("read-only");
    expect(linesOf(model).at(-1)).not.toContain("a act");
    expect(linesOf(scene).at(-1)).toContain("a act");
  });

  test("a name that tries to steer the terminal or is wider than it looks leaves the frame whole", () => {
    const evil = {
      kind: "peer.rejected",
      remote: "\u001b[2J日本\u202e👩‍👩‍👧".repeat(20),
      fault: { kind: "fault", code: "NO_LEADER" },
    } as const;
    const model = played(launchedScene(80, 24), [news(logEvents([entryOf(1, evil)]))]);
    for (const shown of [model, press(model, "a"), press(model, "4", "c")]) {
      const lines = linesOf(shown);
      expect(lines.join("")).not.toContain("\u001b");
      expect(lines.length).toBe(24);
      for (const line of lines.filter((each) => each.startsWith("│"))) expect(displayWidth(line)).toBe(80);
    }
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
    const model = played(sceneModel(80, 24), [news([processEvent(1, "starting")])]);
    expect(linesOf(model)[0]).toContain("starting: 0/1 running");
  });
});
