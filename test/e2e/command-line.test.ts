/** What is typed wrong, and how help is found: on the program as it is run. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openLab } from "./lab.ts";

const lab = openLab();
afterAll(() => lab.close());
const run = (line: string) => lab.run(line.split(" ").filter(Boolean));

test("help is there as a word and as an option, of everything and of each command", async () => {
  const whole = await run("help");
  expect(whole).toMatchObject({ code: 0, stderr: "" });
  expect(whole.stdout).toContain("launch-local");
  for (const option of ["--config", "--data", "--json", "--no-color"]) expect(whole.stdout).toContain(option);
  expect((await run("--help")).stdout).toBe(whole.stdout);
  expect((await run("--json")).stdout).toBe(whole.stdout);
  const client = await run("help client");
  for (const word of ["upload PATH…", "purge ID…", "--data"]) expect(client.stdout).toContain(word);
  expect((await run("client --help")).stdout).toBe(client.stdout);
  expect((await run("help client get")).stdout).toContain("--sealed");
  const user = await run("help user");
  expect(user).toMatchObject({ code: 0, stdout: expect.stringContaining("revoke") });
  expect(user.stdout).toContain("--no-color");
});

test("a group without its command shows what there is, and is usage", async () => {
  const { code, stdout, stderr } = await run("user");
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("request");
  expect(stderr).toMatch(/\nerror: distinsta user wants .*\nhint: .*distinsta user list\n$/);
});

test.each([
  ["statsu", "did you mean 'status'?"],
  ["bogus", "see: distinsta --help"],
  ["help bogus", "see: distinsta --help"],
  ["user lst", "did you mean 'list'?"],
  ["status --bogus", "see: distinsta status --help"],
  ["user add", "see: distinsta user add --help"],
  ["client", "see: distinsta client --help"],
  ["client alice lst", "did you mean 'list'?"],
  ["client alice n", "see: distinsta client alice help"],
  ["client alice get", "see: distinsta client alice help get"],
])("distinsta %s: hint: %s", async (line, hint) => {
  const { code, stderr } = await run(line);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^error: .*\nhint: .*\n$/)]);
  expect(stderr).toContain(`hint: ${hint}\n`);
});

test("options everywhere are taken before the command too", async () => {
  const before = await run("--json --data there status");
  expect(before.json()).toMatchObject([{ ok: false, code: "CONFIG_MISSING" }]);
  expect((await run("user --json --data there list")).json()).toMatchObject([{ ok: false }]);
});

test.each(["--nodes 10", "--user A!", "--bogus", "--base-port 0"])(
  "launch-local --headless %s: its first line says that it failed, and nothing is left behind",
  async (options) => {
    const ended = await run(`launch-local --headless ${options}`);
    expect(ended.code).toBe(2);
    expect(ended.json()).toMatchObject([{ event: "failed", code: "USAGE", hint: expect.any(String) }]);
    expect(ended.stderr).toMatch(/^error: .*\nhint: .*\n$/);
    expect(existsSync(join(lab.folder, ".distinsta"))).toBe(false);
  },
);
