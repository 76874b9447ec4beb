/**
 * Disks that fill up, one after the other, and have room again: said, no work for them, deletes all the same, and no
 * restart. Real processes on machines that are network namespaces, each with a small disk.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { because, needs } from "../support/skip.ts";
import { eventually } from "./lab.ts";
import { laptop, listening, Site } from "./site.ts";
import { fillDisk, makeRoom, smallDisk } from "./small-disks.ts";

const reason = needs("root", "linux", "namespaces", "ip");
const headroomBytes = 2_000_000;
const config = `[storage]\nheadroom_bytes = ${headroomBytes}\nsegment_bytes = 1_048_576\n`;
const diskMegabytes = 40;

interface NodeStatus {
  readonly id: number;
  readonly images: number;
  readonly readOnly: boolean;
}

describe.skipIf(reason !== null)(`a disk without room${because(reason)}`, () => {
  const nodes = [1, 2, 3];
  const stored: { id: string; file: string }[] = [];
  let site: Site;
  const alice = (...words: string[]) => site.on(laptop, "client", "alice", ...words);

  const upload = async () => {
    const line = await site.upload(60_000);
    stored.push({ id: String(line.id), file: String(line.file) });
    return line;
  };
  const seen = async (id: number): Promise<NodeStatus | undefined> =>
    ((await site.status(1)).nodes as NodeStatus[] | undefined)?.find((node) => node.id === id);
  const filled = async (id: number, leftBytes = headroomBytes / 2): Promise<Record<string, unknown>> => {
    fillDisk(site, id, leftBytes);
    const said = await site.node(id).until("a full disk", ({ event }) => event === "disk.filled");
    await eventually(async () => (await seen(id))?.readOnly === true);
    return said;
  };
  const refusal = async () => {
    const refused = await alice("upload", await site.picture(60_000));
    const [, what = "", hint = ""] = /^error: (.*)\nhint: (.*)\n$/.exec(refused.stderr) ?? [];
    return { code: refused.code, what, hint };
  };
  const diskFull = {
    code: 1,
    what: expect.stringMatching(/^the disk at .* is full \(.* free\)$/),
    hint: "free space there, or add a disk",
  };
  const changed = async (...words: string[]): Promise<void> =>
    expect(await alice(...words, "--json"), words.join(" ")).toMatchObject({ code: 0, stderr: "" });
  const listed = async () =>
    (await alice("list", "--json"))
      .json()
      .map(({ id, trashed }) => ({ id, trashed: trashed !== null && trashed !== false }));

  beforeAll(async () => {
    site = new Site();
    await site.found(config);
    for (const id of nodes) await listening(site.startNode(id, smallDisk(site, id, diskMegabytes)));
    await site.whole();
    await site.letIn("alice");
    for (let count = 0; count < 4; count++) await upload();
    await eventually(async () =>
      ((await site.status(1)).nodes as NodeStatus[]).every(({ images }) => images === stored.length),
    );
  });
  afterAll(() => site.close());

  test("of one node: it says so, does not lead, and gets no work; what is missing a copy is at risk", async () => {
    const said = await filled(3);
    expect(said).toMatchObject({ level: "warn" });
    expect(said.message).toMatch(/^Node 3: the disk at .* is full .*; this node takes no new images$/);
    const told = (await site.on(1, "status")).stdout;
    expect(told).toContain("node 3 takes no new images: its disk is full or has failed");
    await eventually(async () => [1, 2].includes(Number((await site.status(1)).leader)));
    for (let count = 0; count < 4; count++) {
      const { node, copies } = await upload();
      expect(node).not.toBe(3);
      expect(copies).toBe(2);
    }
    await eventually(async () => {
      const { underReplicated } = ((await site.status(1)).risk ?? {}) as { underReplicated?: number };
      return underReplicated === 4;
    });
    const found = (await site.on(laptop, "doctor", "--json")).json();
    expect(found.find(({ check, ok }) => check === "disk" && ok === false)?.message).toMatch(
      /^node 3 has .* free, less than \[storage\] headroom_bytes/,
    );
  });

  test("takes no part in an upload, but in deletes", async () => {
    const [trashed, restored, purged] = stored.map(({ id }) => id);
    await changed("rm", trashed ?? "");
    await changed("rm", restored ?? "");
    await changed("restore", restored ?? "");
    await changed("purge", purged ?? "", "--yes");
    stored.splice(2, 1);
    // Of the four that it had one is gone.
    await eventually(async () => (await seen(3))?.images === 3);
    expect((await listed()).filter((image) => image.trashed).map(({ id }) => id)).toEqual([trashed]);
    await changed("restore", trashed ?? "");
  });

  test("of two nodes of three: an upload says that disks are full, not that nodes are missing", async () => {
    await filled(2);
    expect(await refusal()).toEqual(diskFull);
  });

  test("of every node, to the last byte: the same; all is there to be read, and the nodes go on", async () => {
    await filled(1);
    expect(await refusal()).toEqual(diskFull);
    await changed("rm", stored[0]?.id ?? "");
    await changed("restore", stored[0]?.id ?? "");
    for (const id of nodes) fillDisk(site, id, 0);
    expect(await refusal()).toEqual(diskFull);
    expect((await listed()).map(({ id }) => id).toSorted()).toEqual(stored.map(({ id }) => id).toSorted());
    const [first] = stored;
    expect((await alice("get", first?.id ?? "", "-o", "back.jpg")).code).toBe(0);
    const plain = readFileSync(join(site.place(laptop), first?.file ?? ""));
    expect(readFileSync(join(site.place(laptop), "back.jpg")).equals(plain)).toBe(true);
    for (const id of nodes) expect(site.node(id).child.exitCode).toBeNull();
    expect((await site.status(1)).leader).not.toBeUndefined();
  });

  test("that has room again is used again, without a restart", async () => {
    for (const id of nodes) {
      makeRoom(site, id);
      await site.node(id).until("room", ({ event }) => event === "disk.freed");
    }
    await site.whole();
    await eventually(async () => (await upload()).node === 3);
    await eventually(async () => {
      const { risk, nodes: all } = (await site.status(1)) as {
        risk?: { underReplicated: number };
        nodes?: NodeStatus[];
      };
      return risk?.underReplicated === 0 && all?.every(({ images }) => images === stored.length) === true;
    });
    for (const { id } of stored) expect((await alice("get", id, "-o", `${id}.jpg`)).code).toBe(0);
    for (const id of nodes)
      expect(site.node(id).events.filter(({ event }) => event === "disk.failed")).toEqual([]);
  });
});
