import { describe, expect, test } from "vitest";
import { arrangeWords, splitLeading } from "../../src/command-words.ts";

const arranged = (line: string) => {
  const words = arrangeWords(line.split(" ").filter(Boolean), ["user"]);
  return words.ok ? words.value.join(" ") : words.fault.code;
};

describe("the options everywhere", () => {
  test.each([
    ["--json status", "status --json"],
    ["--data X --config=c.toml status --json", "status --data=X --config=c.toml --json"],
    ["--data X client alice list --data Y", "client --data=X alice list --data Y"],
    ["user --json list", "user list --json"],
    ["--no-color user --data X add bob", "user add --no-color --data=X bob"],
    ["status --json", "status --json"],
    ["--json", ""],
    ["--json --version", "--version"],
    ["--json user", "user"],
    ["--jsn status", "--jsn status"],
    ["--json=yes status", "--json=yes status"],
    ["--data", "USAGE"],
  ])("'%s' is read as '%s'", (typed, meant) => expect(arranged(typed)).toBe(meant));

  test("a value may hold an equals sign, and be a word that is a command", () => {
    expect(splitLeading(["--data=a=b", "--config", "status", "list"])).toEqual({
      ok: true,
      value: {
        options: [
          ["--data", "a=b"],
          ["--config", "status"],
        ],
        rest: ["list"],
      },
    });
  });
});

test.each([
  ["help", "--help"],
  ["--json help", "--help"],
  ["help status", "status --help"],
  ["help user", "user --help"],
  ["help user add", "user add --help"],
  ["user help", "user --help"],
  ["user help add", "user add --help"],
  ["help client", "client --help"],
  ["help client get", "client user get --help"],
])("'%s' is '%s'", (typed, meant) => expect(arranged(typed)).toBe(meant));
