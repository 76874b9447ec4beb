import { describe, expect, test } from "vitest";
import { nodeId } from "../../core/model/ids.ts";
import type { Tone } from "../../ui/model/line.ts";
import { type Depth, nodeMark, styled, themeOf } from "../../ui/theme.ts";

const codes = (depth: Depth, tone: Tone): string => styled({ depth }, [{ text: "x", tone }]);

describe("the theme", () => {
  test("NO_COLOR takes the colours and leaves bold and dim", () => {
    expect(themeOf({ NO_COLOR: "1", COLORTERM: "truecolor" }).depth).toBe("none");
    expect(themeOf({ NO_COLOR: "", COLORTERM: "truecolor" }).depth).toBe("full");
    expect(codes("none", "good")).toBe("x");
    expect(codes("none", "bad")).toBe("\u001b[1mx\u001b[0m");
    expect(codes("none", "dim")).toBe("\u001b[2mx\u001b[0m");
  });

  test.each([
    [{ COLORTERM: "truecolor", TERM: "xterm" }, "full"],
    [{ COLORTERM: "24bit" }, "full"],
    [{ TERM: "xterm-256color" }, "256"],
    [{ TERM: "screen-256color" }, "256"],
    [{ TERM: "xterm" }, "16"],
    [{ TERM: "linux" }, "16"],
    [{ TERM: "dumb", COLORTERM: "truecolor" }, "none"],
    [{}, "16"],
  ] as const)("%o has %s colours", (env, depth) => {
    expect(themeOf(env).depth).toBe(depth);
  });

  test("Okabe and Ito's colours where there are all, and their neighbours elsewhere, no two the same", () => {
    expect(codes("full", "good")).toBe("\u001b[38;2;0;158;115mx\u001b[0m");
    const tones = ["node1", "node2", "node3", "node4", "node5", "node6"] as const;
    for (const depth of ["full", "256", "16"] as const)
      expect(new Set(tones.map((tone) => codes(depth, tone))).size).toBe(tones.length);
    expect(codes("256", "node2")).toBe("\u001b[38;5;178mx\u001b[0m");
    expect(codes("16", "node2")).toBe("\u001b[33mx\u001b[0m");
  });

  test("a picture's colours are its own where there are all, the nearest of 256, or none", () => {
    const front = [255, 0, 0] as const;
    const whole = { text: "▀", ink: { front, back: [0, 0, 255] } } as const;
    const half = { text: "▀", ink: { front, back: null } } as const;
    expect(styled({ depth: "full" }, [whole])).toBe("\u001b[38;2;255;0;0;48;2;0;0;255m▀\u001b[0m");
    expect(styled({ depth: "full" }, [half])).toBe("\u001b[38;2;255;0;0m▀\u001b[0m");
    expect(styled({ depth: "256" }, [whole])).toBe("\u001b[38;5;196;48;5;21m▀\u001b[0m");
    for (const depth of ["16", "none"] as const) expect(styled({ depth }, [whole])).toBe("▀");
  });

  test("every node has a shape of its own, so that colours only repeat it", () => {
    const marks = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => nodeMark(nodeId(id)).text);
    expect(new Set(marks).size).toBe(9);
  });

  test("what is said in pieces is told in pieces, each closed", () => {
    const line = [
      { text: "a" },
      { text: "b", bold: true, underline: true, tone: "accent" as const },
      { text: "" },
    ];
    expect(styled({ depth: "16" }, line)).toBe("a\u001b[1;4;96mb\u001b[0m");
  });
});
