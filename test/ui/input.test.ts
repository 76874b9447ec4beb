import type { Key } from "ink";
import { describe, expect, test } from "vitest";
import { keysOf } from "../../ui/input.ts";
import type { MouseDeed } from "../../ui/model/mouse.ts";
import { reportFilter } from "../../ui/mouse-input.ts";

const none: Key = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
  super: false,
  hyper: false,
  capsLock: false,
  numLock: false,
};

describe("from Ink's reports to keys", () => {
  test("text that came in one piece becomes its keys, control characters among them", () => {
    expect(keysOf("/e", none)).toEqual(["/", "e"]);
    expect(keysOf("ror\r", none)).toEqual(["r", "o", "r", "enter"]);
    expect(keysOf("a\tb\u0017\u007f", none)).toEqual(["a", "tab", "b", "ctrl-w", "backspace"]);
    expect(keysOf("日👩‍👩‍👧", none)).toEqual(["日", "👩‍👩‍👧"]);
  });

  test("named and control keys have the names of the table", () => {
    expect(keysOf("", { ...none, pageUp: true })).toEqual(["pageup"]);
    expect(keysOf("", { ...none, tab: true })).toEqual(["tab"]);
    expect(keysOf("", { ...none, tab: true, shift: true })).toEqual(["shift-tab"]);
    expect(keysOf("c", { ...none, ctrl: true })).toEqual(["ctrl-c"]);
    expect(keysOf("G", { ...none, shift: true })).toEqual(["G"]);
  });

  test("Alt with a letter, and a release of nothing, are no keys", () => {
    expect(keysOf("q", { ...none, meta: true })).toEqual([]);
    expect(keysOf("", none)).toEqual([]);
  });
});

describe("the mouse's reports", () => {
  const filtered = (...chunks: readonly string[]) => {
    const deeds: MouseDeed[] = [];
    const filter = reportFilter((deed) => deeds.push(deed));
    return { rest: chunks.map(filter), deeds };
  };

  test("presses and the wheel are taken out of what is typed, counted from 0", () => {
    const { rest, deeds } = filtered("a\u001b[<0;34;5M\u001b[<0;34;5mb\u001b[<64;1;1M\u001b[<65;200;60M");
    expect(rest).toEqual(["ab"]);
    expect(deeds).toEqual([
      { what: "press", column: 33, row: 4 },
      { what: "wheel-up", column: 0, row: 0 },
      { what: "wheel-down", column: 199, row: 59 },
    ]);
  });

  test("one that comes in pieces is one; other sequences are left as they are", () => {
    const { rest, deeds } = filtered("x\u001b[<0;3", "4;5My\u001b[A", "\u001b");
    expect(rest).toEqual(["x", "y\u001b[A", "\u001b"]);
    expect(deeds).toHaveLength(1);
    expect(filtered("\u001b[<2;34;5M").deeds).toEqual([]);
  });
});
