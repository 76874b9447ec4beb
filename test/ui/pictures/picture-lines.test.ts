import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lineText, lineWidth } from "../../../ui/model/line.ts";
import type { Picture, Pixels, Rgb } from "../../../ui/model/picture.ts";
import { fitPixels } from "../../../ui/pictures/fit-pixels.ts";
import { pictureLines, pixelLines, stripLines } from "../../../ui/pictures/picture-lines.ts";
import type { Depth } from "../../../ui/theme.ts";

const red: Rgb = [255, 0, 0];
const green: Rgb = [0, 255, 0];
const blue: Rgb = [0, 0, 255];

const pixelsOf = (width: number, ...colors: readonly Rgb[]): Pixels => ({
  width,
  height: colors.length / width,
  rgba: Uint8Array.from(colors.flatMap((color) => [...color, 255])),
});
const plainPixels = (width: number, height: number): Pixels =>
  pixelsOf(width, ...Array.from({ length: width * height }, () => red));
const one = (pixels: Pixels | string): Picture => ({
  id: "x",
  tiles: [{ pixels, caption: "x" }],
  caption: "x",
});
const sizes = fc.record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) });

describe("pixels made to fit", () => {
  test("are left alone where there is room, and never wider or higher than it elsewhere", () => {
    fc.assert(
      fc.property(sizes, sizes, ({ width, height }, box) => {
        const pixels = plainPixels(width, height);
        const fitted = fitPixels(pixels, box);
        expect(fitted.width).toBeLessThanOrEqual(Math.min(width, box.width));
        expect(fitted.height).toBeLessThanOrEqual(Math.min(height, box.height));
        expect(fitted.rgba.length).toBe(fitted.width * fitted.height * 4);
        if (width <= box.width && height <= box.height) expect(fitted).toBe(pixels);
        // One colour stays that colour, however it is cut.
        for (let at = 0; at < fitted.rgba.length; at += 4)
          expect([...fitted.rgba.subarray(at, at + 4)]).toEqual([...red, 255]);
      }),
    );
  });

  test("are the mean of what they cover, to which what is transparent adds no colour", () => {
    const half = fitPixels(pixelsOf(2, red, blue, red, blue), { width: 1, height: 1 });
    expect([...half.rgba]).toEqual([128, 0, 128, 255]);
    const clear = { width: 2, height: 1, rgba: Uint8Array.from([0, 255, 0, 255, 255, 0, 0, 0]) };
    expect([...fitPixels(clear, { width: 1, height: 1 }).rgba]).toEqual([0, 255, 0, 128]);
    const thirds = fitPixels(pixelsOf(3, red, green, blue), { width: 2, height: 1 });
    expect([...thirds.rgba.subarray(0, 3)]).toEqual([170, 85, 0]);
  });
});

describe("a picture as lines", () => {
  test("is a piece for each colour, two rows of pixels a line, the last one half", () => {
    const pixels = pixelsOf(3, red, red, green, blue, blue, green, red, red, red);
    expect(pixelLines(pixels, "full")).toEqual([
      [
        { text: "▀▀", ink: { front: red, back: blue } },
        { text: "▀", ink: { front: green, back: green } },
      ],
      [{ text: "▀▀▀", ink: { front: red, back: null } }],
    ]);
  });

  test("is drawn anew only for another room, and of many the last ones are kept", () => {
    const [picture, ...others] = Array.from({ length: 6 }, () => one(plainPixels(20, 20)));
    if (picture === undefined) throw new Error("no picture");
    const cells = { columns: 8, rows: 4 };
    const lines = pictureLines(picture, cells, "full");
    const larger = pictureLines(picture, { columns: 10, rows: 5 }, "full");
    expect(pictureLines(picture, cells, "full")).toBe(lines);
    expect(pictureLines(picture, { columns: 10, rows: 5 }, "full")).toBe(larger);
    for (const other of others) pictureLines(other, cells, "full");
    const again = pictureLines(picture, cells, "full");
    expect(again).not.toBe(lines);
    expect(again).toEqual(lines);
  });

  test("without colours is shades of grey blocks", () => {
    const lines = pictureLines(one(plainPixels(20, 20)), { columns: 8, rows: 4 }, "16");
    expect(lines.map(lineText)).toEqual(["░░░░░░░░", "░░░░░░░░", "░░░░░░░░", "░░░░░░░░"]);
  });

  test("never takes more room than there is, one or many", () => {
    const tile = fc.oneof(
      sizes.map(({ width, height }) => plainPixels(width, height)),
      fc.constant("it cannot be decoded"),
    );
    fc.assert(
      fc.property(
        fc.array(tile, { minLength: 1, maxLength: 9 }),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom<Depth>("full", "none"),
        (all, columns, rows, depth) => {
          const tiles = all.map((pixels) => ({ pixels, caption: "cat.png" }));
          const lines = pictureLines({ id: null, tiles, caption: "x" }, { columns, rows }, depth);
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });

  test("of which there are too many for the room counts those that are left out", () => {
    const tiles = Array.from({ length: 9 }, (_, at) => ({
      pixels: plainPixels(12, 9),
      caption: `${at}`,
    }));
    const lines = pictureLines({ id: null, tiles, caption: "" }, { columns: 40, rows: 8 }, "full");
    expect(lines.length).toBeLessThanOrEqual(8);
    expect(lineText(lines.at(-1) ?? []).trimEnd()).toBe("… and 6 more");
  });

  test("beside others is the newest of them, with the end of its name", () => {
    const tiles = ["a.png", "holiday-01.png", "holiday-02.png"].map((caption) => ({
      pixels: plainPixels(24, 18),
      caption,
    }));
    const lines = stripLines(tiles, { columns: 24, rows: 5 }, "full").map(lineText);
    expect(lines).toHaveLength(5);
    expect(lines[0]).toBe("▀▀▀▀▀▀▀▀▀▀▀  ▀▀▀▀▀▀▀▀▀▀▀");
    expect(lines.at(-1)).toBe("…day-01.png  …day-02.png");
  });
});
