/** What is said to people is made of names that others chose. */
import { expect, test } from "vitest";
import { type Fault, fault } from "../../../core/model/faults.ts";
import { noProgress } from "../../../src/client/progress.ts";
import { talkTo } from "../../../src/client/talk.ts";

const forged = "a\n1a2b3c4d  cat.png\r\u001b[2J\u0085b";

const heard = (json = false, before = "") => {
  const lines: string[] = [];
  const say = (line: string): number => lines.push(line);
  const complaint = (what: string, hint: string): number => lines.push(what, hint);
  return { talk: talkTo({ before, result: say, aside: say, complaint, progress: noProgress }, json), lines };
};

test("a name with line ends and other controls stays on its line", () => {
  const { talk, lines } = heard();
  talk.item({}, `✓ ${forged}`);
  talk.item({}, ["two lines", `  ${forged}`]);
  talk.remark(forged);
  talk.failure({}, fault("FILE_NOT_FOUND", { path: forged }));
  expect(lines).toHaveLength(6);
  for (const line of lines) expect(line).not.toMatch(/\p{Cc}/u);
  expect(lines[0]).toContain("a�1a2b3c4d  cat.png��[2J�b");
});

test("for scripts it is one line of JSON, and whole", () => {
  const { talk, lines } = heard(true);
  talk.item({ name: forged }, forged);
  expect(lines).toEqual([JSON.stringify({ name: forged })]);
  expect(lines[0]).not.toContain("\n");
});

test("a page that was asked for has the lines that it has", () => {
  const { talk, lines } = heard();
  talk.page("one\n\ntwo\n");
  expect(lines).toEqual(["one", "", "two"]);
});

test("a hint names a command as it is typed where one is", () => {
  const hints = (before: string, ...problems: Fault[]): readonly unknown[] => {
    const { talk, lines } = heard(true, before);
    for (const problem of problems) talk.failure({}, problem);
    return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line).hint);
  };
  const problems = [
    fault("IMAGE_NOT_FOUND", { id: "00" }),
    fault("UNKNOWN_COMMAND", { got: "n", suggestion: null }),
    fault("NO_LEADER", {}),
  ];
  const status = expect.stringContaining("see: distinsta status");
  expect(hints("", ...problems)).toEqual(["see: list", "see: help", status]);
  const call = "distinsta client alice ";
  expect(hints(call, ...problems)).toEqual([`see: ${call}list`, `see: ${call}help`, status]);
});
