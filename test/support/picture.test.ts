import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { screenPng, screenSvg } from "./picture.ts";
import { openScreen } from "./screen.ts";

const screenWith = async (written: string) => {
  const screen = openScreen(20, 4);
  await screen.write(written);
  return screen;
};

describe("a picture of a screen", () => {
  test("words stand on their cells, in their colours and styles", async () => {
    const svg = screenSvg(await screenWith("ab \u001b[1;38;2;1;2;3mbold<\u001b[0m \u001b[4;38;5;196mx"));
    expect(svg).toContain('<text x="14" y="28.5" textLength="18"');
    expect(svg).toMatch(/<text x="41" [^>]*fill="#010203" font-weight="bold">bold&lt;<\/text>/);
    expect(svg).toMatch(/<text x="95" [^>]*fill="#ff0000" text-decoration="underline">x<\/text>/);
  });

  test("boxes, blocks and braille are shapes, so that no font leaves seams", async () => {
    const svg = screenSvg(await screenWith("╭─█▁⣿░"));
    expect(svg).not.toContain("<text");
    expect(svg.match(/<path/g)?.length).toBe(3);
    expect(svg.match(/<rect/g)?.length).toBe(4);
  });

  test("a wide character takes two cells and what follows stays in place", async () => {
    const svg = screenSvg(await screenWith("日x"));
    expect(svg).toMatch(/<text x="14" [^>]*textLength="18"[^>]*>日</);
    expect(svg).toMatch(/<text x="32" [^>]*>x</);
  });

  test("the PNG has twice the size in both directions", async () => {
    const { format, width, height } = await sharp(await screenPng(await screenWith("hello"))).metadata();
    expect({ format, width, height }).toEqual({ format: "png", width: 2 * 208, height: 2 * 104 });
  });
});
