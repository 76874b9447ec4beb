import { expect, test } from "vitest";
import { payloadFrom } from "../../../core/io/fetch.ts";
import { type Fault, FaultError, fault } from "../../../core/model/faults.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { refusalOf } from "../../../core/wire/schema-faults.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { idOf, recordOf } from "../../support/records.ts";
import { fakeNodes, lostFault } from "./fakes.ts";

const id = idOf(1);
const n2 = nodeId(2);

/** What comes of asking node 2 for the payload, when it answers so. */
const fetched = async (answer: Fault | null, refused: boolean): Promise<Fault> => {
  const nodes = fakeNodes(2, new ManualClock());
  const [one, two] = [nodes.get(nodeId(1)), nodes.get(n2)];
  if (one === undefined || two === undefined) throw new Error("there are two");
  two.answer = () => (answer !== null && refused ? refusalOf(answer) : answer);
  try {
    for await (const _ of payloadFrom(one.context, n2, recordOf(id))) throw new Error("something came");
  } catch (error) {
    if (error instanceof FaultError) return error.fault;
    throw error;
  }
  throw new Error("it came to an end");
};

test("a node that does not have it says so", async () => {
  const missing = fault("IMAGE_UNAVAILABLE", { id, reason: "not on this node's disk" });
  expect(await fetched(missing, true)).toEqual(missing);
});

test("another node's trouble is not taken for our own: its failed disk is no failed disk here", async () => {
  const failed = fault("DISK_FAILED", { path: "there", reason: "EIO" });
  const told = await fetched(failed, true);
  expect(told).toMatchObject({ code: "IMAGE_UNAVAILABLE", id });
  expect(JSON.stringify(told)).toContain("EIO");
});

test("a connection that breaks is told as that", async () => {
  expect(await fetched(lostFault(n2), false)).toEqual(lostFault(n2));
});
