import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type DiskIdentity,
  readOrMakeIdentity,
  removeAside,
  setAside,
  writeIdentity,
} from "../../../core/io/node-data.ts";
import { lockKnownNode, lockNode, nodeFolderOf } from "../../../core/io/node-lock.ts";
import { FaultError, type Result } from "../../../core/model/faults.ts";
import { clusterId, nodeId, storeId } from "../../../core/model/ids.ts";
import { testFolder } from "../../support/folders.ts";

const cluster = clusterId("ab".repeat(16));
const n1 = nodeId(1);

const must = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new FaultError(result.fault);
  return result.value;
};
const lockOf = (data: string): string => join(nodeFolderOf(data, n1), "lock");

describe("the lock", () => {
  test("is the process's while it uses the folder, which is for its owner's eyes", () => {
    const data = testFolder();
    const { release } = must(lockNode(data, n1));
    const folder = nodeFolderOf(data, n1);
    expect(readFileSync(lockOf(data), "utf8")).toBe(`${process.pid}\n`);
    if (process.platform !== "win32") expect(statSync(folder).mode & 0o077).toBe(0);
    release();
    expect(existsSync(lockOf(data))).toBe(false);
  });

  test("a folder that a living process uses is refused, and the process is named", () => {
    const data = testFolder();
    must(lockNode(data, n1)).release();
    const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    onTestFinished(() => {
      other.kill();
    });
    writeFileSync(lockOf(data), `${other.pid}\n`);
    expect(lockNode(data, n1)).toMatchObject({
      ok: false,
      fault: { code: "DATA_IN_USE", holder: `process ${other.pid}` },
    });
    expect(readFileSync(lockOf(data), "utf8")).toBe(`${other.pid}\n`);
  });

  test.each([
    ["whose process is gone", () => String(spawnSync(process.execPath, ["-e", "0"]).pid)],
    ["that a crash left empty", () => ""],
    ["of our own number, from before a container's restart", () => String(process.pid)],
  ])("one %s is taken over", (_, content) => {
    const data = testFolder();
    must(lockNode(data, n1)).release();
    writeFileSync(lockOf(data), content());
    must(lockNode(data, n1)).release();
  });

  test("that was taken early lets nobody else in until it is released, and leaves no folder of a mistyped id", () => {
    const data = testFolder();
    expect(lockKnownNode(data, n1)).toEqual({ ok: true, value: null });
    expect(existsSync(nodeFolderOf(data, n1))).toBe(false);
    must(lockNode(data, n1)).release();
    const early = must(lockKnownNode(data, n1));
    if (early === null) throw new Error("no lock");
    early.release();
    expect(existsSync(lockOf(data))).toBe(false);
    // Once more, when the next process has it: its lock stays.
    writeFileSync(lockOf(data), "1\n");
    early.release();
    expect(existsSync(lockOf(data))).toBe(true);
  });
});

describe("the identity", () => {
  test("an empty folder becomes a disk of its own, not born yet, and stays it", () => {
    const folder = testFolder();
    const first = must(readOrMakeIdentity(folder, n1, cluster));
    expect(first).toMatchObject({ node: 1, cluster, generation: 0 });
    expect(must(readOrMakeIdentity(folder, n1, cluster))).toEqual(first);
    expect(must(readOrMakeIdentity(testFolder(), n1, cluster)).store).not.toBe(first.store);
  });

  test("a birth is kept with it", () => {
    const folder = testFolder();
    const first = must(readOrMakeIdentity(folder, n1, cluster));
    must(writeIdentity(folder, { ...first, generation: 3 }));
    expect(must(readOrMakeIdentity(folder, n1, cluster))).toEqual({ ...first, generation: 3 });
  });

  const whole = { store: "0".repeat(32), node: 1, cluster, generation: 1 };
  test.each([
    ["another node", { ...whole, node: 2 }, "node 2"],
    ["another cluster", { ...whole, cluster: "cd".repeat(16) }, "cluster"],
    ["nothing that can be read", "{ not json", "damaged"],
    ["a store id with a hole", { ...whole, store: "0".repeat(31) }, "damaged"],
    ["more than it should", { ...whole, x: 1 }, "damaged"],
    ["no generation, as before there were any", { ...whole, generation: undefined }, "another version"],
    ["a generation that counts nothing", { ...whole, generation: -1 }, "damaged"],
    ["half a generation", { ...whole, generation: 0.5 }, "damaged"],
  ])("one of %s is refused untouched", (_, content, reason) => {
    const folder = testFolder();
    const text = typeof content === "string" ? content : JSON.stringify(content);
    writeFileSync(join(folder, "store.json"), text);
    const read = readOrMakeIdentity(folder, n1, cluster);
    expect(read).toMatchObject({ ok: false, fault: { code: "DATA_FOREIGN" } });
    expect(read.ok ? "" : JSON.stringify(read.fault)).toContain(reason);
    expect(readFileSync(join(folder, "store.json"), "utf8")).toBe(text);
    expect(readdirSync(folder)).toEqual(["store.json"]);
  });
});

/** A disk that has been used: what a node has in its folder, each file with its own text. */
const usedDisk = (): { readonly folder: string; readonly identity: DiskIdentity } => {
  const folder = testFolder();
  const identity = must(readOrMakeIdentity(folder, n1, cluster));
  mkdirSync(join(folder, "segments"));
  for (const name of ["segments/a.segment", "index.sqlite", "index.sqlite-wal", "peers.json", "term.json"])
    writeFileSync(join(folder, name), `the old ${name}`);
  return { folder, identity };
};

/** Every file below `folder`, with its text. */
const contentOf = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  );

describe("setting a disk aside", () => {
  test("leaves an empty disk and the lock, and all that was there in one folder", () => {
    const { folder, identity } = usedDisk();
    writeFileSync(join(folder, "lock"), "1\n");
    const before = contentOf(folder);
    const aside = must(setAside(folder, identity.store));
    expect(contentOf(aside)).toEqual(
      Object.fromEntries(Object.entries(before).filter(([name]) => name !== "lock")),
    );
    expect(readdirSync(folder).toSorted()).toEqual(["lock", "set-aside"]);
    const next = must(readOrMakeIdentity(folder, n1, cluster));
    expect(next.generation).toBe(0);
    expect(next.store).not.toBe(identity.store);
  });

  test("the identity goes first, so that a crash leaves a new disk, never half of the old one", () => {
    fc.assert(
      fc.property(fc.nat(5), fc.boolean(), (moved, wasStarted) => {
        const { folder, identity } = usedDisk();
        const before = contentOf(folder);
        const aside = join(folder, "set-aside", identity.store);
        mkdirSync(aside, { recursive: true });
        const others = readdirSync(folder).filter((name) => name !== "set-aside" && name !== "store.json");
        // The crash came when so many were moved.
        for (const name of ["store.json", ...others].slice(0, moved + 1))
          renameSync(join(folder, name), join(aside, name));
        const next = must(readOrMakeIdentity(folder, n1, cluster));
        expect(next.store).not.toBe(identity.store);
        expect(next.generation).toBe(0);
        if (wasStarted) {
          // Then the node was started, made what it missed, and met what is not its own.
          mkdirSync(join(folder, "segments"), { recursive: true });
          for (const name of ["segments/b.segment", "index.sqlite", "term.json"])
            writeFileSync(join(folder, name), `the new ${name}`, { flag: "a" });
        }
        must(setAside(folder, next.store));
        expect(readdirSync(folder)).toEqual(["set-aside"]);
        const kept = Object.values(contentOf(join(folder, "set-aside"))).join("\n");
        for (const text of Object.values(before)) expect(kept).toContain(text);
        rmSync(folder, { recursive: true });
      }),
      { numRuns: 40 },
    );
  });

  test("the order of moves is told by what a failure in the middle leaves behind", () => {
    const { folder, identity } = usedDisk();
    const aside = join(folder, "set-aside", identity.store);
    // Something is in the way of one of the moves.
    mkdirSync(join(aside, "term.json", "in the way"), { recursive: true });
    expect(setAside(folder, identity.store)).toMatchObject({ ok: false, fault: { code: "FILE_UNWRITABLE" } });
    expect(existsSync(join(folder, "store.json"))).toBe(false);
    expect(existsSync(join(folder, "term.json"))).toBe(true);
    const next = must(readOrMakeIdentity(folder, n1, cluster));
    must(setAside(folder, next.store));
    expect(readdirSync(folder)).toEqual(["set-aside"]);
  });

  test("two disks one after the other do not get in each other's way, and go together", async () => {
    const { folder, identity } = usedDisk();
    const first = must(setAside(folder, identity.store));
    const second = must(readOrMakeIdentity(folder, n1, cluster));
    expect(must(setAside(folder, second.store))).not.toBe(first);
    expect(readFileSync(join(first, "term.json"), "utf8")).toBe("the old term.json");
    await removeAside(folder);
    expect(readdirSync(folder)).toEqual([]);
    await removeAside(folder);
  });

  test("a folder in which nothing can be made is told, and stays as it is", () => {
    const { folder, identity } = usedDisk();
    writeFileSync(join(folder, "set-aside"), "a file, not a folder");
    const before = contentOf(folder);
    expect(setAside(folder, storeId("1".repeat(32)))).toMatchObject({
      ok: false,
      fault: { code: "FILE_UNWRITABLE" },
    });
    expect(contentOf(folder)).toEqual(before);
    expect(must(readOrMakeIdentity(folder, n1, cluster))).toEqual(identity);
  });
});
