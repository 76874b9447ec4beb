import { expect, test } from "vitest";
import { createNewsDesk } from "../../../core/io/news-desk.ts";
import type { Event } from "../../../core/model/events.ts";
import { nodeId, term } from "../../../core/model/ids.ts";
import { newsWaitingMax } from "../../../core/model/limits.ts";
import { wallMs } from "../../../core/model/units.ts";

const up = (peer: number): Event => ({ kind: "node.up", peer: nodeId(peer) });
const vote: Event = { kind: "vote.granted", term: term(1), to: nodeId(2) };
const at = wallMs(5);
const noWake = (): void => undefined;

test("whoever comes later hears what was remembered, without the passing details", () => {
  const desk = createNewsDesk();
  desk.tell(up(1), at);
  desk.tell(vote, at);
  desk.tell(up(2), at);
  const { entries, skipped } = desk.follow(0, noWake).take(10);
  expect(entries.map(({ number, level, event }) => [number, level, event.kind])).toEqual([
    [1, "info", "node.up"],
    [3, "info", "node.up"],
  ]);
  expect(skipped).toBe(0);
  expect(desk.follow(1, noWake).take(10).entries).toHaveLength(1);
  expect(desk.follow(3, noWake).take(10).entries).toEqual([]);
});

test("a follower hears everything while it follows, in batches, and nothing after it stopped", () => {
  const desk = createNewsDesk();
  const woken: string[] = [];
  const follower = desk.follow(0, (what) => woken.push(what));
  desk.tell(vote, at);
  desk.tell(up(1), at);
  desk.changed();
  expect(woken).toEqual(["entry", "entry", "change"]);
  expect(follower.take(1).entries[0]?.event).toEqual(vote);
  expect(follower.waiting).toBe(true);
  expect(follower.take(1).entries[0]?.event).toEqual(up(1));
  expect(follower.waiting).toBe(false);
  follower.stop();
  desk.tell(up(2), at);
  expect([follower.waiting, desk.followers, woken.length]).toEqual([false, 0, 3]);
});

test("a slow follower keeps the newest, and is told how many it lost", () => {
  const desk = createNewsDesk();
  const slow = desk.follow(0, noWake);
  const quick = desk.follow(0, noWake);
  for (let turn = 0; turn < newsWaitingMax + 7; turn++) {
    desk.tell(up(1), at);
    quick.take(10);
  }
  const taken = slow.take(newsWaitingMax);
  expect(taken.skipped).toBe(7);
  expect(taken.entries).toHaveLength(newsWaitingMax);
  expect(taken.entries[0]?.number).toBe(8);
  expect(slow.take(10)).toEqual({ entries: [], skipped: 0 });
});

test("what is remembered is bounded", () => {
  const desk = createNewsDesk();
  for (let turn = 0; turn < 5 * newsWaitingMax; turn++) desk.tell(up(1), at);
  const { entries } = desk.follow(0, noWake).take(100_000);
  expect(entries).toHaveLength(newsWaitingMax);
  expect(entries.at(-1)?.number).toBe(5 * newsWaitingMax);
});
