import type { Key } from "ink";
import { describe, expect, test } from "vitest";
import { keysOf } from "../../ui/input.ts";

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
