/** What an operator does from the console to a real cluster, and what is then seen of it, live and looking back. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { endPrograms, type PtyProgram, spawnOnPty } from "../support/pty.ts";
import { eventually, freePorts, isRunning, type Lab, openLab, program } from "./lab.ts";

let lab: Lab;
let basePort = 0;

beforeAll(async () => {
  lab = openLab();
  basePort = await freePorts(5);
});
afterEach(endPrograms);
afterAll(() => lab.close());

const open = (words: readonly string[], columns = 120): PtyProgram =>
  spawnOnPty(process.execPath, [program, ...words], { cwd: lab.folder, columns });
/** Commands of the console are typed one after the other: the line closes before the next one opens. */
const say = async (console: PtyProgram, command: string, seen: string | RegExp): Promise<void> => {
  console.type(`:${command}\r`);
  await console.waitForText(seen);
};
/** Which of the events shows: the header's `PAST 12:00:00Z · 4 s ago, 3 of 14`. */
const placeIn = (text: string): number => Number(/ago, (\d+) of \d+/.exec(text)?.[1] ?? Number.NaN);

test("a fail-over is watched live: kill the leader, see another elected, start it, and look back at it", async () => {
  const console = open(["launch-local", "--base-port", String(basePort)], 150);
  await console.waitForText("3/3 up");
  await console.waitForText(/★ node \d/);
  await say(console, "move-lead 1", /move-lead node 1[?:]/);
  if (/move-lead node 1\?/.test(console.screen.text())) console.type("y");
  await console.waitForText("★ node 1 ");
  console.type("5");
  await console.waitForText("╭─›5 Events");
  await say(
    console,
    "kill 1",
    "kill node 1? 2 of 3 live then: the quorum holds. It leads: an election follows.",
  );
  console.type("y");
  await console.waitForText(/1 +DOWN +last seen \d s ago, at .*: SIGKILL/);
  await console.waitForText(/★ node [23] /);
  await console.waitForText(
    /⚠ node 1 ended \d s ago \(SIGKILL\): writes go on with 2 of 3 nodes — start it: :start 1/,
  );
  await console.waitForText("operator killed node 1");
  await console.waitForText(/▼ node 1 is down \(it led\): it refuses connections +by 2 3/);
  await console.waitForText(/★ node [23] leads term \d+, after \d+ ms without a leader/);
  await say(console, "start 1", "start node 1: done");
  await console.waitForText("3/3 up");
  await console.waitForText(/▲ node 1 is up, after/);
  for (let place = Number.POSITIVE_INFINITY; !/1 +DOWN/.test(console.screen.text()); ) {
    console.type("\u001b[D");
    await console.waitUntil("an earlier event", (screen) => placeIn(screen.text()) < place);
    place = placeIn(console.screen.text());
  }
  // The first line stays with the present.
  await console.waitForText(/3\/3 up .* PAST (?:.*\n)+.* 1 +DOWN/);
  console.type("\u001b");
  await console.waitForNoText("PAST");
  console.kill("SIGTERM");
  expect((await console.exited).code).toBe(0);
  expect(console.screen.alternate()).toBe(false);
});

test("quorum lost and back; a frozen node wakes, a cut one is mended", async () => {
  const console = open(["launch-local", "--base-port", String(basePort)]);
  await console.waitForText("3/3 up");
  await say(console, "freeze 2", "freeze node 2?");
  console.type("y");
  await console.waitForText(/2 +DOWN +last seen .*: frozen/);
  await console.waitForText("wake it: :wake 2");
  await say(console, "cut 3", /cut node 3\? 1 of 3 live then: NO QUORUM/);
  console.type("y");
  await console.waitForText("NO QUORUM 1/2");
  await console.waitForText(
    /⚠ quorum lost, no writes: 1 of 3 nodes up, 2 needed — (wake it: :wake 2|mend its network: :mend 3)/,
  );
  await say(console, "mend 3", "mend node 3: done");
  await console.waitForText("quorum OK");
  await say(console, "wake 2", "wake node 2: done");
  await console.waitForText("3/3 up");
  await say(console, "drain 3", "drain node 3?");
  console.type("y");
  await console.waitForText(/3 +drained/);
  await console.waitForText("node 3 is drained: it gets no new images — end that: :undrain 3");
  console.kill("SIGTERM");
  expect((await console.exited).code).toBe(0);
});

describe("from elsewhere", () => {
  test("a dashboard watches every node, whichever is down, and acts with the operator's certificate", async () => {
    const cluster = await lab.launch();
    const console = open(["dashboard"]);
    await console.waitForText("3/3 up");
    await console.waitForText(/Node \d: I am the new leader/);
    // Drained in the test before, and after a restart of all nodes still.
    await console.waitForText(/3 +drained/);
    await say(console, "undrain 3", "undrain node 3: done");
    await console.waitForNoText(/3 +drained/);
    await say(console, "kill 3", "kill works only in the console of launch-local");
    const [first] = cluster.nodes;
    process.kill(first?.pid ?? 0, "SIGKILL");
    await console.waitForText(/1 +DOWN +last seen/);
    await console.waitForText("2/3 up");
    console.type("q");
    expect((await console.exited).code).toBe(0);

    const looking = open(["dashboard", "--read-only"]);
    await looking.waitForText("2/3 up");
    await looking.waitForText("read-only");
    looking.type("a");
    await looking.waitForText("this console is read-only");
    looking.type("3purge 00000000 --yes\r");
    await looking.waitForText("error: purge is not done here");
    looking.type("list\r");
    await looking.waitForText("no images yet");
    looking.kill("SIGTERM");
    await looking.exited;

    const plain = spawnOnPty("/bin/sh", ["-c", `${process.execPath} ${program} dashboard | cat`], {
      cwd: lab.folder,
    });
    await plain.waitForText(/^2 of 3 nodes up, node \d leads term \d+, quorum, 0 more may stop/m);
    await plain.waitForText(/^PROBLEM: node 1 /m);
    // Who says it stands once.
    await plain.waitForText(/ info {2}node(\d) {3}(?!Node)/);
    expect(plain.screen.raw()).not.toMatch(/ node(\d) +Node \1/);
    plain.type("\u0003");
    await plain.exited;
    expect(plain.screen.raw()).not.toContain("\u001b");

    const watching = lab.start(["status", "--watch", "--json"]);
    const status = await watching.until("a state", (event) => event.event === "status");
    expect(status).toMatchObject({ quorum: true, live: 2 });
    const told = await watching.until("a log entry", (event) => event.event === "leader.elected");
    expect(told.message).toMatch(/node \d leads|I am the new leader/);
    watching.child.kill("SIGINT");
    expect((await watching.ended).code).toBe(0);
    cluster.child.kill("SIGTERM");
    await cluster.ended;
  });

  test("without an operator's certificate a dashboard says which command makes one", async () => {
    writeFileSync(join(lab.folder, "far.toml"), '[servers]\nnode1 = "10.77.0.1:8001"\n');
    const ended = await lab.run(["dashboard", "--config", "far.toml", "--data", "nothing"]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("distinsta init");
  });

  test("a server that is left running goes on, logs into its file, and stops when it is told to", async () => {
    const config = join(lab.folder, "one.toml");
    writeFileSync(config, `[servers]\nnode1 = "127.0.0.1:${basePort + 4}"\n`);
    const words = ["--config", "one.toml", "--data", "one"];
    const console = open(["server", "1", ...words]);
    await console.waitForText("1/1 up");
    console.type("q");
    await console.waitForText("Leave node 1?");
    console.type("b");
    expect((await console.exited).code).toBe(0);
    const pid = Number(/node 1 goes on as process (\d+)/.exec(console.screen.text())?.[1]);
    expect(isRunning(pid)).toBe(true);
    const status = await lab.run(["status", "--json", ...words]);
    expect(status.json()[0]).toMatchObject({ leader: 1 });
    const again = await lab.run(["server", "1", "--headless", ...words]);
    expect(again.stderr).toContain(`process ${pid}`);
    process.kill(pid, "SIGTERM");
    await eventually(() => !isRunning(pid));
    expect(readFileSync(join(lab.folder, "one/node1.log"), "utf8")).toContain('"event":"node.stopped"');
  });
});
