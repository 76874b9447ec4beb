import { expect, test } from "vitest";
import { waitingTeller } from "../../../core/io/waiting.ts";
import type { Event } from "../../../core/model/events.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { monotonicMs } from "../../../core/model/units.ts";

const waiting = () => {
  const told: string[] = [];
  const state = { ms: 0, ready: false, missing: [2, 3] };
  const log = (event: Event): void => {
    if ("nodes" in event) told.push(`${state.ms} ${event.kind} ${event.nodes.join()}`);
  };
  const driver = {
    get ready() {
      return state.ready;
    },
  };
  const clock = { monotonic: () => monotonicMs(state.ms) };
  const tell = waitingTeller({ driver, clock, log }, () => state.missing.map(nodeId));
  /** Looks twice a second until then. */
  const until = (ms: number): void => {
    for (; state.ms < ms; state.ms += 500) tell();
  };
  return { told, state, until };
};

test("for whom a disk waits is told after a moment, once, and after a minute once more with what else can be done", () => {
  const { told, until } = waiting();
  until(300_000);
  expect(told).toEqual(["2000 disk.waiting 2,3", "60000 disk.still-waiting 2,3"]);
});

test("it is told anew for whom when somebody has come, and nothing when all have", () => {
  const { told, state, until } = waiting();
  until(10_000);
  state.missing = [3];
  until(20_000);
  state.ready = true;
  until(100_000);
  expect(told).toEqual(["2000 disk.waiting 2,3", "10000 disk.waiting 3"]);
});
