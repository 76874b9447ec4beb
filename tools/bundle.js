/**
 * Puts the built program together into a few files: `node tools/bundle.js`.
 *
 * A node's start was mostly the finding and loading of some 250 modules. Put together they take a third less. What
 * is native stays a package, and so does what only the console needs. The program runs from its modules as well
 * (bin/distinsta.js): where this fails it only starts more slowly.
 */
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { bundleFolder } from "./runtime.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = (...path) => join(root, "dist", ...path);

/** These stay packages, and with them what they are made of. */
const outside = /^(blessed|ink|react|sharp)([-/]|$)/;

const bundle = await rolldown({
  // The others are started as threads, by their files' names beside the first.
  input: {
    main: built("src", "main.js"),
    "decode-worker": built("core", "io", "decode-worker.js"),
    "index-worker": built("core", "io", "index", "index-worker.js"),
  },
  platform: "node",
  external: outside,
  logLevel: "silent",
});
rmSync(bundleFolder(root), { recursive: true, force: true });
// Some modules prepare the ground for the next one by being loaded before it.
await bundle.write({ dir: bundleFolder(root), format: "esm", strictExecutionOrder: true });
