import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Quote, splitLine, wordsOf, writeWord } from "../../../src/client/split.ts";

const reading = { home: "/Users/alice", escapes: true };
const windows = { home: "C:\\Users\\alice", escapes: false };
const words = (line: string, as = reading): readonly string[] => {
  const split = wordsOf(line, as);
  if (!split.ok) throw new Error(split.fault.code);
  return split.value;
};

describe("a line is split into words", () => {
  test.each<[string, readonly string[]]>([
    ["", []],
    ["  list  ", ["list"]],
    ["upload a.png\tb.png", ["upload", "a.png", "b.png"]],
    ["upload 'my cat.png'", ["upload", "my cat.png"]],
    ['upload "my cat.png"', ["upload", "my cat.png"]],
    ["upload my\\ cat.png", ["upload", "my cat.png"]],
    ["upload 'a'\\''b'.png", ["upload", "a'b.png"]],
    ['"a\\"b\\\\c\\d"', ['a"b\\c\\d']],
    ["'a\\b'", ["a\\b"]],
    ["x ''", ["x", ""]],
    ["upload ~/cat.png", ["upload", "/Users/alice/cat.png"]],
    ["upload '~/cat.png' a~", ["upload", "~/cat.png", "a~"]],
    ["~", ["/Users/alice"]],
    ["file:///tmp/my%20cat.png", ["/tmp/my cat.png"]],
    ["file://localhost/tmp/a.png", ["/tmp/a.png"]],
    ["file:///tmp/100%.png", ["/tmp/100%.png"]],
    ["*.png $HOME `id` a;b", ["*.png", "$HOME", "`id`", "a;b"]],
    ["trailing\\", ["trailing\\"]],
  ])("%s", (line, expected) => {
    expect(words(line)).toEqual(expected);
  });

  test("a backslash belongs to the path where paths are written with it", () => {
    expect(words('upload C:\\Users\\alice\\cat.png "D:\\my cat.png"', windows)).toEqual([
      "upload",
      "C:\\Users\\alice\\cat.png",
      "D:\\my cat.png",
    ]);
  });

  test("a quote that is left open is told, with what to type", () => {
    expect(wordsOf("upload it's.png", reading)).toMatchObject({ ok: false, fault: { code: "USAGE" } });
  });

  test("each word knows where it stands", () => {
    const line = "get  'a b' c";
    expect(splitLine(line, reading).words.map(({ from, to }) => line.slice(from, to))).toEqual([
      "get",
      "'a b'",
      "c",
    ]);
  });
});

test("a word that was written is read back, in any quotes, among any others", () => {
  const quotes = fc.constantFrom<Quote>("", "'", '"');
  const name = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => !/^~|^file:/.test(text));
  fc.assert(
    fc.property(name, quotes, (text, quote) => {
      const written = writeWord(text, quote, true, reading);
      expect(words(`get ${written} end`)).toEqual(["get", text, "end"]);
    }),
  );
});
