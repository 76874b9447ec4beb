#!/usr/bin/env node
/**
 * The `distinsta` command. It is committed, not built, because npx and node_modules/.bin link to it; the
 * program itself is in `dist`. Under a Node that is too old it goes on under the pinned one.
 */
import { existsSync, statSync } from "node:fs";
import module from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundleFolder, complain, complainOfNode, isNewEnough, run, runtimeOf } from "../tools/runtime.js";

const self = fileURLToPath(import.meta.url);
const root = dirname(dirname(self));
const program = join(root, "dist", "src", "main.js");

/** The program put together, unless the compiler has built a newer one since. */
const bundled = () => {
  const together = join(bundleFolder(root), "main.js");
  const writtenMs = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return writtenMs(together) > writtenMs(join(root, "dist", ".tsbuildinfo")) ? together : null;
};

const goOnUnderPinned = async () => {
  const runtime = runtimeOf(root);
  if (runtime !== null) return run(runtime, [self, ...process.argv.slice(2)]);
  complainOfNode(root);
  return 2;
};

if (!isNewEnough(process.versions.node)) {
  process.exitCode = await goOnUnderPinned();
} else if (!existsSync(program)) {
  complain("not built", "npm run setup");
  process.exitCode = 2;
} else {
  // Compiled code is kept beside the program: a folder of all users could hold somebody else's code.
  module.enableCompileCache(join(root, "dist", ".compile-cache"));
  await import(pathToFileURL(bundled() ?? program).href);
}
