import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openSpareRoom } from "../../core/io/spare-room.ts";
import { openTermStore } from "../../core/io/term-store.ts";
import { boot, nodeId, term } from "../../core/model/ids.ts";
import { Crash, createSimDisk } from "../sim/sim-disk.ts";
import { describeTermStore } from "./term-store.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "distinsta-term-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const openIn = (path: string) => openTermStore(path, openSpareRoom(folder));
const state = { term: term(3), votedFor: nodeId(2), boot: boot(5), saves: 9 };

describeTermStore("a file", () => {
  const path = join(folder, "term.json");
  return { store: openIn(path), reopen: () => openIn(path) };
});
describeTermStore("simulated", () => {
  const disk = createSimDisk(() => false);
  return { store: disk, reopen: () => disk };
});

describe("the file", () => {
  test("any damage is told, never taken for a new disk", () => {
    const path = join(folder, "term.json");
    const store = openIn(path);
    store.save(state);
    const whole = readFileSync(path, "utf8");
    const damaged = [
      "",
      "{}",
      "null",
      whole.slice(0, -5),
      whole.replace('"term":3', '"term":2'),
      whole.replace('"votedFor":2', '"votedFor":null'),
      whole.replace('"boot":5', '"boot":-5'),
      whole.replace('"saves":9', '"saves":8'),
      whole.replace('"saves":9', '"saves":0.5'),
      "x".repeat(500),
    ];
    for (const text of damaged) {
      writeFileSync(path, text);
      expect(store.load(), text).toMatchObject({ ok: false, fault: { code: "DATA_FOREIGN", path } });
    }
  });

  test("a folder that is gone is a failed disk", () => {
    const store = openIn(join(folder, "gone", "term.json"));
    expect(store.save(state)).toMatchObject({ ok: false, fault: { code: "DISK_FAILED" } });
  });

  test("something unreadable in its place is a failed disk", () => {
    expect(openIn(folder).load()).toMatchObject({ ok: false, fault: { code: "DISK_FAILED" } });
  });
});

describe("the simulated disk", () => {
  test("a crash before the sync forgets the save, one after it does not", () => {
    for (const [crashAt, survives] of [
      [1, false],
      [2, true],
    ] as const) {
      let asked = 0;
      const disk = createSimDisk(() => {
        asked++;
        return asked === crashAt;
      });
      expect(() => disk.save(state)).toThrow(Crash);
      expect(disk.durable).toEqual(survives ? state : null);
    }
  });

  test("a save that fails is not there", () => {
    const disk = createSimDisk(() => false);
    disk.failNext();
    expect(disk.save(state)).toMatchObject({ ok: false, fault: { code: "DISK_FAILED" } });
    expect(disk.durable).toBeNull();
  });
});
