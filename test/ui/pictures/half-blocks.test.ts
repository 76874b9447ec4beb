import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Pixels, Rgb } from "../../../ui/model/picture.ts";
import { colorAt, halfBlocks, nearestOf256, pixelsIn } from "../../../ui/pictures/half-blocks.ts";

const esc = String.fromCharCode(27);
/** A picture of opaque pixels, row by row. */
const picture = (width: number, ...colors: readonly Rgb[]): Pixels => ({
  width,
  height: colors.length / width,
  rgba: Uint8Array.from(colors.flatMap((color) => [...color, 255])),
});
const red: Rgb = [255, 0, 0];
const green: Rgb = [0, 255, 0];
const blue: Rgb = [0, 0, 255];
const black: Rgb = [0, 0, 0];
const white: Rgb = [255, 255, 255];

const channel = fc.integer({ min: 0, max: 255 });
const anyColor = fc.tuple(channel, channel, channel);
const anyPicture = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 })
      .map((rgba) => ({ width, height, rgba })),
  );

/** What a terminal would show of such lines: the colours of each cell, upper and lower. */
const shownBy = (lines: readonly string[]): readonly (readonly string[])[] =>
  lines.map((line) => {
    let [front, back] = ["", ""];
    const cells: string[] = [];
    for (const [, codes, sign] of line.matchAll(new RegExp(`${esc}\\[([\\d;]*)m|(.)`, "gu"))) {
      if (sign !== undefined) cells.push(`${front} ${back}`);
      for (const [code = "", layer = ""] of (codes ?? "").matchAll(/(38|48);2;\d+;\d+;\d+|(49)/g))
        if (layer === "38") front = code.slice(5);
        else back = code === "49" ? "" : code.slice(5);
    }
    return cells;
  });

describe("half blocks", () => {
  test("show two pixels in a cell, the upper in front, and say a colour only where it changes", () => {
    const lines = halfBlocks(picture(2, red, red, green, blue), "truecolor");
    expect(lines).toEqual([`${esc}[38;2;255;0;0;48;2;0;255;0m▀${esc}[48;2;0;0;255m▀${esc}[0m`]);
  });

  test("leave the ground of the terminal below a picture with an odd number of rows", () => {
    const lines = halfBlocks(picture(1, red, green, blue), "truecolor");
    expect(lines).toHaveLength(2);
    expect(lines[1]).toBe(`${esc}[38;2;0;0;255;49m▀${esc}[0m`);
  });

  test("of any picture are as many cells as it is wide, and show each pixel where it is", () => {
    fc.assert(
      fc.property(anyPicture, (pixels) => {
        const lines = halfBlocks(pixels, "truecolor");
        expect(lines).toHaveLength(Math.ceil(pixels.height / 2));
        for (const [row, cells] of shownBy(lines).entries()) {
          expect(cells).toHaveLength(pixels.width);
          for (const [x, cell] of cells.entries()) {
            const [y, below] = [row * 2, row * 2 + 1];
            const lower = below < pixels.height ? colorAt(pixels, x, below).join(";") : "";
            expect(cell).toBe(`${colorAt(pixels, x, y).join(";")} ${lower}`);
          }
        }
        for (const depth of ["256", "plain"] as const)
          for (const line of halfBlocks(pixels, depth))
            expect(stripVTControlCharacters(line)).toHaveLength(pixels.width);
      }),
    );
  });

  test("without colours are shades by light, and nothing that a terminal obeys", () => {
    const grey: Rgb = [128, 128, 128];
    const lines = halfBlocks(picture(4, black, grey, white, red, black, grey, white, black), "plain");
    expect(lines).toEqual([" ▒█ "]);
    expect(halfBlocks(picture(1, white), "plain")).toEqual(["█"]);
  });

  test("have the proportions of the picture: a cell is twice as high as wide", () => {
    expect(pixelsIn({ columns: 80, rows: 22 })).toEqual({ width: 80, height: 44 });
    expect(pixelsIn({ columns: 0, rows: 0 })).toEqual({ width: 1, height: 2 });
  });
});

describe("what is transparent", () => {
  test("shows squares behind it, as much as it lets through", () => {
    const width = 8;
    const clear: Pixels = { width, height: 1, rgba: new Uint8Array(width * 4) };
    const seen = Array.from({ length: width }, (_, x) => colorAt(clear, x, 0)[0]);
    expect(seen).toEqual([102, 102, 102, 102, 153, 153, 153, 153]);
    const half: Pixels = { width: 1, height: 1, rgba: Uint8Array.from([255, 0, 0, 51]) };
    expect(colorAt(half, 0, 0)).toEqual([133, 82, 82]);
  });
});

/** xterm's colours 16 to 255. */
const paletteOf = (number: number): Rgb => {
  if (number >= 232) {
    const grey = 8 + 10 * (number - 232);
    return [grey, grey, grey];
  }
  const at = number - 16;
  const level = (step: number): number => (step === 0 ? 0 : 55 + 40 * step);
  return [level(Math.floor(at / 36)), level(Math.floor(at / 6) % 6), level(at % 6)];
};
const distance = (a: Rgb, b: Rgb): number =>
  a.reduce((sum, value, at) => sum + (value - (b[at] ?? 0)) ** 2, 0);

test("of 256 colours none is nearer than the one that is taken", () => {
  const palette = Array.from({ length: 240 }, (_, at) => paletteOf(16 + at));
  fc.assert(
    fc.property(anyColor, (color) => {
      const taken = distance(color, paletteOf(nearestOf256(color)));
      expect(taken).toBe(Math.min(...palette.map((other) => distance(color, other))));
    }),
  );
  expect(nearestOf256([255, 0, 0])).toBe(196);
});
