import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { blockBytes, entryHeadBytes, extentHeadBytes } from "../../../core/store/segment-format.ts";
import { smallPayloadBytesMax } from "../../../core/store/sizes.ts";
import { logBytesMax } from "../../../core/store/walk.ts";
import { testFolder } from "../../support/folders.ts";
import { because, needs } from "../../support/skip.ts";
import {
  makeWorkedStore,
  type WorkedStore,
  workedId,
  workedIdentity,
  workedPicture,
  workedThumbnail,
} from "./worked.ts";

const pageOf = (name: string): string =>
  readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
const page = pageOf("format.md");

const blockOf = (kind: string): string =>
  page.match(new RegExp(`\`\`\`${kind}\n(.*?)\`\`\``, "s"))?.[1] ?? "";

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

let worked: WorkedStore;
beforeAll(async () => {
  worked = await makeWorkedStore();
});

describe("docs/format.md", () => {
  test("shows the bytes that the store writes, and no others", () => {
    const written = Object.entries(worked.shown).map(([name, bytes]) => [
      name,
      Buffer.from(bytes).toString("hex"),
    ]);
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(written));
  });

  test("shows the manifest", () => {
    expect(page).toContain(`\`\`\`text\n${worked.manifest}\`\`\``);
  });

  test("shows an id that is made as docs/sealing.md says", () => {
    expect(pageOf("sealing.md")).toContain(workedId);
    expect(page).toContain(`id=${workedId.replaceAll("-", "")}`);
  });

  test("says from where on a payload is written by itself, and how long a batch is at most", () => {
    expect(page).toContain(`up to ${smallPayloadBytesMax} bytes`);
    expect(page.match(/at most (\d+) MiB/)?.[1]).toBe(String(logBytesMax / 1_048_576));
  });

  test("says what is left of a purged image: the heads, and zeros", () => {
    const { segment, purged } = worked;
    const bodies = [
      { at: blockBytes, head: extentHeadBytes, until: 2 * blockBytes },
      { at: 2 * blockBytes, head: extentHeadBytes + entryHeadBytes, until: 3 * blockBytes },
      { at: 3 * blockBytes, head: extentHeadBytes + entryHeadBytes, until: 4 * blockBytes },
    ];
    for (const { at, head, until } of bodies) {
      expect(page).toContain(` ${at + head}`);
      expect(purged.subarray(at, at + head)).toEqual(segment.subarray(at, at + head));
      expect(purged.subarray(at + head, until).every((byte) => byte === 0)).toBe(true);
    }
  });

  const reason = needs("linux", "age");
  test.skipIf(reason !== null)(`gets the picture back by its commands${because(reason)}`, () => {
    const folder = testFolder();
    writeFileSync(join(folder, worked.segmentName), worked.segment);
    writeFileSync(join(folder, "identity.txt"), `${workedIdentity}\n`);
    const run = (script: string): string =>
      execFileSync("bash", ["-e", "-u", "-c", script], { cwd: folder, encoding: "utf8" });
    expect(run(blockOf("sh recovery"))).toContain("payload: OK");
    expect(readFileSync(join(folder, "photo.png")).equals(workedPicture)).toBe(true);
    expect(readFileSync(join(folder, "thumbnail.webp")).equals(workedThumbnail)).toBe(true);
    expect(page).toContain(`\`${run(blockOf("sh crc")).trim()}\``);
  });
});
