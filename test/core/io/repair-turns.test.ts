import { expect, test } from "vitest";
import type { NodeContext } from "../../../core/io/node-context.ts";
import { createRepair, type Repair } from "../../../core/io/repair.ts";
import { type Fault, FaultError, fault, good, type Result } from "../../../core/model/faults.ts";
import { homeKey } from "../../../core/model/home-key.ts";
import { type ImageId, nodeId } from "../../../core/model/ids.ts";
import { homesOf, type ImageRecord } from "../../../core/model/records.ts";
import type { HoldingsPage, HomeSet, PayloadWriter } from "../../../core/ports.ts";
import type { UnderWay } from "../../../core/store/under-way.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { homesAt, idOf, recordOf, storeOf } from "../../support/records.ts";
import { fakeNodes } from "./fakes.ts";

const [one, two] = [nodeId(1), nodeId(2)] as const;
/** Longer than from one search to the next, and a missing copy is left alone. */
const laterMs = 3_500;

/** Has payloads, or not, as it is told. */
class HoldingStore extends MemoryStore {
  readonly here = new Set<ImageId>();

  override async get(id: ImageId) {
    const holding = await super.get(id);
    return holding === null ? null : { ...holding, here: this.here.has(id) };
  }

  override async homeSets(): Promise<readonly HomeSet[]> {
    const { holdings } = await this.walk(null, 100);
    return holdings.map(({ record }) => ({
      homes: homeKey(record),
      here: this.here.has((record as ImageRecord).facts.id),
      images: 1,
      payloadBytes: 1,
    }));
  }

  override async inHomeSet(set: HomeSet): Promise<HoldingsPage> {
    const { holdings } = await this.walk(null, 100);
    const all = holdings.map(({ record }) => ({
      record,
      change: 1,
      here: this.here.has((record as ImageRecord).facts.id),
    }));
    const matching = all.filter(({ record, here }) => homeKey(record) === set.homes && here === set.here);
    return { holdings: matching, more: false };
  }

  override async begin(): Promise<Result<PayloadWriter>> {
    const writer: Pick<PayloadWriter, "abort"> = { abort: async () => undefined };
    return good(writer as PayloadWriter);
  }
}

interface Scene {
  readonly clock: ManualClock;
  readonly store: HoldingStore;
  readonly repair: Repair;
  readonly fetched: () => number;
  readonly underWay: UnderWay;
  readonly failures: () => readonly Fault[];
}

/** Node 1 of three, with uploads under way; what it asks of the others is never answered. */
const busyNode = (): Scene => {
  const clock = new ManualClock();
  const nodes = fakeNodes(3, clock);
  const node = nodes.get(one);
  if (node === undefined) throw new Error("there are three");
  for (const other of nodes.values()) other.answer = () => null;
  const store = new HoldingStore(storeOf(one));
  const { context } = node;
  const driver = { ...context.driver, ready: true, loads: () => new Map() };
  const failures: Fault[] = [];
  const work = { inFlight: 1, diskFault: null, failDisk: (problem: Fault) => failures.push(problem) };
  const repair = createRepair({ ...context, store, driver, work } as unknown as NodeContext);
  const fetched = (): number =>
    [...nodes.values()].flatMap(({ asked }) => asked).filter(({ kind }) => kind === "fetch").length;
  return { underWay: context.underWay, clock, store, repair, fetched, failures: () => failures };
};

const look = async ({ clock, repair }: Scene, ms: number): Promise<void> => {
  for (let passed = 0; passed < ms; passed += 100) {
    repair.look();
    await clock.pass(100);
  }
};

test("a copy that is here and not listed is claimed while fetches hang that wait for a node", async () => {
  const scene = busyNode();
  const { store, fetched } = scene;
  const missing = [idOf(1), idOf(2), idOf(3)];
  await store.merge(missing.map((id) => recordOf(id, { homes: homesAt([1, 2]) })));
  await look(scene, laterMs);
  // Uploads are under way: one at a time.
  expect(fetched()).toBe(1);
  // What it knows of that one it may write down whenever the fetch ends.
  expect(missing.filter((id) => scene.underWay.has(id))).toHaveLength(1);
  const unlisted = [idOf(4), idOf(5)];
  await store.merge(unlisted.map((id) => recordOf(id, { homes: homesAt([two, 3]) })));
  for (const id of unlisted) store.here.add(id);
  await look(scene, laterMs);
  for (const id of unlisted) {
    const record = (await store.get(id))?.record as ImageRecord;
    expect(homesOf(record).map(({ node }) => node)).toEqual([one, two, 3]);
  }
});

test("what is found gone before it was claimed is fetched instead", async () => {
  const scene = busyNode();
  const { store, fetched } = scene;
  const id = idOf(1);
  const onItsWay = { stamp: { atMs: 1, node: 1 }, value: { store: storeOf(one), syncedAt: null } };
  await store.merge([recordOf(id, { homes: { ...homesAt([two]), 1: onItsWay } })]);
  store.here.add(id);
  await look(scene, 1_000);
  store.here.delete(id);
  expect(fetched()).toBe(0);
  await look(scene, laterMs);
  expect(fetched()).toBe(1);
});

test("a disk that fails meanwhile ends the repairs, and nothing else", async () => {
  const scene = busyNode();
  const { store } = scene;
  const [one, two] = [idOf(1), idOf(2)];
  await store.merge([one, two].map((id) => recordOf(id, { homes: homesAt([2, 3]) })));
  for (const id of [one, two]) store.here.add(id);
  await look(scene, 1_000);
  const failed = fault("DISK_FAILED", { path: "index", reason: "EIO" });
  store.get = () => Promise.reject(new FaultError(failed));
  await look(scene, laterMs);
  expect(new Set(scene.failures())).toEqual(new Set([failed]));
});
