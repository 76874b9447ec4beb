import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { NodeId } from "../../../core/model/ids.ts";
import { wallMs } from "../../../core/model/units.ts";
import { bindings, panes } from "../../../ui/model/keys.ts";
import { logLinesMax, logWindow } from "../../../ui/model/log.ts";
import { loadSamplesMax, logRows, shownLive, shownNodes } from "../../../ui/model/model.ts";
import { filterTextMax } from "../../../ui/model/press.ts";
import { type Message, update } from "../../../ui/model/update.ts";
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
      [1, 4],
      [3, 4],
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
