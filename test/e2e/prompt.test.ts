/** The client as a person has it at a prompt, and as a script has it, on real nodes and a real terminal. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { pictureOfBytes } from "../support/pictures.ts";
import { endPrograms, type PtyProgram, type SpawnOptions, spawnOnPty } from "../support/pty.ts";
import { type Lab, type LaunchedCluster, openLab, program } from "./lab.ts";

let lab: Lab;
let cluster: LaunchedCluster;

beforeAll(async () => {
  lab = openLab();
  cluster = await lab.launch();
  mkdirSync(join(lab.folder, "my pics"));
  writeFileSync(
    join(lab.folder, "my pics/red cat.png"),
    (await pictureOfBytes("image/png", 5_000, 31)).bytes,
  );
  writeFileSync(join(lab.folder, "cat.png"), (await pictureOfBytes("image/png", 300_000, 32)).bytes);
  writeFileSync(join(lab.folder, "big.png"), (await pictureOfBytes("image/png", 48_000_000, 33)).bytes);
});
afterEach(endPrograms);
afterAll(() => lab.close());

const open = (user: string, options: SpawnOptions = {}): PtyProgram =>
  spawnOnPty(process.execPath, [program, "client", user], { cwd: lab.folder, ...options });

/** The prompt stands in the last line, with this behind it. */
const waitForPrompt = (prompt: PtyProgram, user: string, typed = ""): Promise<void> =>
  prompt.waitUntil(`a prompt with '${typed}'`, (screen) => {
    const lines = screen.lines().filter((line) => line !== "");
    return lines.at(-1)?.trimEnd() === `${user}> ${typed}`.trimEnd();
  });

const imagesOf = async (user: string) => (await lab.run(["client", user, "list", "--json"])).json();

describe("at the prompt", () => {
  test("it says who one is, which servers there are, and how to get help", async () => {
    const prompt = open("alice");
    await waitForPrompt(prompt, "alice");
    const text = prompt.screen.text();
    expect(text).toMatch(/distinsta \d+\.\d+\.\d+ · you are alice/);
    for (const node of cluster.nodes) expect(text).toContain(`● ${node.id}  ${node.address}  up`);
    expect(text).toContain("leads term");
    prompt.type("help\r");
    await prompt.waitForText("opened images, into ./<name>");
    await waitForPrompt(prompt, "alice");
    prompt.type("\u0004");
    expect((await prompt.exited).code).toBe(0);
    expect(prompt.screen.raw().lastIndexOf("\u001b[?2004l")).toBeGreaterThan(
      prompt.screen.raw().lastIndexOf("\u001b[?2004h"),
    );
  });

  test("Tab completes command, path and id, and what was uploaded comes back by its short id", async () => {
    const prompt = open("berta");
    await waitForPrompt(prompt, "berta");
    prompt.type("upl\t");
    await waitForPrompt(prompt, "berta", "upload");
    prompt.type("my\t");
    await waitForPrompt(prompt, "berta", "upload my\\ pics/");
    prompt.type("\t");
    await waitForPrompt(prompt, "berta", "upload my\\ pics/red\\ cat.png");
    prompt.type("\r");
    await prompt.waitForText(/Server \d processed request/);
    await waitForPrompt(prompt, "berta");
    const [image] = await imagesOf("berta");
    const short = String(image?.id).slice(-8);
    expect(prompt.screen.text()).toContain(short);
    prompt.type("list\r");
    await prompt.waitForText(/2 copies|3 copies/);
    await waitForPrompt(prompt, "berta");
    prompt.type(`get ${short.slice(0, 3)}\t`);
    await waitForPrompt(prompt, "berta", `get ${short}`);
    prompt.type("-o back.png\r");
    await prompt.waitForText(`✓ ${short} →`);
    const back = readFileSync(join(lab.folder, "back.png"));
    expect(back.equals(readFileSync(join(lab.folder, "my pics/red cat.png")))).toBe(true);
  });

  test("Tab shows what there is to choose from", async () => {
    const prompt = open("alice");
    await waitForPrompt(prompt, "alice");
    prompt.type("\t");
    await prompt.waitForText(
      /upload +list +get +view +info +why +share +unshare +rm +restore +purge +status +help\s+quit/,
    );
    await waitForPrompt(prompt, "alice");
  });

  test("a pasted or dropped path with a blank in it is one path, and runs only at Return", async () => {
    const prompt = open("carla");
    await waitForPrompt(prompt, "carla");
    const path = join(lab.folder, "my pics/red cat.png");
    prompt.type(`\u001b[200~'${path}'\n\u001b[201~`);
    await prompt.waitForText("red cat.png'");
    expect(await imagesOf("carla")).toEqual([]);
    prompt.type("\r");
    await prompt.waitForText(/Server \d processed request/);
    prompt.type(`upload \u001b[200~file://${path.replaceAll(" ", "%20")}\u001b[201~\r`);
    await waitForPrompt(prompt, "carla");
    expect((await imagesOf("carla")).map((image) => image.name)).toEqual(["red cat.png", "red cat.png"]);
  });

  test("purge asks, and ^C, Return or anything but yes is no", async () => {
    const prompt = open("emil");
    await waitForPrompt(prompt, "emil");
    prompt.type("upload cat.png\r");
    await prompt.waitForText(/Server \d processed request/);
    await waitForPrompt(prompt, "emil");
    const [image] = await imagesOf("emil");
    const short = String(image?.id).slice(-8);
    const question = `(${short}) from all disks, for good? [y/N]`;
    const ask = async (): Promise<void> => {
      prompt.type(`purge ${short}\r`);
      await prompt.waitUntil("the question", (screen) => {
        const lines = screen.lines().filter((line) => line !== "");
        return lines.at(-1)?.trimEnd().endsWith(question) === true;
      });
    };
    for (const no of ["\r", "n\r", "\u0003"]) {
      await ask();
      prompt.type(no);
      await waitForPrompt(prompt, "emil");
    }
    expect(await imagesOf("emil")).toHaveLength(1);
    await ask();
    prompt.type("yes\r");
    await prompt.waitForText(`${short} is gone for good`);
    expect(await imagesOf("emil")).toEqual([]);
  });

  test("a large upload shows a bar, ^C stops it and leaves nothing, and the client goes on", async () => {
    const prompt = open("dora");
    await waitForPrompt(prompt, "dora");
    prompt.type("upload big.png\r");
    await prompt.waitForText(/big\.png +█*░+ +\d+ %/);
    prompt.type("\u0003");
    await prompt.waitForText("error: interrupted");
    await waitForPrompt(prompt, "dora");
    const parts = readdirSync(join(lab.folder, "images")).filter((name) => name.includes("big"));
    expect(parts).toEqual([]);
    prompt.type("upload cat.png\r");
    await prompt.waitForText(/Server \d processed request/);
    await waitForPrompt(prompt, "dora");
    expect((await imagesOf("dora")).map((image) => image.name)).toEqual(["cat.png"]);
  });

  test("what is typed while a command runs is edited and run after it", async () => {
    const prompt = open("edda");
    await waitForPrompt(prompt, "edda");
    prompt.type("upload cat.png\rlist\rget nothing");
    await prompt.waitForText(/\d+x\d+ +\d copies +cat\.png/);
    await waitForPrompt(prompt, "edda", "get nothing");
  });

  test("^C drops a line, tells on an empty one how to leave, and quit leaves", async () => {
    const prompt = open("alice");
    await waitForPrompt(prompt, "alice");
    prompt.type("upload nonsense");
    await waitForPrompt(prompt, "alice", "upload nonsense");
    prompt.type("\u0003");
    await waitForPrompt(prompt, "alice");
    prompt.type("\u0003");
    await prompt.waitForText("To leave: quit, or ^D.");
    prompt.type("quit\r");
    expect((await prompt.exited).code).toBe(0);
  });

  test("lines are remembered from one run to the next", async () => {
    const first = open("frida");
    await waitForPrompt(first, "frida");
    first.type("upload no-such-file.png\r");
    await first.waitForText("error: no file no-such-file.png");
    first.type("quit\r");
    await first.exited;
    const second = open("frida");
    await waitForPrompt(second, "frida");
    second.type("\u001b[A\u001b[A");
    await waitForPrompt(second, "frida", "upload no-such-file.png");
    expect(statSync(join(lab.folder, ".distinsta/users/frida/history")).mode & 0o777).toBe(0o600);
  });

  test("a word that is none is answered in two lines, and the client goes on", async () => {
    const prompt = open("alice");
    await waitForPrompt(prompt, "alice");
    prompt.type("lst\r");
    await prompt.waitForText("error: unknown command 'lst'");
    await prompt.waitForText("hint: did you mean 'list'?");
    await waitForPrompt(prompt, "alice");
  });

  test("NO_COLOR leaves no colour", async () => {
    const prompt = open("alice", { env: { NO_COLOR: "1" } });
    await waitForPrompt(prompt, "alice");
    const colored = prompt.screen.cells().flat();
    expect(colored.filter((cell) => cell.foreground !== null)).toEqual([]);
  });

  test("a server that is down is named at the start, and told when it goes and when it is back", async () => {
    const other = openLab();
    try {
      const small = await other.launch();
      const victim = small.nodes.find((node) => node.id !== small.leader) ?? small.nodes[0];
      const prompt = open("alice", { cwd: other.folder });
      await waitForPrompt(prompt, "alice");
      process.kill(victim?.pid ?? 0, "SIGKILL");
      await prompt.waitForText(`▲ server ${victim?.id}: unreachable`);
      await waitForPrompt(prompt, "alice");
      const late = open("alice", { cwd: other.folder });
      await waitForPrompt(late, "alice");
      expect(late.screen.text()).toContain(`▲ ${victim?.id}  ${victim?.address}  unreachable`);
      expect(late.screen.text()).toContain(`start it: distinsta server ${victim?.id}`);
      other.start(["server", String(victim?.id), "--headless"]);
      await prompt.waitForText(`● server ${victim?.id} is reachable again`);
      await waitForPrompt(prompt, "alice");
    } finally {
      await endPrograms();
      await other.close();
    }
  });

  test("^Z leads to the shell, and fg back to the line that was being typed", async () => {
    const shell = spawnOnPty("/bin/bash", ["--norc", "-i"], { cwd: lab.folder, env: { PS1: "shell> " } });
    await shell.waitForText("shell> ");
    shell.type(`${process.execPath} ${program} client alice\r`);
    await waitForPrompt(shell, "alice");
    shell.type("hel");
    await waitForPrompt(shell, "alice", "hel");
    shell.type("\u001a");
    await shell.waitForText("Stopped");
    shell.type("fg\r");
    await waitForPrompt(shell, "alice", "hel");
    shell.type("p\r");
    await shell.waitForText("opened images, into ./<name>");
    shell.type("quit\r");
    await shell.waitUntil("the shell again", (screen) => /shell> *\s*$/.test(screen.text()));
  });

  test("SIGTERM ends it with the terminal as it was", async () => {
    const prompt = open("alice");
    await waitForPrompt(prompt, "alice");
    prompt.kill("SIGTERM");
    expect((await prompt.exited).code).toBe(130);
    const raw = prompt.screen.raw();
    expect(raw.lastIndexOf("\u001b[?2004l")).toBeGreaterThan(raw.lastIndexOf("\u001b[?2004h"));
  });
});

describe("by script", () => {
  const script = (user: string, lines: readonly string[], ...options: string[]) =>
    lab.run(["client", user, ...options], { input: Buffer.from(lines.join("\n")) });

  test("one command a line, no banner, remarks skipped, results on standard output", async () => {
    const ran = await script("gina", ["# greet", "", "upload cat.png", "list", "quit", "upload cat.png"]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^✓ Server \d processed request\n/);
    expect(ran.stdout).not.toContain("gina>");
    expect(await imagesOf("gina")).toHaveLength(1);
  });

  test("it goes on after a failure, and the first one is the exit code", async () => {
    const ran = await script("hera", ["get 00000000", "lst", "upload 'my pics/red cat.png'"], "--json");
    expect(ran.json().map(({ ok, code }) => code ?? ok)).toEqual([
      "IMAGE_NOT_FOUND",
      "UNKNOWN_COMMAND",
      true,
    ]);
    expect(ran.code).toBe(4);
    expect(ran.stderr).toMatch(/^error: .*\nhint: .*\nerror: .*\nhint: .*\n$/);
  });

  test("a path alone is no command of a script, and standard input is not an image", async () => {
    expect((await script("ida", ["cat.png"])).code).toBe(2);
    expect((await script("ida", ["upload - --name a.png"])).code).toBe(2);
    expect(await imagesOf("ida")).toEqual([]);
  });

  test("^C ends the command and the script with 130, and leaves no half file", async () => {
    const running = lab.start(["client", "jana"], {
      input: Buffer.from("upload cat.png --json\nupload big.png\nupload cat.png\n"),
    });
    await running.until("the first upload", (event) => event.ok === true);
    running.child.kill("SIGINT");
    const ended = await running.ended;
    expect(ended.code).toBe(130);
    expect(readdirSync(join(lab.folder, "images")).filter((name) => name.endsWith(".part"))).toEqual([]);
  });
});

describe("a single command on a terminal", () => {
  const once = (...words: string[]) =>
    spawnOnPty(process.execPath, [program, "client", "lara", ...words], { cwd: lab.folder });

  test("purge asks; ^C is 130, no leaves the image, and both begin a new line", async () => {
    expect((await lab.run(["client", "lara", "upload", "cat.png"])).code).toBe(0);
    const short = String((await imagesOf("lara"))[0]?.id).slice(-8);
    for (const [typed, code, says] of [
      ["\u0003", 130, "error: interrupted"],
      ["\u0004", 0, `${short} stays as it is`],
      ["n\r", 0, `${short} stays as it is`],
    ] as const) {
      const command = once("purge", short);
      await command.waitForText("[y/N]");
      command.type(typed);
      expect((await command.exited).code).toBe(code);
      expect(command.screen.lines().map((line) => line.trimEnd())).toContain(says);
    }
    expect(await imagesOf("lara")).toHaveLength(1);
  });

  test("get -o - writes no picture onto the terminal", async () => {
    const command = once("get", "01", "-o", "-");
    expect((await command.exited).code).toBe(2);
    expect(command.screen.text()).toContain("hint: pipe them on");
  });
});

test("a single command that is interrupted exits with 130 and leaves no half file", async () => {
  const args = [program, "client", "kaja", "upload", "big.png"];
  const command = spawnOnPty(process.execPath, args, { cwd: lab.folder });
  await command.waitForText(/big\.png +█*░+ +\d+ %/);
  command.type("\u0003");
  expect((await command.exited).code).toBe(130);
  expect(command.screen.text()).toContain("error: interrupted");
  expect(readdirSync(join(lab.folder, "images")).filter((name) => name.endsWith(".part"))).toEqual([]);
});
