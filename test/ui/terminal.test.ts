/**
 * The console on a real terminal: a person's keys go in, cells come out.
 *
 * It runs what tsc made of the fixture, so that what is tested is what is shipped; `npm test` builds before it
 * runs, and alone this file needs `tsc -p tsconfig.json` first.
 */
import { existsSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { endPrograms, type PtyProgram, type SpawnOptions, spawnOnPty } from "../support/pty.ts";

const fixture = new URL("../../dist/test/ui/fixture-console.js", import.meta.url).pathname;

const open = (wish: string, options: SpawnOptions = {}): PtyProgram => {
  expect(existsSync(fixture), "build first: tsc -p tsconfig.json").toBe(true);
  return spawnOnPty(process.execPath, [fixture, wish], options);
};

afterEach(endPrograms);

const ready = "★ node 3 · term 8";

/** The terminal is as it was: ordinary screen, cursor shown, paste and raw modes off. */
const expectGivenBack = (program: PtyProgram): void => {
  expect(program.screen.alternate()).toBe(false);
  expect(program.screen.cursorVisible()).toBe(true);
  const raw = program.screen.raw();
  expect(raw.lastIndexOf("\u001b[?2004l")).toBeGreaterThan(raw.lastIndexOf("\u001b[?2004h"));
};

describe("on a terminal", () => {
  test("the console shows leader, term, a row per node and the log, on the alternate screen", async () => {
    const program = open("calm");
    await program.waitForText(ready);
    await program.waitForText("Node 1: node 2 is up");
    const text = program.screen.text();
    expect(program.screen.alternate()).toBe(true);
    expect(program.screen.cursorVisible()).toBe(false);
    expect(text).toMatch(/■ {2}3 +up +★ LEADER +0 ms/);
    expect(text).toMatch(/● {2}1 +up +follower +26 ms/);
    expect(text).toContain("Node 2: refused 00c0ffee: notes.txt is not an image");
    program.type("q");
    expect((await program.exited).code).toBe(0);
    expectGivenBack(program);
    expect(program.screen.text()).toContain("exit: quit");
  });

  test("^C leaves as q does", async () => {
    const program = open("calm");
    await program.waitForText(ready);
    program.type("\u0003");
    expect((await program.exited).code).toBe(0);
    expect(program.screen.text()).toContain("exit: quit");
    expectGivenBack(program);
  });

  test("keys move the selection, change panes, zoom and open the help", async () => {
    const program = open("calm");
    await program.waitForText("›●");
    program.type("j");
    await program.waitForText("›▲");
    program.type("\u001b[B");
    await program.waitForText("›■");
    program.type("z");
    await program.waitForNoText("4 Log");
    program.type("z");
    await program.waitForText("4 Log");
    program.type("?");
    await program.waitForText("leave the console");
    program.type("\u001b");
    await program.waitForNoText("leave the console");
    program.type("\t\t\t");
    await program.waitForText("j scroll");
    program.type("k");
    await program.waitForText("below, f follows");
    program.type("f");
    await program.waitForText("following");
    program.type("q");
    expect((await program.exited).code).toBe(0);
  });

  test("a filter typed in one burst with its Return finds and marks lines", async () => {
    const program = open("calm");
    await program.waitForText("notes.txt");
    program.type("/not an IM\r");
    await program.waitForText("/not an IM · 1 of");
    await program.waitForNoText("stored image");
    const marked = program.screen
      .cells()
      .flatMap((row) => row.filter((cell) => cell.underline).map((cell) => cell.char));
    expect(marked.join("")).toBe("not an im");
    program.type("\u001b");
    await program.waitForText("stored image");
    program.type("/\u001b[200~stored\u001b[201~");
    await program.waitForText("filter: stored");
    program.type("\u0003");
    expect((await program.exited).code).toBe(0);
  });

  test("a line typed in the client's pane in one burst is run, and ^C stops what runs", async () => {
    const program = open("calm");
    await program.waitForText("3 Client  alice");
    program.type("3q wait\r");
    await program.waitForText("heard q wait");
    program.type("wa\t");
    await program.waitForText("alice> wa!▏");
    program.type("\u007fit\r");
    await program.waitForText(/cat\.jpg +█+░+ +68% +1\.2 MB\/s/);
    program.type("\u0003");
    await program.waitForText("stopped");
    program.type("\u001b");
    await program.waitForText("3 to type here");
    program.type("q");
    expect((await program.exited).code).toBe(0);
  });

  test("p holds the panes while the header goes on", async () => {
    const program = open("calm");
    await program.waitForText(ready);
    program.type("p");
    await program.waitForText("paused at");
    program.type("p");
    await program.waitForText("· live");
    program.type("q");
    await program.exited;
  });

  test("another size is drawn anew: a chart, sparklines, or a sentence when it is too small", async () => {
    const program = open("calm", { columns: 120, rows: 40 });
    await program.waitForText("20 s ago");
    program.resize(80, 24);
    await program.waitForText("a second a cell");
    await program.waitUntil("the log's corner in the last but two rows", (screen) =>
      (screen.lines()[21] ?? "").startsWith("╰──"),
    );
    program.resize(50, 12);
    await program.waitForText("needs 60x18, has 50x12");
    program.resize(200, 60);
    await program.waitForText("127.0.0.1:8003");
    await program.waitUntil("the keys in the last row", (screen) =>
      (screen.lines()[59] ?? "").includes("q quit"),
    );
    program.type("q");
    expect((await program.exited).code).toBe(0);
  });

  test("NO_COLOR leaves bold and dim, and says everything in words and shapes", async () => {
    const program = open("calm", { env: { NO_COLOR: "1" } });
    await program.waitForText(ready);
    await program.waitForText("a second a cell");
    const cells = program.screen.cells().flat();
    expect(cells.filter((cell) => cell.foreground !== null || cell.background !== null)).toEqual([]);
    expect(cells.some((cell) => cell.bold)).toBe(true);
    expect(cells.some((cell) => cell.dim)).toBe(true);
    program.type("q");
    await program.exited;
  });

  test("CI in the environment makes it no less interactive", async () => {
    const program = open("calm", { env: { CI: "true" } });
    await program.waitForText(ready);
    program.type("q");
    expect((await program.exited).code).toBe(0);
  });
});

describe("when something ends it", () => {
  test.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)(
    "%s gives the terminal back and is told to the caller",
    async (signal) => {
      const program = open("calm");
      await program.waitForText(ready);
      program.kill(signal);
      expect((await program.exited).code).toBe(0);
      expectGivenBack(program);
      expect(program.screen.text()).toContain(`exit: signal ${signal}`);
    },
  );

  test.each([
    ["crash-view", "Cannot convert a Symbol value to a string"],
    ["crash-update", "Cannot read properties of undefined"],
    ["crash-timer", "thrown where nobody catches"],
    ["reject", "rejected and forgotten"],
  ])("%s: the error is shown on the ordinary screen, and the code is 1", async (wish, message) => {
    const program = open(wish);
    expect((await program.exited).code).toBe(1);
    expectGivenBack(program);
    expect(program.screen.text()).toContain("error: the console broke");
    expect(program.screen.text()).toContain(message);
  });

  test("process.exit in the middle gives the terminal back too", async () => {
    const program = open("exit");
    expect((await program.exited).code).toBe(7);
    expectGivenBack(program);
  });

  test("what a library prints becomes a log line", async () => {
    const program = open("prints");
    await program.waitForText("INFO  printed by a library");
    await program.waitForText("WARN  Warning: warned by node");
    program.type("q");
    await program.exited;
  });

  test("^Z stops the job, and fg brings the console back in the window's new size", async () => {
    const program = spawnOnPty("/bin/bash", ["--norc", "-i"], { env: { PS1: "shell> " } });
    await program.waitForText("shell> ");
    program.type(`${process.execPath} ${fixture} calm\r`);
    await program.waitForText(ready);
    program.type("\u001a");
    await program.waitForText("Stopped");
    expect(program.screen.alternate()).toBe(false);
    program.resize(80, 24);
    program.type("fg\r");
    await program.waitForText("a second a cell");
    expect(program.screen.alternate()).toBe(true);
    program.type("q");
    await program.waitForText("exit: quit");
    program.type("exit\r");
    await program.exited;
  });
});
