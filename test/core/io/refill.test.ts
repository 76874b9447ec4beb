/** Disks that burn, fall back or break under running nodes, and come out whole again. */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { startNode } from "../../../core/io/node.ts";
import { nodeFolderOf } from "../../../core/io/node-lock.ts";
import { type ImageId, type NodeId, nodeId } from "../../../core/model/ids.ts";
import { testFolder } from "../../support/folders.ts";
import { type Picture, pictureOfBytes } from "../../support/pictures.ts";
import { until } from "../../support/until.ts";
import {
  assignedTo,
  getOn,
  requestFor,
  sendUpload,
  startCluster,
  type TestCluster,
  type TestUser,
} from "./cluster.ts";

const [one, two, three] = [nodeId(1), nodeId(2), nodeId(3)] as const;
const quick = '[images]\ninspect = "header"\n[cluster]\nstable_window_ms = 400\n';

let cluster: TestCluster;
let alice: TestUser;
let picture: Picture;

const start = async (nodes: number): Promise<void> => {
  cluster = await startCluster(nodes, `${quick}replication = ${nodes}\n`);
  [alice, picture] = await Promise.all([cluster.user("alice"), pictureOfBytes("image/png", 60_000)]);
};
afterEach(() => cluster.close());

const upload = async (node: NodeId): Promise<ImageId> => {
  const request = await requestFor(alice, picture.bytes, { assignment: assignedTo(node) });
  const connection = await cluster.connect(node, alice.credentials);
  const { last } = await sendUpload(connection, request, picture.bytes);
  connection.destroy(null);
  expect(last).toMatchObject({ kind: "receipt", id: request.id });
  return request.id;
};
const gives = async (node: NodeId, id: ImageId): Promise<boolean> => {
  const connection = await cluster.connect(node, alice.credentials);
  const got = await getOn(connection, id);
  connection.destroy(null);
  return typeof got !== "string";
};
const holders = (wanted: readonly NodeId[], id: ImageId): Promise<unknown> =>
  until(async () => (await cluster.holdersOf(id)).join() === wanted.join());
const folderOf = (node: NodeId): string => nodeFolderOf(cluster.data, node);
const storeOf = (node: NodeId): string =>
  JSON.parse(readFileSync(join(folderOf(node), "store.json"), "utf8")).store;
const generationOf = (node: NodeId): number =>
  JSON.parse(readFileSync(join(folderOf(node), "store.json"), "utf8")).generation;
const asideOf = (node: NodeId): readonly string[] => {
  const folder = join(folderOf(node), "set-aside");
  return existsSync(folder) ? readdirSync(folder) : [];
};

describe("a disk among others", () => {
  test("that burnt is empty and not new: it is refilled, and its copies come back", async () => {
    await start(3);
    const id = await upload(one);
    await holders([one, two, three], id);
    const before = storeOf(three);
    await cluster.stop(three);
    rmSync(folderOf(three), { recursive: true });
    await cluster.start(three);
    await until(() => cluster.view(three).nodes[2]?.state === "up");
    expect(cluster.diskEvents(three)).toEqual(["disk.born", "disk.rebuilding", "disk.refilled", "disk.born"]);
    expect([storeOf(three) === before, generationOf(three)]).toEqual([false, 2]);
    expect(await gives(three, id)).toBe(true);
    await holders([one, two, three], id);
  });

  test("that burnt says for whom it waits, and goes on when they have come", async () => {
    await start(3);
    const id = await upload(one);
    await holders([one, two, three], id);
    await cluster.stop(three);
    await cluster.stop(two);
    rmSync(folderOf(two), { recursive: true });
    await cluster.start(two);
    const rebuild = () => cluster.view(two).nodes[1]?.rebuild;
    await until(() => rebuild()?.waitingFor.join() === String(three));
    expect(rebuild()?.phase).toBe("waiting");
    await cluster.start(three);
    await until(() => cluster.view(two).nodes[1]?.state === "up");
    await holders([one, two, three], id);
  });

  test("that was put back from a backup finds that out from nodes that were up all the time", async () => {
    await start(3);
    await upload(one);
    // The backup is of a stopped node; since then it was started some times, and an image came.
    await cluster.stop(three);
    const backup = testFolder();
    cpSync(folderOf(three), backup, { recursive: true });
    for (let starts = 0; starts < 3; starts++) {
      await cluster.start(three);
      await cluster.settled();
      await cluster.stop(three);
    }
    await cluster.start(three);
    await cluster.settled();
    const later = await upload(three);
    await holders([one, two, three], later);
    await cluster.stop(three);
    rmSync(folderOf(three), { recursive: true });
    cpSync(backup, folderOf(three), { recursive: true });
    const before = cluster.events.length;
    await cluster.start(three);
    await until(() => cluster.events.slice(before).some(({ event }) => event.kind === "disk.refilled"));
    await until(() => cluster.view(three).nodes[2]?.state === "up");
    const said = cluster.events
      .slice(before)
      .flatMap(({ node, event }) => (node === three ? [event.kind] : []));
    for (const kind of ["disk.outdated", "disk.set-aside", "disk.rebuilding", "disk.refilled"] as const)
      expect(said).toContain(kind);
    expect(await gives(three, later)).toBe(true);
    await holders([one, two, three], later);
    // What was set aside is gone once it is not needed any more.
    await until(() => asideOf(three).length === 0);
  });

  test("that has lost what it had stored is set aside by itself, and filled again", async () => {
    await start(2);
    const id = await upload(one);
    await holders([one, two], id);
    await cluster.stop(two);
    const manifest = join(folderOf(two), "segments", "manifest.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace(/[0-9]/, "x"));
    await cluster.start(two);
    await until(() => cluster.view(two).nodes[1]?.state === "up");
    expect(cluster.diskEvents(two).slice(-4)).toEqual([
      "disk.set-aside",
      "disk.rebuilding",
      "disk.refilled",
      "disk.born",
    ]);
    await holders([one, two], id);
    await until(() => asideOf(two).length === 0);
  });
});

test("a disk of which a small file was removed is filled anew, and nothing of the old one is left in the end", async () => {
  await start(3);
  const id = await upload(one);
  for (const [name, generation] of [
    ["term.json", 2],
    ["store.json", 3],
  ] as const) {
    await holders([one, two, three], id);
    await cluster.stop(three);
    rmSync(join(folderOf(three), name));
    await cluster.start(three);
    await until(() => cluster.view(three).nodes[2]?.state === "up" && generationOf(three) === generation);
    await until(() => asideOf(three).length === 0);
  }
  await holders([one, two, three], id);
});

test("all disks put back together, from copies of stopped nodes, are what each remembers of the others", async () => {
  await start(3);
  const before = await upload(one);
  await holders([one, two, three], before);
  const nodes = [one, two, three];
  const inTurn = async (act: (node: NodeId) => Promise<unknown>): Promise<void> => {
    for (const node of nodes) await act(node);
  };
  const backup = testFolder();
  await inTurn((node) => cluster.stop(node));
  for (const node of nodes) cpSync(folderOf(node), join(backup, String(node)), { recursive: true });
  await inTurn((node) => cluster.start(node));
  await cluster.settled();
  const later = await upload(two);
  await inTurn((node) => cluster.stop(node));
  for (const node of nodes) {
    rmSync(folderOf(node), { recursive: true });
    cpSync(join(backup, String(node)), folderOf(node), { recursive: true });
  }
  await inTurn((node) => cluster.start(node));
  await until(() => nodes.every((node) => cluster.view(node).nodes.every(({ state }) => state === "up")));
  expect(nodes.flatMap(asideOf)).toEqual([]);
  for (const node of nodes)
    expect([await gives(node, before), await gives(node, later)]).toEqual([true, false]);
});

describe("a disk that is alone", () => {
  const damaged = async (): Promise<Readonly<Record<string, string>>> => {
    await start(1);
    await upload(one);
    await cluster.stop(one);
    const manifest = join(folderOf(one), "segments", "manifest.json");
    writeFileSync(manifest, readFileSync(manifest, "utf8").replace(/[0-9]/, "x"));
    return segmentsIn(join(folderOf(one), "segments"));
  };
  const segmentsIn = (folder: string): Readonly<Record<string, string>> =>
    Object.fromEntries(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString("latin1")]),
    );

  test("and has lost something is left as it is: nobody could fill the next one", async () => {
    const before = await damaged();
    expect(await startNode(cluster.optionsOf(one))).toMatchObject({
      ok: false,
      fault: { code: "STORE_DAMAGED" },
    });
    expect(segmentsIn(join(folderOf(one), "segments"))).toEqual(before);
    expect(asideOf(one)).toEqual([]);
  });

  test("begins anew when loss is accepted, and even then keeps what is left of the old one", async () => {
    const before = await damaged();
    await cluster.start(one, true);
    await until(() => cluster.view(one).leader === one);
    await upload(one);
    await cluster.stop(one);
    const [old = ""] = asideOf(one);
    expect(segmentsIn(join(folderOf(one), "set-aside", old, "segments"))).toEqual(before);
  });
});
