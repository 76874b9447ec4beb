/** Pictures in a real terminal: what a person sees of an image, of her own or one that was shared with her. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { endPrograms, type SpawnOptions, spawnOnPty } from "../support/pty.ts";
import { eventually, type Lab, openLab, program } from "./lab.ts";

let lab: Lab;
const ids: string[] = [];
const red = "#ff0000";
const blue = "#0000ff";

/** Red above, blue below; WebP, in which the thumbnail is, keeps colours nearly. */
const flag = (width: number, height: number): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: red } })
    .composite([
      {
        input: { create: { width, height: height / 2, channels: 3, background: blue } },
        top: height / 2,
        left: 0,
      },
    ])
    .png()
    .toBuffer();

beforeAll(async () => {
  lab = openLab();
  await lab.launch();
  expect((await lab.run(["client", "bob", "list"])).code).toBe(0);
  for (const [name, width, height] of [
    ["large.png", 1_000, 500],
    ["small.png", 20, 10],
  ] as const) {
    await writeFile(join(lab.folder, name), await flag(width, height));
    const [line] = (await lab.run(["client", "alice", "upload", name, "--json"])).json();
    ids.push(String(line?.id));
  }
  const [large = ""] = ids;
  expect((await lab.run(["client", "alice", "share", large, "bob"])).code).toBe(0);
  await eventually(async () => {
    const [info] = (await lab.run(["client", "alice", "info", large, "--json"])).json();
    return info?.thumbnailBytes !== null;
  });
});
afterEach(endPrograms);
afterAll(() => lab.close());

const view = async (user: string, words: readonly string[], options: SpawnOptions = {}) => {
  const size = { columns: 60, rows: 20 };
  const viewer = spawnOnPty(process.execPath, [program, "client", user, "view", ...words], {
    cwd: lab.folder,
    ...size,
    ...options,
  });
  const { code } = await viewer.exited;
  return { code, screen: viewer.screen };
};
/** How much of red and of blue there is in a colour that the screen shows. */
const isNear = (color: string | null, wanted: string): boolean => {
  if (color === null) return false;
  const [a, b] = [color, wanted].map((hex) => Number.parseInt(hex.slice(1), 16)) as [number, number];
  return [16, 8, 0].every((shift) => Math.abs(((a >> shift) & 255) - ((b >> shift) & 255)) < 40);
};

test("an image is drawn as wide as there is room, from top to bottom, for its owner and its reader", async () => {
  for (const user of ["alice", "bob"]) {
    const { code, screen } = await view(user, [ids[0]?.slice(-8) ?? ""]);
    expect(code).toBe(0);
    const rows = screen.cells().filter((cells) => cells.every(({ char }) => char === "▀"));
    expect(rows).toHaveLength(15);
    expect(rows[0]?.every(({ foreground }) => isNear(foreground, red))).toBe(true);
    expect(rows.at(-1)?.every(({ background }) => isNear(background, blue))).toBe(true);
    expect(screen.text()).toContain(`1000x500`);
    expect(screen.text().includes("from alice")).toBe(user === "bob");
  }
});

test("in a wide window it is the image itself, in kitty it is its pixels, without colours it is shades", async () => {
  const [id = ""] = ids;
  const wide = await view("bob", [id], { columns: 300, rows: 100 });
  expect(wide.screen.cells().filter((cells) => cells[299]?.char === "▀")).toHaveLength(75);
  const kitty = await view("alice", [id], { env: { KITTY_WINDOW_ID: "1" } });
  expect(kitty.screen.raw()).toContain("\u001b_Ga=T,f=100,q=2,c=");
  const plain = await view("alice", [id], { env: { NO_COLOR: "1" } });
  expect(plain.code).toBe(0);
  expect(plain.screen.raw()).not.toContain("\u001b[38");
  expect(plain.screen.text()).toContain("░".repeat(60));
});

test("several are a sheet; what cannot be found is named, and a pipe is nothing to draw on", async () => {
  const both = await view("alice", ids, { columns: 80 });
  expect(both.code).toBe(0);
  expect(both.screen.text()).toMatch(/large\.png +\w{8} {2}small\.png/);
  expect((await view("carol", [ids[0] ?? ""])).code).toBe(4);
  const piped = await lab.run(["client", "alice", "view", ids[0] ?? ""]);
  expect(piped.code).toBe(2);
  expect(piped.stderr).toContain("hint: save the picture instead: distinsta client alice get ID");
});
