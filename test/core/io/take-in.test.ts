import { expect, test } from "vitest";
import type { Connection, Incoming } from "../../../core/io/connection.ts";
import { takeInAsked } from "../../../core/io/take-in.ts";
import { FaultError, fault } from "../../../core/model/faults.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { pageRecordsMax } from "../../../core/model/limits.ts";
import type { AnyRecord } from "../../../core/model/records.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { idOf, recordOf } from "../../support/records.ts";
import { fakeNodes } from "./fakes.ts";

const contextOf = () => {
  const node = fakeNodes(3, new ManualClock()).get(nodeId(1));
  if (node === undefined) throw new Error("no node 1");
  return node.context;
};

/** A peer that answers what it is asked for when it is told to. */
const slowPeer = () => {
  const waiting: ((incoming: Incoming | FaultError) => void)[] = [];
  const connection = {
    send: () => Promise.resolve(),
    receive: () =>
      new Promise<Incoming>((resolve, reject) => {
        waiting.push((incoming) => (incoming instanceof FaultError ? reject(incoming) : resolve(incoming)));
      }),
  } as unknown as Connection;
  const say = async (incoming: Incoming | FaultError): Promise<void> => {
    await turns();
    expect(waiting).toHaveLength(1);
    waiting.shift()?.(incoming);
    await turns();
  };
  return {
    connection,
    answer: (records: readonly AnyRecord[], answered: number) =>
      say({ kind: "message", message: { kind: "records.reply", records, answered } }),
    lose: () => say(new FaultError(fault("CONNECTION_LOST", { peer: "node 2", reason: "cut" }))),
  };
};

const turns = () => new Promise((resolve) => setImmediate(resolve));

test("what was asked for is under way until the answer is in, page by page", async () => {
  const context = contextOf();
  const { connection, answer } = slowPeer();
  const ids = Array.from({ length: pageRecordsMax + 1 }, (_, n) => idOf(n + 1));
  const [first, last] = [ids[0], ids.at(-1)];
  if (first === undefined || last === undefined) throw new Error("no ids");
  const taken = takeInAsked(context, connection, ids);
  expect([first, last].map((id) => context.underWay.has(id))).toEqual([true, false]);
  await answer([recordOf(first)], pageRecordsMax);
  expect([first, last].map((id) => context.underWay.has(id))).toEqual([false, true]);
  await answer([recordOf(last)], 1);
  expect(await taken).toBe(2);
  expect(context.underWay.images).toBe(0);
  for (const id of [first, last]) expect((await context.store.get(id))?.record.kind).toBe("image");
});

test("nor is it any more when the peer is lost", async () => {
  const context = contextOf();
  const { connection, lose } = slowPeer();
  const taken = takeInAsked(context, connection, [idOf(1)]);
  expect(context.underWay.has(idOf(1))).toBe(true);
  const lost = expect(taken).rejects.toThrow(FaultError);
  await lose();
  await lost;
  expect(context.underWay.images).toBe(0);
});
