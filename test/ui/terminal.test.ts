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
    await program.waitForText("filter: stored▏");
    program.type("\u0003");
    expect((await program.exited).code).toBe(0);
  });

  test("a file that is dropped waits in the client's line, quotes and blanks as the terminal made them", async () => {
    const program = open("calm");
    await program.waitForText("3 Client  alice");
    program.type("\u001b[200~'/tmp/my cat.png'\r\u001b[201~");
    await program.waitForText("alice> '/tmp/my cat.png' ▏");
    program.type("\r");
    await program.waitForText("heard '/tmp/my cat.png'");
  });

  test("a line typed in the client's pane in one burst is run, and ^C stops what runs", async () => {
    const program = open("calm");
    await program.waitForText("3 Client  alice");
    program.type("3q wait\r");
    await program.waitForText("heard q wait");
    program.type("wa\t");
    await program.waitForText("alice> wa!▏");
    program.type("\u007fit\r");
    await program.waitForText(/cat\.jpg +▆+▁+ +68% +1\.2 MB\/s/);
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
    await program.waitForText("1 min ago");
    program.resize(80, 24);
    await program.waitForNoText("1 min ago");
    await program.waitUntil("the deck's border in the last but two rows", (screen) =>
      (screen.lines()[21] ?? "").startsWith("╰─ 4 Log"),
    );
    program.resize(60, 18);
    await program.waitUntil("the keys in the last row", (screen) =>
      (screen.lines()[17] ?? "").includes("q quit"),
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
    await program.waitForText(/▲ {2}2 +[▁-█]/);
    const cells = program.screen.cells().flat();
    expect(cells.filter((cell) => cell.foreground !== null || cell.background !== null)).toEqual([]);
    expect(cells.some((cell) => cell.bold)).toBe(true);
    expect(cells.some((cell) => cell.dim)).toBe(true);
    program.type("q");
    await program.exited;
  });

  test("a terminal of 256 colours is told their numbers, one of 16 theirs", async () => {
    const told = async (term: string): Promise<string> => {
      const words = [`TERM=${term}`, "COLORTERM=", process.execPath, fixture, "calm"];
      const program = spawnOnPty("/usr/bin/env", words);
      await program.waitForText("3/3 up");
      await program.waitUntil("a whole frame", (screen) => screen.whole());
      return program.screen.raw();
    };
    const [many, few] = [await told("xterm-256color"), await told("xterm")];
    expect(many).toContain("[38;5;36m3/3 up");
    expect(many).not.toContain("38;2;");
    expect(few).toContain("[32m3/3 up");
    expect(few).not.toContain("38;5;");
  });

  test("CI in the environment makes it no less interactive", async () => {
    const program = open("calm", { env: { CI: "true" } });
    await program.waitForText(ready);
    program.type("q");
    expect((await program.exited).code).toBe(0);
  });
});

describe("while it is watched", () => {
  test("a node dies and returns: its row, the header, the warning and the events say so", async () => {
    const program = open("dies");
    await program.waitForText("3/3 up");
    await program.waitForText(/▲ {2}2 +DOWN +last seen \d s ago/);
    await program.waitForText("2/3 up");
    await program.waitForText(
      /⚠ node 2 silent for \d s though its process runs: writes go on with 2 of 3 nodes — end it: kill -9 1002/,
    );
    await program.waitForText(/● all 3 nodes up: 1 more may stop/);
    await program.waitForText(/▲ {2}2 +up +follower/);
    await program.waitForText("3/3 up");
  });

  test("a quorum is lost and comes back", async () => {
    const program = open("quorum");
    await program.waitForText("quorum OK");
    await program.waitForText("NO QUORUM 1/2");
    await program.waitForText("no leader");
    await program.waitForText(/⚠ quorum lost, no writes: 1 of 3 nodes up, 2 needed/);
    await program.waitForText("quorum OK");
    await program.waitForText(ready);
  });

  test("a thousand log lines a second: keys work, the log holds still when it is told to", async () => {
    const program = open("flood");
    await program.waitForText(/4 Log {2}following · info and above · [2-9],\d{3}/);
    program.type("\u001b[5~");
    await program.waitForText(/[1-9]\d* below, f follows/);
    await program.waitUntil("a whole frame", (screen) => screen.whole());
    const shown = () => program.screen.lines().slice(21, 36);
    const held = shown();
    await program.waitForText(/[1-9],\d{3} below, f follows/);
    expect(shown()).toEqual(held);
    program.type("/000000042");
    await program.waitForText(/filter: 000000042▏/);
    await program.waitForText(/\/000000042 · \d of/);
    program.type("\u001b");
    await program.waitForText(/following · info and above · [3-9],\d{3}/);
    program.type("q");
    expect((await program.exited).code).toBe(0);
  });

  test("a mouse clicks and scrolls, and is switched off with the console", async () => {
    const program = open("mouse");
    await program.waitForText("›●");
    program.type("\u001b[<0;10;5M\u001b[<0;10;5m");
    await program.waitForText("›▲");
    program.type("\u001b[<64;10;25M");
    await program.waitForText("3 below, f follows");
    program.type("\u001b[<65;10;25M");
    await program.waitForText("following");
    program.type(":mouse off\r");
    await program.waitUntil("the mouse off", (screen) => screen.raw().includes("\u001b[?1000l"));
    program.type(":mouse on\r");
    await program.waitUntil("the mouse on", (screen) => screen.raw().split("\u001b[?1000h").length === 3);
    program.type("q");
    await program.exited;
    const raw = program.screen.raw();
    expect(raw.lastIndexOf("\u001b[?1000l")).toBeGreaterThan(raw.lastIndexOf("\u001b[?1000h"));
  });

  test("an act is asked about, done, and told; one that fails says why", async () => {
    const program = open("calm");
    await program.waitForText("›●");
    program.type("ak");
    await program.waitForText("kill node 1? 2 of 3 live then: the quorum holds.");
    program.type("y");
    await program.waitForText("kill node 1: done");
    await program.waitForText("Node 1: killed by kill 1");
    program.type(":restart 2\ry");
    await program.waitForText("restart node 2: it will not — leave it");
    program.type("q");
    await program.exited;
  });

  test("a screen reader is read sentences, one after the other, and nothing is drawn over", async () => {
    const program = open("calm", { env: { INK_SCREEN_READER: "true" } });
    await program.waitForText("3 of 3 nodes up, node 3 leads term 8, quorum, 1 more may stop");
    expect(program.screen.alternate()).toBe(false);
    program.type("4");
    await program.waitForText(/^Log:/m);
    program.type("1");
    await program.waitForText(/^node 1 is up, follower/m);
    program.type("ak");
    await program.waitForText(/^kill node 1\? .*y yes {2}n no/m);
    program.type("n");
    await program.waitForText("nothing was done");
    expect(program.screen.text()).not.toMatch(/[│╭▁-█\u2800-\u28ff]/);
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

  test.each([
    ["s", "exit: quit"],
    ["b", "exit: quit background"],
  ])("a server is left by %s", async (key, how) => {
    const program = open("server");
    await program.waitForText(ready);
    program.type("q");
    await program.waitForText("Leave node 1?  s stop it  b leave it running  Esc stay");
    program.type(key);
    expect((await program.exited).code).toBe(0);
    expect(program.screen.lines().filter((line) => line !== "")).toEqual([how]);
  });

  test("real pixels have the screen until a key is pressed, and a signal meanwhile gives everything back", async () => {
    const draw = async () => {
      const program = open("calm", { env: { KITTY_WINDOW_ID: "1", COLORTERM: "truecolor" } });
      await program.waitForText("3/3 up");
      program.type("3draw\r");
      await program.waitForText("a drawing");
      program.type("\u000f");
      await program.waitForText("real pixels of a drawing");
      expect(program.screen.text()).not.toContain("DISTINSTA");
      expect(program.screen.alternate()).toBe(true);
      return program;
    };
    const program = await draw();
    program.type("q");
    await program.waitForText("DISTINSTA");
    await program.waitForText("alice> ▏");
    expect(program.screen.text()).not.toContain("real pixels");
    expect(program.screen.raw()).toContain("\u001b_Ga=d,q=2\u001b\\");
    program.type("still here");
    await program.waitForText("alice> still here▏");
    program.kill("SIGTERM");
    expect((await program.exited).code).toBe(0);
    const other = await draw();
    other.kill("SIGTERM");
    await other.exited;
    expect(other.screen.text()).toContain("exit: signal SIGTERM");
    expect([other.screen.alternate(), other.screen.cursorVisible()]).toEqual([false, true]);
  });

  test("a picture over everything follows the window, and so do the panes when one comes back", async () => {
    const program = open("calm", { env: { COLORTERM: "truecolor" } });
    await program.waitForText("3/3 up");
    program.type("3draw\r");
    await program.waitForText("a drawing");
    program.type("\u000f");
    await program.waitForText("any key leads back");
    program.resize(100, 30);
    await program.waitUntil("the picture in the smaller window", (screen) =>
      (screen.lines()[29] ?? "").includes("any key leads back"),
    );
    program.type("x");
    await program.waitForText("alice> ▏");
    await program.waitForText(ready);
    program.type("still here");
    await program.waitForText("alice> still here▏");
    expect(program.screen.lines()[29]).toContain("Enter run");
  });

  test("when nobody comes to run it, the terminal is given back and the caller tells why", async () => {
    const program = open("unready");
    expect((await program.exited).code).toBe(0);
    expectGivenBack(program);
    expect(program.screen.lines().filter((line) => line !== "")).toEqual(["exit: unready"]);
  });

  test("what ends it before anybody was gathered leaves nobody behind", async () => {
    const program = open("early");
    expect((await program.exited).code).toBe(0);
    expectGivenBack(program);
    expect(program.screen.text()).toContain("nobody was gathered\nexit: signal SIGTERM");
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
    await program.waitUntil("the deck's border in the last but two rows", (screen) =>
      (screen.lines()[21] ?? "").startsWith("╰─ 4 Log"),
    );
    expect(program.screen.alternate()).toBe(true);
    program.type("q");
    await program.waitForText("exit: quit");
    program.type("exit\r");
    await program.exited;
  });
});
