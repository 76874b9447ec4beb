import { describe, expect, test } from "vitest";
import type { Event } from "../../../core/model/events.ts";
import { nodeId, term } from "../../../core/model/ids.ts";
import { wallMs } from "../../../core/model/units.ts";
import { lineText } from "../../../ui/model/line.ts";
import {
  type ConsoleModel,
  liveCluster,
  liveNotices,
  shownAt,
  shownCluster,
  shownLive,
} from "../../../ui/model/model.ts";
import { placeInTime } from "../../../ui/model/travel.ts";
import { frameLines } from "../../../ui/views/frame.ts";
import {
  entryOf,
  keys,
  news,
  nodeView,
  played,
  sceneAt,
  sceneModel,
  second,
  snapshotEvent,
  snapshotOf,
} from "../scenes.ts";

const press = (model: ConsoleModel, ...pressed: readonly string[]): ConsoleModel =>
  played(model, keys(...pressed));
const at = (ms: number) => wallMs(sceneAt + ms);
const said = (ms: number, node: number, event: Event) => ({
  kind: "log" as const,
  entry: { ...entryOf(node, event), at: sceneAt + ms },
});
const stored: Event = { kind: "node.up", peer: nodeId(1) };

/** Node 3 leads, dies after ten seconds, and is back after twenty. */
const story = (): ConsoleModel => {
  const without3 = snapshotOf({
    leader: 2,
    term: 9,
    nodes: [nodeView(1), nodeView(2), nodeView(3, { state: "down", heartbeatMs: 900 })],
  });
  return played(sceneModel(120, 40), [
    news(
      [snapshotEvent(snapshotOf()), said(0, 3, { kind: "leader.elected", leader: nodeId(3), term: term(8) })],
      at(0),
    ),
    second(at(1_000), [snapshotEvent(snapshotOf())]),
    news(
      [
        snapshotEvent(without3),
        said(10_000, 2, { kind: "node.down", peer: nodeId(3), reason: "silent" }),
        said(10_020, 2, { kind: "leader.elected", leader: nodeId(2), term: term(9) }),
      ],
      at(10_050),
    ),
    news(
      [
        snapshotEvent(snapshotOf({ leader: 2, term: 9 })),
        said(20_000, 2, { kind: "node.up", peer: nodeId(3) }),
      ],
      at(20_050),
    ),
    second(at(60_000), [snapshotEvent(snapshotOf({ leader: 2, term: 9 })), said(60_000, 1, stored)]),
  ]);
};
const states = (model: ConsoleModel) => shownCluster(model)?.nodes.map(({ state }) => state);

describe("going back", () => {
  test("each step is an event, and the panes show the cluster as it was then", () => {
    const now = story();
    const back = [1, 2, 3, 4, 5].map((turns) => press(now, ...Array<string>(turns).fill("left")));
    const shown = back.map((model) => [placeInTime(model), shownCluster(model)?.leader, states(model)?.[2]]);
    expect(shown).toEqual([
      ["5 of 5", 2, "up"],
      ["4 of 5", 2, "up"],
      ["3 of 5", 2, "down"],
      ["2 of 5", 2, "down"],
      ["1 of 5", 3, "up"],
    ]);
  });

  test("at the first event one stays there, and is told so", () => {
    const first = press(story(), ...Array<string>(9).fill("left"));
    expect(placeInTime(first)).toBe("1 of 5");
    expect(first.flash?.text).toContain("nothing before");
    expect(press(sceneModel(80, 24), "left").flash?.text).toContain("nothing has happened");
  });

  test("forward leads to now, and Esc at once", () => {
    const back = press(story(), "left", "left");
    expect(placeInTime(press(back, "right"))).toBe("5 of 5");
    expect(press(back, "right", "right").frozen).toBeNull();
    expect(press(back, "escape").frozen).toBeNull();
    expect(press(story(), "right").flash?.text).toBe("this is now");
  });

  test("the log ends with the event, and time with it", () => {
    const back = press(story(), "left", "left", "left", "left");
    expect(shownLive(back).log.lines.at(-1)?.text).toContain("node 3 is down");
    expect(shownAt(back)).toBe(at(10_050));
    expect(shownLive(back).timeline.items).toHaveLength(2);
  });

  test("header and warnings stay with the present, which goes on", () => {
    const back = press(story(), "left", "left", "left");
    const later = played(back, [
      news([snapshotEvent(snapshotOf({ leader: 2, term: 9, tolerance: 0 }))], at(61_000)),
    ]);
    expect(liveCluster(later)?.tolerance).toBe(0);
    expect(liveNotices(later)[0]?.text).toContain("none may stop");
    expect(states(later)?.[2]).toBe("down");
  });

  test("an event that comes meanwhile is the last one, and changes nothing that shows", () => {
    const back = press(story(), "left");
    const later = played(back, [
      news([said(62_000, 1, { kind: "quorum.lost", live: 1, needed: 2 })], at(62_000)),
    ]);
    expect(placeInTime(later)).toBe("5 of 6");
    expect(shownLive(later).log.lines.length).toBe(shownLive(back).log.lines.length);
    expect(placeInTime(press(later, "right"))).toBe("6 of 6");
  });

  test("from a pause it goes back from there", () => {
    const paused = press(story(), "p");
    expect(paused.frozen?.kind).toBe("paused");
    const later = played(paused, [
      news([said(62_000, 1, { kind: "quorum.lost", live: 1, needed: 2 })], at(62_000)),
    ]);
    expect(placeInTime(press(later, "left"))).toBe("5 of 6");
  });

  test("a time of day leads to the last event up to then", () => {
    const command = (text: string) => press(story(), ":", ...text, "enter");
    expect(placeInTime(command("at 10:10:59"))).toBe("3 of 5");
    expect(command("at 10:10:48").flash?.text).toContain("nothing is kept from that time");
    expect(command("at 25:00").flash?.text).toContain("say :at HH:MM");
  });
});

describe("a late witness", () => {
  /** Node 3 dies, node 1 says so, and node 2 seven seconds later, when node 3 has been back for a while. */
  const told = (): ConsoleModel => {
    const gone = snapshotOf({
      leader: 2,
      nodes: [nodeView(1), nodeView(2), nodeView(3, { state: "down", heartbeatMs: 400 })],
    });
    const back = snapshotEvent(snapshotOf({ leader: 2 }));
    const down: Event = { kind: "node.down", peer: nodeId(3), reason: "silent" };
    return played(sceneModel(120, 40), [
      news([snapshotEvent(gone), said(0, 1, down)], at(50)),
      news([said(2_000, 1, { kind: "quorum.lost", live: 1, needed: 2 })], at(2_050)),
      second(at(4_000), [back]),
      news([said(7_000, 2, down)], at(7_050)),
    ]);
  };

  test("changes neither what one goes back to nor when that was", () => {
    const [newest, oldest] = [press(told(), "left"), press(told(), "left", "left")];
    expect([shownAt(oldest), shownAt(newest)]).toEqual([at(50), at(2_050)]);
    expect(states(oldest)?.[2]).toBe("down");
    expect(told().live.timeline.items[0]?.by).toEqual([1, 2]);
  });
});

test("an observer that has just started knows less than this console, which says when a node was last heard", () => {
  const fresh = snapshotOf({
    observer: 1,
    leader: null,
    nodes: [nodeView(1), nodeView(2), nodeView(3, { state: "down", heartbeatMs: null })],
  });
  const model = played(sceneModel(120, 40), [
    news([snapshotEvent(snapshotOf())], at(0)),
    second(at(9_000), [snapshotEvent(fresh)]),
  ]);
  expect(shownCluster(model)?.nodes[2]).toMatchObject({ state: "down", silentMs: 9_000 });
  const lines = frameLines(model, { depth: "none" }).map(lineText).join("\n");
  expect(lines).toContain("last seen 9 s ago, at 10:10:49Z");
  expect(lines).not.toContain("never seen");
});

test("how long nobody led is what the panes showed, however late the winner started", () => {
  const alone = snapshotOf({
    observer: 1,
    leader: null,
    nodes: [nodeView(1), nodeView(2, { state: "down" }), nodeView(3, { state: "down" })],
  });
  const model = played(sceneModel(120, 40), [
    news([snapshotEvent(snapshotOf({ observer: 1 }))], at(0)),
    second(at(3_000), [snapshotEvent(alone)]),
    second(at(9_000), [snapshotEvent(alone)]),
    news(
      [
        snapshotEvent(snapshotOf({ leader: 2, term: 9 })),
        said(10_000, 2, { kind: "leader.elected", leader: nodeId(2), term: term(9) }),
        said(10_000, 2, { kind: "leaderless.ended", term: term(9), leaderlessMs: 295 }),
      ],
      at(10_050),
    ),
  ]);
  const { told } = model.live.timeline.items.at(-1) ?? {};
  expect(`${told?.text}${told?.more}`).toBe("node 2 leads term 9, after 7.0 s without a leader");
});
