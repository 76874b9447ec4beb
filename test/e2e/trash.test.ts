/** What owners do to their images, and what an operator sees of it, with real processes on real disks. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pictureOfBytes } from "../support/pictures.ts";
import { eventually, type Lab, type LaunchedCluster, openLab } from "./lab.ts";

let lab: Lab;
let cluster: LaunchedCluster;

beforeAll(async () => {
  lab = openLab();
  cluster = await lab.launch();
});
afterAll(() => lab.close());

const alice = (...words: string[]) => lab.run(["client", "alice", ...words]);
const bob = (...words: string[]) => lab.run(["client", "bob", ...words]);

interface Stored {
  readonly id: string;
  readonly savedAs: string;
}
const upload = async (name: string, bytes: number, seed: number): Promise<Stored> => {
  const picture = await pictureOfBytes("image/png", bytes, seed);
  await writeFile(join(lab.folder, name), picture.bytes);
  const [line] = (await alice("upload", name, "--json")).json();
  expect(line).toMatchObject({ ok: true });
  return line as unknown as Stored;
};

describe("an image", () => {
  test("goes into the trash and comes out of it, and can be got all the while", async () => {
    const { id } = await upload("kept.png", 20_000, 1);
    expect((await alice("rm", id.slice(-8), "--json")).json()).toEqual([{ id, ok: true }]);
    expect((await alice("list", "--json")).json()).toMatchObject([{ id, trashed: true }]);
    expect((await alice("get", id, "-o", "still", "--json")).code).toBe(0);
    expect((await alice("rm", id)).code).toBe(0);
    expect((await alice("restore", id, "--json")).json()).toEqual([{ id, ok: true }]);
    expect((await alice("list", "--json")).json()).toMatchObject([{ id, trashed: false }]);
    expect((await alice("restore", id)).code).toBe(0);
  });

  test("says what is known of it, and why it is where it is", async () => {
    const { id } = await upload("known.png", 30_000, 2);
    await eventually(async () => {
      const [info] = (await alice("info", id, "--json")).json();
      const homes = (info?.homes ?? []) as { syncedAt: string | null }[];
      return homes.length === 3 && homes.every(({ syncedAt }) => syncedAt !== null);
    });
    const [info] = (await alice("info", id, "--json")).json();
    expect(info).toMatchObject({ id, name: "known.png", assignedBy: "leader", copies: 3, trashedAt: null });
    const [why] = (await alice("why", id, "--json")).json();
    expect(why).toMatchObject({ id, node: info?.processedBy, term: info?.term, attempt: 1 });
    expect(why?.candidates).toHaveLength(3);
    expect(why?.acknowledged).toHaveLength(3);
    const told = await alice("why", id);
    expect(told.stdout).toContain(`→ node ${String(why?.node)}`);
    expect((await alice("info", id)).stdout).toContain("known.png");
  });

  test("is purged only when that is meant, then gone on all disks at once, and no byte of it stays", async () => {
    const { id, savedAs } = await upload("gone.png", 40_000, 3);
    const sealed = readFileSync(savedAs);
    // Somewhere in the payload, behind the header.
    const trace = sealed.subarray(sealed.length - 2_000, sealed.length - 1_900);
    await eventually(() => disksWith(trace) === 3);
    const asked = await alice("purge", id);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain("--yes");
    expect((await alice("purge", id, "--yes", "--json")).json()).toEqual([{ id, ok: true }]);
    expect((await alice("get", id, "-o", "x")).code).toBe(4);
    expect((await alice("restore", id)).code).toBe(4);
    await eventually(() => disksWith(trace) === 0);
  });

  test("of somebody else cannot be touched, and several at once each have their answer", async () => {
    const { id } = await upload("mine.png", 10_000, 4);
    for (const command of ["rm", "restore", "info", "why"]) expect((await bob(command, id)).code).toBe(4);
    expect((await bob("purge", id, "--yes")).code).toBe(4);
    const several = await alice("rm", id, "ffffffff", "--json");
    expect(several.code).toBe(1);
    expect(several.json()).toMatchObject([
      { id, ok: true },
      { id: "ffffffff", code: "IMAGE_NOT_FOUND" },
    ]);
  });
});

describe("a node whose data is gone", () => {
  test("is filled again by itself, and status tells when every image has its copies", async () => {
    const follower = cluster.nodes.find(({ id }) => id !== cluster.leader);
    if (follower === undefined) throw new Error("three nodes have a follower");
    const listed = (await alice("list", "--json")).json().length;
    const folder = join(lab.folder, ".distinsta", "nodes", String(follower.id));
    process.kill(follower.pid, "SIGKILL");
    rmSync(folder, { recursive: true });
    const back = lab.start(["server", String(follower.id), "--headless"]);
    await back.until("refilled", ({ event }) => event === "disk.refilled");
    await eventually(async () => {
      const [status] = (await lab.run(["status", "--json"])).json();
      const nodes = status?.nodes as { id: number; images: number }[];
      const risk = status?.risk as { underReplicated: number } | null;
      return risk?.underReplicated === 0 && nodes.every(({ images }) => images === listed);
    });
    expect((await lab.run(["status"])).stdout).toContain("every image has its copies");
    back.child.kill("SIGTERM");
    expect((await back.ended).code).toBe(0);
  });
});

/** How many nodes have these bytes in any file of their disk. */
const disksWith = (trace: Buffer): number =>
  cluster.nodes.filter(({ id }) => {
    const folder = join(lab.folder, ".distinsta", "nodes", String(id));
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    return files.some((file) => contentOf(join(file.parentPath, file.name)).includes(trace));
  }).length;

/** A file that a running node has just replaced or removed has nothing. */
const contentOf = (path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
};
