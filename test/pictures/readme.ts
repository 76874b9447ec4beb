/**
 * Takes the README's pictures of the real console on a real cluster: healthy, uploading, an album, during a fail-over,
 * and after a disk was lost. `npm run picture [FOLDER]` writes them into `docs/pictures`; it takes about two minutes.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePorts } from "../e2e/lab.ts";
import { screenPng } from "../support/picture.ts";
import { type PtyProgram, spawnOnPty } from "../support/pty.ts";
import { postcard } from "./postcards.ts";

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const program = join(root, "bin/distinsta.js");
const out = process.argv[2] ?? join(root, "docs/pictures");
/** So that the charts have something to show. */
const busyMs = 45_000;

const folder = mkdtempSync(join(tmpdir(), "distinsta-picture-"));
const data = join(folder, ".distinsta");
const esc = "\u001b";

const makePictures = async (album: string, count: number, bytes: number): Promise<void> => {
  mkdirSync(join(folder, album));
  for (let number = 1; number <= count; number++) {
    const picture = await postcard(number, bytes * (1 + (number % 4) / 2));
    writeFileSync(join(folder, album, `${album}-${String(number).padStart(2, "0")}.jpg`), picture);
  }
};

const take = async (console: PtyProgram, name: string): Promise<void> => {
  await console.waitUntil("a whole frame", (screen) => screen.whole());
  writeFileSync(join(out, `${name}.png`), await screenPng(console.screen));
};

/** A command of the console, with yes to what it asks. */
const say = async (console: PtyProgram, command: string, done: string | RegExp): Promise<void> => {
  console.type(`:${command}\r`);
  if (command.startsWith("kill")) {
    await console.waitForText("y yes");
    console.type("y");
  }
  await console.waitForText(done);
};

/** Esc and the next key in one go would be another key. */
const leavePrompt = async (console: PtyProgram): Promise<void> => {
  console.type(esc);
  await console.waitForText("3 to type here");
};

const healthy = async (console: PtyProgram): Promise<void> => {
  console.type("3");
  await console.waitForText("alice> ");
  for (const endsAtMs = Date.now() + busyMs; Date.now() < endsAtMs; ) {
    console.type("upload street -r --jobs 2\r");
    await console.waitForText("^C stops it");
    await console.waitForNoText("^C stops it");
    await pause(4_000);
  }
  await leavePrompt(console);
  console.type("1");
  await console.waitForText("╭─›1 Nodes");
  await take(console, "healthy");
};

/** The client with all the room: what it has said, what it has just uploaded, and the bars. */
const uploading = async (console: PtyProgram): Promise<void> => {
  console.type("3");
  await console.waitForText("Enter run");
  await leavePrompt(console);
  console.type("z3");
  await console.waitForNoText("1 Nodes");
  await console.waitForText("Enter run");
  let caught = false;
  while (!caught) {
    console.type("upload harbour -r --jobs 4\r");
    await console.waitForText("^C stops it");
    await console.waitUntil("bars and pictures, or the end of all uploads", (screen) => {
      caught = isMidway(screen.text());
      return caught || !screen.text().includes("^C stops it");
    });
  }
  await take(console, "uploading");
  await console.waitForNoText("^C stops it");
  await leavePrompt(console);
};

/** Bars that are neither empty nor full, and above them three pictures that have arrived. */
const isMidway = (text: string): boolean => {
  const shares = [...text.matchAll(/[▆▁]{10} +(\d+)% +[\d.]+ .B\/s/g)].map(([, share]) => Number(share));
  const midway = shares.filter((share) => share > 15 && share < 90);
  return shares.length >= 3 && midway.length >= 2 && /(▀{8,} +){2}▀{8,}/.test(text);
};

/** The newest images on one sheet, and from there back to all panes. */
const album = async (console: PtyProgram): Promise<void> => {
  console.type("V");
  await console.waitForText("any key leads back");
  await take(console, "album");
  console.type(" ");
  await console.waitForText("3 to type here");
  console.type("z");
  await console.waitForText("1 Nodes");
};

const failOver = async (console: PtyProgram): Promise<void> => {
  const leader = Number(/★ node (\d)/.exec(console.screen.text())?.[1]);
  console.type("5");
  await say(console, `kill ${leader}`, new RegExp(`${leader} +DOWN`));
  await console.waitForText(/leads term \d+, after \d+ ms without a leader/);
  await pause(2_000);
  await take(console, "fail-over");
  await say(console, `start ${leader}`, "3/3 up");
};

const lostDisk = async (console: PtyProgram): Promise<void> => {
  console.type("8");
  await say(console, "kill 2", /2 +DOWN/);
  rmSync(join(data, "nodes", "2"), { recursive: true });
  await say(console, "start 2", /refill|3\/3 up/);
  await pause(1_500);
  await take(console, "lost-disk");
};

mkdirSync(out, { recursive: true });
await makePictures("street", 16, 150_000);
await makePictures("harbour", 12, 6_000_000);
const basePort = String(await freePorts(3));
const console = spawnOnPty(process.execPath, [program, "launch-local", "--base-port", basePort], {
  columns: 120,
  rows: 40,
  cwd: folder,
});
try {
  await console.waitForText("3/3 up");
  await console.waitForText(/★ node \d/);
  await healthy(console);
  await uploading(console);
  await album(console);
  await failOver(console);
  await lostDisk(console);
} finally {
  console.kill("SIGTERM");
  await console.exited;
  rmSync(folder, { recursive: true, force: true });
}
