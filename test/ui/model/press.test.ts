import { describe, expect, test } from "vitest";
import { wallMs } from "../../../core/model/units.ts";
import { bindings } from "../../../ui/model/keys.ts";
import { logWindow } from "../../../ui/model/log.ts";
import {
  type ConsoleModel,
  logRows,
  shownCluster,
  shownLive,
  shownNodes,
  zoomedPane,
} from "../../../ui/model/model.ts";
import { filterTextMax } from "../../../ui/model/press.ts";
import { type Message, update } from "../../../ui/model/update.ts";
import {
  calmScene,
  deathEntries,
  keys,
  logEvents,
  news,
  nodeView,
  played,
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
    expect(press(model, "tab", "tab", "tab", "tab").focus).toBe("nodes");
    expect(press(model, "4", "1", "2").focus).toBe("load");
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
    expect(played(press(model, "?"), [paste])).toEqual(press(model, "?"));
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
