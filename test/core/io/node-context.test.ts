import { expect, test } from "vitest";
import { type NodeContext, noteDisk } from "../../../core/io/node-context.ts";
import type { Event } from "../../../core/model/events.ts";
import { type Fault, fault } from "../../../core/model/faults.ts";

const failed = fault("DISK_FAILED", { path: "p", reason: "EIO" });
const full = fault("DISK_FULL", { path: "p", freeBytes: 0 });

/** The part of a node that hears of disks; `fault`: what is wrong with this one before. */
const nodeWith = (before: Fault | null) => {
  const told: Event[] = [];
  let known = before;
  const work = {
    get diskFault() {
      return known;
    },
    failDisk: (problem: Fault) => {
      known = problem;
    },
  } as Pick<NodeContext["work"], "diskFault" | "failDisk"> as NodeContext["work"];
  return { told, work, context: { work, log: (event: Event) => told.push(event) } };
};

test("a disk that fails is told, once, and takes no more work", () => {
  const { context, told, work } = nodeWith(null);
  expect(noteDisk(context, failed)).toBe(failed);
  expect(noteDisk(context, failed)).toBe(failed);
  expect(told).toEqual([{ kind: "disk.failed", fault: failed }]);
  expect(work.diskFault).toBe(failed);
});

test("also when it was full before: that is another trouble", () => {
  const { context, told, work } = nodeWith(full);
  noteDisk(context, failed);
  expect(told).toEqual([{ kind: "disk.failed", fault: failed }]);
  expect(work.diskFault).toBe(failed);
});

test("anything else is passed on, and nothing is told", () => {
  const { context, told, work } = nodeWith(null);
  for (const problem of [full, fault("BUSY", { what: "it" }), fault("NO_QUORUM", { live: 1, needed: 2 })])
    expect(noteDisk(context, problem)).toBe(problem);
  expect(told).toEqual([]);
  expect(work.diskFault).toBeNull();
});
