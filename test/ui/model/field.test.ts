import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Edit,
  edited,
  emptyField,
  type Field,
  fieldOf,
  fieldTextMax,
  inserted,
} from "../../../ui/model/field.ts";

/** The text with `|` where one is. */
const shown = ({ text, cursor }: Field): string => `${text.slice(0, cursor)}|${text.slice(cursor)}`;
const after = (text: string, ...edits: readonly Edit[]): string => shown(edits.reduce(edited, fieldOf(text)));

describe("a field", () => {
  test("takes text where the cursor is, and of it nothing that a terminal obeys", () => {
    expect(shown(inserted({ text: "ac", cursor: 1 }, "b"))).toBe("ab|c");
    expect(shown(inserted(emptyField, "a\r\nb\tc\u001b[2J"))).toBe("a b c�[2J|");
  });

  test("takes no more than it can hold", () => {
    const full = inserted(emptyField, "x".repeat(fieldTextMax));
    expect(inserted(full, "y")).toEqual(full);
  });

  test.each<[string, readonly Edit[], string]>([
    ["abc", ["left"], "ab|c"],
    ["abc", ["left", "left", "right"], "ab|c"],
    ["abc", ["first"], "|abc"],
    ["abc", ["first", "left"], "|abc"],
    ["abc", ["first", "last"], "abc|"],
    ["abc", ["erase"], "ab|"],
    ["abc", ["first", "erase-next"], "|bc"],
    ["get one  ", ["erase-word"], "get |"],
    ["get one", ["left", "erase-all"], "|e"],
    ["né", ["erase"], "n|"],
    ["a👩‍👩‍👧", ["erase"], "a|"],
    ["a👩‍👩‍👧", ["left"], "a|👩‍👩‍👧"],
    ["", ["erase", "left", "right", "erase-next", "erase-word"], "|"],
  ])("%s after %j is %s", (text, edits, expected) => {
    expect(after(text, ...edits)).toBe(expected);
  });

  test("keeps its cursor within the text, whatever is done", () => {
    const edits = fc.constantFrom<Edit>(
      "left",
      "right",
      "first",
      "last",
      "erase",
      "erase-next",
      "erase-word",
      "erase-all",
    );
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.array(edits), (text, done) => {
        const field = done.reduce(edited, fieldOf(text));
        expect(field.cursor >= 0 && field.cursor <= field.text.length).toBe(true);
      }),
    );
  });
});
