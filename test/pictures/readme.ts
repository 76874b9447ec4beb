/**
 * Takes the README's picture: the real console on a real cluster, after some images were uploaded from its pane.
 * `npm run picture` writes `docs/pictures/console.png`.
 */
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
const names = ["harbour", "dunes", "cat"];
const folder = mkdtempSync(join(tmpdir(), "distinsta-picture-"));

for (const [index, name] of names.entries()) {
  const picture = await pictureOfBytes("image/jpeg", 80_000 + 30_000 * index, index + 1);
  writeFileSync(join(folder, `${name}.jpg`), picture.bytes);
}
const console = spawnOnPty(process.execPath, [program, "launch-local"], {
  columns: 120,
  rows: 40,
  cwd: folder,
});
try {
  await console.waitForText(/3\/3 up/);
  await console.waitForText(/node 3 leads term/);
  console.type("3");
  await console.waitForText("alice> ");
  for (const name of names) {
    console.type(`upload ${name}.jpg\r`);
    await console.waitForText(`${name}.jpg: `);
  }
  console.type("list\r");
  await console.waitForText(/3 copies +harbour/);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, await screenPng(console.screen));
} finally {
  console.kill("SIGTERM");
  await console.exited;
  rmSync(folder, { recursive: true, force: true });
}
