import { describe, expect, test } from "vitest";
import { acts } from "../../../ui/model/acts.ts";
import { commandEntries } from "../../../ui/model/commands.ts";
import { type ConsoleModel, currentRoom, type Overlay } from "../../../ui/model/model.ts";
import { commandHistoryMax } from "../../../ui/model/press-command.ts";
import { update } from "../../../ui/model/update.ts";
import { calmScene, keys, launchedScene, played } from "../scenes.ts";

const press = (model: ConsoleModel, ...pressed: readonly string[]): ConsoleModel =>
  played(model, keys(...pressed));
const launched = launchedScene(120, 40);
const say = (text: string, model: ConsoleModel = launched): ConsoleModel =>
  press(model, ":", ...text, "enter");
const line = (model: ConsoleModel): Extract<Overlay, { readonly kind: "command" }> => {
  if (model.overlay?.kind !== "command") throw new Error("no command line");
  return model.overlay;
};
const typed = (text: string, ...pressed: readonly string[]) => press(launched, ":", ...text, ...pressed);

describe("the command line", () => {
  test("runs what is typed, and what begins it when only one does", () => {
    expect(say("go risk").focus).toBe("risk");
    expect(say("go 8").focus).toBe("risk");
    expect(say("range 1h").range).toBe(3_600);
    expect(say("ran 5m").range).toBe(300);
    expect(say("range auto", say("range 1h")).range).toBeNull();
    expect(say("level warn").logView.levelMin).toBe("warn");
    expect(say("filter !stored").logView.filter).toEqual({ text: "!stored", regex: false });
    expect(say("regex ^Node [12]").logView.filter).toEqual({ text: "^Node [12]", regex: true });
    expect(say("search notes").logView).toMatchObject({ search: "notes", anchor: expect.any(Number) });
    expect([say("only 2").logView.node, say("only", say("only 2")).logView.node]).toEqual([2, null]);
    expect(say("help").overlay?.kind).toBe("help");
    expect(say("now", press(launched, "left")).frozen).toBeNull();
  });

  test("acts on the node that is named, else on the selected one, and asks all the same", () => {
    expect(say("kill 3").overlay).toEqual({ kind: "ask", act: "kill", node: 3 });
    expect(say("kill", press(launched, "j")).overlay).toEqual({ kind: "ask", act: "kill", node: 2 });
    expect(say("kill 7").flash?.text).toBe("there is no node 7");
  });

  test("quits, and switches the mouse", () => {
    const asked = (text: string) => update(typed(text), { kind: "key", key: "enter" })[1];
    expect(asked("quit")).toEqual([{ kind: "quit", background: false }]);
    expect(asked("mouse on")).toEqual([{ kind: "mouse", on: true }]);
    expect(say("mouse on").mouse).toBe(true);
  });

  test("tells what was meant", () => {
    expect(say("fly").flash?.text).toBe("no command fly; :help tells them all");
    expect(say("range 7m").flash?.text).toBe("say :range SPAN (what charts span: 1m, 5m, 1h, auto)");
    expect(say("mouse").flash?.text).toContain("say :mouse on|off");
    expect(say("").flash).toBeNull();
  });

  test("every act is a command, and no command is told twice", () => {
    const names = commandEntries.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name } of acts) expect(names).toContain(name);
  });
});

describe("completion", () => {
  test("goes as far as all choices agree, and shows them", () => {
    expect(line(typed("ki", "tab")).field.text).toBe("kill ");
    expect(line(typed("m", "tab"))).toMatchObject({ choices: ["mouse", "move-lead", "mend"] });
    expect(line(typed("mo", "tab")).choices).toEqual(["mouse", "move-lead"]);
    expect(line(typed("go r", "tab")).field.text).toBe("go risk ");
    expect(line(typed("kill ", "tab")).choices).toEqual(["1", "2", "3"]);
    expect(line(typed("zzz", "tab")).field.text).toBe("zzz");
  });

  test("offers no act that this console has not", () => {
    const dashboard = { ...launched, setup: { ...launched.setup, acts: [] } };
    expect(line(press(dashboard, ":", "k", "tab")).field.text).toBe("k");
  });
});

describe("the line itself", () => {
  test("remembers what was run, the newest first, and not twice in a row", () => {
    const model = say("go log", say("go log", say("go risk")));
    expect(model.commandHistory).toEqual(["go risk", "go log"]);
    const recalled = press(model, ":", "up", "up");
    expect(line(recalled).field.text).toBe("go risk");
    expect(line(press(recalled, "down")).field.text).toBe("go log");
    expect(line(press(recalled, "down", "down")).field.text).toBe("");
    let many = model;
    for (let turn = 0; turn < commandHistoryMax + 9; turn++) many = say(`only ${turn}`, many);
    expect(many.commandHistory).toHaveLength(commandHistoryMax);
  });

  test("takes every key as text, and is left by Esc or by erasing nothing", () => {
    const open = press(calmScene(80, 24), ":", ..."q?1");
    expect([currentRoom(open), line(open).field.text]).toEqual(["command", "q?1"]);
    expect(press(open, "escape").overlay).toBeNull();
    expect(press(open, "backspace", "backspace", "backspace", "backspace").overlay).toBeNull();
    expect(line(press(open, "home", "x", "end", "ctrl-w", "y")).field.text).toBe("y");
  });

  test("a paste goes into it", () => {
    const [pasted] = update(typed("filter "), { kind: "paste", text: "two words\n" });
    expect(line(pasted).field.text).toBe("filter two words ");
  });
});
