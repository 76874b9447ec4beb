import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { openFolderDisk } from "../../../core/io/folder-disk.ts";
import { type Fault, FaultError } from "../../../core/model/faults.ts";
import type { Disk } from "../../../core/ports.ts";
import { smallDisk, testFolder } from "../../support/folders.ts";
import { because, needs } from "../../support/skip.ts";

/** What the next opening of a file fails with; null: it does not. */
const failing = vi.hoisted(() => ({ open: null as string | null, opened: 0, closed: 0 }));
vi.mock("node:fs/promises", async (importOriginal) => {
  const real = await importOriginal<typeof import("node:fs/promises")>();
  return {
    ...real,
    open: async (...how: Parameters<typeof real.open>) => {
      if (failing.open !== null) throw errorOf(failing.open);
      const file = await real.open(...how);
      failing.opened++;
      const { close } = file;
      file.close = () => {
        failing.closed++;
        return close.call(file);
      };
      return file;
    },
  };
  function errorOf(code: string): Error {
    return Object.assign(new Error(`${code}: as the system says it`), { code });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
  failing.open = null;
});

const errorOf = (code: string): Error => Object.assign(new Error(`${code}: as the system says it`), { code });
/** What all open files have in common, to be spoiled. */
const handles = async (folder: string): Promise<FileHandle> => {
  writeFileSync(join(folder, "probe"), "");
  const file = await open(join(folder, "probe"), "r");
  await file.close();
  rmSync(join(folder, "probe"));
  return Object.getPrototypeOf(file) as FileHandle;
};
const faultOf = async (act: Promise<unknown>): Promise<Fault["code"]> => {
  try {
    await act;
  } catch (error) {
    if (error instanceof FaultError) return error.fault.code;
    throw error;
  }
  throw new Error("it went well");
};
const fresh = async (): Promise<{ readonly disk: Disk; readonly folder: string }> => {
  const folder = join(testFolder(), "deep", "segments");
  return { disk: await openFolderDisk(folder), folder };
};
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array | null): string =>
  content === null ? "nothing" : Buffer.from(content).toString();

describe("the folder", () => {
  test("is made when it is not there, for its owner's eyes, and is taken as it is when it is", async () => {
    const { disk, folder } = await fresh();
    if (process.platform !== "win32") expect(statSync(folder).mode & 0o077).toBe(0);
    await disk.replaceSmall("a", bytes("1"));
    expect(await (await openFolderDisk(folder)).list()).toEqual(["a"]);
    expect(disk.freeBytes()).toBeGreaterThan(0);
  });

  test("that cannot be made is a failed disk", async () => {
    const folder = testFolder();
    writeFileSync(join(folder, "file"), "");
    expect(await faultOf(openFolderDisk(join(folder, "file", "below")))).toBe("DISK_FAILED");
  });

  test("that is gone has no room, and everything in it fails", async () => {
    const { disk, folder } = await fresh();
    rmSync(folder, { recursive: true });
    expect(disk.freeBytes()).toBe(0);
    expect(await faultOf(disk.list())).toBe("DISK_FAILED");
    expect(await faultOf(disk.create("a", 1))).toBe("DISK_FAILED");
    expect(await faultOf(disk.replaceSmall("a", bytes("1")))).toBe("DISK_FAILED");
    // A small file that is not there is no trouble, and this one is not there.
    expect(await disk.readSmall("a")).toBeNull();
  });
});

describe("a file", () => {
  test("is made of zeros, in its whole length, and takes what is written anywhere", async () => {
    const { disk } = await fresh();
    const file = await disk.create("a", 3_000_000);
    expect(file.bytes).toBe(3_000_000);
    await file.write(2_999_998, [bytes("ab"), bytes("cd")]);
    expect(file.bytes).toBe(3_000_002);
    await file.sync();
    await file.close();
    const again = await disk.open("a");
    expect(again.bytes).toBe(3_000_002);
    const content = await again.read(0, 4_000_000);
    expect(content.length).toBe(3_000_002);
    expect(content.subarray(0, 2_999_998).every((byte) => byte === 0)).toBe(true);
    expect(text(content.subarray(2_999_998))).toBe("abcd");
    expect((await again.read(5_000_000, 10)).length).toBe(0);
    await again.close();
  });

  test("that is there is not made again, and keeps its content", async () => {
    const { disk, folder } = await fresh();
    writeFileSync(join(folder, "a"), "precious");
    expect(await faultOf(disk.create("a", 10))).toBe("DISK_FAILED");
    expect(readFileSync(join(folder, "a"), "utf8")).toBe("precious");
  });

  test("that is not there cannot be opened, and removing it is no trouble", async () => {
    const { disk } = await fresh();
    expect(await faultOf(disk.open("a"))).toBe("DISK_FAILED");
    await disk.remove("a");
  });

  test("can be read on by who has it open when it is removed", async () => {
    const { disk } = await fresh();
    const file = await disk.create("a", 0);
    await file.write(0, [bytes("still here")]);
    await disk.remove("a");
    expect(await disk.list()).toEqual([]);
    expect(text(await file.read(0, 100))).toBe("still here");
    await file.close();
  });

  test("takes far more pieces than the system takes at once, empty ones among them", async () => {
    const { disk } = await fresh();
    const file = await disk.create("a", 0);
    const pieces = Array.from({ length: 3_333 }, (_, n) => bytes(n % 3 === 0 ? "" : `${n},`));
    await file.write(7, pieces);
    expect(text((await file.read(7, 100_000)).slice())).toBe(Buffer.concat(pieces).toString());
    await file.write(0, []);
    await file.close();
  });
});

describe("a disk that does less than it was asked to", () => {
  test("is asked again: whatever comes through of each write, in the end all is there, each byte in its place", async () => {
    const { disk, folder } = await fresh();
    const proto = await handles(folder);
    const { writev } = proto;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 8 }),
        fc.nat(50),
        async (pieces, throughs, at) => {
          let call = 0;
          const short = vi.spyOn(proto, "writev").mockImplementation(async function (
            this: FileHandle,
            buffers,
            position,
          ) {
            const through = throughs[call++ % throughs.length] ?? 1;
            const whole = Buffer.concat(buffers as readonly Uint8Array[]);
            const { bytesWritten } = await writev.call(this, [whole.subarray(0, through)], position);
            return { bytesWritten, buffers } as Awaited<ReturnType<typeof writev>>;
          });
          const file = await disk.create("a", 10);
          await file.write(at, pieces);
          short.mockRestore();
          const wanted = Buffer.concat(pieces);
          expect(Buffer.from(await file.read(at, 1_000)).subarray(0, wanted.length)).toEqual(wanted);
          expect(file.bytes).toBe(Math.max(10, wanted.length === 0 ? 0 : at + wanted.length));
          await file.close();
          await disk.remove("a");
        },
      ),
      { numRuns: 60 },
    );
  });

  test("reads to the end of what was asked for, however little comes at a time", async () => {
    const { disk, folder } = await fresh();
    const proto = await handles(folder);
    const file = await disk.create("a", 0);
    await file.write(0, [bytes("all of it, in small pieces")]);
    type Read = (into: Buffer, offset: number, length: number, at: number) => Promise<{ bytesRead: number }>;
    const read = proto.read as Read;
    const little: Read = function (this: FileHandle, into, offset, length, at) {
      return read.call(this, into, offset, Math.min(3, length), at);
    };
    vi.spyOn(proto, "read").mockImplementation(little as FileHandle["read"]);
    expect(text(await file.read(4, 1_000))).toBe("of it, in small pieces");
    expect(text(await file.read(4, 5))).toBe("of it");
    await file.close();
  });
});

describe("what the system says", () => {
  test.each([
    ["EIO", "DISK_FAILED"],
    ["EROFS", "DISK_FAILED"],
    ["ENOSPC", "DISK_FULL"],
    ["EDQUOT", "DISK_FULL"],
    ["EMFILE", "BUSY"],
    ["ENFILE", "BUSY"],
    ["ENOMEM", "BUSY"],
  ])("%s when something is opened or written is %s", async (code, told) => {
    const { disk, folder } = await fresh();
    const file = await disk.create("a", 0);
    const proto = await handles(folder);
    failing.open = code;
    expect(await faultOf(disk.open("a"))).toBe(told);
    expect(await faultOf(disk.create("b", 1))).toBe(told);
    expect(await faultOf(disk.replaceSmall("c", bytes("1")))).toBe(told);
    failing.open = null;
    vi.spyOn(proto, "writev").mockRejectedValue(errorOf(code));
    expect(await faultOf(file.write(0, [bytes("1")]))).toBe(told);
    vi.restoreAllMocks();
    // It passes, as far as this disk is concerned.
    await file.write(0, [bytes("1")]);
    await file.close();
  });

  test.each(["EIO", "ENOSPC", "EDQUOT", "EMFILE"])(
    "%s when something is synced is a failed disk: what was written before may be lost",
    async (code) => {
      const { disk, folder } = await fresh();
      const file = await disk.create("a", 0);
      const proto = await handles(folder);
      vi.spyOn(proto, "datasync").mockRejectedValue(errorOf(code));
      expect(await faultOf(file.sync())).toBe("DISK_FAILED");
      await file.close();
    },
  );

  test("a file that could not be made whole is not left behind, and not left open", async () => {
    const { disk, folder } = await fresh();
    const proto = await handles(folder);
    for (const step of ["write", "sync"] as const) {
      const { opened, closed } = failing;
      vi.spyOn(proto, step).mockRejectedValue(errorOf("ENOSPC"));
      expect(await faultOf(disk.create("a", 5_000))).toBe("DISK_FULL");
      vi.restoreAllMocks();
      expect(readdirSync(folder)).toEqual([]);
      expect(failing.closed - closed).toBe(failing.opened - opened);
    }
    await (await disk.create("a", 5_000)).close();
  });
});

describe("a small file", () => {
  test("is read whole, and is nothing when it is not there", async () => {
    const { disk } = await fresh();
    expect(await disk.readSmall("manifest")).toBeNull();
    await disk.replaceSmall("manifest", bytes("one"));
    await disk.replaceSmall("manifest", bytes("two, and longer"));
    expect(text(await disk.readSmall("manifest"))).toBe("two, and longer");
    await disk.replaceSmall("manifest", bytes("3"));
    expect(text(await disk.readSmall("manifest"))).toBe("3");
    expect(await disk.list()).toEqual(["manifest"]);
  });

  test("that something else has taken the place of cannot be read", async () => {
    const { disk, folder } = await fresh();
    mkdirSync(join(folder, "manifest"));
    expect(await faultOf(disk.readSmall("manifest"))).toBe("DISK_FAILED");
  });

  test.each(["writeFile", "sync"] as const)(
    "keeps its old content, whole, when the %s of the new one fails",
    async (step) => {
      const { disk, folder } = await fresh();
      await disk.replaceSmall("manifest", bytes("the old one"));
      const proto = await handles(folder);
      const write = proto.write as (content: Uint8Array) => Promise<unknown>;
      vi.spyOn(proto, step).mockImplementation(async function (this: FileHandle) {
        // Half of it was written when the power went.
        await write.call(this, bytes("the n"));
        throw errorOf("EIO");
      } as never);
      expect(await faultOf(disk.replaceSmall("manifest", bytes("the new one")))).toBe("DISK_FAILED");
      vi.restoreAllMocks();
      expect(text(await disk.readSmall("manifest"))).toBe("the old one");
      // What is left of the try does not spoil the next.
      await disk.replaceSmall("manifest", bytes("next"));
      expect(text(await disk.readSmall("manifest"))).toBe("next");
    },
  );

  test("is synced before it takes its name, and the name is synced after", async () => {
    const { disk, folder } = await fresh();
    await disk.replaceSmall("manifest", bytes("the old one"));
    const proto = await handles(folder);
    const { sync } = proto;
    const seen: string[] = [];
    vi.spyOn(proto, "sync").mockImplementation(async function (this: FileHandle) {
      seen.push(readFileSync(join(folder, "manifest"), "utf8"));
      return sync.call(this);
    });
    await disk.replaceSmall("manifest", bytes("the new one"));
    expect(seen).toEqual(process.platform === "win32" ? ["the old one"] : ["the old one", "the new one"]);
  });
});

const reason = needs("root", "linux");
const title = "a disk that is really full says so, and has room again when something is removed";
test.skipIf(reason !== null)(`${title}${because(reason)}`, async () => {
  const disk = await openFolderDisk(join(smallDisk(1_048_576), "segments"));
  const first = await disk.create("a", 600_000);
  await first.close();
  expect(await faultOf(disk.create("b", 600_000))).toBe("DISK_FULL");
  expect(await disk.list()).toEqual(["a"]);
  await disk.remove("a");
  await (await disk.create("b", 600_000)).close();
});
