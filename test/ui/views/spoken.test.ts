import { describe, expect, test } from "vitest";
import { wallMs } from "../../../core/model/units.ts";
import { plain } from "../../../ui/model/line.ts";
import type { ConsoleModel } from "../../../ui/model/model.ts";
import { panes } from "../../../ui/model/panes.ts";
import { type Manner, promptText, spokenLines } from "../../../ui/views/spoken.ts";
import {
  calmScene,
  deathEntries,
  keys,
  launchedScene,
  logEvents,
  news,
  nodeDownScene,
  nodeView,
  played,
  sceneAt,
  sceneModel,
  second,
  snapshotEvent,
  snapshotOf,
} from "../scenes.ts";

const said = (before: ConsoleModel | null, after: ConsoleModel, manner: Manner = "to-a-person") =>
  spokenLines(before, after, manner);
const press = (model: ConsoleModel, ...pressed: readonly string[]): ConsoleModel =>
  played(model, keys(...pressed));
const calm = calmScene(80, 24);
const saysAfter = (model: ConsoleModel, ...pressed: readonly string[]) =>
  said(press(model, ...pressed.slice(0, -1)), press(model, ...pressed));

describe("the console in sentences", () => {
  test("begins with the state, and says nothing while nothing changes", () => {
    const [state, notice] = said(sceneModel(80, 24), calm);
    expect(state).toBe("3 of 3 nodes up, node 3 leads term 8, quorum, 1 more may stop");
    expect(notice).toBe("well: all 3 nodes up: 1 more may stop and nothing is lost");
    const later = played(calm, [second(wallMs(sceneAt + 1_000), [snapshotEvent(snapshotOf())])]);
    expect(said(calm, later)).toEqual([]);
  });

  test("a death is said once as a state, a problem with its command, and an event; not again while it counts", () => {
    const dead = nodeDownScene(80, 24);
    const lines = said(calm, dead);
    expect(lines).toContain("2 of 3 nodes up, node 3 leads term 8, quorum, 0 more may stop");
    expect(lines).toContainEqual(
      expect.stringMatching(/^PROBLEM: node 2 silent for 12 s.* — start it: distinsta server 2$/),
    );
    expect(lines).toContain("event: node 2 is down: it refuses connections");
    const nodes = [nodeView(1), nodeView(2, { state: "down", heartbeatMs: 15_000 }), nodeView(3)];
    const later = played(dead, [second(wallMs(sceneAt + 3_000), [snapshotEvent(snapshotOf({ nodes }))])]);
    expect(said(dead, later)).toEqual([]);
  });

  test("for a file every line of the log is said, for a person a flood is counted", () => {
    const flood = played(calm, [news(logEvents(Array.from({ length: 90 }, () => deathEntries).flat()))]);
    const lines = said(calm, flood, "everything");
    expect(lines.length).toBe(90 * 3);
    // Who says it stands once.
    expect(lines[1]).toBe(
      "2026-03-04T10:10:37.200Z warn  node3   node 2 silent for 212 ms, no new work for it",
    );
    expect(said(calm, flood).length).toBeLessThan(10);
  });

  test.each(panes)("$name is read when one goes to it, in words", ({ id }) => {
    const key = String(panes.findIndex((pane) => pane.id === id) + 1);
    const from = press(calm, id === "log" ? "5" : "4", "escape");
    const [title = "", ...lines] = said(from, press(from, key));
    expect(title).toBe(`${panes[Number(key) - 1]?.name}:`);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join(" ")).not.toMatch(/[▁-█\u2800-\u28ff│╭]/);
  });

  test("a node is read when it is selected", () => {
    expect(saysAfter(press(calm, "4", "1"), "j").join()).toMatch(
      /^node 2 is up, follower, heard 32 ms ago, load 47%/,
    );
  });

  test("menu, question and answer are said", () => {
    const launched = launchedScene(80, 24);
    expect(saysAfter(launched, "a")).toEqual([
      expect.stringContaining("node 1: › l  move-lead  hand the lead to it"),
    ]);
    expect(saysAfter(launched, "a", "down").join()).toContain("drain");
    expect(saysAfter(launched, "a", "k").join()).toMatch(
      /^kill node 1\? .*the quorum holds\. {2}y yes {2}n no$/,
    );
    expect(saysAfter(launched, "a", "k", "n")).toEqual(["nothing was done"]);
  });

  test("going back in time reads the nodes of then", () => {
    const lines = saysAfter(nodeDownScene(80, 24), "left");
    expect(lines[0]).toBe("as it was: node 2 is down: it refuses connections");
    expect(lines.join(" ")).toContain("node 2 is DOWN");
    expect(saysAfter(nodeDownScene(80, 24), "left", "escape")).toEqual(["back to now"]);
  });

  test("what the client says is read on, also when its list was cut", () => {
    const output = (text: string): ConsoleModel =>
      played(calm, [{ kind: "client", event: { kind: "output", lines: [[plain(text)]] } }]);
    expect(said(calm, output("3 images"))).toEqual(["3 images"]);
  });

  test("the line that one types is there to be read", () => {
    expect(promptText(press(calm, ":", ..."kill 2"))).toBe(":kill 2");
    expect(promptText(press(calm, "3", ..."list"))).toBe("alice> list");
    expect(promptText(press(calm, "/", "x"))).toBe("filter: x");
    expect(promptText(calm)).toBe("");
  });

  test("the whole help is read", () => {
    expect(saysAfter(calm, "?").join("\n")).toContain("leave the console");
  });
});
