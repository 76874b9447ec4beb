import { describe, expect, test } from "vitest";
import { displayWidth, lineText, lineWidth, plain } from "../../../ui/model/line.ts";
import type { ConsoleModel } from "../../../ui/model/model.ts";
import { clientPane, wrapped } from "../../../ui/views/client.ts";
import { calmScene, keys, played } from "../scenes.ts";

const rowsOf = (model: ConsoleModel, width: number, rows: number): readonly string[] =>
  clientPane(model, width, rows, "full").lines.map(lineText);
const typed = (...pressed: readonly string[]): ConsoleModel =>
  played(calmScene(120, 40), keys("3", ...pressed));

describe("the client's pane", () => {
  test("has bars for what is on its way, and the prompt below", () => {
    const model = played(typed(..."list"), [
      {
        kind: "client",
        event: {
          kind: "transfers",
          transfers: [{ name: "cat.jpg", bytes: 68, total: 100, bytesPerSecond: 1_200_000 }],
        },
      },
    ]);
    expect(rowsOf(model, 42, 11)).toEqual([
      " help says what can be said here",
      " cat.jpg       ▆▆▆▆▆▆▆▁▁▁   68%  1.2 MB/s ",
      " alice> list▏",
    ]);
  });

  test("shows the newest rows that fit, and the prompt always", () => {
    const lines = Array.from({ length: 20 }, (_, index) => [plain(`line ${index}`)]);
    const model = played(typed(), [{ kind: "client", event: { kind: "output", lines } }]);
    expect(rowsOf(model, 42, 3)).toEqual([" line 18", " line 19", " alice> ▏"]);
    expect(rowsOf(played(model, keys("escape", "k")), 42, 3).slice(0, 2)).toEqual([" line 17", " line 18"]);
  });

  test("shows where in a long line one is", () => {
    const model = typed(..."abcdefghijklmnopqrstuvwxyz".repeat(2), "left", "left");
    const [, prompt = ""] = rowsOf(model, 30, 2);
    expect(prompt).toMatch(/^ alice> [a-z]{18}x▏yz$/);
    expect(displayWidth(prompt)).toBeLessThanOrEqual(30);
  });

  test("says who it is for, that ^C stops, and what is below", () => {
    const title = (model: ConsoleModel) => lineText(clientPane(model, 42, 10, "full").title);
    expect(title(typed())).toBe("alice");
    expect(title(typed("x", "enter"))).toBe("alice · ^C stops it");
    expect(title(typed("x", "enter", "escape", "k"))).toBe("alice · ^C stops it · 1 below: G");
  });

  test("a row ends between words where it can", () => {
    const text = "cat.png: 60fc640a, 1.9 MB, 2 copies, 289.9 ms";
    expect(wrapped([plain(text)], 24).map(lineText)).toEqual([
      "cat.png: 60fc640a, 1.9 ",
      "MB, 2 copies, 289.9 ms",
    ]);
    expect(wrapped([plain("a /very/long/path/without/blanks")], 12).map(lineText)).toEqual([
      "a /very/long",
      "/path/withou",
      "t/blanks",
    ]);
  });

  test("long lines go over several rows, never half a character", () => {
    const line = [plain("日本語"), { text: "abc", bold: true }];
    const rows = wrapped(line, 4);
    expect(rows.map(lineText)).toEqual(["日本", "語ab", "c"]);
    expect(rows.every((row) => lineWidth(row) <= 4)).toBe(true);
    expect(wrapped([], 4)).toEqual([[]]);
  });
});
