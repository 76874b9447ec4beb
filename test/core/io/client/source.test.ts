import { mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, test } from "vitest";
import {
  examine as examineUnless,
  fileSource,
  nameFault,
  type Source,
  streamSource,
} from "../../../../core/io/client/source.ts";
import { parseConfig } from "../../../../core/io/config-file.ts";
import { FaultError, type Result } from "../../../../core/model/faults.ts";
import { chunkBytes } from "../../../../core/model/limits.ts";
import { testFolder } from "../../../support/folders.ts";
import { gather } from "../../../support/gather.ts";
import { noisePicture } from "../../../support/pictures.ts";
import { hashOf } from "../../../support/records.ts";

const must = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new FaultError(result.fault);
  return result.value;
};
const codeOf = (result: Result<unknown>): string => (result.ok ? "none" : result.fault.code);
const config = must(
  parseConfig(
    '[servers]\nnode1 = "127.0.0.1:1"\n[limits]\nimage_bytes_max = 200_000\nimage_pixels_max = 40_000\n',
  ),
);
const examine = (source: Source, within: typeof config) =>
  examineUnless(source, within, new AbortController().signal);
const picture = await noisePicture("image/png", 190, 190);

const fileWith = (content: Uint8Array | string, name = "cat.png"): string => {
  const path = join(testFolder(), name);
  writeFileSync(path, content);
  return path;
};

test("a file is read in chunks that fit, as often as wanted", async () => {
  const path = fileWith(picture.bytes);
  const source = must(await fileSource(path));
  expect(source).toMatchObject({ path, name: "cat.png", bytes: picture.bytes.length });
  for (let time = 0; time < 2; time++) {
    const chunks = await gather(source.open());
    expect(chunks.every((chunk) => chunk.length <= chunkBytes)).toBe(true);
    expect(Buffer.concat(chunks).equals(picture.bytes)).toBe(true);
  }
});

test("what is no file is told apart", async () => {
  const folder = testFolder();
  mkdirSync(join(folder, "album"));
  expect(codeOf(await fileSource(join(folder, "none.png")))).toBe("FILE_NOT_FOUND");
  expect(codeOf(await fileSource(join(fileWith("x"), "below")))).toBe("FILE_NOT_FOUND");
  expect(codeOf(await fileSource(join(folder, "album")))).toBe("FILE_IS_FOLDER");
});

test("standard input is kept whole, however it comes in pieces, under the name at the end of the path", async () => {
  const pieces = Readable.from([picture.bytes.subarray(0, 100_000), picture.bytes.subarray(100_000)]);
  const source = must(await streamSource(pieces, "holiday/cat.png", 200_000));
  expect(source).toMatchObject({ path: "-", name: "cat.png", bytes: picture.bytes.length });
  for (let time = 0; time < 2; time++) {
    const chunks = await gather(source.open());
    expect(chunks.every((chunk) => chunk.length > 0 && chunk.length <= chunkBytes)).toBe(true);
    expect(Buffer.concat(chunks).equals(picture.bytes)).toBe(true);
  }
});

test("standard input ends at the limit", async () => {
  let taken = 0;
  const endless = async function* () {
    for (;;) {
      taken++;
      yield new Uint8Array(10_000);
    }
  };
  expect(codeOf(await streamSource(endless(), "zero", 95_000))).toBe("IMAGE_TOO_LARGE");
  expect(taken).toBe(10);
});

test("a picture is known by its type, its size and its hash before anything is sent", async () => {
  const examined = must(await examine(must(await fileSource(fileWith(picture.bytes))), config));
  expect(examined.picture).toMatchObject({ type: "image/png", dimensions: { width: 190, height: 190 } });
  expect(new Uint8Array(examined.sha256)).toEqual(hashOf(picture.bytes));
});

test.each<[string, () => Promise<string>]>([
  ["IMAGE_EMPTY", async () => fileWith("")],
  ["IMAGE_TOO_LARGE", async () => fileWith(Buffer.alloc(200_001))],
  ["NOT_AN_IMAGE", async () => fileWith("a letter to a friend")],
  ["IMAGE_TYPE_REFUSED", async () => fileWith("%PDF-1.7\n%\n and so on")],
  ["TOO_MANY_PIXELS", async () => fileWith((await noisePicture("image/png", 201, 200)).bytes)],
])("%s is found at once, without a server", async (code, path) => {
  expect(codeOf(await examine(must(await fileSource(await path())), config))).toBe(code);
});

test("a file that vanishes or shrinks after it was named is noticed", async () => {
  const path = fileWith(picture.bytes);
  const source = must(await fileSource(path));
  truncateSync(path, 3);
  expect(codeOf(await examine(source, config))).toBe("FILE_CHANGED");
  const gone: Source = must(await fileSource(fileWith("x")));
  expect(
    codeOf(await examine({ ...gone, path: "gone.png", open: () => Readable.from(failing()) }, config)),
  ).toBe("FILE_NOT_FOUND");
});

async function* failing(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(0);
  throw Object.assign(new Error("gone"), { code: "ENOENT" });
}

test("a name that no server would take is refused before anything is read, and what a name may be is said", async () => {
  const unread = (): Readable => {
    throw new Error("it was read");
  };
  for (const name of ["", "/", "x".repeat(256), "ü".repeat(128), "\ud800.png", "a\0b"]) {
    const stream = { [Symbol.asyncIterator]: unread } as unknown as Readable;
    const source = await streamSource(stream, name, 200_000);
    expect(source).toMatchObject({
      ok: false,
      fault: { code: "USAGE", hint: expect.stringMatching(/1 to 255 bytes/) },
    });
  }
  expect(nameFault("ü".repeat(127))).toBe(null);
});
