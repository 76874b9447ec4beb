/**
 * A checkout in miniature: our launcher and command, and stand-ins for npm and the compiler that write down
 * that they were called. So the launcher's decisions can be tried in milliseconds and without a network.
 */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

const repository = join(import.meta.dirname, "..", "..");

/** `npm ci`: empties node_modules and puts a runtime and a compiler there. */
const npmStandIn = `
import { appendFileSync, mkdirSync, rmSync, symlinkSync, copyFileSync } from "node:fs";
appendFileSync("installs.log", process.argv.slice(2).join(" ") + "\\n");
rmSync("node_modules", { recursive: true, force: true });
mkdirSync("node_modules/typescript/bin", { recursive: true });
copyFileSync("compiler.cjs", "node_modules/typescript/bin/tsc");
const arch = { "linux-x64": "linux-x64", "linux-arm64": "linux-arm64" }[process.platform + "-" + process.arch];
if (arch !== undefined) {
  mkdirSync("node_modules/node-" + arch + "/bin", { recursive: true });
  symlinkSync(process.execPath, "node_modules/node-" + arch + "/bin/node");
}
`;

/** `tsc -p …/tsconfig.json`: copies each source; one that says TYPE ERROR fails with exit code 3. */
const compilerStandIn = `
const { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } = require("node:fs");
const root = require("node:path").dirname(process.argv[3]);
appendFileSync(root + "/builds.log", "build\\n");
mkdirSync(root + "/dist/src", { recursive: true });
for (const name of readdirSync(root + "/src")) {
  const source = readFileSync(root + "/src/" + name, "utf8");
  if (source.includes("TYPE ERROR")) { console.log(name + " is wrong"); process.exitCode = 3; }
  writeFileSync(root + "/dist/src/" + name.replace(/ts$/, "js"), source);
}
`;

/** What the command does here: says how it was called, then what its first argument asks for. */
const program = `
console.log(JSON.stringify(process.argv.slice(2)));
if (process.argv[2] === "fail") process.exitCode = 5;
if (process.argv[2] === "die") process.kill(process.pid, "SIGKILL");
if (process.argv[2] === "wait") {
  const kept = setInterval(() => {}, 1000);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => { console.log("got " + signal); process.exitCode = 7; clearInterval(kept); });
  }
  console.log("waiting");
}
`;

/** A new one, in a temporary folder; gone at the end of the block that uses it. */
export const smallCheckout = async () => {
  const root = await mkdtemp(join(tmpdir(), "distinsta-checkout-"));
  const path = (...parts: string[]) => join(root, ...parts);
  const write = async (name: string, text: string) => {
    await mkdir(join(path(name), ".."), { recursive: true });
    await writeFile(path(name), text);
  };
  const linesOf = (name: string) =>
    readFile(path(name), "utf8").then(
      (text) => text.trim().split("\n").length,
      () => 0,
    );
  await cp(join(repository, "tools"), path("tools"), { recursive: true });
  await cp(join(repository, "bin"), path("bin"), { recursive: true });
  await write("package.json", '{ "type": "module" }');
  await write("package-lock.json", "{}");
  await write("tsconfig.json", "{}");
  await write("npm-cli.js", npmStandIn);
  await write("compiler.cjs", compilerStandIn);
  await write("src/main.ts", program);
  return {
    path,
    write,
    /** Runs `node tools/run.js …` there. */
    launch: (...launcherArguments: string[]) =>
      execa(process.execPath, [path("tools", "run.js"), ...launcherArguments], {
        cwd: root,
        env: { npm_execpath: path("npm-cli.js") },
        stdin: "ignore",
        reject: false,
      }),
    /** How often packages were installed and sources compiled. */
    counts: async () => ({ installs: await linesOf("installs.log"), builds: await linesOf("builds.log") }),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
};
