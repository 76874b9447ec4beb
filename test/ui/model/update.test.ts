import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NodeId } from "../../../core/model/ids.ts";
import { wallMs } from "../../../core/model/units.ts";
import { historySecondsMax, lengthOf, samplesOf } from "../../../ui/model/history.ts";
import { bindings } from "../../../ui/model/keys.ts";
import { sizeMin } from "../../../ui/model/layout.ts";
import { displayWidth, lineText } from "../../../ui/model/line.ts";
import { logLinesMax, logWindow } from "../../../ui/model/log.ts";
import { paneRows, shownLive, shownNodes } from "../../../ui/model/model.ts";
import { panes } from "../../../ui/model/panes.ts";
import { filterTextMax } from "../../../ui/model/press-field.ts";
import { itemsMax } from "../../../ui/model/timeline.ts";
import { type Message, update } from "../../../ui/model/update.ts";
import { frameLines } from "../../../ui/views/frame.ts";
import {
  calmScene,
  entryOf,
  logEvents,
  news,
  nodeView,
  played,
  processEvent,
  sceneAt,
  sceneModel,
  second,
  snapshotEvent,
  snapshotOf,
  storyEntries,
} from "../scenes.ts";

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

  test("each second is one sample a node, with gaps where a node was down", () => {
    const model = calmScene(120, 40);
    expect(lengthOf(model.live.history)).toBe(300);
    const down = snapshotOf({ nodes: [nodeView(1), nodeView(2, { state: "down" }), nodeView(3)] });
    const { history } = played(model, [second(wallMs(sceneAt + 1_000), [snapshotEvent(down)])]).live;
    expect(lengthOf(history)).toBe(301);
    const last = (id: number) => samplesOf(history, nodeView(id).id, "load", 1, history.second ?? 0);
    expect(last(2)).toEqual([Number.NaN]);
    expect(last(1)[0]).toBeCloseTo(0.35);
  });

  test("only seconds are samples, however much news comes between them", () => {
    const model = played(calmScene(120, 40), [news([nodesOf(1, 2, 3)]), news([nodesOf(1, 2, 3)])]);
    expect(lengthOf(model.live.history)).toBe(300);
  });

  test("how an act ended is told in the log and at once", () => {
    const problem = { what: "node 2 can take the lead: it is down", hint: "name another" };
    const model = played(calmScene(120, 40), [
      news([{ kind: "acted", act: "move-lead", node: nodeView(2).id, problem }]),
    ]);
    expect(model.flash).toMatchObject({
      tone: "bad",
      text: expect.stringContaining("it is down — name another"),
    });
    expect(model.live.log.lines.at(-1)).toMatchObject({ node: null, level: "warn" });
    const done = played(model, [
      news([{ kind: "acted", act: "drain", node: nodeView(2).id, problem: null }]),
    ]);
    expect(done.flash?.text).toBe("drain node 2: done");
  });

  test("lines that did not come are counted", () => {
    const model = played(calmScene(80, 24), [news([{ kind: "skipped", node: nodeView(2).id, lines: 312 }])]);
    expect(model.live.log.lines.at(-1)?.text).toMatch(/^312 log lines of node 2 are missing/);
  });

  test("what the console itself prints is a line without a node", () => {
    const model = played(sceneModel(80, 24), [
      { kind: "said", at: sceneAt, level: "warn", text: "from a library" },
    ]);
    expect(model.live.log.lines).toEqual([
      { sequence: 0, at: sceneAt, node: null, level: "warn", kind: null, text: "from a library" },
    ]);
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
    fc.nat(10_000).map((ms): Message => second(wallMs(sceneAt + ms))),
    fc.record({ column: fc.nat(260), row: fc.nat(90), wheel: fc.boolean() }).map(
      ({ wheel, ...at }): Message => ({
        kind: "mouse",
        deed: { what: wheel ? "wheel-up" : "press", ...at },
      }),
    ),
    fc.string().map((text): Message => ({ kind: "paste", text })),
    fc
      .record({ columns: fc.integer({ min: 1, max: 250 }), rows: fc.integer({ min: 1, max: 90 }) })
      .map((size): Message => ({ kind: "resize", size })),
  );

  test("the model keeps its bounds, the selection is on a node that shows, and the frame fills the screen", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 50 }), fc.boolean(), (messages, colored) => {
        let model = calmScene(80, 24);
        for (const next of messages) {
          model = update(model, next)[0];
          const nodes: readonly (NodeId | null)[] = shownNodes(model);
          expect(nodes).toContain(model.selected);
          expect(panes.map((pane) => pane.id)).toContain(model.focus);
          expect(model.live.log.lines.length).toBeLessThanOrEqual(logLinesMax);
          expect(model.live.timeline.items.length).toBeLessThanOrEqual(itemsMax);
          expect(lengthOf(model.live.history)).toBeLessThanOrEqual(historySecondsMax);
          if (model.overlay?.kind === "field")
            expect(model.overlay.field.text.length).toBeLessThanOrEqual(filterTextMax);
          const rows = paneRows(model, "log");
          const window = logWindow(shownLive(model).log, model.logView, rows);
          expect(window.lines.length).toBe(Math.min(rows, window.matching));
        }
        const frame = frameLines(model, { depth: colored ? "full" : "none" });
        const { columns, rows } = model.size;
        if (columns < sizeMin.columns || rows < sizeMin.rows) return;
        expect(frame.length).toBe(rows);
        if (model.overlay?.kind === "copy") return;
        for (const line of frame) expect(displayWidth(lineText(line))).toBe(columns);
      }),
      { numRuns: 60 },
    );
  });
});
