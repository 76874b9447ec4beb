/** Real nodes, real files, and the stock `age` program as the judge. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ImageType } from "../../core/model/records.ts";
import { otherFiles, pictureOfBytes, refusedFiles, truncated } from "../support/pictures.ts";
import { because, needs } from "../support/skip.ts";
import { eventually, type Lab, type LaunchedCluster, openLab } from "./lab.ts";

let lab: Lab;
let cluster: LaunchedCluster;

beforeAll(async () => {
  lab = openLab();
  cluster = await lab.launch();
});
afterAll(() => lab.close());

const alice = (...words: string[]) => lab.run(["client", "alice", ...words]);
const put = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(lab.folder, name), bytes);
  return name;
};
const openWithAge = (path: string): Buffer =>
  execFileSync("age", ["-d", "-i", join(lab.folder, ".distinsta/users/alice/identity.txt"), path], {
    maxBuffer: 64_000_000,
  });

const reason = needs("age");
const sizes: readonly (readonly [ImageType, number])[] = (
  ["image/jpeg", "image/png", "image/webp"] as const
).flatMap((type) => [1_000, 50_000, 1_000_000, 20_000_000].map((bytes) => [type, bytes] as const));

describe("an upload", () => {
  test
    .skipIf(reason !== null)
    .each([
      ...sizes,
      ["image/gif", 30_000] as const,
      ["image/avif", 30_000] as const,
      ["image/tiff", 90_000] as const,
    ])(
    `of %s, %i bytes, comes back sealed, opens with age, and can be got${because(reason)}`,
    async (type, bytes) => {
      const picture = await pictureOfBytes(type, bytes, 11);
      const file = put(picture.name, picture.bytes);
      const uploaded = await alice("upload", file, "--json");
      expect(uploaded.stderr).toBe("");
      const [line] = uploaded.json();
      expect(line).toMatchObject({ file, ok: true, assignedBy: "leader", bytes: picture.bytes.length });
      expect(uploaded.code).toBe(0);
      const { id, copies, savedAs } = line as { id: string; copies: number; savedAs: string };
      expect(copies).toBeGreaterThanOrEqual(2);
      expect(savedAs).toMatch(new RegExp(`_\\d{8}T\\d{9}Z_${id.slice(-8)}\\.[a-z]+\\.age$`));
      expect(openWithAge(savedAs).equals(picture.bytes)).toBe(true);

      const got = await alice("get", id, "-o", "opened", "--json");
      expect(got.json()).toMatchObject([{ id, ok: true, bytes: picture.bytes.length }]);
      expect(readFileSync(join(lab.folder, "opened")).equals(picture.bytes)).toBe(true);
      const sealed = await alice("get", id.slice(-8), "-o", "sealed", "--sealed");
      expect(sealed.code).toBe(0);
      expect(readFileSync(join(lab.folder, "sealed")).equals(readFileSync(savedAs))).toBe(true);
    },
  );

  test("is listed with what it is, on every node", async () => {
    const picture = await pictureOfBytes("image/png", 5_000, 12);
    const [line] = (await alice("upload", put("listed.png", picture.bytes), "--json")).json();
    await eventually(async () => {
      const listed = (await alice("list", "--json")).json().find((record) => record.id === line?.id);
      expect(listed).toMatchObject({
        name: "listed.png",
        bytes: picture.bytes.length,
        width: picture.width,
        height: picture.height,
        type: "image/png",
        owner: "alice",
        copies: 3,
        trashed: false,
      });
      return listed?.inspected === "ok";
    });
  });

  test("of a damaged picture is kept and flagged", async () => {
    const picture = await pictureOfBytes("image/jpeg", 40_000, 13);
    const [line] = (await alice("upload", put("torn.jpg", truncated(picture.bytes, 0.6)), "--json")).json();
    expect(line?.ok).toBe(true);
    await eventually(async () => {
      const listed = (await alice("list", "--json")).json().find((record) => record.id === line?.id);
      return listed?.inspected === "damaged";
    });
  });

  test("twice makes two images with names of their own", async () => {
    const picture = await pictureOfBytes("image/webp", 3_000, 14);
    const file = put("twice.webp", picture.bytes);
    const both = (await alice("upload", file, file, "--json")).json();
    expect(new Set(both.map((line) => line.id)).size).toBe(2);
    expect(new Set(both.map((line) => line.savedAs)).size).toBe(2);
    expect((await alice("get", ...both.map((line) => String(line.id)))).code).toBe(0);
    expect(readFileSync(join(lab.folder, "twice (2).webp")).equals(picture.bytes)).toBe(true);
  });

  test("of standard input takes the name it is given, and get gives it back to standard output", async () => {
    const picture = await pictureOfBytes("image/png", 200_000, 15);
    const uploaded = await lab.run(["client", "alice", "upload", "-", "--name", "piped.png", "--json"], {
      input: picture.bytes,
    });
    const [line] = uploaded.json();
    expect(line).toMatchObject({ file: "-", ok: true, bytes: picture.bytes.length });
    const opened = execFileSync(
      process.execPath,
      [
        new URL("../../bin/distinsta.js", import.meta.url).pathname,
        "client",
        "alice",
        "get",
        String(line?.id),
        "-o",
        "-",
      ],
      { cwd: lab.folder, maxBuffer: 64_000_000 },
    );
    expect(opened.equals(picture.bytes)).toBe(true);
  });

  test("is fetched into a pipe, which stays one (so does a device), and through a link into the file behind it", async () => {
    const picture = await pictureOfBytes("image/png", 90_000, 31);
    const [line] = (await alice("upload", put("poured.png", picture.bytes), "--json")).json();
    const id = String(line?.id);
    const fifo = join(lab.folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    const [poured, got] = await Promise.all([readFile(fifo), alice("get", id, "-o", "fifo", "--json")]);
    expect(poured.equals(picture.bytes)).toBe(true);
    expect(got.json()).toMatchObject([{ id, ok: true, savedAs: fifo, bytes: picture.bytes.length }]);
    expect(statSync(fifo).isFIFO()).toBe(true);
    expect(existsSync(`${fifo}.part`)).toBe(false);
    const full = await alice("get", id, "-o", "/dev/full", "--json");
    expect(full.code).toBe(1);
    expect(full.json()).toMatchObject([{ id, ok: false, code: "FILE_UNWRITABLE" }]);

    writeFileSync(join(lab.folder, "behind"), "before");
    symlinkSync("behind", join(lab.folder, "link"));
    expect((await alice("get", id, "-o", "link")).code).toBe(0);
    expect(readFileSync(join(lab.folder, "behind")).equals(picture.bytes)).toBe(true);
    expect(lstatSync(join(lab.folder, "link")).isSymbolicLink()).toBe(true);
  });

  test("of standard input under no name, or one that no server takes, is refused before anything is sent", async () => {
    const upload = (...words: string[]) =>
      lab.run(["client", "alice", "upload", "-", ...words], { input: Buffer.from("x") });
    for (const name of [[], ["--name="], ["--name", "/"], ["--name", "x".repeat(256)]]) {
      const refused = await upload(...name);
      expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/^error: .*\nhint: .*\n$/)]);
    }
  });

  test("of a name with a line end is told on one line", async () => {
    const picture = await pictureOfBytes("image/png", 2_000, 18);
    const uploaded = await lab.run(["client", "vera", "upload", "-", "--name", "new\nline.png"], {
      input: picture.bytes,
    });
    expect(uploaded.stdout.split("\n")).toHaveLength(4);
    expect(uploaded.stdout).toContain("  new�line.png: ");
    expect((await lab.run(["client", "vera", "list"])).stdout).toMatch(/^.*new�line\.png\n$/);
  });

  test("of a folder takes every file with -r, and says why not without", async () => {
    mkdirSync(join(lab.folder, "album/summer"), { recursive: true });
    const picture = await pictureOfBytes("image/png", 2_000, 16);
    put("album/one.png", picture.bytes);
    put("album/summer/two.png", picture.bytes);
    const refused = await alice("upload", "album", "--json");
    expect(refused.json()).toMatchObject([{ file: "album", ok: false, code: "FILE_IS_FOLDER" }]);
    expect(refused.code).toBe(1);
    const taken = await alice("upload", "album", "-r", "--json");
    expect(taken.json().map((line) => [line.file, line.ok])).toEqual(
      expect.arrayContaining([
        ["album/one.png", true],
        ["album/summer/two.png", true],
      ]),
    );
    const globbed = await alice("upload", "album/*.png", "album/*.gif", "--json");
    expect(globbed.json()).toHaveLength(2);
    expect(globbed.json()).toContainEqual(
      expect.objectContaining({ file: "album/*.gif", code: "NOTHING_MATCHES" }),
    );
    expect(globbed.code).toBe(1);
  });

  test("of anything else is refused in words, and nothing is stored", async () => {
    const before = (await alice("list", "--json")).json().length;
    const files = [...refusedFiles, ...otherFiles].map(([name, bytes]) =>
      put(`wrong-${name.replaceAll(/[^\w.]/g, "_")}`, bytes),
    );
    const refused = await alice("upload", ...files, "nowhere.png", "--json");
    expect(refused.code).toBe(1);
    expect(refused.json()).toHaveLength(files.length + 1);
    for (const line of refused.json()) {
      expect(line).toMatchObject({ ok: false });
      expect(["NOT_AN_IMAGE", "IMAGE_TYPE_REFUSED", "IMAGE_EMPTY", "FILE_NOT_FOUND"]).toContain(line.code);
      expect(line.hint).toMatch(/\w/);
    }
    expect((await alice("list", "--json")).json()).toHaveLength(before);
    expect(readdirSync(join(lab.folder, "images")).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  test("of 48 files by 8 clients at once: each processed by one node, every node busy", async () => {
    const pictures = await Promise.all(
      Array.from({ length: 48 }, (_, index) => pictureOfBytes("image/jpeg", 60_000, 100 + index)),
    );
    for (const [index, picture] of pictures.entries()) put(`many-${index}.jpg`, picture.bytes);
    const clients = Array.from({ length: 8 }, (_, client) =>
      alice(
        "upload",
        ...Array.from({ length: 6 }, (_, file) => `many-${client * 6 + file}.jpg`),
        "--jobs",
        "6",
        "--json",
      ),
    );
    const lines = (await Promise.all(clients)).flatMap((ended) => ended.json());
    expect(lines).toHaveLength(48);
    expect(lines.filter((line) => line.ok !== true)).toEqual([]);
    const ids = lines.map((line) => String(line.id));
    await eventually(() => ids.every((id) => storedEvents(id).length > 0));
    expect(ids.filter((id) => storedEvents(id).length !== 1)).toEqual([]);
    for (const node of [1, 2, 3]) {
      expect(
        lines.filter((line) => line.node === node).length,
        `share of node ${node}`,
      ).toBeGreaterThanOrEqual(10);
    }
  });

  const storedEvents = (id: string) =>
    cluster.events.filter((event) => event.event === "image.stored" && event.image === id);
});

describe("an image of somebody else", () => {
  test("does not exist for others", async () => {
    const picture = await pictureOfBytes("image/png", 2_000, 17);
    const [line] = (await alice("upload", put("mine.png", picture.bytes), "--json")).json();
    const got = await lab.run(["client", "bob", "get", String(line?.id), "--json"]);
    expect(got.json()).toMatchObject([{ ok: false, code: "IMAGE_NOT_FOUND" }]);
    expect(got.code).toBe(4);
    expect((await lab.run(["client", "bob", "list", "--json"])).json()).toEqual([]);
  });
});

describe("the status", () => {
  test("has the fields that scripts know", async () => {
    const [status] = (await lab.run(["status", "--json"])).json();
    expect(status).toMatchObject({ quorum: true, tolerance: 1 });
    const nodes = status?.nodes as Record<string, unknown>[];
    expect(nodes.map((node) => [node.id, node.state])).toEqual([1, 2, 3].map((id) => [id, "up"]));
    const leaders = nodes.filter((node) => node.role === "leader").map((node) => node.id);
    expect(leaders).toEqual(status?.leader === null ? [] : [status?.leader]);
    for (const node of nodes) {
      expect(Object.keys(node)).toEqual([
        "id",
        "address",
        "state",
        "role",
        "heartbeatMs",
        "inFlight",
        "load",
        "images",
        "payloadBytes",
        "diskFreeBytes",
        "uptimeMs",
        "drained",
        "readOnly",
        "rebuild",
        "scrub",
      ]);
    }
  });
});
