import { afterEach, expect, test, vi } from "vitest";
import { fault } from "../../core/model/faults.ts";
import { complain, exitCodeOfAll, failureOf } from "../../src/output.ts";

const missing = fault("IMAGE_NOT_FOUND", { id: "x" });
const denied = fault("NOT_ALLOWED", { what: "that" });
const broken = fault("INTERRUPTED", {});

test.each([
  ["nothing to do", [], 0],
  ["all done", [null, null], 0],
  ["all failed in one class", [missing, missing], 4],
  ["failed in two classes", [missing, denied], 1],
  ["one done, one failed", [null, denied], 1],
  ["broken off", [null, missing, broken], 130],
])("%s: the exit code of several items", (_, faults, code) => {
  expect(exitCodeOfAll(faults)).toBe(code);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** What is written to both streams meanwhile. */
const heard = () => {
  const out = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const err = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  return {
    out: () => out.mock.calls.map(([text]) => text).join(""),
    err: () => err.mock.calls.map(([text]) => text).join(""),
  };
};

test("a complaint is two lines for people, and nothing among the results", () => {
  const { out, err } = heard();
  expect(complain(missing, {})).toBe(4);
  expect(err()).toBe("error: no image x\nhint: see: distinsta client USER list\n");
  expect(out()).toBe("");
});

test("with --json it is one object among the results as well", () => {
  const { out, err } = heard();
  complain(missing, { json: true });
  expect(err()).toContain("error: no image x");
  expect(JSON.parse(out())).toEqual(failureOf(missing));
  expect(failureOf(missing)).toEqual({
    ok: false,
    code: "IMAGE_NOT_FOUND",
    message: "no image x",
    hint: "see: distinsta client USER list",
  });
});
