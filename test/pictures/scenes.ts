/**
 * Draws the console's fixed scenes as PNG files into a folder: `node dist/test/pictures/scenes.js FOLDER`.
 *
 * For looking at a change of the views; what each scene must say is tested elsewhere.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConsoleModel } from "../../ui/model/model.ts";
import { themeOf } from "../../ui/theme.ts";
import { screenPng } from "../support/picture.ts";
import { openScreen } from "../support/screen.ts";
import { calmScene, keys, nodeDownScene, noQuorumScene, played } from "../ui/scenes.ts";

const scenes: Readonly<Record<string, (columns: number, rows: number) => ConsoleModel>> = {
  calm: calmScene,
  "node-down": nodeDownScene,
  "no-quorum": noQuorumScene,
  help: (columns, rows) => played(calmScene(columns, rows), keys("?")),
  filter: (columns, rows) => played(nodeDownScene(columns, rows), keys("4", "/", "n", "o", "d", "e")),
};
const sizes = [
  [80, 24],
  [120, 40],
  [200, 60],
] as const;

// Ink decides about colours when it is loaded, and a script's output is no terminal.
process.env.FORCE_COLOR = "3";
const { renderToString } = await import("ink");
const { createElement } = await import("react");
const { Screen } = await import("../../ui/views/screen.tsx");

const folder = process.argv[2] ?? "pictures";
await mkdir(folder, { recursive: true });
for (const [name, scene] of Object.entries(scenes)) {
  for (const [columns, rows] of sizes) {
    const model = scene(columns, rows);
    const frame = renderToString(createElement(Screen, { model, theme: themeOf({}) }), { columns });
    const screen = openScreen(columns, rows);
    await screen.write(frame.replaceAll("\n", "\r\n"));
    const file = join(folder, `${name}-${columns}x${rows}.png`);
    await writeFile(file, await screenPng(screen));
    process.stdout.write(`${file}\n`);
  }
}
