import { describe, expect, test } from "vitest";
import { wallMs } from "../../../core/model/units.ts";
import { bindings } from "../../../ui/model/keys.ts";
import { logWindow } from "../../../ui/model/log.ts";
import {
  type ConsoleModel,
  currentRoom,
  type Overlay,
  paneRows,
  shownCluster,
  shownLive,
  shownNodes,
  zoomedPane,
} from "../../../ui/model/model.ts";
import { filterTextMax } from "../../../ui/model/press-field.ts";
import { type Message, update } from "../../../ui/model/update.ts";
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
  snapshotEvent,
  snapshotOf,
  storyEntries,
} from "../scenes.ts";

const press = (model: ConsoleModel, ...pressed: readonly string[]): ConsoleModel =>
  played(model, keys(...pressed));
const shownLog = (model: ConsoleModel): readonly string[] =>
  logWindow(shownLive(model).log, model.logView, paneRows(model, "log")).lines.map((line) => line.text);
/** Said by node 3, so that it replaces what the scenes say. */
const nodesOf = (...ids: readonly number[]) =>
  snapshotEvent(snapshotOf({ observer: 3, leader: null, nodes: ids.map((id) => nodeView(id)) }));
const overlayOf = <Kind extends Overlay["kind"]>(
  model: ConsoleModel,
  kind: Kind,
): Extract<Overlay, { readonly kind: Kind }> => {
  if (model.overlay?.kind !== kind) throw new Error(`${model.overlay?.kind ?? "nothing"} is open`);
  return model.overlay as Extract<Overlay, { readonly kind: Kind }>;
};
const typedText = (model: ConsoleModel): string => overlayOf(model, "field").field.text;

describe("keys", () => {
  test("q and ^C ask to quit, ^Z to suspend, and nothing else asks for anything", () => {
    const calm = calmScene(80, 24);
    const commandsOf = (key: string) => update(calm, { kind: "key", key })[1];
    expect(commandsOf("q")).toEqual([{ kind: "quit", background: false }]);
    expect(commandsOf("ctrl-c")).toEqual([{ kind: "quit", background: false }]);
    expect(commandsOf("ctrl-z")).toEqual([{ kind: "suspend" }]);
    expect(commandsOf("ctrl-l")).toEqual([{ kind: "redraw" }]);
    for (const key of bindings.flatMap((binding) => binding.keys)) {
      if (!["q", "ctrl-c", "ctrl-z", "ctrl-l"].includes(key)) expect(commandsOf(key)).toEqual([]);
    }
  });

  test("Tab goes round the panes in both directions, numbers go straight", () => {
    const model = calmScene(120, 40);
    expect(press(model, "tab").focus).toBe("load");
    expect(press(model, "shift-tab").focus).toBe("transfers");
    expect(press(model, ...Array<string>(9).fill("tab")).focus).toBe("nodes");
    expect(press(model, "4", "1", "2").focus).toBe("load");
  });

  test("the deck shows the one of its panes that was gone to last", () => {
    const model = calmScene(120, 40);
    expect([press(model, "6").deck, press(model, "6", "1").deck]).toEqual(["beats", "beats"]);
    expect(press(model, "6", "/").deck).toBe("log");
    expect(press(model, "6", "tab").deck).toBe("traffic");
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
    expect(overlayOf(help, "help").from).toBe(0);
    expect(press(help, "k")).toEqual(help);
    const end = press(help, ...Array<string>(200).fill("j"));
    expect(overlayOf(end, "help").from).toBeGreaterThan(0);
    expect(press(end, "j")).toEqual(end);
    expect(press(help, "pagedown", "pageup")).toEqual(help);
    expect(press(help, "tab", "p", "/")).toEqual(help);
    expect(press(help, "escape").overlay).toBeNull();
    expect(press(help, "?").overlay).toBeNull();
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
    expect(typedText(typing)).toBe("q?1");
    expect(shownLog(typing)).toEqual([]);
    const found = press(typing, "ctrl-u", ..."NOTES");
    expect(shownLog(found)).toEqual(["Node 2: refused 00c0ffee: notes.txt is not an image"]);
  });

  test("Enter keeps it, / edits it, Esc drops it", () => {
    const kept = press(calmScene(80, 24), "/", ..."notes", "enter");
    expect([kept.overlay, kept.logView.filter.text, kept.focus]).toEqual([null, "notes", "log"]);
    expect(typedText(press(kept, "/"))).toBe("notes");
    expect(press(kept, "/", "escape").logView.filter.text).toBe("");
    expect(press(kept, "escape").logView.filter.text).toBe("");
  });

  test("Tab makes it a regular expression, and ! turns either round", () => {
    const typing = press(calmScene(120, 40), "/", ..."^Node 2: (refused|started)");
    expect(shownLog(typing)).toEqual([]);
    const regex = press(typing, "tab");
    expect(shownLog(regex).map((text) => text.slice(0, 15))).toEqual(["Node 2: started", "Node 2: refused"]);
    expect(shownLog(press(regex, "tab"))).toEqual([]);
    const inverse = press(calmScene(120, 40), "/", ..."!stored image");
    expect(shownLog(inverse).some((text) => text.includes("stored image"))).toBe(false);
    expect(shownLog(inverse).length).toBeGreaterThan(5);
  });

  test("characters and words can be erased, whole ones", () => {
    const typing = press(calmScene(80, 24), "/", ..."one two", "😀");
    expect(typedText(press(typing, "backspace"))).toBe("one two");
    expect(typedText(press(typing, "ctrl-w"))).toBe("one ");
    expect(typedText(press(typing, "ctrl-w", "ctrl-w", "backspace"))).toBe("");
    expect(typedText(press(typing, "home", "delete", "right", "x"))).toBe("nxe two😀");
  });

  test("a paste goes into the field and nowhere else, cleaned and cut", () => {
    const paste: Message = { kind: "paste", text: "a\u001b[2J\nb" };
    const long: Message = { kind: "paste", text: "b".repeat(500) };
    const model = calmScene(80, 24);
    expect(played(press(model, "?"), [paste])).toEqual(press(model, "?"));
    const typed = played(press(model, "/"), [paste, long]);
    expect(typedText(typed)).toBe("a�[2J b");
    expect(typedText(typed).length).toBeLessThanOrEqual(filterTextMax);
  });
});

describe("the search", () => {
  const found = (model: ConsoleModel): string | undefined =>
    shownLive(model).log.lines.find((line) => line.sequence === model.logView.anchor)?.text;

  test("marks and goes to the newest, then with N and n from one to the next", () => {
    const searched = press(calmScene(80, 24), "s", ..."NODE 3: STORED", "enter");
    expect(searched.logView.search).toBe("NODE 3: STORED");
    expect(found(searched)).toContain("5f2a1275");
    const before = press(searched, "N");
    expect(found(before)).toContain("5f2a1206");
    expect(found(press(before, "n"))).toContain("5f2a1275");
    expect(shownLog(searched).length).toBe(paneRows(searched, "log"));
    expect(press(searched, "escape").logView.search).toBe("");
  });

  test("says when there is nothing to find", () => {
    expect(press(calmScene(80, 24), "n").flash?.text).toContain("s searches");
    expect(press(calmScene(80, 24), "s", ..."zzz", "enter").flash?.text).toContain("no line");
  });
});

describe("from the log to events, nodes and a view to copy from", () => {
  test("[ and ] go from event to event", () => {
    const model = press(nodeDownScene(80, 24), "4", "[");
    const line = shownLive(model).log.lines.find(({ sequence }) => sequence === model.logView.anchor);
    expect(line?.text).toBe("Node 3: node 2 is down: it refuses connections");
    expect(press(model, "[", "]").logView.anchor).toBe(model.logView.anchor);
    expect(press(calmScene(80, 24), "4", "]").flash?.text).toContain("no event");
  });

  test("o shows one node after the other, then all", () => {
    const model = press(calmScene(80, 24), "4");
    const nodesShown = [1, 2, 3, 4].map(
      (turns) => press(model, ...Array<string>(turns).fill("o")).logView.node,
    );
    expect(nodesShown).toEqual([1, 2, 3, null]);
  });

  test("c opens it, keys scroll it, and c closes it", () => {
    const copy = press(calmScene(80, 24), "4", "c");
    expect(currentRoom(copy)).toBe("copy");
    expect(overlayOf(press(copy, "k", "k"), "copy").below).toBe(2);
    expect(overlayOf(press(copy, "g"), "copy").below).toBe(29);
    expect(press(copy, "k", "G")).toEqual(copy);
    expect(press(copy, "c").overlay).toBeNull();
  });

  test("an event is shown in the log, whatever was filtered", () => {
    const filtered = press(nodeDownScene(120, 40), "/", ..."zzz", "enter", "5", "enter");
    expect([filtered.focus, filtered.logView.filter.text]).toEqual(["log", ""]);
    expect(shownLog(filtered).at(-1)).toContain("node 2 is down");
  });
});

describe("a word about what was done", () => {
  test("stays until the next key, or a while", () => {
    const told = press(calmScene(80, 24), "r");
    expect(told.flash?.text).toBe("charts of 1 min");
    expect(press(told, "j").flash).toBeNull();
  });

  test("ranges go round", () => {
    const range = (turns: number) => press(calmScene(80, 24), ...Array<string>(turns).fill("r")).range;
    expect([0, 1, 2, 3, 4].map(range)).toEqual([null, 60, 300, 3_600, 60]);
  });
});

describe("leaving a server", () => {
  const server = { ...launchedScene(80, 24) };
  const leaving = press({ ...server, setup: { ...server.setup, leaves: nodeView(1).id } }, "q");
  const outcome = (key: string) => update(leaving, { kind: "key", key })[1];

  test("asks whether the node is to stop", () => {
    expect(currentRoom(leaving)).toBe("leave");
    expect(outcome("s")).toEqual([{ kind: "quit", background: false }]);
    expect(outcome("ctrl-c")).toEqual([{ kind: "quit", background: false }]);
    expect(outcome("b")).toEqual([{ kind: "quit", background: true }]);
    expect(press(leaving, "escape").overlay).toBeNull();
    expect(outcome("x")).toEqual([]);
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
