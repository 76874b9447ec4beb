import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { term } from "../../core/model/ids.ts";
import { logLinesMax } from "../../ui/model/log.ts";
import type { ConsoleEvent } from "../../ui/model/model.ts";
import { openNewsDesk } from "../../ui/news.ts";
import {
  entryOf,
  logEvents,
  nodeView,
  processEvent,
  snapshotEvent,
  snapshotOf,
  storyEntries,
} from "./scenes.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Delivery {
  readonly at: number;
  readonly events: readonly ConsoleEvent[];
  readonly second: boolean;
}

const open = () => {
  const delivered: Delivery[] = [];
  const started = Date.now();
  const nowMs = () => Date.now() - started;
  const desk = openNewsDesk((events, second) => delivered.push({ at: nowMs(), events, second }), nowMs);
  /** Those that brought something. */
  const news = () => delivered.filter(({ events }) => events.length > 0);
  return { delivered, news, desk };
};
const calmly = (load: number) =>
  snapshotEvent(snapshotOf({ nodes: [nodeView(1, { load }), nodeView(2), nodeView(3)] }));

test("a burst is one delivery, with the newest snapshot of each node and every entry in order", () => {
  const { news, desk } = open();
  for (const ofTerm of [7, 8, 9])
    for (const observer of [1, 2]) desk.add(snapshotEvent(snapshotOf({ observer, term: ofTerm })));
  for (const event of logEvents(storyEntries)) desk.add(event);
  desk.add(processEvent(1, "starting"));
  desk.add(processEvent(1, "running"));
  vi.advanceTimersByTime(100);
  expect(news()).toHaveLength(1);
  expect(news()[0]?.events).toEqual([
    snapshotEvent(snapshotOf({ observer: 1, term: 9 })),
    snapshotEvent(snapshotOf({ observer: 2, term: 9 })),
    processEvent(1, "running"),
    ...logEvents(storyEntries),
  ]);
  desk.close();
});

test("numbers wait for the second; who leads, dies or returns does not", () => {
  const { news, desk } = open();
  desk.add(calmly(0.1));
  vi.advanceTimersByTime(1_000);
  desk.add(calmly(0.2));
  vi.advanceTimersByTime(900);
  expect(news()).toHaveLength(1);
  vi.advanceTimersByTime(100);
  expect(news().map(({ second }) => second)).toEqual([false, true]);
  desk.add(snapshotEvent(snapshotOf({ leader: 2, term: 9 })));
  vi.advanceTimersByTime(300);
  expect(news()).toHaveLength(3);
  desk.close();
});

test("debug lines wait as well, others do not", () => {
  const { news, desk } = open();
  desk.add({ kind: "log", entry: entryOf(1, { kind: "vote.granted", term: term(1), to: nodeView(2).id }) });
  vi.advanceTimersByTime(900);
  expect(news()).toEqual([]);
  desk.add({ kind: "log", entry: entryOf(1, { kind: "node.stopped" }) });
  vi.advanceTimersByTime(100);
  expect(news()[0]?.events).toHaveLength(2);
  desk.close();
});

test("a second is told even when nothing came, once a second", () => {
  const { delivered, desk } = open();
  vi.advanceTimersByTime(5_000);
  expect(delivered.map(({ second, events }) => [second, events.length])).toEqual(Array(5).fill([true, 0]));
  desk.close();
});

test("while one line chases the next, four deliveries a second are enough", () => {
  const { news, desk } = open();
  for (let ms = 0; ms < 3_000; ms++) {
    desk.add({ kind: "log", entry: entryOf(1, { kind: "node.stopped" }) });
    vi.advanceTimersByTime(1);
  }
  expect(news().length).toBeGreaterThanOrEqual(12);
  expect(news().length).toBeLessThanOrEqual(16);
  expect(news().flatMap(({ events }) => events).length).toBeGreaterThan(2_700);
  desk.close();
});

test("a flood of entries is bounded, and its end is what stays", () => {
  const { news, desk } = open();
  const { entry } = { entry: entryOf(1, { kind: "node.stopped" }) };
  for (let at = 0; at < 5 * logLinesMax; at += 1) desk.add({ kind: "log", entry: { ...entry, at } });
  vi.advanceTimersByTime(1_000);
  const kept = news().flatMap(({ events }) => events);
  expect(kept.length).toBeGreaterThanOrEqual(logLinesMax);
  expect(kept.length).toBeLessThanOrEqual(2 * logLinesMax);
  expect(kept.at(-1)).toMatchObject({ entry: { at: 5 * logLinesMax - 1 } });
  desk.close();
});

test("a closed desk delivers nothing more", () => {
  const { delivered, desk } = open();
  desk.add(processEvent(1, "running"));
  desk.close();
  vi.advanceTimersByTime(5_000);
  expect(delivered).toEqual([]);
});
