import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { expandPaths } from "../../../src/client/expand.ts";
import { testFolder } from "../../support/folders.ts";

/** a.png, b.jpg, album/c.png, album/deep/d.png, album/.hidden/e.png, album/.f.png, "odd[1].png" */
const album = (): string => {
  const folder = testFolder();
  for (const path of ["album", "album/deep", "album/.hidden", "bare"]) mkdirSync(join(folder, path));
  const files = ["a.png", "b.jpg", "album/c.png", "album/deep/d.png", "album/.hidden/e.png", "album/.f.png"];
  for (const file of [...files, "odd[1].png"]) writeFileSync(join(folder, file), file);
  symlinkSync(join(folder, "album"), join(folder, "album", "loop"));
  return folder;
};

const expanded = async (folder: string, words: readonly string[], recursive = false) =>
  (
    await expandPaths(
      words.map((word) => (word === "-" ? word : join(folder, word))),
      recursive,
    )
  ).map(({ file, path }) => (path.ok ? file.replace(`${folder}/`, "") : path.fault.code));

test("paths stay in the order typed, also those that do not exist: whoever reads them says so", async () => {
  expect(await expanded(album(), ["b.jpg", "none.png", "-", "a.png"])).toEqual([
    "b.jpg",
    "none.png",
    "-",
    "a.png",
  ]);
});

test("a pattern gives its files by name; a file that looks like a pattern is a file", async () => {
  const folder = album();
  expect(await expanded(folder, ["*.png"])).toEqual(["a.png", "odd[1].png"]);
  expect(await expanded(folder, ["odd[1].png"])).toEqual(["odd[1].png"]);
  expect(await expanded(folder, ["{b,a}.*"])).toEqual(["a.png", "b.jpg"]);
});

test("a pattern that matches nothing, or only folders, is a failed item", async () => {
  const folder = album();
  expect(await expanded(folder, ["*.tiff", "a.png"])).toEqual(["NOTHING_MATCHES", "a.png"]);
  expect(await expanded(folder, ["alb*"])).toEqual(["NOTHING_MATCHES"]);
});

test("a folder is refused without -r; with it all its files come, but nothing hidden and no loops", async () => {
  const folder = album();
  expect(await expanded(folder, ["album"])).toEqual(["FILE_IS_FOLDER"]);
  expect(await expanded(folder, ["album"], true)).toEqual(["album/c.png", "album/deep/d.png"]);
  expect(await expanded(folder, ["bare"], true)).toEqual(["NOTHING_MATCHES"]);
  expect(await expanded(folder, ["alb*"], true)).toEqual(["album/c.png", "album/deep/d.png"]);
});
