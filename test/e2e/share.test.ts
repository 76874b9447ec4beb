/** Sharing, with real processes on real disks: what alice lets bob read, bob lists and opens, and nobody else does. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openHeader, splitAgeFile } from "../../core/seal/header.ts";
import { createOpener } from "../../core/seal/payload.ts";
import { pictureOfBytes } from "../support/pictures.ts";
import { eventually, type Lab, type LaunchedCluster, openLab } from "./lab.ts";

let lab: Lab;
let cluster: LaunchedCluster;

beforeAll(async () => {
  lab = openLab();
  cluster = await lab.launch();
  // Somebody who has come once is known.
  for (const name of ["bob", "carol"]) expect((await lab.run(["client", name, "list"])).code).toBe(0);
});
afterAll(() => lab.close());

const as =
  (name: string) =>
  (...words: string[]) =>
    lab.run(["client", name, ...words]);
const [alice, bob, carol] = [as("alice"), as("bob"), as("carol")];

const upload = async (
  name: string,
  seed: number,
): Promise<{ readonly id: string; readonly bytes: Buffer }> => {
  const { bytes } = await pictureOfBytes("image/png", 90_000, seed);
  await writeFile(join(lab.folder, name), bytes);
  const [line] = (await alice("upload", name, "--json")).json();
  expect(line).toMatchObject({ ok: true });
  return { id: String(line?.id), bytes: Buffer.from(bytes) };
};
const identityOf = (name: string): string => {
  const text = readFileSync(join(lab.folder, ".distinsta", "users", name, "identity.txt"), "utf8");
  return /AGE-SECRET-KEY-1\w+/.exec(text)?.[0] ?? "";
};

describe("a shared image", () => {
  test("is listed, described and fetched by its reader, whose own header opens it, as any age does", async () => {
    const { id, bytes } = await upload("shared.png", 1);
    expect((await bob("get", id)).code).toBe(4);
    expect((await alice("share", id.slice(-8), "bob", "--json")).json()).toEqual([{ id, ok: true }]);

    expect((await bob("list", "--json")).json()).toMatchObject([{ id, owner: "alice", trashed: false }]);
    expect((await bob("list")).stdout).toContain("from alice");
    expect((await bob("info", id.slice(-8), "--json")).json()).toMatchObject([
      { id, owner: "alice", sharedWith: ["bob"] },
    ]);
    const [got] = (await bob("get", id, "-o", "bobs.png", "--json")).json();
    expect(readFileSync(String(got?.savedAs)).equals(bytes)).toBe(true);

    const [sealed] = (await bob("get", id, "--sealed", "-o", "bobs.png.age", "--json")).json();
    const file = readFileSync(String(sealed?.savedAs));
    const headerBytes = splitAgeFile(file) ?? 0;
    const fileKey = await openHeader(file.subarray(0, headerBytes), identityOf("bob"), id);
    if (!fileKey.ok) throw new Error(fileKey.fault.code);
    const opener = createOpener({ fileKey: fileKey.value, id });
    const opened = [...opener.push(file.subarray(headerBytes)).plain, ...opener.finish().plain];
    expect(Buffer.concat(opened).equals(bytes)).toBe(true);
    // Alice's header is for alice, and bob's for bob.
    expect((await openHeader(file.subarray(0, headerBytes), identityOf("alice"), id)).ok).toBe(false);
    const age = ageAt();
    if (age !== null) {
      const identity = join(lab.folder, ".distinsta", "users", "bob", "identity.txt");
      expect(execFileSync(age, ["-d", "-i", identity, String(sealed?.savedAs)]).equals(bytes)).toBe(true);
    }
    expect((await carol("list", "--json")).json()).toEqual([]);
    expect((await carol("get", id)).code).toBe(4);
  });

  test("is its owner's still: a reader may change nothing, a stranger does not even find it", async () => {
    const { id } = await upload("owned.png", 2);
    expect((await alice("share", id, "bob")).code).toBe(0);
    for (const words of [
      ["rm", id],
      ["restore", id],
      ["purge", id, "--yes"],
      ["share", id, "dave"],
      ["unshare", id, "bob"],
    ]) {
      const refused = await bob(...words, "--json");
      expect(refused.json(), words.join(" ")).toMatchObject([{ ok: false, code: "IMAGE_NOT_OWNED" }]);
      expect(refused.code, words.join(" ")).toBe(5);
      expect((await carol(...words)).code, words.join(" ")).toBe(4);
    }
    expect((await alice("list", "--json")).json()).toMatchObject([{ id, trashed: false }, {}]);
  });

  test("is not found any more once that is taken back, until it is shared again", async () => {
    const { id, bytes } = await upload("taken.png", 3);
    expect((await alice("share", id, "bob")).code).toBe(0);
    expect((await alice("share", id, "bob")).code).toBe(0);
    expect((await alice("info", id, "--json")).json()).toMatchObject([{ sharedWith: ["bob"] }]);
    expect((await alice("unshare", id, "bob", "--json")).json()).toEqual([{ id, ok: true }]);
    expect((await alice("unshare", id, "bob")).code).toBe(0);
    expect((await bob("get", id)).code).toBe(4);
    expect((await bob("list", "--json")).json().map((line) => line.id)).not.toContain(id);
    expect((await alice("info", id, "--json")).json()).toMatchObject([{ sharedWith: [] }]);
    expect((await alice("share", id, "bob")).code).toBe(0);
    const [got] = (await bob("get", id, "-o", "again.png", "--json")).json();
    expect(readFileSync(String(got?.savedAs)).equals(bytes)).toBe(true);
  });

  test("is hidden from its readers while it is in the trash, and gone for them when it is purged", async () => {
    const { id } = await upload("thrown.png", 4);
    expect((await alice("share", id, "carol")).code).toBe(0);
    expect((await carol("get", id, "-o", "x.png")).code).toBe(0);
    expect((await alice("rm", id)).code).toBe(0);
    expect((await carol("list", "--json")).json()).toEqual([]);
    expect((await carol("get", id)).code).toBe(4);
    expect((await alice("restore", id)).code).toBe(0);
    expect((await carol("list", "--json")).json()).toMatchObject([{ id }]);
    expect((await alice("purge", id, "--yes")).code).toBe(0);
    expect((await carol("list", "--json")).json()).toEqual([]);
  });
});

describe("what cannot be shared", () => {
  test("has its own exit code and a hint", async () => {
    const { id } = await upload("alone.png", 5);
    const unknown = await alice("share", id, "nobody", "--json");
    expect(unknown.code).toBe(4);
    expect(unknown.json()).toMatchObject([{ id, ok: false, code: "USER_NOT_FOUND" }]);
    expect(unknown.stderr).toContain("error: no user nobody");
    expect(unknown.stderr).toContain("hint: nobody must have come once: distinsta client nobody list");
    expect((await alice("share", "ffffffff", "bob")).code).toBe(4);
    expect((await alice("unshare", id, "bob", "--json")).json()).toMatchObject([{ code: "NOT_SHARED" }]);
    expect((await alice("unshare", id, "bob")).code).toBe(4);
    for (const words of [["share", id, "alice"], ["share", id, "No User"], ["share", id], ["share"]])
      expect((await alice(...words)).code, words.join(" ")).toBe(2);
  });
});

describe("who has come to one node", () => {
  test("is known to all of them soon, also to one whose disk was burnt, and without it to those that are left", async () => {
    const follower = cluster.nodes.find(({ id }) => id !== cluster.leader);
    if (follower === undefined) throw new Error("three nodes have a follower");
    const folderOf = (node: number): string => join(lab.folder, ".distinsta", "nodes", String(node));
    const knows = (node: number): boolean => existsSync(join(folderOf(node), "users", "bob.pem"));
    await eventually(async () => cluster.nodes.every(({ id }) => knows(id)));
    process.kill(follower.pid, "SIGKILL");
    rmSync(folderOf(follower.id), { recursive: true });
    const { id } = await upload("later.png", 6);
    expect((await alice("share", id, "bob")).code).toBe(0);
    const back = lab.start(["server", String(follower.id), "--headless"]);
    await back.until("refilled", ({ event }) => event === "disk.refilled");
    await eventually(async () => knows(follower.id));
    back.child.kill("SIGTERM");
    expect((await back.ended).code).toBe(0);
  });
});

/** The age of this machine, when it has one. */
const ageAt = (): string | null =>
  ["/usr/bin/age", "/usr/local/bin/age"].find((path) => existsSync(path)) ?? null;
