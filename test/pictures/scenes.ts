/**
 * Draws the console's fixed scenes as PNG files into a folder: `node dist/test/pictures/scenes.js FOLDER`.
 *
 * For looking at a change of the views; what each scene must say is tested elsewhere.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConsoleModel } from "../../ui/model/model.ts";
import { styled, themeOf } from "../../ui/theme.ts";
import { frameLines } from "../../ui/views/frame.ts";
import { screenPng } from "../support/picture.ts";
import { openScreen } from "../support/screen.ts";
import {
  albumScene,
  calmScene,
  keys,
  launchedScene,
  lostDiskScene,
  nodeDownScene,
  noQuorumScene,
  oneWayScene,
  pastScene,
  played,
  previewScene,
  uploadingScene,
  viewScene,
} from "../ui/scenes.ts";

const scenes: Readonly<Record<string, (columns: number, rows: number) => ConsoleModel>> = {
  calm: calmScene,
  "node-down": nodeDownScene,
  "no-quorum": noQuorumScene,
  "lost-disk": lostDiskScene,
  "one-way": oneWayScene,
  uploading: uploadingScene,
  view: viewScene,
  album: albumScene,
  previews: previewScene,
  past: pastScene,
  events: (columns, rows) => played(nodeDownScene(columns, rows), keys("5", "k")),
  traffic: (columns, rows) => played(calmScene(columns, rows), keys("7")),
  menu: (columns, rows) => played(launchedScene(columns, rows), keys("j", "a")),
  ask: (columns, rows) => played(launchedScene(columns, rows), keys("G", "a", "k")),
  help: (columns, rows) => played(calmScene(columns, rows), keys("?")),
  filter: (columns, rows) => played(nodeDownScene(columns, rows), keys("4", "/", "n", "o", "d", "e")),
};
const sizes = [
  [60, 18],
  [80, 24],
  [120, 40],
  [200, 60],
] as const;

const folder = process.argv[2] ?? "pictures";
await mkdir(folder, { recursive: true });
for (const [name, scene] of Object.entries(scenes)) {
  for (const [columns, rows] of sizes) {
    const theme = themeOf({ COLORTERM: "truecolor" });
    const rowsOf = frameLines(scene(columns, rows), theme).map((line) => styled(theme, line));
    const screen = openScreen(columns, rows);
    await screen.write(rowsOf.join("\r\n"));
    const file = join(folder, `${name}-${columns}x${rows}.png`);
    await writeFile(file, await screenPng(screen));
    process.stdout.write(`${file}\n`);
  }
}
