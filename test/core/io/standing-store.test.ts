import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type DiskIdentity, readOrMakeIdentity } from "../../../core/io/node-data.ts";
import { openSpareRoom } from "../../../core/io/spare-room.ts";
import { type KeptStanding, openStandingStore } from "../../../core/io/standing-store.ts";
import type { PeerMemory } from "../../../core/model/control.ts";
import { FaultError, type Result } from "../../../core/model/faults.ts";
import { clusterId, type NodeId, nodeId } from "../../../core/model/ids.ts";
import { testFolder } from "../../support/folders.ts";
import { storeOf } from "../../support/records.ts";

const cluster = clusterId("ab".repeat(16));
const n1 = nodeId(1);

const must = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new FaultError(result.fault);
  return result.value;
};

/** A folder with an identity, and its standing as a process that starts finds it. */
const found = (folder = testFolder()) => {
  const identity = must(readOrMakeIdentity(folder, n1, cluster));
  return { folder, identity, standing: must(openStandingStore(folder, identity, openSpareRoom(folder))) };
};
const again = ({ folder }: { readonly folder: string }): KeptStanding => found(folder).standing;
const identityIn = (folder: string): DiskIdentity => must(readOrMakeIdentity(folder, n1, cluster));

const memoryOf = (node: number, feedHead = 5, run = 7): PeerMemory => ({
  run,
  latest: { generation: 1, store: storeOf(node), saves: 3, feedHead },
  before: null,
});
const memories = (...nodes: readonly number[]): ReadonlyMap<NodeId, PeerMemory> =>
  new Map(nodes.map((node) => [nodeId(node), memoryOf(node)]));

describe("a new disk", () => {
  test("is not born, and remembers nobody", () => {
    const { standing } = found();
    expect(standing.generation).toBe(0);
    expect(standing.memories).toEqual(new Map());
  });
});

describe("what is remembered of the others", () => {
  test("is there when the next process asks, and for its owner's eyes", async () => {
    const lab = found();
    must(await lab.standing.saveMemories(memories(2, 3)));
    expect(again(lab).memories).toEqual(memories(2, 3));
    if (process.platform !== "win32") expect(statSync(join(lab.folder, "peers.json")).mode & 0o077).toBe(0);
  });

  test("of any disk comes back as it was", async () => {
    const count = fc.nat(Number.MAX_SAFE_INTEGER);
    const disk = fc.record({
      generation: count,
      store: fc.integer({ min: 1, max: 9 }).map((node) => storeOf(node)),
      saves: count,
      feedHead: count,
    });
    const memory = fc.record({ run: count, latest: disk, before: fc.option(disk) });
    const known = fc.dictionary(fc.integer({ min: 1, max: 9 }).map(String), memory);
    const lab = found();
    await fc.assert(
      fc.asyncProperty(known, async (drawn) => {
        const wanted = new Map(Object.entries(drawn).map(([node, kept]) => [nodeId(Number(node)), kept]));
        must(await lab.standing.saveMemories(wanted));
        expect(again(lab).memories).toEqual(wanted);
      }),
      { numRuns: 30 },
    );
  });

  test("is written only when it has changed", async () => {
    const lab = found();
    must(await lab.standing.saveMemories(memories(2)));
    const path = join(lab.folder, "peers.json");
    rmSync(path);
    must(await lab.standing.saveMemories(memories(2)));
    expect(existsSync(path)).toBe(false);
    must(await lab.standing.saveMemories(memories(2, 3)));
    expect(existsSync(path)).toBe(true);
    // The next process knows what is on the disk, and does not write it again.
    rmSync(path);
    const next = again(lab);
    must(await next.saveMemories(new Map()));
    expect(existsSync(path)).toBe(false);
  });

  test("is tried again after a failure, and the failure is told", async () => {
    const lab = found();
    const path = join(lab.folder, "peers.json");
    // A file cannot take the place of a folder with something in it.
    mkdirSync(join(path, "in the way"), { recursive: true });
    expect(await lab.standing.saveMemories(memories(2))).toMatchObject({
      ok: false,
      fault: { code: "DISK_FAILED" },
    });
    rmSync(path, { recursive: true });
    must(await lab.standing.saveMemories(memories(2)));
    expect(again(lab).memories).toEqual(memories(2));
  });

  test.each([
    ["not JSON", "{"],
    ["another kind of JSON", "[]"],
    ["half a memory", JSON.stringify({ "2": { run: 1, latest: memoryOf(2).latest } })],
    ["a memory with more in it", JSON.stringify({ "2": { ...memoryOf(2), x: 1 } })],
    [
      "a disk that is none",
      JSON.stringify({ "2": { ...memoryOf(2), latest: { ...memoryOf(2).latest, store: "x" } } }),
    ],
    ["a count that counts nothing", JSON.stringify({ "2": { ...memoryOf(2), run: -1 } })],
    ["nothing", ""],
  ])("that is damaged (%s) counts as none: the others are watched anew", (_, text) => {
    const lab = found();
    writeFileSync(join(lab.folder, "peers.json"), text);
    const { memories: kept } = again(lab);
    expect(kept).toEqual(new Map());
  });

  test("of nodes that no cluster has is left out", () => {
    const lab = found();
    writeFileSync(
      join(lab.folder, "peers.json"),
      JSON.stringify({ "2": memoryOf(2), "0": memoryOf(3), "10": memoryOf(4), x: memoryOf(5) }),
    );
    expect(again(lab).memories).toEqual(memories(2));
  });

  test("that cannot be read at all is a failed disk, not a new one", () => {
    const lab = found();
    mkdirSync(join(lab.folder, "peers.json"));
    expect(openStandingStore(lab.folder, lab.identity, openSpareRoom(lab.folder))).toMatchObject({
      ok: false,
      fault: { code: "DISK_FAILED" },
    });
  });
});

describe("a birth", () => {
  test("is on disk with what is remembered, and the disk is the same", () => {
    const lab = found();
    must(lab.standing.saveBirth(1, memories(2, 3)));
    expect(identityIn(lab.folder)).toEqual({ ...lab.identity, generation: 1 });
    const next = again(lab);
    expect(next.generation).toBe(1);
    expect(next.memories).toEqual(memories(2, 3));
  });

  test("is none when what is remembered cannot be kept: the memories come first", () => {
    const lab = found();
    mkdirSync(join(lab.folder, "peers.json", "in the way"), { recursive: true });
    expect(lab.standing.saveBirth(1, memories(2))).toMatchObject({
      ok: false,
      fault: { code: "DISK_FAILED" },
    });
    expect(identityIn(lab.folder).generation).toBe(0);
  });

  test("that fails at the last step leaves a disk that is not born, and knows of the others", () => {
    const lab = found();
    const before = readFileSync(join(lab.folder, "store.json"), "utf8");
    rmSync(join(lab.folder, "store.json"));
    mkdirSync(join(lab.folder, "store.json", "in the way"), { recursive: true });
    expect(lab.standing.saveBirth(1, memories(2))).toMatchObject({
      ok: false,
      fault: { code: "DISK_FAILED" },
    });
    rmSync(join(lab.folder, "store.json"), { recursive: true });
    writeFileSync(join(lab.folder, "store.json"), before);
    const next = again(lab);
    expect(next.generation).toBe(0);
    expect(next.memories).toEqual(memories(2));
  });
});
