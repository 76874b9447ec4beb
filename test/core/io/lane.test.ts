import { expect, test } from "vitest";
import { Lane, laneBytesMax } from "../../../core/io/lane.ts";
import { FaultError, fault } from "../../../core/model/faults.ts";

const slow = fault("TIMED_OUT", { peer: "the client", what: "keep up", ms: 200 });
const chunkOf = (byte: number, bytes = 1): Uint8Array => new Uint8Array(bytes).fill(byte);

/** A receiver that takes a chunk when it is told to. */
const gated = () => {
  const taken: number[] = [];
  const gates: (() => void)[] = [];
  const lane = new Lane(async (chunk) => {
    await new Promise<void>((resolve) => gates.push(resolve));
    taken.push(chunk[0] ?? 0);
  });
  return { lane, taken, take: () => gates.shift()?.() };
};

test("chunks are written in order, one at a time, and the end waits for the last", async () => {
  let under = 0;
  let most = 0;
  const taken: number[] = [];
  const lane = new Lane(async (chunk) => {
    most = Math.max(most, ++under);
    await Promise.resolve();
    taken.push(chunk[0] ?? 0);
    under--;
  });
  for (let n = 0; n < 50; n++) lane.push(chunkOf(n));
  expect(await lane.finish()).toBeNull();
  expect(taken).toEqual(Array.from({ length: 50 }, (_, n) => n));
  expect(most).toBe(1);
  lane.push(chunkOf(77));
  await lane.finish();
  expect(taken.at(-1)).toBe(77);
});

test("one that is more than a mebibyte behind has no room until it has caught up", async () => {
  const { lane, take } = gated();
  lane.push(chunkOf(1, laneBytesMax));
  expect(lane.hasRoom).toBe(true);
  lane.push(chunkOf(2, 1));
  expect(lane.hasRoom).toBe(false);
  let room = false;
  const waiting = lane.whenRoom().then(() => {
    room = true;
  });
  await Promise.resolve();
  expect(room).toBe(false);
  take();
  await waiting;
  expect(lane.hasRoom).toBe(true);
  lane.drop(slow);
});

test("a dropped lane forgets what is queued, takes no more, and lets the sender go on", async () => {
  const { lane, taken, take } = gated();
  for (const n of [1, 2, 3]) lane.push(chunkOf(n, laneBytesMax));
  const waiting = lane.whenRoom();
  lane.drop(slow);
  await waiting;
  lane.push(chunkOf(4));
  take();
  expect(await lane.finish()).toEqual(slow);
  expect(taken).toEqual([1]);
  lane.drop(fault("CONNECTION_LOST", { peer: "x", reason: "y" }));
  expect(lane.fault).toEqual(slow);
});

test("a write that fails ends the lane with its reason", async () => {
  const full = fault("DISK_FULL", { path: "disk", freeBytes: 0 });
  const faulty = new Lane(() => Promise.reject(new FaultError(full)));
  faulty.push(chunkOf(1));
  faulty.push(chunkOf(2));
  expect(await faulty.finish()).toEqual(full);
  expect(faulty.hasRoom).toBe(true);
  const odd = new Lane(() => {
    throw new Error("odd");
  });
  odd.push(chunkOf(1));
  expect(await odd.finish()).toMatchObject({ code: "CONNECTION_LOST" });
});
