/** Nodes that are killed, frozen and restarted while people upload: nothing fails, nothing acknowledged is lost. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ImageId, nodeId } from "../../core/model/ids.ts";
import { gatedSource, must } from "../core/io/cluster.ts";
import { type Picture, pictureOfBytes } from "../support/pictures.ts";
import { until } from "../support/until.ts";
import {
  type Fleet,
  faultsIn,
  keepUploading,
  type Ledger,
  listOn,
  sha256,
  startFleet,
  uploadOne,
} from "./fleet.ts";
import { eventually } from "./lab.ts";

const [one, two, three] = [nodeId(1), nodeId(2), nodeId(3)] as const;
/** The stable window is short, so that the highest id has the lead again soon. */
const quick = '[cluster]\nstable_window_ms = 600\n[images]\ninspect = "header"\n';

let fleet: Fleet;
let pictures: readonly Picture[];

beforeAll(async () => {
  const types = ["image/jpeg", "image/png", "image/webp"] as const;
  pictures = await Promise.all(
    types.flatMap((type) =>
      [20_000, 60_000, 150_000].map((bytes, seed) => pictureOfBytes(type, bytes, seed)),
    ),
  );
  fleet = await startFleet(3, quick);
});
afterAll(() => fleet.close());

const idsIn = (ledger: Ledger): readonly ImageId[] => ledger.entries.map(({ receipt }) => receipt.id);

/** Until every node has a copy of every image on its own disk, and counts each once. */
const copiedEverywhere = async (ledger: Ledger): Promise<void> => {
  const images = new Set([...fleet.acknowledged, ...idsIn(ledger)]).size;
  await fleet.copiedEverywhere(idsIn(ledger));
  await eventually(async () =>
    [...(await fleet.views())].every(
      ([node, view]) => view?.nodes.find(({ id }) => id === node)?.images === images,
    ),
  );
};

/** Each acknowledged image is listed once, and none that nobody was told of. */
const listedEverywhere = async (): Promise<void> => {
  const alice = await fleet.clients.user("alice");
  for (const node of fleet.nodes) {
    const connection = await fleet.clients.connect(node, alice.credentials);
    const listed = await listOn(connection);
    connection.destroy(null);
    expect([...listed].toSorted(), `list of node ${node}`).toEqual([...fleet.acknowledged].toSorted());
  }
};

describe("a node that comes back", () => {
  test("with the highest id is handed the lead after the stable window", async () => {
    await fleet.kill(three);
    await fleet.newLeader(three);
    const back = fleet.start(three);
    await back.until("the lead", (event) => event.event === "leader.elected" && event.leader === three);
    const handedOver = (event: Record<string, unknown>): boolean =>
      event.event === "leader.handed-over" && event.to === three;
    await eventually(() => [one, two].some((node) => fleet.process(node).events.some(handedOver)));
  });

  test("answers nothing stale, and gets what it missed from the others", async () => {
    const ledger: Ledger = { entries: [], failures: [] };
    const client = await fleet.clients.client("alice");
    await fleet.kill(two);
    await eventually(async () => (await fleet.views()).get(one)?.tolerance === 0);
    for (const picture of [...pictures, ...pictures, ...pictures])
      await uploadOne(fleet, client, picture, ledger);
    const ids = idsIn(ledger);
    const back = fleet.start(two);
    await back.until("it listens", (event) => event.event === "node.listening");
    const alice = await fleet.clients.user("alice");
    // From its first answer on it knows everything; before that it says that it cannot know.
    const listed = await until(async () => {
      const connection = await fleet.clients.connect(two, alice.credentials);
      const answer = await listOn(connection);
      connection.destroy(null);
      if (typeof answer !== "string") return answer;
      expect(["NO_QUORUM", "NODE_NOT_READY"]).toContain(answer);
      return null;
    });
    const known = new Set<string>(listed);
    expect(ids.filter((id) => !known.has(id))).toEqual([]);
    expect(await faultsIn(fleet, ledger)).toEqual([]);
    await copiedEverywhere(ledger);
    const copied = (id: string): boolean =>
      back.events.some((event) => event.event === "copy.made" && event.image === id);
    await eventually(() => ids.every(copied));
    await eventually(async () => [...(await fleet.views()).values()].every((view) => view?.tolerance === 1));
  }, 60_000);

  test("after all three were killed at once: everything is still there", async () => {
    const uploaders = await keepUploading(fleet, 4, pictures);
    await uploaders.more(20);
    const ledger = await uploaders.stop();
    await Promise.all(fleet.nodes.map((node) => fleet.kill(node)));
    for (const node of fleet.nodes) fleet.start(node);
    await fleet.settled();
    expect(await faultsIn(fleet, ledger)).toEqual([]);
    await copiedEverywhere(ledger);
  }, 60_000);
});

describe("under uploads from 4 clients", () => {
  test("20 leaders are killed, one after the other, and no upload fails", async () => {
    const uploaders = await keepUploading(fleet, 4, pictures);
    const leaders = new Set<number>();
    for (let kills = 0; kills < 20; kills++) {
      const leader = await fleet.settled();
      leaders.add(leader);
      await uploaders.more(1);
      await fleet.kill(leader);
      await uploaders.more(8);
      fleet.start(leader);
    }
    await fleet.settled();
    const ledger = await uploaders.stop();
    expect(leaders.size).toBeGreaterThan(1);
    expect(await faultsIn(fleet, ledger)).toEqual([]);
    await copiedEverywhere(ledger);
    await listedEverywhere();
  }, 180_000);

  test("three leaders are frozen and wake, one after the other, and do no harm", async () => {
    const uploaders = await keepUploading(fleet, 4, pictures);
    for (let freezes = 0; freezes < 3; freezes++) {
      const leader = await fleet.settled();
      fleet.process(leader).child.kill("SIGSTOP");
      await fleet.newLeader(leader);
      await uploaders.more(12);
      fleet.process(leader).child.kill("SIGCONT");
      await uploaders.more(4);
    }
    await fleet.settled();
    const ledger = await uploaders.stop();
    expect(await faultsIn(fleet, ledger)).toEqual([]);
    await copiedEverywhere(ledger);
    await listedEverywhere();
  }, 120_000);
});

test("a node killed in the middle of processing: another gives the same bytes, and one image results", async () => {
  await fleet.settled();
  const client = await fleet.clients.client("dora");
  const picture = await pictureOfBytes("image/jpeg", 6_000_000, 7);
  const gate = Promise.withResolvers<void>();
  const half = Promise.withResolvers<void>();
  const folder = join(fleet.folder, "dora");
  let processing = one;
  let tries = 1;
  const uploading = client.upload(gatedSource("large.jpg", picture.bytes, gate.promise), folder, {
    onAnswer: (_, reply) => {
      if (tries === 1 && reply.kind !== "offer.no-leader") processing = reply.node;
    },
    onRetry: () => {
      tries++;
    },
    onProgress: (bytes) => {
      if (bytes >= picture.bytes.length / 2 - 65_536) half.resolve();
    },
  });
  await half.promise;
  // What the first node has sealed so far, as it came back.
  const part = await until(() => {
    const names = existsSync(folder) ? readdirSync(folder) : [];
    const [name] = names.filter((each) => each.endsWith(".part"));
    const bytes = name === undefined ? Buffer.alloc(0) : readFileSync(join(folder, name));
    return bytes.length > 1_000_000 ? bytes : null;
  });
  await fleet.kill(processing);
  gate.resolve();
  const { receipt, savedAs } = must(await uploading);
  expect(tries).toBeGreaterThan(1);
  expect(receipt.node).not.toBe(processing);
  const sealed = readFileSync(savedAs);
  expect(sealed.subarray(0, part.length).equals(part)).toBe(true);
  expect(sha256(sealed.subarray(-receipt.payloadBytes))).toBe(
    Buffer.from(receipt.payloadHash).toString("hex"),
  );
  fleet.start(processing);
  await fleet.settled();
  const entry = { receipt, sha256: sha256(picture.bytes) };
  const ledger: Ledger = { entries: [entry], failures: [] };
  const dora = await fleet.clients.user("dora");
  for (const node of fleet.nodes) {
    const connection = await fleet.clients.connect(node, dora.credentials);
    expect(await listOn(connection)).toEqual([receipt.id]);
    connection.destroy(null);
  }
  expect(await faultsIn(fleet, ledger, dora)).toEqual([]);
  await copiedEverywhere(ledger);
}, 60_000);
