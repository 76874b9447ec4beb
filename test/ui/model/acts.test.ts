import { describe, expect, test } from "vitest";
import { type ActName, acts } from "../../../ui/model/acts.ts";
import { type ConsoleModel, currentRoom } from "../../../ui/model/model.ts";
import type { Command } from "../../../ui/model/press.ts";
import { update } from "../../../ui/model/update.ts";
import {
  calmScene,
  keys,
  launchedScene,
  news,
  nodeView,
  noQuorumScene,
  played,
  processEvent,
  snapshotEvent,
  snapshotOf,
} from "../scenes.ts";

const press = (model: ConsoleModel, ...pressed: readonly string[]): ConsoleModel =>
  played(model, keys(...pressed));
const commandsOf = (model: ConsoleModel, key: string): readonly Command[] =>
  update(model, { kind: "key", key })[1];
const launched = launchedScene(120, 40);
const withActs = (model: ConsoleModel, names: readonly ActName[], readOnly = false): ConsoleModel => ({
  ...model,
  setup: { ...model.setup, acts: names, readOnly },
});

describe("the menu", () => {
  test("opens on the selected node, and a letter asks for what it names", () => {
    const asking = press(launched, "j", "a", "k");
    expect(asking.overlay).toEqual({ kind: "ask", act: "kill", node: 2 });
    expect(commandsOf(asking, "y")).toEqual([{ kind: "act", act: "kill", node: 2 }]);
  });

  test("the arrows and Enter choose too, and stay within the list", () => {
    const menu = press(launched, "a", ...Array<string>(30).fill("down"));
    expect(menu.overlay).toMatchObject({ at: acts.length - 1 });
    expect(press(launched, "a", "up", "down", "enter").overlay).toMatchObject({ kind: "ask", act: "drain" });
  });

  test("letters are of one act each, and none closes the menu", () => {
    const letters = acts.map(({ key }) => key);
    expect(new Set(letters).size).toBe(letters.length);
    expect(letters).not.toContain("a");
  });

  test("whatever takes something away asks, and any answer but yes leaves it", () => {
    const asks = acts.filter((act) => act.asks).map(({ name }) => name);
    expect(asks).toEqual(["move-lead", "drain", "stop", "kill", "restart", "freeze", "cut"]);
    const asking = press(launched, "a", "k");
    for (const key of ["n", "escape", "enter"]) {
      expect(commandsOf(asking, key)).toEqual([]);
      expect(press(asking, key).overlay).toBeNull();
    }
    expect(press(asking, "x")).toEqual(asking);
  });

  test("what gives something back is done at once", () => {
    const frozen = played(launched, [news([processEvent(1, "frozen")])]);
    expect(commandsOf(press(frozen, "a"), "w")).toEqual([{ kind: "act", act: "wake", node: 1 }]);
    const cut = played(launched, [news([processEvent(1, "running", null, true)])]);
    expect(commandsOf(press(cut, "a"), "m")).toEqual([{ kind: "act", act: "mend", node: 1 }]);
    const ended = played(launched, [news([processEvent(1, "exited", "SIGKILL")])]);
    expect(commandsOf(press(ended, "a"), "s")).toEqual([{ kind: "act", act: "start", node: 1 }]);
    const drained = played(launched, [
      news([
        snapshotEvent(snapshotOf({ nodes: [nodeView(1, { drained: true }), nodeView(2), nodeView(3)] })),
      ]),
    ]);
    expect(commandsOf(press(drained, "a"), "u")).toEqual([{ kind: "act", act: "undrain", node: 1 }]);
  });

  test("what makes no sense is refused with the reason", () => {
    const refused = (model: ConsoleModel, key: string) => press(model, "a", key).flash?.text;
    expect(refused(launched, "w")).toBe("wake node 1: not frozen");
    expect(refused(launched, "s")).toBe("start node 1: running");
    expect(refused(press(launched, "G"), "l")).toBe("move-lead node 3: leads already");
    expect(refused(noQuorumScene(120, 40), "l")).toBe("move-lead node 1: nobody leads");
  });

  test("acts on the present node, whatever moment the panes show", () => {
    const past = press(launched, "left");
    const killed = played(past, [news([processEvent(1, "exited", "SIGKILL")])]);
    expect(press(killed, "a", "k").flash?.text).toBe("kill node 1: not running");
  });
});

describe("who may not", () => {
  test("a read-only console and one without an operator have no acts, and say why", () => {
    const readOnly = withActs(calmScene(80, 24), [], true);
    expect(press(readOnly, "a").flash?.text).toBe("this console is read-only");
    expect(press(readOnly, ":", ..."kill 2", "enter").flash?.text).toBe("this console is read-only");
    expect(press(withActs(calmScene(80, 24), []), "a").flash?.text).toContain("operator's certificate");
  });

  test("a dashboard cannot touch processes", () => {
    const dashboard = withActs(calmScene(80, 24), ["move-lead", "drain", "undrain"]);
    expect(press(dashboard, ":", ..."kill 2", "enter").flash?.text).toContain(
      "only in the console of launch-local",
    );
    expect(press(dashboard, "j", "a", "l").overlay).toMatchObject({ kind: "ask", act: "move-lead", node: 2 });
    expect(press(dashboard, "a", "k").overlay).toMatchObject({ kind: "menu" });
  });
});

test("with the question open no other key does anything", () => {
  const asking = press(launched, "a", "k");
  expect(currentRoom(asking)).toBe("ask");
  for (const key of ["j", "p", "1", "tab", "/", ":"]) expect(press(asking, key)).toEqual(asking);
});
