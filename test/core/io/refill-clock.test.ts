/** A disk that is refilled while this node's clock is far behind what the others know. */
import { expect, test } from "vitest";
import { createFreshness } from "../../../core/io/freshness.ts";
import type { NodeContext } from "../../../core/io/node-context.ts";
import { createRefill } from "../../../core/io/refill.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { futureMsMax } from "../../../core/model/limits.ts";
import { ManualClock, turn } from "../../support/manual-clock.ts";
import { idOf, recordOf } from "../../support/records.ts";
import { fakeNodes } from "./fakes.ts";

const townOf = async (aheadMs: number, acceptLoss: boolean) => {
  const clock = new ManualClock();
  const nodes = fakeNodes(3, clock);
  const one = nodes.get(nodeId(1));
  if (one === undefined) throw new Error("there is one");
  const trashed = { stamp: { atMs: clock.wall() + aheadMs, node: 2 }, value: null };
  for (const id of [2, 3]) await nodes.get(nodeId(id))?.store.merge([recordOf(idOf(1), { trashed })]);
  let refilled = 0;
  const driver = { ...one.context.driver, reportRefilled: () => refilled++ };
  const context = { ...one.context, driver } as unknown as NodeContext;
  const refill = createRefill(context, createFreshness(context), acceptLoss);
  refill.start();
  /** So long that what is left out of a pull is pulled again, and votes that were forgotten have run out. */
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      await clock.pass(1_000);
      for (let turns = 0; turns < 50; turns++) await turn();
    }
  };
  return { one, pass, refilled: () => refilled };
};

test("a disk is not filled while something is left out, and is when the time has come", async () => {
  const town = await townOf(futureMsMax + 60_000, false);
  await town.pass(40_000);
  expect(town.refilled()).toBe(0);
  expect(await town.one.store.get(idOf(1))).toBeNull();
  await town.pass(40_000);
  expect(town.refilled()).toBe(1);
  expect(await town.one.store.get(idOf(1))).not.toBeNull();
});

test("an operator may give up what is dated for some day to come", async () => {
  const town = await townOf(365 * 86_400_000, true);
  await town.pass(40_000);
  expect(town.refilled()).toBe(1);
});
