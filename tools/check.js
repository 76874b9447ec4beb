/**
 * `npm run check`: what can be known in seconds. Types (tsconfig.json was checked by the build just before),
 * the machine-free rooms with no ambient types, lint and format, and the tests that start no process.
 */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tool = (...path) => join(root, "node_modules", ...path);

/** What starts processes, terminals or whole clusters, or takes long; `npm test` runs it. */
const slowTests = ["sim/**", "e2e/**", "chaos/**", "tools/**", "ui/terminal*.test.ts", "core/io/pki/**"];

const checks = [
  ["types of the pure rooms", tool("typescript", "bin", "tsc"), "-p", "tsconfig.pure.json"],
  ["lint and format", tool("@biomejs", "biome", "bin", "biome"), "check", "--error-on-warnings", "."],
  [
    "unit tests",
    tool("vitest", "vitest.mjs"),
    "run",
    ...slowTests.flatMap((slow) => ["--exclude", `test/${slow}`]),
  ],
];

/** Runs one check and gives its output, which is only worth reading when it failed. */
const check = ([name, ...command]) =>
  new Promise((done) => {
    const child = spawn(process.execPath, command, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    const output = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.on("close", (code) => done({ name, isGood: code === 0, output: Buffer.concat(output).toString() }));
  });

const results = await Promise.all(checks.map(check));
for (const { name, isGood, output } of results) {
  if (!isGood) process.stdout.write(`${output}\n`);
  process.stdout.write(`${isGood ? "✓" : "✗"} ${name}\n`);
}
process.exitCode = results.every((result) => result.isGood) ? 0 : 1;
