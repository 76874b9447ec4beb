/** What becomes of a picture after its receipt, when this disk has trouble. What it is when all is well: `node.test.ts`. */
import { expect, test } from "vitest";
import { inspectLater } from "../../../core/io/inspect-later.ts";
import type { NodeContext } from "../../../core/io/node-context.ts";
import { FaultError, fault } from "../../../core/model/faults.ts";
import { ManualClock, turn } from "../../support/manual-clock.ts";
import { idOf, recordOf } from "../../support/records.ts";
import { fakeNodes } from "./fakes.ts";

test("an index that cannot say what is known of it is a failed disk, and no more: room and key are given back", async () => {
  const [node] = fakeNodes(1, new ManualClock()).values();
  if (node === undefined) throw new Error("there is one");
  const problem = fault("DISK_FAILED", { path: "index", reason: "EIO" });
  node.store.get = () => Promise.reject(new FaultError(problem));
  const inspector: Partial<NodeContext["inspector"]> = {
    inspect: async () => ({ verdict: "ok", thumbnail: null }),
  };
  const context = { ...node.context, inspector: inspector as NodeContext["inspector"] };
  const fileKey = new Uint8Array(16).fill(7);
  let released = 0;
  const release = (): void => {
    released++;
  };
  inspectLater(context, recordOf(idOf(1)), [], fileKey, { release });
  // Its record would bring the image back, should it be purged and forgotten meanwhile.
  expect(context.underWay.has(idOf(1))).toBe(true);
  await turn();
  expect(context.underWay.images).toBe(0);
  expect(node.events).toEqual([{ kind: "disk.failed", fault: problem }]);
  expect(released).toBe(1);
  expect([...fileKey]).toEqual(Array.from({ length: 16 }, () => 0));
});
