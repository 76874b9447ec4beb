import { describe, expect, test } from "vitest";
import { lookUp } from "../../../core/io/look-up.ts";
import { FaultError, fault } from "../../../core/model/faults.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { futureMsMax } from "../../../core/model/limits.ts";
import type { AnyRecord } from "../../../core/model/records.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { idOf, recordOf, tombstoneOf } from "../../support/records.ts";
import { type FakeNode, fakeNodes } from "./fakes.ts";

const id = idOf(1);
const record = recordOf(id);

/** What another node knows of the image, or how it fails to say. */
type Answer = AnyRecord | null | "refuses" | "says nothing";

/** Node 1 of as many nodes as `answers` has entries and one more; `answers[0]` is node 2. */
const nodeAmong = async (answers: readonly Answer[]) => {
  const nodes = fakeNodes(answers.length + 1, new ManualClock());
  const at = (which: number): FakeNode => {
    const node = nodes.get(nodeId(which));
    if (node === undefined) throw new Error(`no node ${which}`);
    return node;
  };
  for (const [index, answer] of answers.entries()) {
    const node = at(index + 2);
    if (answer === "says nothing") node.answer = () => new Promise(() => undefined);
    else if (answer === "refuses")
      node.answer = () => {
        throw new FaultError(fault("CONNECTION_REFUSED", { address: "127.0.0.1:2" }));
      };
    else if (answer !== null) await node.store.merge([answer]);
  }
  return { one: at(1), at };
};
const recordAt = async (node: FakeNode) => {
  const found = await lookUp(node.context, id);
  if (!found.ok) return found.fault;
  return found.value?.record ?? null;
};

describe("whether an image was stored before", () => {
  test("is known here already: nobody is asked", async () => {
    const { one, at } = await nodeAmong([null, null]);
    await one.store.merge([record]);
    expect(await recordAt(one)).toEqual(record);
    expect([...at(2).asked, ...at(3).asked]).toEqual([]);
  });

  test("others are asked about this image alone, and what one of them knows is kept here", async () => {
    const { one, at } = await nodeAmong(["says nothing", record]);
    expect(await recordAt(one)).toEqual(record);
    for (const node of [2, 3]) expect(at(node).asked).toEqual([{ kind: "records", ids: [id] }]);
    expect((await one.store.get(id))?.record).toEqual(record);
  });

  test("that it was purged since is known too", async () => {
    const { one } = await nodeAmong([tombstoneOf(id), "says nothing"]);
    expect(await recordAt(one)).toMatchObject({ kind: "tombstone" });
  });

  test("nobody who does not answer is waited for once enough did", async () => {
    const { one } = await nodeAmong(["says nothing", null]);
    expect(await recordAt(one)).toBeNull();
  });

  test("a node whose disk may not speak is not asked", async () => {
    const { one, at } = await nodeAmong([null, record]);
    at(2).ready = false;
    expect(await recordAt(one)).toEqual(record);
    expect(at(2).asked).toEqual([]);
  });

  test("the word of a node whose index may lack something does not count", async () => {
    const { one, at } = await nodeAmong([null, record]);
    at(2).store.readFault = fault("DISK_FAILED", { path: "index", reason: "EIO" });
    expect(await recordAt(one)).toEqual(record);
    const { one: other, at: among } = await nodeAmong([null, "refuses"]);
    among(2).store.readFault = fault("DISK_FAILED", { path: "index", reason: "EIO" });
    expect(await recordAt(other)).toEqual(fault("NO_QUORUM", { live: 1, needed: 2 }));
  });

  test("a majority of five has met one who knows after two answers, not after one", async () => {
    const { one } = await nodeAmong(["refuses", null, "refuses", record]);
    expect(await recordAt(one)).toEqual(record);
    const alone = await nodeAmong(["refuses", null, "refuses", "refuses"]);
    expect(await recordAt(alone.one)).toEqual(fault("NO_QUORUM", { live: 2, needed: 3 }));
  });

  test("whoever knows it from far ahead of this clock has not answered: it is not to be stored anew", async () => {
    const { one } = await nodeAmong([null, null]);
    const stamp = { atMs: one.clock.wall() + futureMsMax + 1, node: 2 };
    const ahead = recordOf(id, { trashed: { stamp, value: null } });
    const refused = { code: "NODE_NOT_READY", reason: expect.stringContaining("by its clock") };
    expect(await recordAt((await nodeAmong([ahead, ahead])).one)).toMatchObject(refused);
    expect(await recordAt((await nodeAmong([ahead, "refuses"])).one)).toMatchObject(refused);
    // It is on one node only: nobody was told that it is stored.
    expect(await recordAt((await nodeAmong([ahead, null])).one)).toBeNull();
    expect(await recordAt((await nodeAmong([ahead, record])).one)).toEqual(record);
  });

  test("a node that is the whole cluster knows by itself", async () => {
    expect(await recordAt((await nodeAmong([])).one)).toBeNull();
  });
});
