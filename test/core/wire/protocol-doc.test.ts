import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as limits from "../../../core/model/limits.ts";
import { protocolVersion } from "../../../core/model/messages.ts";
import { messageSchemas } from "../../../core/wire/schema.ts";
import { workedFrames } from "./worked.ts";

const page = readFileSync(new URL("../../../docs/protocol.md", import.meta.url), "utf8");

const shown = new Map(
  [...page.matchAll(/```bytes (\S+)\n(.*?)```/gs)].map(([, name = "", block = ""]) => [
    name,
    block
      .split("\n")
      .map((line) => line.split("|")[0] ?? "")
      .join(" ")
      .replaceAll(/\s+/g, ""),
  ]),
);

describe("docs/protocol.md", () => {
  test("shows the frames that are worked out, and no others", () => {
    expect([...shown.keys()].sort()).toEqual(Object.keys(workedFrames).sort());
  });

  test.each(Object.entries(workedFrames))("the bytes of %s are those of the encoder", (name, frame) => {
    expect(shown.get(name)).toBe(Buffer.from(frame).toString("hex"));
  });

  test("names every kind of message", () => {
    for (const kind of Object.keys(messageSchemas)) expect(page).toContain(`\`${kind}\``);
  });

  test("tells each limit that it names by its value", () => {
    const values = limits as unknown as Readonly<Record<string, unknown>>;
    const told = [...page.matchAll(/(\d+)[^|`\d]*\(`(\w+Max)`/g)].map(([, value, name]) => [
      name,
      Number(value),
    ]);
    expect(told.length).toBeGreaterThanOrEqual(9);
    for (const [name, value] of told) expect([name, values[String(name)]]).toEqual([name, value]);
  });

  test("is of this version", () => {
    expect(page).toContain(`version ${protocolVersion}.`);
  });
});
