import { describe, expect, test } from "vitest";
import { cellsOf, graphicsOf, graphicsPixelsIn, graphicsText } from "../../../ui/pictures/graphics.ts";

const esc = String.fromCharCode(27);

describe("which language a terminal announces", () => {
  test.each([
    [{ TERM: "xterm-kitty" }, "kitty"],
    [{ TERM: "xterm-256color", KITTY_WINDOW_ID: "1" }, "kitty"],
    [{ TERM: "xterm-ghostty" }, "kitty"],
    [{ TERM: "xterm-256color", TERM_PROGRAM: "iTerm.app" }, "iterm2"],
    [{ TERM: "xterm-256color", TERM_PROGRAM: "WezTerm" }, "iterm2"],
    [{ TERM: "xterm-256color", LC_TERMINAL: "iTerm2" }, "iterm2"],
    [{ TERM: "xterm-256color" }, null],
    [{}, null],
    [{ TERM: "xterm-kitty", TMUX: "/tmp/tmux" }, null],
    [{ TERM: "screen-256color", KITTY_WINDOW_ID: "1" }, null],
    [{ TERM: "dumb", KITTY_WINDOW_ID: "1" }, null],
    [{ TERM: "xterm", KITTY_WINDOW_ID: "" }, null],
  ])("%j: %s", (env, graphics) => {
    expect(graphicsOf(env)).toBe(graphics);
  });
});

describe("a picture as control codes", () => {
  test("goes to kitty in pieces, of which all but the last say that more follow", () => {
    const text = graphicsText("kitty", `${"A".repeat(4_096)}${"B".repeat(4_096)}CD`, { columns: 9, rows: 4 });
    const pieces = text.split(`${esc}\\`);
    expect(pieces).toEqual([
      `${esc}_Ga=T,f=100,q=2,c=9,r=4,m=1;${"A".repeat(4_096)}`,
      `${esc}_Gm=1;${"B".repeat(4_096)}`,
      `${esc}_Gm=0;CD`,
      "",
    ]);
    expect(graphicsText("kitty", "AB", { columns: 1, rows: 1 })).toBe(
      `${esc}_Ga=T,f=100,q=2,c=1,r=1,m=0;AB${esc}\\`,
    );
  });

  test("goes to iTerm2 in one", () => {
    expect(graphicsText("iterm2", "AB==", { columns: 9, rows: 4 })).toBe(
      `${esc}]1337;File=inline=1;width=9;height=4;preserveAspectRatio=1:AB==\u0007`,
    );
  });

  test("takes the cells that it fills, and never more than there are", () => {
    expect(cellsOf({ width: 80, height: 160 })).toEqual({ columns: 10, rows: 10 });
    expect(cellsOf({ width: 1, height: 17 })).toEqual({ columns: 1, rows: 2 });
    for (const cells of [
      { columns: 80, rows: 22 },
      { columns: 1, rows: 1 },
    ])
      expect(cellsOf(graphicsPixelsIn(cells))).toEqual(cells);
  });
});
