import { describe, expect, test } from "vitest";
import type { ClientEvent } from "../../../ui/model/client.ts";
import { outputLinesMax } from "../../../ui/model/client.ts";
import { lineText, plain } from "../../../ui/model/line.ts";
import { type ConsoleModel, currentRoom, zoomedPane } from "../../../ui/model/model.ts";
import type { Command } from "../../../ui/model/press.ts";
import { update } from "../../../ui/model/update.ts";
import { calmScene, keys, played } from "../scenes.ts";

const press = (model: ConsoleModel, ...pressed: readonly string[]): ConsoleModel =>
  played(model, keys(...pressed));
const hear = (model: ConsoleModel, ...events: readonly ClientEvent[]): ConsoleModel =>
  played(
    model,
    events.map((event) => ({ kind: "client", event })),
  );
const asked = (model: ConsoleModel, key: string): readonly Command[] =>
  update(model, { kind: "key", key })[1];
const said = (model: ConsoleModel): readonly string[] => model.client.output.map(lineText);
const output = (...texts: readonly string[]): ClientEvent => ({
  kind: "output",
  lines: texts.map((text) => [plain(text)]),
});

const calm = calmScene(120, 40);
const at = press(calm, "3");

describe("the client's prompt", () => {
  test("whoever went there before the client had come types as soon as it is there", () => {
    const first = { user: "bob", history: ["list"], greeting: [[plain("hello bob")]] };
    const joined = { kind: "joined", client: first, acts: ["drain"] } as const;
    const early = played(calm, [
      { kind: "joined", client: { ...first, user: null }, acts: [] },
      ...keys("3"),
    ]);
    expect(currentRoom(press(early, "enter"))).toBe("client");
    const [late, elsewhere] = [played(early, [joined]), played(calm, [joined])];
    expect([currentRoom(late), currentRoom(elsewhere)]).toEqual(["prompt", "nodes"]);
    expect([said(late), late.client.history, late.setup.acts]).toEqual([["hello bob"], ["list"], ["drain"]]);
  });

  test("takes every key as text once one has gone there, and gives the keys back at Esc", () => {
    const typed = press(at, ..."quit 4/?");
    expect([currentRoom(typed), typed.client.field.text]).toEqual(["prompt", "quit 4/?"]);
    const left = press(typed, "escape");
    expect([currentRoom(left), left.client.field.text]).toEqual(["client", "quit 4/?"]);
    expect(asked(left, "q")).toEqual([{ kind: "quit", background: false }]);
    expect(currentRoom(press(left, "enter"))).toBe("prompt");
  });

  test("is full-screen where there is no room beside the load, and Esc twice leads back", () => {
    const small = press(calmScene(80, 24), "3");
    expect(zoomedPane(small)).toBe("client");
    expect(press(small, "escape", "escape").focus).toBe("nodes");
  });

  test("runs a line once: it is echoed, remembered, and the next waits until it is done", () => {
    const typed = press(at, ..."list");
    expect(asked(typed, "enter")).toEqual([{ kind: "client.run", line: "list" }]);
    const running = press(typed, "enter", ..."status");
    expect(said(running).at(-1)).toBe("alice> list");
    expect(running.client.history).toEqual(["upload cat.jpg", "list"]);
    expect(asked(running, "enter")).toEqual([]);
    expect(press(running, "enter").client.field.text).toBe("status");
    const done = hear(running, output("nothing"), { kind: "idle" });
    expect(asked(done, "enter")).toEqual([{ kind: "client.run", line: "status" }]);
    expect(asked(at, "enter")).toEqual([]);
  });

  test("^C stops what runs, else drops the line, else leaves the prompt", () => {
    const running = press(at, "x", "enter", "y");
    expect(asked(running, "ctrl-c")).toEqual([{ kind: "client.cancel" }]);
    expect(press(running, "ctrl-c").client.field.text).toBe("y");
    const idle = press(hear(running, { kind: "idle" }), "ctrl-c");
    expect([idle.client.field.text, currentRoom(idle)]).toEqual(["", "prompt"]);
    expect(currentRoom(press(idle, "ctrl-c"))).toBe("client");
  });

  test("goes back and forth in the history, and keeps one's own line", () => {
    const own = press(at, "g");
    const field = (...pressed: readonly string[]) => press(own, ...pressed).client.field.text;
    expect(field("up")).toBe("list");
    expect(field("up", "up", "up")).toBe("upload cat.jpg");
    expect(field("up", "up", "down")).toBe("list");
    expect(field("up", "down", "down")).toBe("g");
  });

  test("asks for completion of what is before the cursor, and puts the answer there", () => {
    const typed = press(at, ..."up x", "left", "left");
    expect(asked(typed, "tab")).toEqual([{ kind: "client.complete", before: "up" }]);
    const answer = { kind: "completed", before: "up", from: 0, text: "upload ", choices: [] } as const;
    const { field } = hear(typed, answer).client;
    expect(field).toEqual({ text: "upload  x", cursor: 7 });
    expect(hear(press(typed, "z"), answer).client.field.text).toBe("upz x");
  });

  test("shows choices where there is nothing more to put", () => {
    const choices = [[plain("list  lost")]];
    const typed = press(at, "l");
    const unclear = hear(typed, { kind: "completed", before: "l", from: 0, text: "l", choices });
    expect(said(unclear).at(-1)).toBe("list  lost");
    expect(unclear.client.field.text).toBe("l");
  });

  test("takes a paste, also when one is elsewhere, as one line that does not run", () => {
    const [dropped, commands] = update(calm, { kind: "paste", text: "'/tmp/my cat.png'\n" });
    expect(commands).toEqual([]);
    expect([dropped.focus, dropped.client.field.text]).toEqual(["client", "'/tmp/my cat.png' "]);
  });

  test("is closed where nobody's credentials are", () => {
    const nobody = { ...calm, client: { ...calm.client, user: null } };
    expect(currentRoom(press(nobody, "3"))).toBe("client");
    expect(update(nobody, { kind: "paste", text: "x" })[0]).toEqual(nobody);
  });
});

describe("what the client says", () => {
  test("is bounded, and harmless", () => {
    const many = hear(
      at,
      output(...Array.from({ length: outputLinesMax + 5 }, (_, index) => `line ${index}`)),
    );
    expect(said(many)).toHaveLength(outputLinesMax);
    expect(said(hear(at, output("a\u001b[2Jb"))).at(-1)).toBe("a�[2Jb");
  });

  test("stays in place while one has scrolled up, and follows again at the end", () => {
    const up = press(hear(at, output("a", "b", "c")), "escape", "k", "k");
    expect(up.client.below).toBe(2);
    expect(hear(up, output("d", "e")).client.below).toBe(4);
    expect(press(up, "G").client.below).toBe(0);
    expect(press(up, "g").client.below).toBe(up.client.output.length - 1);
  });

  test("ends its bars with the command", () => {
    const transfers = [{ name: "cat.jpg", bytes: 5, total: 10, bytesPerSecond: 1_200_000 }];
    const half = hear(at, { kind: "transfers", transfers });
    expect(half.client.transfers).toEqual(transfers);
    expect(hear(half, { kind: "idle" }).client.transfers).toEqual([]);
  });
});
