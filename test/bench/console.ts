/**
 * What the console costs: its part of a core while three nodes live, how soon it shows something, how soon a key
 * does, and whether its memory stays. Seen from outside: on a pseudo-terminal whose screen is emulated.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type PtyProgram, spawnOnPty } from "../support/pty.ts";
import { type Figure, nowMs, type Unit } from "./figures.ts";
import { type Fleet, openFleet, pauseMs } from "./fleet.ts";
import type { Options } from "./options.ts";
import { cpuMs, megabytes } from "./proc.ts";

const program = fileURLToPath(new URL("../../../bin/distinsta.js", import.meta.url));
const bareProgram = fileURLToPath(new URL("./bare-screen.js", import.meta.url));
const hourProgram = fileURLToPath(new URL("./console-hour.js", import.meta.url));
const bareIs =
  "a bare Node program on the same terminal that fills the screen once a second and at every key";

export const measureConsole = async (options: Options): Promise<readonly Figure[]> => {
  const fleet = await openFleet();
  try {
    const starts = await measureFirstFrames(fleet, options.consoleStarts);
    const living = await measureLiving(fleet, options);
    return [...starts, ...living, await measureHour()];
  } finally {
    await fleet.close();
  }
};

const openLocal = (fleet: Fleet): PtyProgram => {
  const basePort = String(fleet.config.servers[0]?.port);
  const words = ["launch-local", "--data", fleet.data, "--base-port", basePort];
  return spawnOnPty(process.execPath, [program, ...words], { cwd: fleet.folder });
};
const openDashboard = (fleet: Fleet): PtyProgram =>
  spawnOnPty(process.execPath, [program, "dashboard", "--data", fleet.data], { cwd: fleet.folder });
const openBare = (): PtyProgram => spawnOnPty(process.execPath, [bareProgram]);

const close = async (opened: PtyProgram): Promise<void> => {
  opened.kill("SIGTERM");
  await opened.exited;
};

/** From the start of the process until `text` stands on the screen. */
const firstFrame = async (
  open: () => PtyProgram,
  text: string,
): Promise<{ readonly ms: number; readonly opened: PtyProgram }> => {
  const startedAtMs = nowMs();
  const opened = open();
  await opened.waitForText(text);
  return { ms: nowMs() - startedAtMs, opened };
};

const measureFirstFrames = async (fleet: Fleet, starts: number): Promise<readonly Figure[]> => {
  const [local, dashboard, floor]: [number[], number[], number[]] = [[], [], []];
  // The first start makes the certificates of the operator and warms the caches; it does not count.
  for (let turn = 0; turn <= starts; turn++) {
    const launched = await firstFrame(() => openLocal(fleet), "DISTINSTA");
    await launched.opened.waitForText("3/3 up");
    const watching = await firstFrame(() => openDashboard(fleet), "DISTINSTA");
    await close(watching.opened);
    await close(launched.opened);
    const bare = await firstFrame(openBare, "frame 1 ");
    await close(bare.opened);
    if (turn === 0) continue;
    local.push(launched.ms);
    dashboard.push(watching.ms);
    floor.push(bare.ms);
  }
  const aim = { median: 500 };
  return [
    { name: "first frame of launch-local", unit: "ms", values: local, floor, floorIs: bareIs, aim },
    { name: "first frame of dashboard", unit: "ms", values: dashboard, floor, floorIs: bareIs, aim },
  ];
};

/** The console of a cluster that lives, and beside it the bare program, each left alone while the other is looked at. */
const measureLiving = async (fleet: Fleet, options: Options): Promise<readonly Figure[]> => {
  const { consoleKeys, consoleWindows } = options;
  const console = openLocal(fleet);
  await console.waitForText("3/3 up");
  await console.waitForText(/★ node \d/);
  // Starting is over, and the links between the nodes are old.
  await pauseMs(3_000);
  const parts = await partsOfACore(console.pid, consoleWindows);
  const memory = megabytes(console.pid, "VmRSS");
  const keys = await keyTimes(console, consoleKeys, [
    { key: "4", shows: (text) => text.includes("╭─›4 Log") },
    { key: "1", shows: (text) => text.includes("╭─›1 Nodes") },
  ]);
  const zooms = await keyTimes(console, consoleKeys, [
    { key: "z", shows: (text) => !text.includes("╭─ 2 Load") },
    { key: "z", shows: (text) => text.includes("╭─ 2 Load") },
  ]);
  await close(console);
  const bare = openBare();
  await bare.waitForText("frame 2 ");
  const bareParts = await partsOfACore(bare.pid, consoleWindows);
  const bareMemory = megabytes(bare.pid, "VmRSS");
  const bareKeys = await bareKeyTimes(bare, consoleKeys);
  await close(bare);
  const figure = (
    name: string,
    unit: Unit,
    values: readonly number[],
    floor: readonly number[],
    median?: number,
  ): Figure => ({
    name,
    unit,
    values,
    floor,
    floorIs: bareIs,
    aim: median === undefined ? {} : { median },
  });
  const onLinux = [
    figure("console at 120x40, three nodes live", "% of a core", parts, bareParts, 6),
    figure("memory of the console", "MB", memory, bareMemory),
  ].filter(({ values }) => values.length > 0);
  return [
    ...onLinux,
    figure("key to screen, another pane", "ms", keys, bareKeys, 50),
    figure("key to screen, zoom: everything changes", "ms", zooms, bareKeys, 50),
  ];
};

/** Between two keys: not always at the same place between two drawings. */
const pauseOf = (turn: number): number => 100 + ((turn * 37) % 200);

interface Step {
  readonly key: string;
  readonly shows: (text: string) => boolean;
}

/** From a key until the whole frame that it makes is on the screen. */
const keyTimes = async (
  console: PtyProgram,
  times: number,
  steps: readonly Step[],
): Promise<readonly number[]> => {
  const values: number[] = [];
  for (let turn = 0; turn < times; turn++) {
    const step = steps[turn % steps.length];
    if (step === undefined) break;
    await pauseMs(pauseOf(turn));
    const pressedAtMs = nowMs();
    console.type(step.key);
    await console.waitUntil("what the key does", (screen) => screen.whole() && step.shows(screen.text()));
    values.push(nowMs() - pressedAtMs);
  }
  return values;
};

const bareKeyTimes = async (bare: PtyProgram, times: number): Promise<readonly number[]> => {
  const values: number[] = [];
  const frameOf = (): string => /^frame \d+ /.exec(bare.screen.text())?.[0] ?? "";
  for (let turn = 0; turn < times; turn++) {
    await pauseMs(pauseOf(turn));
    const before = frameOf();
    const pressedAtMs = nowMs();
    bare.type("x");
    await bare.waitUntil("the next frame", () => frameOf() !== before);
    values.push(nowMs() - pressedAtMs);
  }
  return values;
};

const windowMs = 5_000;

/** How much of a core a process used, window by window, in hundredths; empty where the system does not tell. */
const partsOfACore = async (pid: number, windows: number): Promise<readonly number[]> => {
  const values: number[] = [];
  let before = cpuMs(pid);
  let beforeAtMs = nowMs();
  for (let window = 0; window < windows && before !== null; window++) {
    await pauseMs(windowMs);
    const now = cpuMs(pid);
    const atMs = nowMs();
    if (now !== null) values.push((100 * (now - before)) / (atMs - beforeAtMs));
    [before, beforeAtMs] = [now, atMs];
  }
  return values;
};

/** In a process of its own, where garbage can be collected before each look. */
const measureHour = async (): Promise<Figure> => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", hourProgram]);
  const samples = JSON.parse(stdout) as readonly number[];
  return {
    name: "memory in use, in a simulated hour",
    unit: "MB",
    values: samples.slice(1),
    floor: samples.slice(0, 1),
    floorIs: "what is in use when the hour begins, after one that filled everything that is kept",
    aim: {},
  };
};
