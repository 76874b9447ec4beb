/** The client in the console's pane, on the cluster that launch-local starts, and beside one node. */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { pictureOfBytes } from "../support/pictures.ts";
import { endPrograms, type PtyProgram, type SpawnOptions, spawnOnPty } from "../support/pty.ts";
import type { Screen } from "../support/screen.ts";
import { eventually, freePorts, isRunning, type Lab, openLab, program } from "./lab.ts";

let lab: Lab;
let basePort = 0;

/** A third of a flag. */
const band = (color: string): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="400" height="100"><rect width="400" height="100" fill="${color}"/></svg>`,
  );

beforeAll(async () => {
  lab = openLab();
  basePort = await freePorts(5);
  mkdirSync(join(lab.folder, "my pics"));
  writeFileSync(
    join(lab.folder, "my pics/red cat.png"),
    (await pictureOfBytes("image/png", 5_000, 41)).bytes,
  );
  const [red, blue] = [band("#ff0000"), band("#0000ff")];
  await sharp({ create: { width: 400, height: 300, channels: 3, background: "#00ff00" } })
    .composite([
      { input: red, top: 0, left: 0 },
      { input: blue, top: 200, left: 0 },
    ])
    .png()
    .toFile(join(lab.folder, "flag.png"));
  writeFileSync(join(lab.folder, "big.png"), (await pictureOfBytes("image/png", 48_000_000, 42)).bytes);
});
afterEach(endPrograms);
afterAll(() => lab.close());

const open = (words: readonly string[], options: SpawnOptions = {}): PtyProgram =>
  spawnOnPty(process.execPath, [program, ...words], { cwd: lab.folder, ...options });
const launch = (options: SpawnOptions = {}): PtyProgram =>
  open(["launch-local", "--base-port", String(basePort)], options);

/** Leaves by `q`: the terminal is as it was, and no node is left. */
const leave = async (console: PtyProgram, nodes: readonly number[]): Promise<void> => {
  console.type("\u001b");
  await console.waitForText("3 to type here");
  console.type("q");
  expect((await console.exited).code).toBe(0);
  expect(console.screen.alternate()).toBe(false);
  expect(console.screen.cursorVisible()).toBe(true);
  await eventually(() => nodes.every((pid) => !isRunning(pid)));
};

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);

test("from launch-local: upload with Tab, list, and what was typed is there in the next run", async () => {
  const console = launch();
  await console.waitForText("3/3 up");
  const nodes = childrenOf(console.pid);
  expect(nodes.length).toBe(3);
  console.type("3upl\t");
  await console.waitForText("alice> upload ▏");
  console.type("my\t");
  await console.waitForText("alice> upload my\\ pics/▏");
  console.type("\t");
  await console.waitForText("alice> upload my\\ pics/red\\ cat.png ▏");
  console.type("\r");
  await console.waitForText(/✓ Server \d processed request/);
  console.type("list\r");
  await console.waitForText("39x39");
  await leave(console, nodes);

  // What is typed before the client has come waits for it and its history.
  const again = launch();
  await again.waitForText("DISTINSTA");
  again.type("3\u001b[A\u001b[A");
  await again.waitForText("alice> upload my\\ pics/red\\ cat.png ▏");
  again.kill("SIGTERM");
  await again.exited;
  expect(again.screen.alternate()).toBe(false);
});

/** Rows of half blocks, with the colour in the middle of each: r, g, b, or - for something between. */
const stripes = (screen: Screen): string =>
  screen
    .cells()
    .map((row) => row.filter(({ char }) => char === "▀"))
    .filter((row) => row.length > 0)
    .map((row) => colorName(row[Math.floor(row.length / 2)]?.foreground ?? "#000000"))
    .join("");
const colorName = (hex: string): string => {
  const parts = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  const most = parts.indexOf(Math.max(...parts));
  return parts.every((part, at) => (at === most ? part > 180 : part < 90)) ? "rgb".charAt(most) : "-";
};

test("an upload is shown in small, view in the pane, ^O over the screen, V with the others", async () => {
  const console = launch({ env: { COLORTERM: "truecolor" } });
  await console.waitForText("3/3 up");
  const nodes = childrenOf(console.pid);
  console.type("3view 00000000\r");
  await console.waitForText("error: no image 00000000");
  console.type("upload flag.png\r");
  await console.waitForText(/flag\.png: +\w{8},/);
  const id = /flag\.png: +(\w{8}),/.exec(console.screen.text())?.[1] ?? "";
  await console.waitUntil("the preview", (screen) => /^r+-?g+-?b+$/.test(stripes(screen)));
  const small = stripes(console.screen).length;
  console.type(`view ${id}\r`);
  await console.waitForText(new RegExp(`${id} +400x300`));
  await console.waitUntil("a larger picture", (screen) => {
    const shown = stripes(screen);
    return /^r+-?g+-?b+$/.test(shown) && shown.length > small && screen.text().includes("1 Nodes");
  });
  const inPane = stripes(console.screen).length;
  console.type("\u000f");
  await console.waitForText("any key leads back");
  await console.waitUntil("the whole screen", (screen) => /^r{10,}-?g{10,}-?b{10,}$/.test(stripes(screen)));
  console.type("x");
  await console.waitUntil("the pane", (screen) => stripes(screen).length === inPane);
  // Nothing of that key went to the prompt.
  await console.waitForText("alice> ▏");
  console.type("\u001b");
  await console.waitForText("3 to type here");
  console.type("V");
  await console.waitForText(new RegExp(`${id} +flag\\.png`));
  await console.waitForText(/the (\d+ )?newest image/);
  console.resize(80, 24);
  await console.waitUntil("the sheet, smaller", (screen) => {
    return screen.rows === 24 && screen.whole() && screen.text().includes("any key leads back");
  });
  console.type("x");
  await console.waitForText("3 to type here");
  console.type("q");
  expect((await console.exited).code).toBe(0);
  await eventually(() => nodes.every((pid) => !isRunning(pid)));
});

test("a large upload has a bar, ^C stops it and leaves no half file, and the pane goes on", async () => {
  const console = launch();
  await console.waitForText("3/3 up");
  const nodes = childrenOf(console.pid);
  console.type("3upload big.png\r");
  await console.waitForText(/big\.png +▆+▁+ +\d+%/);
  console.type("\u0003");
  await console.waitForText("error: interrupted");
  await console.waitForNoText("^C stops it");
  const images = join(lab.folder, "images");
  expect(readdirSync(images).filter((name) => name.includes("big"))).toEqual([]);
  console.type("get 00000000\r");
  await console.waitForText("error: no image 00000000");
  await leave(console, nodes);
});

test("quitting in the middle of an upload leaves neither a process nor a half file", async () => {
  const console = launch();
  await console.waitForText("3/3 up");
  const nodes = childrenOf(console.pid);
  console.type("3upload big.png\r");
  await console.waitForText(/big\.png +▆+▁+ +\d+%/);
  await leave(console, nodes);
  expect(readdirSync(join(lab.folder, "images")).filter((name) => name.endsWith(".part"))).toEqual([]);
});

test("a file dropped at 80x24 opens the pane, which then has all the room, and waits for Enter", async () => {
  const console = launch({ columns: 80, rows: 24 });
  await console.waitForText("3/3 up");
  await console.waitForNoText("3 Client");
  console.type(`\u001b[200~'${join(lab.folder, "my pics/red cat.png")}'\u001b[201~`);
  await console.waitForText("3 Client");
  await console.waitForText("my pics/red cat.png'▏");
  await console.waitForNoText("1 Nodes");
  console.type("\r");
  await console.waitForText(/✓ Server \d processed request/);
  console.type("\u001b");
  await console.waitForText("3 to type here");
  console.type("\u001b");
  await console.waitForText("1 Nodes");
  console.type("q");
  expect((await console.exited).code).toBe(0);
});

test("server ID has the client of who has credentials there, and else says how to get some", async () => {
  const first = open(["server", "1"]);
  await first.waitForText("3 Client  alice");
  first.type("3help\r");
  await first.waitForText("help get tells more");
  first.kill("SIGTERM");
  await first.exited;

  const users = join(lab.folder, ".distinsta/users");
  renameSync(users, `${users}.away`);
  const second = open(["server", "1"]);
  await second.waitForText("No user's credentials are here.");
  await second.waitForText("distinsta user add alice");
  second.type("3q");
  await second.waitForText("Leave node 1?");
  second.type("s");
  expect((await second.exited).code).toBe(0);
  renameSync(`${users}.away`, users);
});
