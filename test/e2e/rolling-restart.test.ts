/** What `systemctl restart` on one machine after the other does to people who upload meanwhile: nothing. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type NodeId, nodeId } from "../../core/model/ids.ts";
import { gatedSource, must } from "../core/io/cluster.ts";
import { type Picture, pictureOfBytes } from "../support/pictures.ts";
import { type Fleet, faultsIn, keepUploading, listOn, startFleet } from "./fleet.ts";

/** The stable window is short, so that the highest id has the lead again before the next restart. */
const quick = '[cluster]\nstable_window_ms = 600\n[images]\ninspect = "header"\n';

let fleet: Fleet;
let pictures: readonly Picture[];
beforeAll(async () => {
  pictures = await Promise.all(
    [20_000, 60_000, 400_000].map((bytes, seed) => pictureOfBytes("image/jpeg", bytes, seed)),
  );
  fleet = await startFleet(3, quick);
});
afterAll(() => fleet.close());

/** Stops it as a service manager does; what it said from then on. */
const stopInGoodOrder = async (id: NodeId): Promise<readonly Record<string, unknown>[]> => {
  const { events } = fleet.process(id);
  const before = events.length;
  expect(await fleet.stop(id), `node ${id}`).toMatchObject({ code: 0, stderr: "" });
  expect(events.at(-1)).toMatchObject({ event: "node.stopped" });
  return events.slice(before);
};

test("all nodes are restarted one by one under uploads from 4 clients: none fails, and a leader hands over", async () => {
  const uploaders = await keepUploading(fleet, 4, pictures);
  await uploaders.more(8);
  const first = await fleet.settled();
  for (const id of [first, ...fleet.nodes.filter((node) => node !== first)]) {
    const leader = await fleet.settled();
    const said = await stopInGoodOrder(id);
    const handedOver = expect.objectContaining({ event: "leader.handed-over" });
    if (id === leader) expect(said, `node ${id}, which leads`).toContainEqual(handedOver);
    await uploaders.more(8);
    fleet.start(id);
  }
  await fleet.settled();
  await uploaders.more(8);
  const ledger = await uploaders.stop();
  expect(await faultsIn(fleet, ledger)).toEqual([]);
  const alice = await fleet.clients.user("alice");
  const acknowledged = ledger.entries.map(({ receipt }) => receipt.id).toSorted();
  for (const node of fleet.nodes) {
    const connection = await fleet.clients.connect(node, alice.credentials);
    const listed = await listOn(connection);
    expect(typeof listed === "string" ? listed : listed.toSorted(), `list of node ${node}`).toEqual(
      acknowledged,
    );
    connection.destroy(null);
  }
}, 120_000);

test("a node that stops finishes the upload that it has in hand, although the others have heard its goodbye", async () => {
  await fleet.settled();
  const client = await fleet.clients.client("dora");
  const picture = await pictureOfBytes("image/jpeg", 2_000_000, 9);
  const gate = Promise.withResolvers<void>();
  const half = Promise.withResolvers<void>();
  const retries: string[] = [];
  let chosen = nodeId(1);
  const uploading = client.upload(
    gatedSource("large.jpg", picture.bytes, gate.promise),
    join(fleet.folder, "dora"),
    {
      onAnswer: (_, reply) => {
        if (reply.kind !== "offer.no-leader") chosen = reply.node;
      },
      onRetry: ({ code }) => retries.push(code),
      onProgress: (bytes) => {
        if (bytes >= picture.bytes.length / 2 - 65_536) half.resolve();
      },
    },
  );
  await half.promise;
  // There are goodbyes of the test before.
  const old = new Set(fleet.nodes.flatMap((node) => fleet.process(node).events));
  const saysGoodbye = (event: Record<string, unknown>): boolean =>
    event.event === "node.down" && event.peer === chosen && event.reason === "goodbye" && !old.has(event);
  const stopping = stopInGoodOrder(chosen);
  for (const node of fleet.nodes.filter((other) => other !== chosen))
    await fleet.process(node).until("its goodbye", saysGoodbye);
  gate.resolve();
  const { receipt } = must(await uploading);
  expect({ node: receipt.node, retries }).toEqual({ node: chosen, retries: [] });
  const stored = { event: "image.stored", image: receipt.id };
  expect(await stopping).toContainEqual(expect.objectContaining(stored));
}, 60_000);
