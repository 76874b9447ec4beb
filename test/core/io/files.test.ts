import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  leftoverMsMax,
  makeFolder,
  publicFile,
  publishFolder,
  readText,
  secretFile,
  sweepLeftovers,
  writeFileAtomically,
  writeFileOnce,
} from "../../../core/io/files.ts";
import { wallMs } from "../../../core/model/units.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "distinsta-files-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const done = { ok: true, value: undefined };
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe("writing a file", () => {
  test("makes or replaces it, with the permissions asked for, and leaves nothing else behind", () => {
    const path = join(folder, "a");
    expect(writeFileAtomically(path, "old")).toEqual(done);
    expect(writeFileAtomically(path, new TextEncoder().encode("new"), secretFile)).toEqual(done);
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(modeOf(path)).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("into a folder that is not there is a fault that names the file", () => {
    const path = join(folder, "none", "a");
    expect(writeFileAtomically(path, "x")).toEqual({
      ok: false,
      fault: { kind: "fault", code: "FILE_UNWRITABLE", path, reason: "ENOENT" },
    });
  });

  test("that cannot take its place leaves the old thing and no draft", () => {
    const path = join(folder, "a");
    mkdirSync(join(path, "inside"), { recursive: true });
    expect(writeFileAtomically(path, "x")).toMatchObject({ fault: { code: "FILE_UNWRITABLE" } });
    expect(readdirSync(folder)).toEqual(["a"]);
    expect(readdirSync(path)).toEqual(["inside"]);
  });
});

describe("writing a file once", () => {
  test("makes it, and never again", () => {
    const path = join(folder, "a");
    expect(writeFileOnce(path, "first", secretFile)).toEqual({ ok: true, value: "made" });
    expect(writeFileOnce(path, "second")).toEqual({ ok: true, value: "existed" });
    expect([readFileSync(path, "utf8"), modeOf(path)]).toEqual(["first", 0o600]);
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("into a folder that is not there is a fault", () => {
    expect(writeFileOnce(join(folder, "none", "a"), "x")).toMatchObject({
      fault: { code: "FILE_UNWRITABLE" },
    });
  });
});

describe("making a folder", () => {
  test("makes those above it too, and may be repeated", () => {
    const path = join(folder, "a", "b", "c");
    expect(makeFolder(path, 0o700)).toEqual(done);
    expect(makeFolder(path)).toEqual(done);
    expect(modeOf(path)).toBe(0o700);
  });

  test("a folder of one letter, right here", () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(makeFolder("d")).toEqual(done);
      expect(existsSync(join(folder, "d"))).toBe(true);
    } finally {
      process.chdir(before);
    }
  });

  test("where a file is in the way is a fault", () => {
    writeFileSync(join(folder, "a"), "");
    expect(makeFolder(join(folder, "a"))).toMatchObject({ fault: { code: "FILE_UNWRITABLE" } });
    expect(makeFolder(join(folder, "a", "b"))).toMatchObject({ fault: { code: "FILE_UNWRITABLE" } });
  });
});

describe("publishing a folder", () => {
  const files = (content: string) => [
    { name: "key", content, mode: secretFile },
    { name: "certificate", content, mode: publicFile },
  ];

  test("makes it with all its files, for the owner only", () => {
    const target = join(folder, "t");
    expect(publishFolder(target, files("mine"))).toEqual({ ok: true, value: "made" });
    expect(readdirSync(target).sort()).toEqual(["certificate", "key"]);
    expect([modeOf(target), modeOf(join(target, "key")), modeOf(join(target, "certificate"))]).toEqual([
      0o700, 0o600, 0o644,
    ]);
    expect(readdirSync(folder)).toEqual(["t"]);
  });

  test("onto one that exists changes nothing", () => {
    const target = join(folder, "t");
    publishFolder(target, files("first"));
    expect(publishFolder(target, files("second"))).toEqual({ ok: true, value: "existed" });
    expect(readFileSync(join(target, "key"), "utf8")).toBe("first");
    expect(readdirSync(folder)).toEqual(["t"]);
  });

  test("onto one that another process makes meanwhile changes nothing", () => {
    const target = join(folder, "t");
    const late = {
      name: "key",
      mode: secretFile,
      get content(): string {
        // By now the late one has looked and found nothing.
        expect(publishFolder(target, files("rival"))).toEqual({ ok: true, value: "made" });
        return "late";
      },
    };
    expect(publishFolder(target, [late])).toEqual({ ok: true, value: "existed" });
    expect(readFileSync(join(target, "key"), "utf8")).toBe("rival");
    expect(readdirSync(folder)).toEqual(["t"]);
  });

  test("onto a file changes nothing, onto an empty folder succeeds", () => {
    writeFileSync(join(folder, "file"), "x");
    expect(publishFolder(join(folder, "file"), files("a"))).toEqual({ ok: true, value: "existed" });
    mkdirSync(join(folder, "empty"));
    expect(publishFolder(join(folder, "empty"), files("a"))).toEqual({ ok: true, value: "made" });
  });

  test("where nothing can be made is a fault", () => {
    expect(publishFolder(join(folder, "none", "t"), files("a"))).toMatchObject({
      fault: { code: "FILE_UNWRITABLE", path: join(folder, "none", "t") },
    });
  });

  test("with a name that is there twice fails and leaves nothing", () => {
    expect(publishFolder(join(folder, "t"), [...files("a"), ...files("b")])).toMatchObject({ ok: false });
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("only leftovers that are old are swept, and nothing else", () => {
  const now = wallMs(Date.UTC(2026, 10, 22));
  const aged = (name: string, ageMs: number): void => {
    mkdirSync(join(folder, name));
    utimesSync(join(folder, name), (now - ageMs) / 1000, (now - ageMs) / 1000);
  };
  aged(".making-old", leftoverMsMax + 1_000);
  aged(".making-young", leftoverMsMax - 1_000);
  aged("old", leftoverMsMax * 10);
  sweepLeftovers(folder, now);
  expect(readdirSync(folder).sort()).toEqual([".making-young", "old"]);
  sweepLeftovers(join(folder, "none"), now);
});

describe("reading a text", () => {
  test("gives it, up to the limit", () => {
    writeFileSync(join(folder, "a"), "12345");
    expect(readText(join(folder, "a"), 5)).toEqual({ ok: true, value: "12345" });
    expect(readText(join(folder, "a"), 4)).toMatchObject({
      fault: { code: "FILE_UNREADABLE", reason: "it has 5 bytes, 4 at most are expected" },
    });
  });

  test("says what is missing, a folder, or a link that leads nowhere", () => {
    symlinkSync(join(folder, "nowhere"), join(folder, "link"));
    expect(readText(join(folder, "none"), 9)).toMatchObject({ fault: { code: "FILE_NOT_FOUND" } });
    expect(readText(join(folder, "link"), 9)).toMatchObject({ fault: { code: "FILE_NOT_FOUND" } });
    expect(readText(folder, 9)).toMatchObject({
      fault: { code: "FILE_UNREADABLE", reason: "it is not a file" },
    });
    expect(existsSync(join(folder, "none"))).toBe(false);
  });
});
