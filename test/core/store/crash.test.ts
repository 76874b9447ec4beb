/**
 * A store through many lives: its process is killed, or its power cut, between any two things that the disk does.
 * Whatever was acknowledged before is there afterwards, with the same number; what was not is there whole or not at
 * all; and no life changes what an earlier one has told.
 */
import { expect, test } from "vitest";
import { FaultError } from "../../../core/model/faults.ts";
import { type ImageId, nodeId } from "../../../core/model/ids.ts";
import { type AnyRecord, joinRecords, recordId } from "../../../core/model/records.ts";
import { compact, segmentToCompact } from "../../../core/store/compaction.ts";
import { erasePurged } from "../../../core/store/eraser.ts";
import { openStore } from "../../../core/store/open.ts";
import { segmentIdOf } from "../../../core/store/segment-format.ts";
import type { SegmentStore } from "../../../core/store/store.ts";
import { payloadRecord } from "../../contracts/store.contract.ts";
import { createMemoryIndexDisk, type MemoryIndexDisk } from "../../sim/memory-index.ts";
import { createRandom, type Random } from "../../sim/random.ts";
import { createSimFolder, type SimFolder } from "../../sim/sim-folder.ts";
import { gather } from "../../support/gather.ts";
import { noise } from "../../support/pictures.ts";
import { idOf, inspected, storeOf, tombstoneOf } from "../../support/records.ts";

/** What the outside was told. */
interface Ledger {
  /** Joined, of what was acknowledged. */
  readonly acknowledged: Map<ImageId, AnyRecord>;
  /** Joined, of all that was ever asked for: nothing else may turn up. */
  readonly asked: Map<ImageId, AnyRecord>;
  readonly withPayload: Set<ImageId>;
  feedHead: number;
}

const payloads = Array.from({ length: 12 }, (_, n) => noise(200 + 3_000 * n, n));
const payloadOf = (id: ImageId): Uint8Array => payloads[numberOf(id)] ?? new Uint8Array(0);
const numberOf = (id: ImageId): number => payloads.findIndex((_, n) => idOf(n) === id);

const joinInto = (map: Map<ImageId, AnyRecord>, record: AnyRecord): void => {
  const known = map.get(recordId(record));
  map.set(recordId(record), known === undefined ? record : joinRecords(known, record));
};

/** The disk stops for good after so many operations: the process that waits for it never goes on. */
class Power {
  left: number;
  constructor(operations: number) {
    this.left = operations;
  }
  readonly delay = (): Promise<void> => {
    this.left--;
    return this.left < 0 ? new Promise<void>(() => undefined) : Promise.resolve();
  };
}

interface Machine {
  readonly random: Random;
  readonly folder: SimFolder;
  readonly indexDisk: MemoryIndexDisk;
}

const open = ({ random, folder, indexDisk }: Machine, power: Power): Promise<SegmentStore> =>
  openStore({
    disk: folder.open(power.delay),
    index: indexDisk.open(),
    store: storeOf(1),
    node: nodeId(1),
    newSegmentId: () =>
      segmentIdOf(Array.from({ length: 32 }, () => random.whole(0, 15).toString(16)).join("")),
    segmentBytes: 65_536,
    headroomBytes: 0,
  });

/** Resolves when the work is done, or nothing moves any more. */
const untilQuiet = async (work: Promise<unknown>): Promise<void> => {
  let done = false;
  void work.then(() => {
    done = true;
  });
  for (let idle = 0; idle < 20 && !done; idle++) await new Promise<void>((resolve) => setImmediate(resolve));
};

const act = async (store: SegmentStore, random: Random, ledger: Ledger): Promise<void> => {
  const n = random.whole(0, payloads.length - 1);
  const id = idOf(n);
  const upload = async (): Promise<void> => {
    const payload = payloadOf(id);
    const record = payloadRecord(n, payload);
    joinInto(ledger.asked, record);
    const writer = await store.begin(id, payload.length);
    if (!writer.ok) throw new FaultError(writer.fault);
    for (let from = 0; from < payload.length; from += 7_000)
      await writer.value.write(payload.subarray(from, from + 7_000));
    if (random.chance(0.1)) return writer.value.abort();
    const kept = await writer.value.commit(record);
    if (!kept.ok) {
      expect(kept.fault.code).toBe("ID_TAKEN");
      return;
    }
    joinInto(ledger.acknowledged, record);
    ledger.withPayload.add(id);
    ledger.feedHead = Math.max(ledger.feedHead, kept.value);
  };
  const merge = async (record: AnyRecord): Promise<void> => {
    joinInto(ledger.asked, record);
    const merged = await store.merge([record]);
    if (!merged.ok) throw new FaultError(merged.fault);
    joinInto(ledger.acknowledged, record);
    ledger.feedHead = Math.max(ledger.feedHead, merged.value);
  };
  const kind = random.whole(0, 16);
  if (kind < 9) return upload();
  if (kind < 15) return merge(inspected(payloadRecord(n, payloadOf(id)), "ok", random.whole(1, 1_000)));
  if (kind === 15) return merge(tombstoneOf(id, { purge: { stamp: { atMs: 5, node: 1 }, reason: "owner" } }));
  if (kind === 16)
    return merge(tombstoneOf(id, { purge: { stamp: { atMs: 3, node: 2 }, reason: "expired" } }));
};

/** One thing at a time, as `Upkeep` does it. */
const maintain = async (store: SegmentStore, random: Random): Promise<void> => {
  await erasePurged(store, random.whole(0, 3));
  const segment = await segmentToCompact(store);
  if (segment !== null) await compact(store, segment, async () => random.chance(0.95));
};

const live = async (store: SegmentStore, random: Random, ledger: Ledger): Promise<void> => {
  for (let rounds = random.whole(1, 30); rounds > 0; rounds--) {
    const writers = Array.from({ length: random.whole(1, 3) }, () => act(store, random, ledger));
    await Promise.all([...writers, maintain(store, random)]);
  }
};

const check = async (store: SegmentStore, ledger: Ledger, seed: string): Promise<void> => {
  expect(store.feedHead, seed).toBeGreaterThanOrEqual(ledger.feedHead);
  for (const [id, record] of ledger.acknowledged) {
    const holding = await store.get(id);
    expect(holding, `${seed}: image ${numberOf(id)}`).not.toBeNull();
    if (holding === null) continue;
    expect(joinRecords(holding.record, record), `${seed}: image ${numberOf(id)}`).toEqual(holding.record);
    if (holding.record.kind === "tombstone") continue;
    expect(holding.here || !ledger.withPayload.has(id), `${seed}: payload ${numberOf(id)}`).toBe(true);
  }
  for (const { record, here } of (await store.walk(null, 100)).holdings) {
    const id = recordId(record);
    const asked = ledger.asked.get(id);
    // The disk's own word that it has erased something is the only thing that nobody asked for.
    const plain = record.kind === "tombstone" ? { ...record, erasedOn: [] } : record;
    if (asked === undefined || record.kind === "image")
      expect(joinRecords(asked ?? plain, plain), `${seed}: image ${numberOf(id)}`).toEqual(asked);
    if (!here) continue;
    const read = await store.read(id);
    expect(read.ok, `${seed}: payload ${numberOf(id)}`).toBe(true);
    if (read.ok) expect(Buffer.concat(await gather(read.value)).equals(payloadOf(id)), seed).toBe(true);
  }
  await everythingIsCounted(store, seed);
};

const everythingIsCounted = async (store: SegmentStore, seed: string): Promise<void> => {
  const { holdings } = await store.walk(null, 100);
  expect(store.images, seed).toBe(holdings.filter(({ here }) => here).length);
};

const run = async (seed: number): Promise<{ readonly lives: number; readonly cut: number }> => {
  const random = createRandom(seed);
  const machine: Machine = { random, folder: createSimFolder(random), indexDisk: createMemoryIndexDisk() };
  const ledger: Ledger = { acknowledged: new Map(), asked: new Map(), withPayload: new Set(), feedHead: 0 };
  let cut = 0;
  const lives = 6;
  for (let life = 0; life < lives; life++) {
    const name = `seed ${seed}, life ${life}`;
    const power = new Power(random.whole(0, 200));
    let finished = false;
    let problem: unknown = null;
    const process = open(machine, power)
      .then(async (store) => {
        await live(store, random, ledger);
        if (random.chance(0.3)) await store.close();
        finished = true;
      })
      .catch((error: unknown) => {
        problem = error;
      });
    await untilQuiet(process);
    expect(problem, name).toBeNull();
    if (!finished) cut++;
    if (random.chance(0.6)) machine.folder.powerFails();
    if (random.chance(0.2)) machine.indexDisk.loseAll();
    else machine.indexDisk.loseLast(random.whole(0, 3) * random.whole(0, 3));
    const store = await open(machine, new Power(Number.POSITIVE_INFINITY));
    await check(store, ledger, name);
    // What the check has seen must not be forgotten by the next life either.
    for (const { record } of (await store.walk(null, 100)).holdings) joinInto(ledger.acknowledged, record);
    ledger.feedHead = store.feedHead;
    const ending = random.pick(["power", "power", "crash", "stop"] as const);
    if (ending === "power") machine.folder.powerFails();
    if (ending === "stop") await store.close();
  }
  return { lives, cut };
};

const seeds = 400;
const batch = 50;
let cuts = 0;

for (let first = 1; first <= seeds; first += batch) {
  test(`seeds ${first} to ${first + batch - 1}: what a store has acknowledged survives six lives`, async () => {
    for (let seed = first; seed < first + batch; seed++) cuts += (await run(seed)).cut;
  });
}

test("most of the lives were cut short", () => {
  expect(cuts).toBeGreaterThan(seeds * 2);
});
