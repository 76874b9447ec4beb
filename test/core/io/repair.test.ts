import { afterEach, describe, expect, test } from "vitest";
import { type ImageId, type NodeId, nodeId } from "../../../core/model/ids.ts";
import { homesOf, type ImageRecord } from "../../../core/model/records.ts";
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

const start = async (nodes: number, replication: number): Promise<void> => {
  cluster = await startCluster(nodes, `${quick}replication = ${replication}\n`);
  [alice, picture] = await Promise.all([cluster.user("alice"), pictureOfBytes("image/png", 80_000)]);
};
afterEach(() => cluster.close());

interface Uploaded {
  readonly id: ImageId;
  readonly payload: Buffer;
}

const upload = async (node: NodeId): Promise<Uploaded> => {
  const request = await requestFor(alice, picture.bytes, { assignment: assignedTo(node) });
  const connection = await cluster.connect(node, alice.credentials);
  const { last, payload } = await sendUpload(connection, request, picture.bytes);
  connection.destroy(null);
  expect(last).toMatchObject({ kind: "receipt", id: request.id });
  return { id: request.id, payload };
};

const ask = async (node: NodeId, id: ImageId) => {
  const connection = await cluster.connect(node, alice.credentials);
  const got = await getOn(connection, id);
  connection.destroy(null);
  return got;
};
const recordOn = async (node: NodeId, id: ImageId): Promise<ImageRecord | null> => {
  const record = (await cluster.look(node, id))?.record;
  return record?.kind === "image" ? record : null;
};
const homesIn = (record: ImageRecord | null): readonly NodeId[] =>
  record === null ? [] : homesOf(record).map(({ node }) => node);
/** Until `node` knows these homes, each with a synced copy. */
const homesOn = (node: NodeId, homes: readonly NodeId[], id: ImageId): Promise<unknown> =>
  until(async () => {
    const record = await recordOn(node, id);
    return (
      homesIn(record).join() === homes.join() &&
      record !== null &&
      homesOf(record).every(({ syncedAt }) => syncedAt !== null)
    );
  });
const holders = (wanted: readonly NodeId[], id: ImageId): Promise<unknown> =>
  until(async () => (await cluster.holdersOf(id)).join() === wanted.join());
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
    const { id } = await upload(one);
    expect(homesIn(await recordOn(one, id))).toEqual([one, three]);
    await cluster.start(two);
    await said(two, "copy.made", id);
    await holders([one, two, three], id);
    for (const node of cluster.nodes) await homesOn(node, [one, two, three], id);
  });

  test("and stays away: the next node in order takes a copy", async () => {
    await start(4, 3);
    const { id } = await upload(one);
    const homes = homesIn(await recordOn(one, id));
    expect(homes).toHaveLength(3);
    const gone = homes.find((node) => node !== one) ?? two;
    const spare = cluster.nodes.find((node) => !homes.includes(node)) ?? two;
    await holders(homes, id);
    await cluster.stop(gone);
    await said(spare, "copy.made", id);
    await holders(
      cluster.nodes.filter((node) => node !== gone),
      id,
    );
    // The one that went may come back with its copy: it stays on the list.
    await homesOn(one, cluster.nodes, id);
  });
});

// In a segment a payload does not vanish by itself, it is found to be damaged: when it is read, or by the background check.
test("a copy that is damaged is never given out, and is fetched again", async () => {
  await start(3, 3);
  const { id, payload } = await upload(one);
  await holders([one, two, three], id);
  await cluster.stop(three);
  cluster.damage(three, payload);
  await cluster.start(three);
  await cluster.settled();
  const got = await ask(three, id);
  expect(typeof got === "string" ? got : got.payload.equals(payload)).toBe(true);
  await said(three, "copy.made", id);
  await holders([one, two, three], id);
  await homesOn(one, [one, two, three], id);
});

test("a node that cannot get what it is listed for says that it has none", async () => {
  await start(3, 2);
  const { id, payload } = await upload(one);
  const homes = homesIn(await recordOn(one, id));
  await holders(homes, id);
  for (const node of cluster.nodes) await cluster.stop(node);
  for (const node of homes) cluster.damage(node, payload);
  for (const node of cluster.nodes) await cluster.start(node);
  await cluster.settled();
  // The record is there; the body is not.
  for (const node of homes) expect(await ask(node, id)).toBe("refused");
  for (const node of homes) await said(node, "copy.missing", id);
  // The record is still known; that its picture is gone is said, not hidden.
  const connection = await cluster.connect(three, alice.credentials);
  await until(async () => {
    await connection.send({ kind: "list", before: null, limit: 10 });
    const page = await connection.receive({ withinMs: 20_000 });
    if (page.kind !== "message" || page.message.kind !== "list.page") return false;
    const record = page.message.records.find(({ facts }) => facts.id === id);
    return record !== undefined && homesOf(record).length === 0;
  });
});
