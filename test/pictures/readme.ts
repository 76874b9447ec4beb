/**
 * Takes the README's picture: the real console on a real cluster that has just stored some images.
 * `npm run picture` writes `docs/pictures/console.png`.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { screenPng } from "../support/picture.ts";
import { pictureOfBytes } from "../support/pictures.ts";
import { spawnOnPty } from "../support/pty.ts";

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const program = join(root, "bin/distinsta.js");
const out = process.argv[2] ?? join(root, "docs/pictures/console.png");
const folder = mkdtempSync(join(tmpdir(), "distinsta-picture-"));
const console = spawnOnPty(process.execPath, [program, "launch-local"], {
  columns: 120,
  rows: 40,
  cwd: folder,
});
try {
  await console.waitForText(/3\/3 up/);
  await console.waitForText(/LEADER/);
  for (let index = 0; index < 9; index++) {
    const picture = await pictureOfBytes("image/jpeg", 80_000 + 30_000 * index, index + 1);
    writeFileSync(join(folder, `photo-${index + 1}.jpg`), picture.bytes);
    execFileSync(process.execPath, [program, "client", "alice", "upload", `photo-${index + 1}.jpg`], {
      cwd: folder,
      stdio: "ignore",
    });
  }
  await console.waitUntil("nine images on a node", (screen) => /UP? .*\b9\b/i.test(screen.text()));
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, await screenPng(console.screen));
} finally {
  console.kill("SIGTERM");
  await console.exited;
  rmSync(folder, { recursive: true, force: true });
}
