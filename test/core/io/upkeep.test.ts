/** What becomes of the trash on one node; its disk is a simulated one, the other nodes answer without network. */
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { dispatchRules } from "../../../core/decide/dispatch.ts";
import { tombstoneMs } from "../../../core/decide/erasure.ts";
import { askRules } from "../../../core/decide/patience.ts";
import { parseConfig } from "../../../core/io/config-file.ts";
import type { NodeContext } from "../../../core/io/node-context.ts";
import { createUpkeep } from "../../../core/io/upkeep.ts";
import { FaultError } from "../../../core/model/faults.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { underWayMsMax } from "../../../core/model/limits.ts";
import { type AnyRecord, diskName, type ImageRecord } from "../../../core/model/records.ts";
import { wallMs } from "../../../core/model/units.ts";
import { openStore } from "../../../core/store/open.ts";
import { segmentIdOf } from "../../../core/store/segment-format.ts";
import { createMemoryIndexDisk } from "../../sim/memory-index.ts";
import { createRandom } from "../../sim/random.ts";
import { createSimFolder } from "../../sim/sim-folder.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { idOf, recordOf, storeOf, tombstoneOf } from "../../support/records.ts";
import { until } from "../../support/until.ts";
import { type FakeNode, fakeNodes, lostFault } from "./fakes.ts";

const id = idOf(1);
const stamp = { atMs: 4, node: 2 };

const townOf = async (nodes: number) => {
  const clock = new ManualClock();
  const all = fakeNodes(nodes, clock);
  const one = all.get(nodeId(1));
  if (one === undefined) throw new Error("there is one");
  const store = await openStore({
    disk: createSimFolder(createRandom(1)).open(async () => undefined),
    index: createMemoryIndexDisk().open(),
    store: storeOf(1),
    node: nodeId(1),
    newSegmentId: () => segmentIdOf(randomBytes(16).toString("hex")),
    segmentBytes: 1_048_576,
    headroomBytes: 0,
  });
  const work = { inFlight: 0, diskFault: null } as NodeContext["work"];
  const upkeep = createUpkeep({ ...one.context, store, work }, store);
  /** One look at everything that is due; comparing with a peer comes after the trash. */
  const { upkeepMs } = one.config.storage;
  const look = async (ms = upkeepMs * 60): Promise<void> => {
    const compared = (): number =>
      [...all.values()].flatMap(({ asked }) => asked).filter(({ kind }) => kind === "digests").length;
    const before = compared();
    await clock.pass(ms);
    upkeep.look();
    await until(() => compared() > before);
  };
  return { clock, all, store, look, upkeepMs };
};
type Town = Awaited<ReturnType<typeof townOf>>;

/** In the trash for so many days, and condemned by these nodes. */
const trashed = ({ clock }: Town, daysAgo: number, by: readonly number[]): ImageRecord =>
  recordOf(id, {
    trashed: { stamp, value: wallMs(clock.wall() - daysAgo * 86_400_000) },
    condemned: Object.fromEntries(by.map((node) => [String(node), { stamp, store: storeOf(node) }])),
  });
const knownIn = async ({ store }: Town): Promise<AnyRecord | undefined> => (await store.get(id))?.record;
const nodeOf = ({ all }: Town, node: number): FakeNode => {
  const found = all.get(nodeId(node));
  if (found === undefined) throw new Error(`no node ${node}`);
  return found;
};
const everybody = [1, 2, 3];

describe("an image whose time in the trash is over", () => {
  test("is condemned by this node, when it is its time", async () => {
    const town = await townOf(3);
    await town.store.merge([trashed(town, 29, [])]);
    await town.look();
    expect(await knownIn(town)).toMatchObject({ kind: "image", condemned: {} });
    await town.clock.pass(86_400_000);
    await town.look();
    expect(await knownIn(town)).toMatchObject({
      kind: "image",
      condemned: { "1": { stamp, store: storeOf(1) } },
    });
  });

  test("is purged when all have condemned it, and a majority has heard of their words by then", async () => {
    const town = await townOf(3);
    const record = trashed(town, 31, everybody);
    await town.store.merge([record]);
    await town.look();
    await until(async () => (await knownIn(town))?.kind === "tombstone");
    expect(await knownIn(town)).toMatchObject({ purge: { reason: "expired" } });
    const told = [2, 3].filter((node) =>
      nodeOf(town, node).asked.some(
        (request) =>
          request.kind === "merge" &&
          request.records.some((each) => each.kind === "image" && Object.keys(each.condemned).length === 3),
      ),
    );
    expect(told.length).toBeGreaterThanOrEqual(1);
  });

  test("stays while no majority can be told of the words: a disk that burns now must hear its own again", async () => {
    const town = await townOf(3);
    await town.store.merge([trashed(town, 31, everybody)]);
    for (const node of [2, 3]) {
      const { answer } = nodeOf(town, node);
      nodeOf(town, node).answer = (request) =>
        request.kind === "merge" ? lostFault(nodeId(node)) : answer(request);
    }
    await town.look();
    expect((await knownIn(town))?.kind).toBe("image");
  });

  test("stays while a node is away, or its disk may not speak", async () => {
    for (const spoiled of [{ live: false }, { ready: false }]) {
      const town = await townOf(3);
      await town.store.merge([trashed(town, 31, everybody)]);
      Object.assign(nodeOf(town, 3), spoiled);
      await town.look();
      expect((await knownIn(town))?.kind).toBe("image");
    }
  });
});

describe("a purged image", () => {
  test("is acknowledged when nothing is left of it here, and forgotten when all have said so and know it", async () => {
    const town = await townOf(3);
    const [own, second, third] = everybody.map((node) => diskName(nodeId(node), storeOf(node)));
    for (const store of [town.store, nodeOf(town, 2).store, nodeOf(town, 3).store]) {
      await store.merge([recordOf(id)]);
      await store.merge([tombstoneOf(id)]);
    }
    await town.look();
    expect(await knownIn(town)).toMatchObject({ kind: "tombstone", erasedOn: [own] });
    const all = [own ?? "", second ?? "", third ?? ""];
    await town.store.merge([tombstoneOf(id, { erasedOn: all })]);
    nodeOf(town, 3).live = false;
    await town.look();
    await town.look();
    expect(await knownIn(town)).toMatchObject({ erasedOn: all });
    nodeOf(town, 3).live = true;
    await town.look();
    await until(async () => (await knownIn(town)) === undefined);
    for (const node of [2, 3])
      expect((await nodeOf(town, node).store.get(id))?.record).toMatchObject({ erasedOn: all });
  });

  test("is remembered for a while after all have said so: what came too late may still be under way", async () => {
    const town = await townOf(3);
    const erasedOn = everybody.map((node) => diskName(nodeId(node), storeOf(node)));
    await town.store.merge([tombstoneOf(id, { erasedOn })]);
    const keptMs = tombstoneMs(town.upkeepMs);
    await town.look();
    await town.look(keptMs - 1);
    // Late, from somebody who sent it before the purge.
    await town.store.merge([recordOf(id)]);
    expect((await knownIn(town))?.kind).toBe("tombstone");
    // The other nodes' disks as they are now count: with a new one it all begins anew.
    const third = nodeOf(town, 3);
    const before = third.store;
    Object.assign(third, { store: new MemoryStore(storeOf(3, 1)) });
    await town.look(keptMs);
    Object.assign(third, { store: before });
    await town.look(keptMs);
    await town.look(keptMs - 1);
    expect((await knownIn(town))?.kind).toBe("tombstone");
    await town.look(town.upkeepMs);
    await until(async () => (await knownIn(town)) === undefined);
  });

  test("is not said to be erased here while this node may still send it to others", async () => {
    const town = await townOf(3);
    await town.store.merge([recordOf(id)]);
    const end = town.store.underWay.begin([id]);
    await town.store.merge([tombstoneOf(id)]);
    await town.look();
    expect(await knownIn(town)).toMatchObject({ kind: "tombstone", erasedOn: [] });
    end();
    await town.look();
    expect(await knownIn(town)).toMatchObject({ erasedOn: [diskName(nodeId(1), storeOf(1))] });
  });
});

test("a tombstone is kept for longer than anything can be under way, also when upkeep_ms is as short as it may be", () => {
  const keptMs = (settings: string): number => {
    const config = parseConfig(`[servers]\nnode1 = "127.0.0.1:1"\n${settings}`);
    if (!config.ok) throw new FaultError(config.fault);
    return tombstoneMs(config.value.storage.upkeepMs);
  };
  const patienceMs = dispatchRules.patienceMs + askRules.patienceMs;
  expect(underWayMsMax + patienceMs).toBeLessThan(keptMs(""));
  expect(Math.max(underWayMsMax, patienceMs)).toBeLessThanOrEqual(keptMs("[storage]\nupkeep_ms = 200\n"));
});
