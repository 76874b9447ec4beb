import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { User } from "../../../core/io/pki/users.ts";
import { type ImageId, type NodeId, nodeId, term } from "../../../core/model/ids.ts";
import type { ImageRecord } from "../../../core/model/records.ts";
import { type Picture, pictureOfBytes } from "../../support/pictures.ts";
import { getOn, requestFor, sendUpload, startCluster, type TestCluster, until } from "./cluster.ts";

const [one, two, three] = [nodeId(1), nodeId(2), nodeId(3)] as const;
const quick = '[images]\ninspect = "header"\n[cluster]\nstable_window_ms = 400\n';

let cluster: TestCluster;
let alice: User;
let picture: Picture;

const start = async (nodes: number, replication: number): Promise<void> => {
  cluster = await startCluster(nodes, `${quick}replication = ${replication}\n`);
  [alice, picture] = await Promise.all([cluster.user("alice"), pictureOfBytes("image/png", 80_000)]);
};
afterEach(() => cluster.close());

const upload = async (node: NodeId): Promise<ImageId> => {
  const assignment = { node, term: term(0), by: "fallback" } as const;
  const request = await requestFor(alice, picture.bytes, { assignment });
  const connection = await cluster.connect(node, alice.credentials);
  const { last } = await sendUpload(connection, request, picture.bytes);
  connection.destroy(null);
  expect(last).toMatchObject({ kind: "receipt", id: request.id });
  return request.id;
};

/** Files of the image's payload on a node's disk, by path. */
const filesOf = (node: NodeId, id: ImageId): readonly string[] => {
  const folder = join(cluster.data, "nodes", String(node), "payloads");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.includes(`${id}.`))
    .map((path) => join(folder, path));
};
const burn = (node: NodeId, id: ImageId): void => {
  const files = filesOf(node, id);
  expect(files).toHaveLength(1);
  for (const path of files) rmSync(path);
};

const ask = async (node: NodeId, id: ImageId) => {
  const connection = await cluster.connect(node, alice.credentials);
  const got = await getOn(connection, id);
  connection.destroy(null);
  return got;
};
const recordOn = async (node: NodeId, id: ImageId): Promise<ImageRecord | null> => {
  const got = await ask(node, id);
  return typeof got === "string" ? null : got.record;
};
const homesOn = (node: NodeId, homes: readonly NodeId[], id: ImageId): Promise<unknown> =>
  until(async () => (await recordOn(node, id))?.homes.value.join() === homes.join());
const said = (node: NodeId, kind: "copy.made" | "copy.missing", id: ImageId): Promise<unknown> =>
  until(() =>
    cluster.events.some(
      (entry) => entry.node === node && entry.event.kind === kind && entry.event.image === id,
    ),
  );

describe("a node that was away", () => {
  test("gets what was stored meanwhile, and everybody counts its copy", async () => {
    await start(3, 3);
    await cluster.stop(two);
    const id = await upload(one);
    expect((await recordOn(one, id))?.homes.value).toEqual([one, three]);
    await cluster.start(two);
    await said(two, "copy.made", id);
    expect(filesOf(two, id)).toHaveLength(1);
    for (const node of cluster.nodes) await homesOn(node, [one, two, three], id);
  });

  test("gets again what its record promises and its disk has lost", async () => {
    await start(3, 3);
    const id = await upload(one);
    await until(() => filesOf(three, id).length === 1);
    await cluster.stop(three);
    burn(three, id);
    await cluster.start(three);
    await said(three, "copy.made", id);
    expect(filesOf(three, id)).toHaveLength(1);
    await homesOn(one, [one, two, three], id);
  });

  test("and stays away: the next node in order takes a copy", async () => {
    await start(4, 3);
    const id = await upload(one);
    const homes = (await recordOn(one, id))?.homes.value ?? [];
    expect(homes).toHaveLength(3);
    const gone = homes.find((node) => node !== one) ?? two;
    const spare = cluster.nodes.find((node) => !homes.includes(node)) ?? two;
    await until(() => homes.every((node) => filesOf(node, id).length === 1));
    await cluster.stop(gone);
    await said(spare, "copy.made", id);
    expect(filesOf(spare, id)).toHaveLength(1);
    // The one that went may come back with its copy: it stays on the list.
    await homesOn(one, cluster.nodes, id);
  });
});

test("a node that cannot get what it is listed for says that it has none", async () => {
  await start(3, 2);
  const id = await upload(one);
  const homes = (await recordOn(one, id))?.homes.value ?? [];
  await until(() => homes.every((node) => filesOf(node, id).length === 1));
  for (const node of cluster.nodes) await cluster.stop(node);
  for (const node of homes) burn(node, id);
  for (const node of cluster.nodes) await cluster.start(node);
  for (const node of homes) await said(node, "copy.missing", id);
  // The record is still known; that its picture is gone is said, not hidden.
  const connection = await cluster.connect(three, alice.credentials);
  await until(async () => {
    await connection.send({ kind: "list", before: null, limit: 10 });
    const page = await connection.receive({ withinMs: 20_000 });
    if (page.kind !== "message" || page.message.kind !== "list.page") return false;
    return page.message.records.find((record) => record.facts.id === id)?.homes.value.length === 0;
  });
});
