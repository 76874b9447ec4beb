/** Repair on a disk that has trouble of its own. What it does for others is in `repair.test.ts`, with real nodes. */
import { expect, test } from "vitest";
import type { NodeContext } from "../../../core/io/node-context.ts";
import { createRepair } from "../../../core/io/repair.ts";
import { FaultError, fault } from "../../../core/model/faults.ts";
import { homeKey } from "../../../core/model/home-key.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { idOf, recordOf } from "../../support/records.ts";
import { fakeNodes } from "./fakes.ts";

test("an index that cannot say what is here is a failed disk, and nothing is fetched", async () => {
  const clock = new ManualClock();
  const [node] = fakeNodes(2, clock).values();
  if (node === undefined) throw new Error("there are two");
  const record = recordOf(idOf(1));
  const problem = fault("DISK_FAILED", { path: "index", reason: "EIO" });
  const { store } = node;
  const homes = homeKey(record);
  store.homeSets = async () => [{ homes, here: false, images: 1, payloadBytes: 1 }];
  store.inHomeSet = async () => ({ holdings: [{ record, change: 1, here: false }], more: false });
  store.get = () => Promise.reject(new FaultError(problem));
  const driver: NodeContext["driver"] = { ...node.context.driver, ready: true, loads: () => new Map() };
  const work: Partial<NodeContext["work"]> = { inFlight: 0, diskFault: null, failDisk: () => undefined };
  const context: NodeContext = { ...node.context, driver, work: work as NodeContext["work"] };
  const repair = createRepair(context);
  for (let looks = 0; looks < 20; looks++) {
    repair.look();
    await clock.pass(250);
  }
  repair.stop();
  expect(node.events).toContainEqual({ kind: "disk.failed", fault: problem });
  expect(repair.fetchedBytes).toBe(0);
});
