import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { logLinesMax } from "../../ui/model/log.ts";
import type { ConsoleEvent } from "../../ui/model/model.ts";
import { openNewsDesk } from "../../ui/news.ts";
import { logEvents, processEvent, snapshotEvent, snapshotOf, storyEntries } from "./scenes.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const open = () => {
  const delivered: (readonly ConsoleEvent[])[] = [];
  return { delivered, desk: openNewsDesk((events) => delivered.push(events)) };
};

test("a burst is one delivery, with the newest snapshot of each node and every entry in order", () => {
  const { delivered, desk } = open();
  for (const term of [7, 8, 9])
    for (const observer of [1, 2]) desk.add(snapshotEvent(snapshotOf({ observer, term })));
  for (const event of logEvents(storyEntries)) desk.add(event);
  desk.add(processEvent(1, "starting"));
  desk.add(processEvent(1, "running"));
  expect(delivered).toEqual([]);
  vi.runAllTimers();
  expect(delivered).toEqual([
    [
      processEvent(1, "running"),
      snapshotEvent(snapshotOf({ observer: 1, term: 9 })),
      snapshotEvent(snapshotOf({ observer: 2, term: 9 })),
      ...logEvents(storyEntries),
    ],
  ]);
});

test("nothing is delivered twice, and nothing when nothing came", () => {
  const { delivered, desk } = open();
  desk.add(processEvent(1, "running"));
  vi.runAllTimers();
  vi.advanceTimersByTime(10_000);
  desk.add(processEvent(2, "running"));
  vi.runAllTimers();
  expect(delivered).toEqual([[processEvent(1, "running")], [processEvent(2, "running")]]);
});

test("a flood of entries is bounded, and its end is what stays", () => {
  const { delivered, desk } = open();
  const [event] = logEvents(storyEntries);
  if (event?.kind !== "log") throw new Error("the story has entries");
  for (let at = 0; at < 5 * logLinesMax; at += 1) desk.add({ kind: "log", entry: { ...event.entry, at } });
  vi.runAllTimers();
  const kept = delivered.flat();
  expect(kept.length).toBeGreaterThanOrEqual(logLinesMax);
  expect(kept.length).toBeLessThanOrEqual(2 * logLinesMax);
  expect(kept.at(-1)).toMatchObject({ entry: { at: 5 * logLinesMax - 1 } });
});

test("a closed desk delivers nothing more", () => {
  const { delivered, desk } = open();
  desk.add(processEvent(1, "running"));
  desk.close();
  vi.runAllTimers();
  expect(delivered).toEqual([]);
});
