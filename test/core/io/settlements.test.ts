import { describe, expect, test } from "vitest";
import { createSettlements, type Settlement } from "../../../core/io/settlements.ts";
import { fault } from "../../../core/model/faults.ts";
import { type NodeId, nodeId } from "../../../core/model/ids.ts";
import { type Home, homesOf, type ImageRecord } from "../../../core/model/records.ts";
import { wallMs } from "../../../core/model/units.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { idOf, recordOf, storeOf, tombstoneOf } from "../../support/records.ts";

const [n1, n2, n3] = [nodeId(1), nodeId(2), nodeId(3)] as const;
const id = idOf(1);

/** As the processing node writes it first: nobody is known to have it yet. */
const placed = (nodes: readonly NodeId[], n = 1): ImageRecord =>
  recordOf(idOf(n), {
    homes: Object.fromEntries(
      nodes.map((node) => [
        String(node),
        { stamp: { atMs: 1, node: 1 }, value: { store: storeOf(node), syncedAt: null } },
      ]),
    ),
  });
const synced = (node: NodeId, atMs = 50): Home => ({ store: storeOf(node), syncedAt: wallMs(atMs) });
const settledAt = (homes: Readonly<Record<number, Home | null>>): Settlement =>
  new Map(Object.entries(homes).map(([node, home]) => [nodeId(Number(node)), home]));

class Lab {
  readonly clock = new ManualClock();
  readonly store = new MemoryStore(storeOf(1));
  readonly settlements = createSettlements(this.store, this.clock, n1);

  async homes(n = 1): Promise<Readonly<Record<number, number | null>>> {
    const holding = await this.store.get(idOf(n));
    if (holding?.record.kind !== "image") throw new Error("there is no image");
    return Object.fromEntries(homesOf(holding.record).map(({ node, syncedAt }) => [node, syncedAt]));
  }
}

describe("what is noted", () => {
  test("is written down after a moment, once, by the node that knows it", async () => {
    const lab = new Lab();
    await lab.store.merge([placed([n1, n2])]);
    lab.settlements.note(id, settledAt({ 1: synced(n1), 2: synced(n2, 60) }));
    await lab.clock.pass(999);
    await lab.settlements.flush();
    expect(await lab.homes()).toEqual({ 1: null, 2: null });
    await lab.clock.pass(1);
    await lab.settlements.flush();
    expect(await lab.homes()).toEqual({ 1: 50, 2: 60 });
    const { merges } = lab.store;
    await lab.clock.pass(5_000);
    await lab.settlements.flush();
    expect(lab.store.merges.length).toBe(merges.length);
    const holding = await lab.store.get(id);
    const slot = holding?.record.kind === "image" ? holding.record.homes["2"] : undefined;
    expect(slot?.stamp.node).toBe(1);
  });

  test("goes with the change that comes anyway, and is then not written twice", async () => {
    const lab = new Lab();
    lab.settlements.note(id, settledAt({ 1: synced(n1), 2: synced(n2) }));
    const changed = lab.settlements.applyTo(placed([n1, n2]));
    expect(homesOf(changed).map(({ syncedAt }) => syncedAt)).toEqual([50, 50]);
    expect(lab.settlements.applyTo(placed([n1, n2]))).toEqual(placed([n1, n2]));
    await lab.clock.pass(5_000);
    await lab.settlements.flush();
    expect(lab.store.merges).toEqual([]);
  });

  test("of a home that was lost is written at the next look", async () => {
    const lab = new Lab();
    await lab.store.merge([placed([n1, n2])]);
    lab.settlements.note(id, settledAt({ 1: synced(n1), 2: null, 3: synced(n3) }));
    await lab.settlements.flush();
    expect(await lab.homes()).toEqual({ 1: 50, 3: 50 });
  });

  test("is all written when the node stops, however many and however fresh", async () => {
    const lab = new Lab();
    const many = Array.from({ length: 600 }, (_, n) => n + 1);
    await lab.store.merge(many.map((n) => placed([n1, n2], n)));
    for (const n of many) lab.settlements.note(idOf(n), settledAt({ 1: synced(n1), 2: synced(n2) }));
    await lab.settlements.flush(true);
    for (const n of many) expect(await lab.homes(n)).toEqual({ 1: 50, 2: 50 });
  });

  test("of an image that is unknown or purged by now is forgotten", async () => {
    const lab = new Lab();
    await lab.store.merge([tombstoneOf(idOf(2))]);
    for (const n of [1, 2]) lab.settlements.note(idOf(n), settledAt({ 1: synced(n1) }));
    await lab.settlements.flush(true);
    expect(await lab.store.get(id)).toBeNull();
    expect((await lab.store.get(idOf(2)))?.record.kind).toBe("tombstone");
  });

  test("never makes the node fail: what cannot be written is the disk's to tell", async () => {
    const lab = new Lab();
    await lab.store.merge([placed([n1, n2])]);
    lab.settlements.note(id, settledAt({ 1: synced(n1) }));
    lab.store.fault = fault("DISK_FAILED", { path: "disk", reason: "EIO" });
    await lab.settlements.flush(true);
    const broken = new Lab();
    broken.store.get = () => Promise.reject(new Error("the index is gone"));
    broken.settlements.note(id, settledAt({ 1: synced(n1) }));
    await broken.settlements.flush(true);
  });
});

describe("a home that has spoken for itself since", () => {
  const slot = (node: NodeId, value: Home | null) => ({
    [String(node)]: { stamp: { atMs: 9, node }, value },
  });
  const settle = (record: ImageRecord): ImageRecord => {
    const lab = new Lab();
    lab.settlements.note(id, settledAt({ 1: synced(n1), 2: synced(n2), 3: null }));
    return lab.settlements.applyTo(record);
  };

  test("and has the copy, keeps its own word for when and where", () => {
    const own = { store: storeOf(2, 1), syncedAt: wallMs(40) };
    const record = placed([n1, n2]);
    const claimed = { ...record, homes: { ...record.homes, ...slot(n2, own) } };
    expect(settle(claimed).homes["2"]).toBe(claimed.homes["2"]);
  });

  test("and was thought lost, has it all the same", () => {
    const record = placed([n1, n2]);
    const claimed = { ...record, homes: { ...record.homes, ...slot(n3, synced(n3, 40)) } };
    expect(settle(claimed).homes["3"]).toBe(claimed.homes["3"]);
  });

  test("and has struck itself out, is not listed again", () => {
    const record = placed([n1, n2]);
    const struck = { ...record, homes: { ...record.homes, ...slot(n2, null) } };
    expect(settle(struck).homes["2"]).toBe(struck.homes["2"]);
  });
});

test("what is written is newer than what was there, also by a clock that was set back", () => {
  const lab = new Lab();
  lab.clock.setWallBy(-2_000_000_000_000);
  const late = { atMs: 2_000_000_000_000, node: 2 };
  const record = placed([n1, n2]);
  const ahead = { ...record, homes: { ...record.homes, "2": { stamp: late, value: null } } };
  const struckByOther = {
    ...ahead,
    homes: { ...ahead.homes, "2": { stamp: { ...late, node: 1 }, value: null } },
  };
  lab.settlements.note(id, settledAt({ 2: synced(n2) }));
  expect(lab.settlements.applyTo(struckByOther).homes["2"]).toEqual({
    stamp: { atMs: late.atMs + 1, node: 1 },
    value: synced(n2),
  });
});
