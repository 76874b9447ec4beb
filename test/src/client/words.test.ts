import { describe, expect, test } from "vitest";
import { commandEntries, leadingOptions, parseWords, type Where } from "../../../src/client/words.ts";

const said = (line: string, where: Where = "inside") => {
  const parsed = parseWords(line.split(" ").filter(Boolean), where);
  return parsed.ok ? parsed.value : parsed.fault;
};

const helpOf = (line: string, where: Where = "inside"): string => {
  const parsed = parseWords(line.split(" "), where);
  if (!parsed.ok || parsed.value.command.kind !== "help") throw new Error(`no help for ${line}`);
  return parsed.value.command.text;
};

describe("what is said becomes a command", () => {
  test("with its operands and options", () => {
    expect(said("upload a.png b -r --jobs 2")).toEqual({
      command: { kind: "upload", paths: ["a.png", "b"], recursive: true, jobs: 2, name: null },
      settings: {},
    });
    expect(said("get 5f3a9c01 -o out --sealed --json")).toEqual({
      command: { kind: "get", ids: ["5f3a9c01"], output: "out", sealed: true },
      settings: { json: true },
    });
    expect(said("list --data elsewhere --no-color", "shell")).toEqual({
      command: { kind: "list" },
      settings: { data: "elsewhere", color: false },
    });
    expect(said("share 5f3a9c01 bob")).toMatchObject({
      command: { kind: "share", id: "5f3a9c01", user: "bob" },
    });
    expect(said("unshare 5f3a9c01 Bob!")).toMatchObject({ code: "USAGE" });
    expect(said("unshare 5f3a9c01")).toMatchObject({ code: "USAGE" });
    expect(said("quit")).toMatchObject({ command: { kind: "quit" } });
  });

  test.each(["shell", "inside"] as const)("help names every command, %s", (where) => {
    const text = helpOf("help", where);
    for (const { name, says } of commandEntries) {
      expect(text).toContain(name);
      expect(text).toContain(says);
    }
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("help of one command has its options", () => {
    expect(helpOf("help get")).toContain("--sealed");
    expect(helpOf("upload --help")).toContain("--recursive");
    expect(said("")).toMatchObject({ command: { kind: "help" } });
  });

  test("a word that is none is a fault with the nearest, if any is near", () => {
    expect(said("lst")).toMatchObject({ code: "UNKNOWN_COMMAND", got: "lst", suggestion: "list" });
    expect(said("qwertyuiop")).toMatchObject({ code: "UNKNOWN_COMMAND", suggestion: null });
    for (const far of ["n", "bogus", "del", "x"]) expect(said(far)).toMatchObject({ suggestion: null });
    expect(said("ls")).toMatchObject({ suggestion: "list" });
    expect(said("help qit")).toMatchObject({ code: "UNKNOWN_COMMAND", suggestion: "quit" });
  });

  test("too few words, too many, unknown options and numbers out of bounds are faults", () => {
    for (const line of ["upload", "list all", "get", "get a --nonsense", "upload a --jobs 33"])
      expect(said(line)).toMatchObject({ code: "USAGE" });
  });

  test("a name is for standard input only: a file has one", () => {
    expect(said("upload a.png --name b.png", "shell")).toMatchObject({ code: "USAGE" });
    expect(said("upload a.png - --name b.png", "shell")).toMatchObject({ command: { name: "b.png" } });
    expect(said("upload a.png --name b.png")).toMatchObject({ code: "USAGE" });
  });

  test("inside, standard input and output are taken, and the configuration is settled", () => {
    for (const line of ["upload - --name a.png", "get 5f3a9c01 -o -", "list --config other.toml"]) {
      expect(said(line)).toMatchObject({ code: "USAGE" });
      expect(said(line, "shell")).toHaveProperty("command");
    }
  });
});

describe("options before the command", () => {
  test("are taken off, and the rest is the command", () => {
    expect(leadingOptions(["--json", "--data=there", "--config", "c.toml", "list", "--json"])).toEqual({
      ok: true,
      value: { settings: { json: true, data: "there", config: "c.toml" }, rest: ["list", "--json"] },
    });
    expect(leadingOptions(["--no-color"])).toEqual({
      ok: true,
      value: { settings: { color: false }, rest: [] },
    });
  });

  test("that want a value get one", () => {
    expect(leadingOptions(["--data"])).toMatchObject({ ok: false, fault: { code: "USAGE" } });
  });
});
