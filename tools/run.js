/**
 * The launcher behind every npm script: `node tools/run.js [target] [arguments …]`.
 *
 * It makes sure that what the lockfile names is installed and that `dist` is built from the sources as they
 * are, then runs the target under the pinned Node. Without a target it only installs and builds. When nothing
 * changed, that is noticed from two small files, and nothing is started but the target.
 *
 * It runs on the machine's own Node (20 is enough), writes only to stderr, and leaves stdout to the target.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, delimiter, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { withLock } from "./lock.js";
import { bundleFolder, complain, complainOfNode, pinnedPath, run, runtimeOf } from "./runtime.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const binaries = join(modules, ".bin");
const dist = join(root, "dist");
/** What tsconfig.json includes. */
const sourceFolders = ["core", "ui", "src", "test"];

/** Says which lockfile, on which platform, filled node_modules; written last, so that half an install has none. */
const installStamp = join(modules, ".distinsta-installed");
/** Says from which sources, with which packages, dist was built; removed before and written after a build. */
const buildStamp = join(dist, ".distinsta-built");

const main = async (target, targetArguments) => {
  const setUpCode = await setUp();
  if (setUpCode !== 0 || target === undefined) return setUpCode;
  const runtime = runtimeOf(root);
  if (runtime === null) {
    complainOfNode(root);
    return 2;
  }
  return run(runtime, [resolve(root, target), ...targetArguments], { env: environment() });
};

/** Installs and builds what is out of date; 0, or the exit code with which to stop. */
const setUp = async () => {
  if (isInstalled() && isBuilt()) return 0;
  return withLock(join(root, ".setup.lock"), async () => {
    if (!isInstalled()) {
      const code = await install();
      if (code !== 0) return code;
    }
    return isBuilt() ? 0 : build();
  });
};

const installWanted = () =>
  createHash("sha256")
    .update(`${process.platform} ${process.arch}\n`)
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");

const isInstalled = () => contentOf(installStamp) === installWanted();

const install = async () => {
  process.stderr.write("distinsta: installing packages\n");
  const [npm, ...npmArguments] = npmCommand();
  const flags =
    "--include=dev --include=optional --ignore-scripts --engine-strict=false --no-audit --no-fund --loglevel=error";
  const code = await run(npm, [...npmArguments, "ci", ...flags.split(" ")], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32" && npmArguments.length === 0,
  });
  if (code !== 0) {
    complain(`npm ci stopped with exit code ${code}`, "mend what npm says above, then run: npm run setup");
    return code;
  }
  linkBinaries();
  writeFileSync(installStamp, installWanted());
  return 0;
};

/** The npm that called us, under the Node that called us; else the first one on the PATH. */
const npmCommand = () => {
  const caller = process.env.npm_execpath;
  return caller !== undefined && basename(caller) === "npm-cli.js" ? [process.execPath, caller] : ["npm"];
};

/** `.bin/node` is the pinned runtime and `.bin/distinsta` our command. On Windows npm's own shims serve. */
const linkBinaries = () => {
  if (process.platform === "win32") return;
  mkdirSync(binaries, { recursive: true });
  const pinned = pinnedPath(root);
  if (pinned !== null && existsSync(pinned)) link(join(binaries, "node"), pinned);
  link(join(binaries, "distinsta"), join(root, "bin", "distinsta.js"));
};

/** A relative symbolic link, put in place by renaming, so that there is never none. */
const link = (path, to) => {
  const target = relative(dirname(path), to);
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(path) === target) return;
  const draft = `${path}.${process.pid}`;
  symlinkSync(target, draft);
  renameSync(draft, path);
};

/** Changes whenever a source appears, vanishes or is written, the compiler's settings change, or the packages. */
const buildWanted = () => {
  const hash = createHash("sha256").update(installWanted());
  for (const path of [...sourceFolders.flatMap(sourcesBelow), "tsconfig.json"].sort()) {
    const { mtimeMs, size } = statSync(join(root, path));
    hash.update(`${path} ${mtimeMs} ${size}\n`);
  }
  return hash.digest("hex");
};

const isBuilt = () => contentOf(buildStamp) === buildWanted();

const build = async () => {
  const runtime = runtimeOf(root);
  if (runtime === null) {
    complainOfNode(root);
    return 2;
  }
  rmSync(buildStamp, { force: true });
  rmSync(bundleFolder(root), { recursive: true, force: true });
  if (hasOrphans("")) rmSync(dist, { recursive: true, force: true });
  // Taken before the compiler reads: what is written while it runs is built again next time.
  const wanted = buildWanted();
  const tsc = join(modules, "typescript", "bin", "tsc");
  const code = await run(runtime, [tsc, "-p", join(root, "tsconfig.json")], { stdio: ["ignore", 2, 2] });
  if (code !== 0) return code;
  // Where that cannot be done, the program starts from its modules.
  await run(runtime, [join(root, "tools", "bundle.js")], { stdio: "ignore" });
  mkdirSync(dist, { recursive: true });
  writeFileSync(buildStamp, wanted);
  return 0;
};

/** Paths of the TypeScript files below `folder`, from the root. */
const sourcesBelow = (folder) => {
  return entriesOf(join(root, folder)).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourcesBelow(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
};

/** Whether something was built whose source is gone: the compiler would leave it, and it would still run. */
const hasOrphans = (folder) => {
  return entriesOf(join(dist, folder)).some((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return !entry.name.startsWith(".") && hasOrphans(path);
    if (!path.endsWith(".js")) return false;
    const source = join(root, path.slice(0, -".js".length));
    return !existsSync(`${source}.ts`) && !existsSync(`${source}.tsx`);
  });
};

const entriesOf = (folder) => (existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []);

const contentOf = (path) => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};

/** Ours with node_modules/.bin first on the PATH (which Windows spells Path). */
const environment = () => {
  const name = Object.keys(process.env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  return { ...process.env, [name]: [binaries, process.env[name]].filter(Boolean).join(delimiter) };
};

try {
  process.exitCode = await main(process.argv[2], process.argv.slice(3));
} catch (error) {
  complain(
    `the set-up failed: ${error.message}`,
    `check that ${root} can be written and its disk is not full`,
  );
  process.exitCode = 1;
}
