import { describe, expect, test } from "vitest";
import type { Event } from "../../../core/model/events.ts";
import { fault } from "../../../core/model/faults.ts";
import { boot, nodeId, storeId, term, userNameOf } from "../../../core/model/ids.ts";
import { wallMs } from "../../../core/model/units.ts";
import type { Leaderless } from "../../../ui/model/leaderless.ts";
import { emptyLive } from "../../../ui/model/model.ts";
import {
  emptyTimeline,
  itemMsMax,
  itemsMax,
  type Timeline,
  withReports,
} from "../../../ui/model/timeline.ts";
import { everyEvent } from "../../support/events.ts";
import { idOf } from "../../support/records.ts";
import { entryOf, sceneAt } from "../scenes.ts";

type Said = readonly [atMs: number, node: number, event: Event];

/** Each comes 40 ms after it happened. */
const toldWith = (leaderless: Leaderless | null, ...said: readonly Said[]): Timeline =>
  said.reduce<Timeline>(
    (timeline, [atMs, node, event], index) =>
      withReports(timeline, [{ entry: { ...entryOf(node, event), at: sceneAt + atMs }, sequence: index }], {
        at: at(atMs + 40),
        sources: emptyLive,
        leaderless,
      }),
    emptyTimeline,
  );
const told = (...said: readonly Said[]): Timeline => toldWith(null, ...said);
const at = (ms: number) => wallMs(sceneAt + ms);
const texts = (timeline: Timeline): readonly string[] =>
  timeline.items.map(({ told: { sign, text, more }, by }) => `${sign} ${text}${more} (${by.join(" ")})`);

const down = (peer: number): Event => ({ kind: "node.down", peer: nodeId(peer), reason: "refused" });
const up = (peer: number): Event => ({ kind: "node.up", peer: nodeId(peer) });
const leads = (leader: number, ofTerm: number): Event => ({
  kind: "leader.elected",
  leader: nodeId(leader),
  term: term(ofTerm),
});

describe("a fail-over", () => {
  test("is a death, an election and a return, each told once by all who saw it", () => {
    const timeline = told(
      [0, 3, leads(3, 8)],
      [2, 1, leads(3, 8)],
      [10_000, 1, { kind: "node.suspect", peer: nodeId(3), silenceMs: 160 }],
      [10_010, 2, down(3)],
      [10_015, 2, { kind: "election.started", term: term(9), reason: "leader-dead" }],
      [10_020, 2, leads(2, 9)],
      [10_020, 2, { kind: "leaderless.ended", term: term(9), leaderlessMs: 42 }],
      [10_030, 1, leads(2, 9)],
      [10_040, 1, down(3)],
      [22_000, 1, up(3)],
      [22_050, 2, up(3)],
      [22_060, 3, leads(2, 9)],
    );
    expect(texts(timeline)).toEqual([
      "★ node 3 leads term 8 (1 3)",
      "▼ node 3 is down (it led): it refuses connections (1 2)",
      "★ node 2 leads term 9, after 42 ms without a leader (1 2 3)",
      "▲ node 3 is up, after 12 s (1 2)",
    ]);
  });

  test("a node that dies twice is told of twice, however quickly", () => {
    expect(
      texts(told([0, 1, up(2)], [100, 1, down(2)], [200, 1, up(2)], [300, 1, down(2)], [310, 3, down(2)])),
    ).toEqual([
      "▲ node 2 is up (1)",
      "▼ node 2 is down: it refuses connections (1)",
      "▲ node 2 is up, after 100 ms (1)",
      "▼ node 2 is down: it refuses connections (1 3)",
    ]);
  });
});

describe("a time without a leader", () => {
  const ended = (ofTerm: number, leaderlessMs: number): Event => ({
    kind: "leaderless.ended",
    term: term(ofTerm),
    leaderlessMs,
  });
  const election = (leaderless: Leaderless | null, ...before: readonly Said[]) =>
    texts(
      toldWith(
        leaderless,
        [0, 3, leads(3, 29)],
        ...before,
        [20_000, 2, leads(2, 30)],
        [20_000, 2, ended(30, 295)],
      ),
    ).at(-1);

  test("is what this console has seen, where the winner started late", () => {
    expect(election({ since: at(13_000), endedBy: null })).toBe(
      "★ node 2 leads term 30, after 7.0 s without a leader (2)",
    );
    expect(election({ since: at(13_000), endedBy: term(30) })).toContain("after 7.0 s");
    // That one was before the last leader, or is older than its election.
    expect(election({ since: at(-9_000), endedBy: term(29) })).toContain("after 295 ms");
    expect(election({ since: at(-9_000), endedBy: null })).toContain("after 20 s");
  });

  test("is what another node told of the last leader's end, unless that one came back", () => {
    expect(election(null, [12_000, 1, down(3)])).toContain("after 8.0 s");
    expect(election(null, [12_000, 3, { kind: "node.stopped" }])).toContain("after 8.0 s");
    expect(election(null, [12_000, 1, down(3)], [13_000, 1, up(3)])).toContain("after 295 ms");
    expect(election(null, [12_000, 1, down(1)])).toContain("after 295 ms");
  });

  test("is never shorter than the winner's own word", () => {
    expect(election({ since: at(19_900), endedBy: null })).toContain("after 295 ms");
  });
});

describe("a node that has just started", () => {
  const started: Event = {
    kind: "node.started",
    boot: boot(2),
    store: storeId("a".repeat(32)),
    address: "h:1",
  };

  test("knows nothing of a node that it has not heard, and all of one that it has", () => {
    const came: readonly Said[] = [
      [0, 2, started],
      [10, 2, down(1)],
      [44, 2, up(1)],
    ];
    expect(texts(told(...came))).toEqual(["▲ node 2 started, boot 2 (2)", "▲ node 1 is up (2)"]);
    expect(texts(told(...came, [900, 2, down(1)])).at(-1)).toBe(
      "▼ node 1 is down: it refuses connections (2)",
    );
    expect(texts(told(...came, [800, 2, started], [900, 2, down(1)]))).toHaveLength(2);
    expect(texts(told([0, 2, started], [10, 3, down(1)])).at(-1)).toContain("▼ node 1 is down");
    expect(texts(told([0, 2, started], [12_000, 2, down(1)])).at(-1)).toContain("▼ node 1 is down");
  });
});

test("what a late witness adds does not change the moment that one goes back to", () => {
  const [item, ...others] = told([0, 1, up(2)], [6_000, 3, up(2)]).items;
  expect([item?.seenAt, item?.by, others]).toEqual([at(40), [1, 3], []]);
});

describe("repairs", () => {
  const copied = (bytes: number): Event => ({
    kind: "copy.made",
    image: idOf(bytes),
    from: nodeId(1),
    bytes,
  });

  test("are added up while they come, and begin anew after a pause", () => {
    expect(
      texts(told([0, 3, copied(400_000)], [900, 3, copied(600_000)], [60_000, 3, copied(5_000)])),
    ).toEqual(["✚ node 3 copied 2 images, 1.0 MB (3)", "✚ node 3 copied 1 image, 5.0 kB (3)"]);
  });

  test("images that nobody has are counted", () => {
    const missing: Event = { kind: "copy.missing", image: idOf(1), fault: fault("NO_LEADER", {}) };
    expect(texts(told([0, 3, missing], [5, 3, missing]))).toEqual([
      "! node 3 should have 2 images that no live node has (3)",
    ]);
  });
});

test("a disk that is replaced is followed until it is whole, and damage is counted", () => {
  const found: Event = { kind: "scrub.found", image: idOf(1), payload: true };
  expect(
    texts(
      told(
        [0, 2, { kind: "disk.set-aside", path: "/d", reason: "a batch is missing" }],
        [1, 2, { kind: "disk.rebuilding" }],
        [9, 2, { kind: "disk.refilled", records: 12, ms: 3_000 }],
        [10, 2, { kind: "disk.born", generation: 2 }],
        [20, 1, found],
        [25, 1, found],
        [30, 1, { kind: "scrub.ended", checked: 40, bad: 2, ms: 5 }],
        [31, 3, { kind: "disk.born", generation: 1 }],
      ),
    ),
  ).toEqual([
    "! disk of node 2 set aside: a batch is missing (2)",
    "! disk of node 2 is empty: it is refilled (2)",
    "✚ node 2 has 12 records again, in 3.0 s; its copies follow (2)",
    "▲ disk of node 2 is whole again; it votes and answers (2)",
    "! on the disk of node 1: 2 images damaged, to be made again (1)",
    "· node 1 checked 40 images, 2 damaged (1)",
  ]);
});

test("who is revoked is told once, also when a node hears of it later", () => {
  const revoked = (number: number, users: number): Event => ({
    kind: "users.revoked",
    number,
    users,
    closed: 0,
    by: "operator ops",
  });
  expect(
    texts(
      told(
        [0, 1, revoked(1, 1)],
        [5, 2, revoked(1, 1)],
        [60_000, 3, revoked(1, 1)],
        [60_001, 1, revoked(2, 2)],
      ),
    ),
  ).toEqual([
    "· list 1 of the revoked: 1 user is revoked now (1 2 3)",
    "· list 2 of the revoked: 2 users are revoked now (1)",
  ]);
});

test("acts are told with who did them, and noise is not told", () => {
  const by = userNameOf("operator");
  expect(
    texts(
      told(
        [0, 2, { kind: "lead.moved", to: nodeId(1), by }],
        [1, 2, { kind: "node.drained", by }],
        [1, 2, { kind: "scrub.begun", by }],
        [2, 3, { kind: "process.handled", act: "kill", by }],
        [3, 3, { kind: "node.started", boot: boot(2), store: storeId("a".repeat(32)), address: "h:1" }],
        [4, 1, { kind: "vote.granted", term: term(3), to: nodeId(2) }],
        [5, 1, { kind: "image.stored", image: idOf(1), bytes: 5, copies: 2, ms: 1, assignedBy: "leader" }],
      ),
    ),
  ).toEqual([
    "· operator wants node 1 to lead (2)",
    "· operator drained node 2 (2)",
    "· operator has the disk of node 2 checked (2)",
    "· operator killed node 3 (3)",
    "▲ node 3 started, boot 2 (3)",
  ]);
});

test("two clocks that differ are one item, whichever of the two says so", () => {
  const differ = (peer: number): Event => ({ kind: "clock.differed", peer: nodeId(peer), aheadMs: 3_000 });
  expect(told([0, 1, differ(2)], [50, 2, differ(1)]).items).toHaveLength(1);
});

test("no event breaks it, and numbers never change", () => {
  const timeline = told(...everyEvent.map((event, index): Said => [index * 20_000, 3, event]));
  const numbers = timeline.items.map(({ number }) => number);
  expect(numbers).toEqual(numbers.map((_, index) => index));
  expect(timeline.items.length).toBeGreaterThan(10);
});

test("an hour is kept, and a bounded number", () => {
  const old = told([0, 1, down(2)], [itemMsMax + 5_000, 1, up(2)]);
  expect(texts(old).map((text) => text.slice(0, 13))).toEqual(["▲ node 2 is u"]);
  const flapping = told(
    ...Array.from({ length: 3 * itemsMax }, (_, turn): Said => [turn, 1, turn % 2 === 0 ? up(2) : down(2)]),
  );
  expect(flapping.items).toHaveLength(itemsMax);
  expect(flapping.items.at(-1)?.number).toBe(3 * itemsMax - 1);
});
