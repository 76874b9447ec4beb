import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { displayWidth } from "../../../ui/model/line.ts";
import { contactSheet, sheetFor, type Tile } from "../../../ui/pictures/contact-sheet.ts";

const block = (columns: number, rows: number, sign = "▀"): Tile["picture"] => ({
  columns,
  lines: Array.from({ length: rows }, () => sign.repeat(columns)),
});

describe("a contact sheet", () => {
  test("lays pictures out in fields, each in the middle of its own, with its caption below", () => {
    const tiles: readonly Tile[] = [
      { picture: block(4, 1, "a"), caption: "one.png" },
      { picture: block(2, 3, "b"), caption: "a long name.png" },
      { picture: "it is damaged", caption: "three.png" },
    ];
    expect(contactSheet(tiles, { across: 2, columns: 8, rows: 3 })).toEqual([
      "             bb",
      "  aaaa       bb",
      "             bb",
      "one.png   a long …",
      "",
      "",
      "it is d…",
      "",
      "three.p…",
    ]);
  });

  test("is never wider than the terminal, whatever its pictures and captions are", () => {
    const tile: fc.Arbitrary<Tile> = fc.record({
      picture: fc.oneof(
        fc.tuple(fc.integer({ min: 1, max: 24 }), fc.nat(9)).map(([columns, rows]) => block(columns, rows)),
        fc.string({ unit: "grapheme" }),
      ),
      caption: fc.string({ unit: "grapheme" }),
    });
    fc.assert(
      fc.property(
        fc.array(tile, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 24, max: 250 }),
        (tiles, columns) => {
          const sheet = sheetFor(tiles.length, columns);
          const lines = contactSheet(tiles, sheet);
          const sheets = Math.ceil(tiles.length / sheet.across);
          expect(lines).toHaveLength(sheets * (sheet.rows + 1) + sheets - 1);
          for (const line of lines)
            expect(displayWidth(stripVTControlCharacters(line))).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });

  test("has as many beside each other as there is room for, and no more than there are", () => {
    expect(sheetFor(9, 80)).toEqual({ across: 3, columns: 25, rows: 9 });
    expect(sheetFor(2, 80)).toEqual({ across: 2, columns: 39, rows: 15 });
    expect(sheetFor(1, 200)).toEqual({ across: 1, columns: 40, rows: 15 });
    expect(sheetFor(5, 10)).toEqual({ across: 1, columns: 10, rows: 4 });
    expect(sheetFor(12, 200).across).toBe(7);
  });

  test("shows nothing that a name could make the terminal obey", () => {
    const evil = `x${String.fromCharCode(27)}[2Jy`;
    const [, caption] = contactSheet([{ picture: evil, caption: evil }], { across: 1, columns: 12, rows: 1 });
    expect(caption).toBe("x�[2Jy");
  });
});
