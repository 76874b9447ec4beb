import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  cutText,
  cutWords,
  dim,
  displayWidth,
  fitLine,
  type Line,
  lineText,
  lineWidth,
  plain,
  printable,
  sameLine,
  spreadLine,
  tailText,
} from "../../../ui/model/line.ts";

const texts = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom("日本語の写真.png", "👩‍👩‍👧 family.jpg", "★ LEADER", "é combined: e\u0301", "⚠️ ok"),
);
const lines: fc.Arbitrary<Line> = fc.array(texts.map(printable).map(plain), { maxLength: 5 });

describe("cells", () => {
  test.each([
    ["plain", 5],
    ["● ▲ ■ ★ │ █ ⣿ › –", 17],
    ["日本", 4],
    ["e\u0301", 1],
    ["👩‍👩‍👧", 2],
    ["⚠️", 2],
    ["⚠", 1],
    ["", 0],
  ])("%s takes %i", (text, cells) => {
    expect(displayWidth(text)).toBe(cells);
  });

  test("a cut text fits, is a beginning of the text, and ends between characters", () => {
    expect(cutText("日本語", 5)).toBe("日本");
    fc.assert(
      fc.property(texts, fc.nat(30), (text, width) => {
        const cut = cutText(text, width);
        expect(displayWidth(cut)).toBeLessThanOrEqual(width);
        expect(text.startsWith(cut)).toBe(true);
      }),
    );
  });

  test("a sentence that is too long ends between two words, a long word anywhere", () => {
    const cut = ["writes go on", "writes goes on", "writes go on with", "2 harbourmasters"].map((text) =>
      cutWords(text, 12),
    );
    expect(cut).toEqual(["writes go on", "writes goes…", "writes go…", "2 harbourma…"]);
    expect(cutWords("node 2 is down: writes go on", 16)).toBe("node 2 is down…");
  });

  test("a text that is too long can be told by its end", () => {
    expect(["cat.jpg", "harbour-07.jpg", "猫猫猫.jpg", "cat"].map((text) => tailText(text, 8))).toEqual([
      "cat.jpg",
      "…-07.jpg",
      "…猫.jpg",
      "cat",
    ]);
    expect([tailText("cat", 1), tailText("cat", 0)]).toEqual(["…", ""]);
  });
});

describe("lines", () => {
  test("a fitted line has exactly the width that was asked for", () => {
    fc.assert(fc.property(lines, fc.nat(60), (line, width) => lineWidth(fitLine(line, width)) === width));
  });

  test("a short line is padded and a long one ends in an ellipsis", () => {
    expect(lineText(fitLine([plain("ab")], 4))).toBe("ab  ");
    expect(lineText(fitLine([plain("abc"), dim("def")], 5))).toBe("abcd…");
    expect(lineText(fitLine([plain("日本語")], 4))).toBe("日… ");
    expect(fitLine([plain("abc")], 0)).toEqual([]);
  });

  test("of two sides the left one gives way", () => {
    expect(lineText(spreadLine([plain("left")], [plain("right")], 12))).toBe("left   right");
    expect(lineText(spreadLine([plain("left side")], [plain("right")], 9))).toBe("lef…right");
    expect(lineText(spreadLine([plain("left")], [plain("right")], 3))).toBe("ri…");
  });

  test("lines are the same when every piece looks the same", () => {
    expect(sameLine([dim("a")], [dim("a")])).toBe(true);
    expect(sameLine([dim("a")], [plain("a")])).toBe(false);
    expect(sameLine([plain("a")], [plain("a"), plain("")])).toBe(false);
    expect(sameLine([{ text: "a", bold: true }], [{ text: "a" }])).toBe(false);
  });
});

describe("what strangers wrote", () => {
  test("nothing that a terminal would obey, or that turns the reading direction, gets through", () => {
    expect(printable("a\u001b[2Jb\r\nc\u009bd\u202ee\tf")).toBe("a�[2Jb��c�d�e f");
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !/\p{Cc}/u.test(printable(text))));
  });
});
