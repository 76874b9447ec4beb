import { readFileSync, statfsSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { writeFileAtomically } from "../../../core/io/files.ts";
import { openSpareRoom } from "../../../core/io/spare-room.ts";
import { openTermStore } from "../../../core/io/term-store.ts";
import { bad, fault, good, type Result } from "../../../core/model/faults.ts";
import { boot, nodeId, term } from "../../../core/model/ids.ts";
import { smallDisk, testFolder } from "../../support/folders.ts";
import { because, needs } from "../../support/skip.ts";

const wholeBytes = 65_536;
const spareIn = (folder: string): number => statSync(join(folder, "spare")).size;
const full = bad(fault("DISK_FULL", { path: "term.json", freeBytes: 0 }));

describe("what is kept for the few numbers", () => {
  test("is left alone while there is room", () => {
    const folder = testFolder();
    const room = openSpareRoom(folder);
    expect(room.save(() => good(undefined))).toEqual(good(undefined));
    expect(spareIn(folder)).toBe(wholeBytes);
  });

  test("gives way until a save succeeds, and is taken back then", () => {
    const folder = testFolder();
    const room = openSpareRoom(folder);
    const seen: number[] = [];
    const write = (): Result<void> => {
      seen.push(spareIn(folder));
      return seen.length < 3 ? full : good(undefined);
    };
    expect(room.save(write)).toEqual(good(undefined));
    expect(seen).toEqual([65_536, 49_152, 32_768]);
    expect(spareIn(folder)).toBe(wholeBytes);
  });

  test("is no help when somebody else takes all that it gives: then the disk is full", () => {
    let tries = 0;
    const write = (): Result<void> => {
      tries++;
      return full;
    };
    expect(openSpareRoom(testFolder()).save(write)).toEqual(full);
    expect(tries).toBe(5);
  });

  test("does not stand in for a disk that fails otherwise", () => {
    const folder = testFolder();
    const failed = bad(fault("FILE_UNWRITABLE", { path: "term.json", reason: "EIO" }));
    expect(openSpareRoom(folder).save(() => failed)).toEqual(failed);
    expect(spareIn(folder)).toBe(wholeBytes);
  });
});

const reason = needs("root", "linux");
describe.skipIf(reason !== null)(`on a disk without a byte left${because(reason)}`, () => {
  const fill = (folder: string): void => {
    const path = join(folder, "filler");
    writeFileSync(path, "");
    const { bavail, bsize } = statfsSync(folder);
    writeFileSync(path, Buffer.alloc(bavail * bsize));
  };

  test("terms are saved, again and again, and nothing else is", () => {
    const folder = smallDisk(1_000_000);
    const path = join(folder, "term.json");
    const store = openTermStore(path, openSpareRoom(folder));
    store.save({ term: term(1), votedFor: null, boot: boot(1), saves: 1 });
    fill(folder);
    expect(writeFileAtomically(join(folder, "else"), "x")).toMatchObject({ fault: { code: "DISK_FULL" } });
    for (let saves = 2; saves < 50; saves++) {
      const state = { term: term(saves), votedFor: nodeId(2), boot: boot(1), saves };
      expect(store.save(state)).toEqual(good(undefined));
      expect(store.load()).toEqual(good(state));
    }
    expect(spareIn(folder)).toBe(wholeBytes);
  });

  test("what is missing of it is taken when there is room again", () => {
    const folder = smallDisk(1_000_000);
    fill(folder);
    const room = openSpareRoom(folder);
    expect(readFileSync(join(folder, "spare"), { flag: "a+" }).length).toBeLessThan(wholeBytes);
    truncateSync(join(folder, "filler"), 0);
    room.save(() => good(undefined));
    expect(spareIn(folder)).toBe(wholeBytes);
  });
});
