import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NodeId } from "../../../core/model/ids.ts";
import { wallMs } from "../../../core/model/units.ts";
import { bindings, panes } from "../../../ui/model/keys.ts";
import { logLinesMax, logWindow } from "../../../ui/model/log.ts";
import {
  type ConsoleModel,
  loadSamplesMax,
  logRows,
  shownCluster,
  shownLive,
  shownNodes,
  zoomedPane,
} from "../../../ui/model/model.ts";
import { filterTextMax, type Message, update } from "../../../ui/model/update.ts";
import {
  calmScene,
  deathEntries,
  entryOf,
  keys,
  logEvents,
  news,
  nodeView,
  played,
  processEvent,
  sceneAt,
  sceneModel,
  snapshotEvent,
  snapshotOf,
  storyEntries,
} from "../scenes.ts";

const press = (model: ConsoleModel, ...pressed: readonly string[]): ConsoleModel =>
  played(model, keys(...pressed));
const shownLog = (model: ConsoleModel): readonly string[] =>
  logWindow(shownLive(model).log, model.logView, logRows(model)).lines.map((line) => line.text);
/** Said by node 3, so that it replaces what the scenes say. */
const nodesOf = (...ids: readonly number[]) =>
  snapshotEvent(snapshotOf({ observer: 3, leader: null, nodes: ids.map((id) => nodeView(id)) }));

describe("news", () => {
  test("snapshots, entries and processes of one batch are all taken in", () => {
    const model = played(sceneModel(120, 40), [
      news([processEvent(2, "running"), nodesOf(1, 2, 3), ...logEvents(storyEntries)]),
    ]);
    expect(shownNodes(model)).toEqual([1, 2, 3]);
    expect(model.live.processes.get(nodeView(2).id)?.pid).toBe(1_002);
    expect(model.live.log.lines.length).toBe(storyEntries.length);
    expect(model.selected).toBe(1);
  });

  test("what several nodes report in one batch is read in the order in which it happened", () => {
    const stopped = { kind: "node.stopped" } as const;
    const batch = [
      entryOf(1, stopped, 5),
      entryOf(1, stopped, 1),
      entryOf(2, stopped, 9),
      entryOf(2, stopped, 3),
    ];
    const { lines } = played(sceneModel(80, 24), [news(logEvents(batch))]).live.log;
    expect(lines.map((line) => [line.node, sceneAt - line.at])).toEqual([
      [2, 9],
      [1, 5],
      [2, 3],
      [1, 1],
    ]);
  });

  test("the reason why a process ended cannot steer the terminal", () => {
    const model = played(sceneModel(80, 24), [news([processEvent(1, "exited", "\u001b[31mboom")])]);
    expect(model.live.processes.get(nodeView(1).id)?.reason).toBe("�[31mboom");
  });

  test("each second is one sample a node, five minutes at most, with gaps where a node was down", () => {
    const model = calmScene(120, 40);
    expect([...model.live.loads.values()].map((samples) => samples.length)).toEqual([300, 300, 300]);
    const later = played(model, [
      news([
        snapshotEvent(snapshotOf({ nodes: [nodeView(1), nodeView(2, { state: "down" }), nodeView(3)] })),
      ]),
      { kind: "tick", at: wallMs(sceneAt + 1_000) },
    ]);
    expect([...later.live.loads.values()].map((samples) => samples.length)).toEqual(
      Array(3).fill(loadSamplesMax),
    );
    expect(later.live.loads.get(nodeView(2).id)?.at(-1)).toBeNull();
    expect(later.live.loads.get(nodeView(1).id)?.at(-1)).toBeCloseTo(0.35);
  });

  test("a node that joins starts with as long a row as the others, one that leaves takes its row along", () => {
    const second = (count: number): Message => ({ kind: "tick", at: wallMs(sceneAt + count * 1_000) });
    const model = played(sceneModel(120, 40), [
      news([nodesOf(1, 2)]),
      second(0),
      second(0),
      news([nodesOf(1, 3)]),
      second(0),
    ]);
    expect([...model.live.loads].map(([id, samples]) => [id, samples.length])).toEqual([
      [1, 3],
      [3, 3],
    ]);
  });

  test("what the console itself prints is a line without a node", () => {
    const model = played(sceneModel(80, 24), [
      { kind: "said", at: sceneAt, level: "warn", text: "from a library" },
    ]);
    expect(model.live.log.lines).toEqual([
      { sequence: 0, at: sceneAt, node: null, level: "warn", text: "from a library" },
    ]);
  });
});

describe("keys", () => {
  test("q and ^C ask to quit, ^Z to suspend, and nothing else asks for anything", () => {
    const commandsOf = (key: string) => update(calmScene(80, 24), { kind: "key", key })[1];
    expect(commandsOf("q")).toEqual([{ kind: "quit" }]);
    expect(commandsOf("ctrl-c")).toEqual([{ kind: "quit" }]);
    expect(commandsOf("ctrl-z")).toEqual([{ kind: "suspend" }]);
    for (const key of bindings.flatMap((binding) => binding.keys)) {
      if (!["q", "ctrl-c", "ctrl-z"].includes(key)) expect(commandsOf(key)).toEqual([]);
    }
  });

  test("Tab goes round the panes in both directions, numbers go straight", () => {
    const model = calmScene(120, 40);
    expect(press(model, "tab").focus).toBe("load");
    expect(press(model, "shift-tab").focus).toBe("log");
    expect(press(model, "tab", "tab", "tab").focus).toBe("nodes");
    expect(press(model, "3", "1", "2").focus).toBe("load");
  });

  test("the selection moves within the nodes and stops at both ends", () => {
    const model = calmScene(120, 40);
    expect(press(model, "j").selected).toBe(2);
    expect(press(model, "j", "j", "j", "down").selected).toBe(3);
    expect(press(model, "G", "k").selected).toBe(2);
    expect(press(model, "G", "g", "up").selected).toBe(1);
  });

  test("Enter on a node shows its lines alone, again all, and Esc as well", () => {
    const only = press(calmScene(120, 40), "j", "enter");
    expect(shownLog(only).every((text) => text.startsWith("Node 2"))).toBe(true);
    expect(press(only, "enter").logView.node).toBeNull();
    expect(press(only, "escape").logView.node).toBeNull();
  });

  test("z gives and takes the room; a pane without room has all of it while one is there", () => {
    const model = calmScene(60, 18);
    expect(zoomedPane(press(model, "z"))).toBe("nodes");
    expect(zoomedPane(press(model, "z", "z"))).toBeNull();
    expect(zoomedPane(press(model, "2"))).toBe("load");
    expect(zoomedPane(press(model, "2", "escape"))).toBeNull();
    expect(zoomedPane(press(model, "z", "escape"))).toBeNull();
  });

  test("the help scrolls to its end and not past it, and takes no other keys", () => {
    const help = press(calmScene(80, 24), "?");
    expect(help.help).toBe(0);
    expect(press(help, "k").help).toBe(0);
    const end = press(help, ...Array<string>(100).fill("j"));
    expect(end.help).toBeGreaterThan(0);
    expect(press(end, "j")).toEqual(end);
    expect(press(help, "tab", "p", "/")).toEqual(help);
    expect(press(help, "escape").help).toBeNull();
    expect(press(help, "?").help).toBeNull();
  });

  test("the log can be scrolled from any pane, and followed again", () => {
    const model = played(calmScene(80, 24), [{ kind: "key", key: "pageup" }]);
    expect(model.logView.anchor).not.toBeNull();
    expect(press(model, "f").logView.anchor).toBeNull();
    expect(press(model, "pagedown", "pagedown").logView.anchor).toBeNull();
    expect(press(model, "f", "f").logView.anchor).not.toBeNull();
    expect(press(sceneModel(80, 24), "f").logView.anchor).toBeNull();
  });

  test("levels go round and follow", () => {
    expect(press(calmScene(80, 24), "pageup", "l").logView).toMatchObject({ levelMin: "warn", anchor: null });
  });
});

describe("the filter field", () => {
  test("every printable key is text, and the lines follow as it is typed", () => {
    const typing = press(calmScene(80, 24), "/", "q", "?", "1");
    expect(typing.typing).toBe("q?1");
    expect(shownLog(typing)).toEqual([]);
    const found = press(typing, "ctrl-u", ..."NOTES");
    expect(shownLog(found)).toEqual(["Node 2: refused 00c0ffee: notes.txt is not an image"]);
    expect(press(found, "tab")).toEqual(found);
  });

  test("Enter keeps it, / edits it, Esc drops it", () => {
    const kept = press(calmScene(80, 24), "/", ..."notes", "enter");
    expect([kept.typing, kept.logView.filter, kept.focus]).toEqual([null, "notes", "log"]);
    expect(press(kept, "/").typing).toBe("notes");
    expect(press(kept, "/", "escape").logView.filter).toBe("");
    expect(press(kept, "escape").logView.filter).toBe("");
  });

  test("characters and words can be erased, whole ones", () => {
    const typing = press(calmScene(80, 24), "/", ..."one two", "😀");
    expect(press(typing, "backspace").typing).toBe("one two");
    expect(press(typing, "ctrl-w").typing).toBe("one ");
    expect(press(typing, "ctrl-w", "ctrl-w", "backspace").typing).toBe("");
  });

  test("a paste goes into the field and nowhere else, cleaned and cut", () => {
    const paste: Message = { kind: "paste", text: `a\u001b[2J\n${"b".repeat(500)}` };
    const model = calmScene(80, 24);
    expect(played(model, [paste])).toEqual(model);
    const typed = played(press(model, "/"), [paste]).typing ?? "";
    expect(typed.startsWith("a�[2J�b")).toBe(true);
    expect([...typed].length).toBe(filterTextMax);
  });
});

describe("pausing", () => {
  test("holds nodes and log as they were while the present goes on behind them", () => {
    const paused = press(calmScene(120, 40), "p");
    const later = played(paused, [
      news([nodesOf(1, 2), ...logEvents(deathEntries)], wallMs(sceneAt + 4_000)),
    ]);
    expect(shownNodes(later)).toEqual([1, 2, 3]);
    expect(shownLog(later).at(-1)).toBe(shownLog(paused).at(-1));
    expect(later.live.log.lines.length).toBe(storyEntries.length + deathEntries.length);
    expect(shownCluster(later)?.stale).toBe(false);
    const resumed = press(later, "p");
    expect(shownNodes(resumed)).toEqual([1, 2]);
    expect(shownLog(resumed).at(-1)).toContain("node 2 is down");
  });

  test("the selection is on a node that shows, then and afterwards", () => {
    const paused = press(played(calmScene(120, 40), [news([nodesOf(1, 2, 3)])]), "p", "G");
    expect(paused.selected).toBe(3);
    const later = played(paused, [news([nodesOf(1, 2)])]);
    expect(later.selected).toBe(3);
    expect(press(later, "p").selected).toBe(1);
  });
});

describe("whatever happens", () => {
  const anyKey = fc.constantFrom(...bindings.flatMap((binding) => binding.keys), "x", "日", "left", "ctrl-x");
  const someNodes = fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 });
  const message: fc.Arbitrary<Message> = fc.oneof(
    { weight: 6, arbitrary: anyKey.map((key): Message => ({ kind: "key", key })) },
    someNodes.map((ids): Message => news([nodesOf(...ids.toSorted())])),
    fc
      .nat(40)
      .map(
        (count): Message =>
          news(logEvents(Array.from({ length: count }, () => entryOf(1, { kind: "node.stopped" })))),
      ),
    fc.constantFrom(1, 2, 3).map((id): Message => news([processEvent(id, "exited", "gone")])),
    fc.nat(10_000).map((ms): Message => ({ kind: "tick", at: wallMs(sceneAt + ms) })),
    fc.string().map((text): Message => ({ kind: "paste", text })),
    fc
      .record({ columns: fc.integer({ min: 1, max: 250 }), rows: fc.integer({ min: 1, max: 90 }) })
      .map((size): Message => ({ kind: "resize", size })),
  );

  test("the model keeps its bounds, the selection is on a node that shows, and the log window is full", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 60 }), (messages) => {
        let model = calmScene(80, 24);
        for (const next of messages) {
          model = update(model, next)[0];
          const nodes: readonly (NodeId | null)[] = shownNodes(model);
          expect(nodes).toContain(model.selected);
          expect(panes.map((pane) => pane.id)).toContain(model.focus);
          expect(model.live.log.lines.length).toBeLessThanOrEqual(logLinesMax);
          expect([...(model.typing ?? "")].length).toBeLessThanOrEqual(filterTextMax);
          const rows = logRows(model);
          const window = logWindow(shownLive(model).log, model.logView, rows);
          expect(window.lines.length).toBe(Math.min(rows, window.matching));
          for (const samples of model.live.loads.values())
            expect(samples.length).toBeLessThanOrEqual(loadSamplesMax);
        }
      }),
      { numRuns: 60 },
    );
  });
});
