import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lineText, lineWidth, plain } from "../../../ui/model/line.ts";
import {
  contactSheet,
  sheetFor,
  sheetHolds,
  sheetIn,
  type Tile,
} from "../../../ui/pictures/contact-sheet.ts";

const block = (columns: number, rows: number, sign = "▀"): Tile["picture"] => ({
  columns,
  lines: Array.from({ length: rows }, () => [plain(sign.repeat(columns))]),
});

describe("a contact sheet", () => {
  test("lays pictures out in fields, each in the middle of its own, with its caption below", () => {
    const tiles: readonly Tile[] = [
      { picture: block(4, 1, "a"), caption: "one.png" },
      { picture: block(2, 3, "b"), caption: "a long name.png" },
      { picture: "it is damaged", caption: "three.png" },
    ];
    const lines = contactSheet(tiles, { across: 2, columns: 8, rows: 3 });
    expect(lines.map((line) => lineText(line).trimEnd())).toEqual([
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
          for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(columns);
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
    expect(lineText(caption ?? []).trimEnd()).toBe("x�[2Jy");
  });

  test("for a given room it has the largest fields in which all of them fit, or the smallest", () => {
    expect(sheetIn(2, { columns: 80, rows: 23 })).toEqual({ across: 2, columns: 39, rows: 15 });
    expect(sheetIn(12, { columns: 120, rows: 39 })).toEqual({ across: 4, columns: 28, rows: 11 });
    expect(sheetIn(500, { columns: 40, rows: 20 }).columns).toBe(12);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 2, max: 250 }),
        fc.integer({ min: 2, max: 90 }),
        (count, columns, rows) => {
          const sheet = sheetIn(count, { columns, rows });
          const held = Math.min(count, sheetHolds(sheet, rows));
          expect(held).toBeGreaterThan(0);
          const tiles = Array.from({ length: held }, () => ({ picture: block(1, 1), caption: "x" }));
          const lines = contactSheet(tiles, sheet);
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });
});
