import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fallenBehind,
  type Judgement,
  judgeDisk,
  knownBefore,
  type OwnDisk,
  remember,
  rememberBirth,
  type StandingRules,
  type Witness,
} from "../../../core/decide/standing.ts";
import { majorityOf } from "../../../core/model/config.ts";
import type { DiskMemory, PeerMemory } from "../../../core/model/control.ts";
import { type NodeId, nodeId } from "../../../core/model/ids.ts";
import { diskOf } from "./kit.ts";

const rulesOf = (nodes: number, acceptLoss = false): StandingRules => ({
  nodes,
  majority: majorityOf(nodes),
  acceptLoss,
  replaces: false,
  patient: acceptLoss,
});
/** All but node 1, whose disk is judged. */
const peersOf = (nodes: number): readonly NodeId[] =>
  Array.from({ length: nodes - 1 }, (_, index) => nodeId(index + 2));

const empty: OwnDisk = { generation: 0, store: diskOf(1), saves: 0, feedHead: 0 };
const used: OwnDisk = { generation: 1, store: diskOf(1), saves: 10, feedHead: 100 };

/** What node `node` says, on a disk of its own: of the first generation, and knowing nothing of ours. */
const hears = (node: number, changes: Partial<Witness> = {}): Witness => ({
  node: nodeId(node),
  store: diskOf(node),
  generation: 1,
  remembers: null,
  replaces: false,
  ...changes,
});
const emptyToo = (node: number): Witness => hears(node, { generation: 0 });
const remembering = (node: number, memory: Partial<DiskMemory>): Witness =>
  hears(node, { remembers: { ...used, ...memory } });

const judgeEmpty = (nodes: number, witnesses: readonly Witness[], acceptLoss = false): Judgement =>
  judgeDisk(empty, "unborn", witnesses, peersOf(nodes), rulesOf(nodes, acceptLoss));
const judgeUsed = (
  nodes: number,
  witnesses: readonly Witness[],
  { own = used, acceptLoss = false } = {},
): Judgement => judgeDisk(own, "returning", witnesses, peersOf(nodes), rulesOf(nodes, acceptLoss));

describe("an empty disk", () => {
  test("of a cluster of one is new", () => {
    expect(judgeEmpty(1, [])).toEqual({ kind: "born" });
  });

  test.each([2, 3, 5])(
    "of %d nodes is new when all others say that theirs are empty too, and not before",
    (nodes) => {
      const all = peersOf(nodes).map((peer) => emptyToo(peer));
      for (let heard = 0; heard < all.length; heard++) {
        const missing = peersOf(nodes).slice(heard);
        expect(judgeEmpty(nodes, all.slice(0, heard))).toEqual({ kind: "wait", for: missing });
      }
      expect(judgeEmpty(nodes, all)).toEqual({ kind: "born" });
    },
  );

  test.each([2, 3, 5])("of %d nodes is to be filled as soon as one other has a past", (nodes) => {
    const [first = nodeId(2), ...others] = peersOf(nodes);
    expect(judgeEmpty(nodes, [hears(first)])).toEqual({ kind: "rebuild" });
    const last = [...others.map((peer) => emptyToo(peer)), hears(first)];
    expect(judgeEmpty(nodes, last)).toEqual({ kind: "rebuild" });
  });

  test("is to be filled when another remembers an earlier disk of it, though its own is empty again", () => {
    const amnesiac = { ...emptyToo(2), remembers: { ...used, store: diskOf(11) } };
    expect(judgeEmpty(3, [amnesiac])).toEqual({ kind: "rebuild" });
    expect(judgeEmpty(3, [amnesiac, emptyToo(3)])).toEqual({ kind: "rebuild" });
  });

  test("is not taken for new because those that were heard are being filled: one is missing who may know", () => {
    expect(judgeEmpty(3, [emptyToo(2)])).toEqual({ kind: "wait", for: [3] });
  });

  test("was born with the others when one of them remembers this very disk", () => {
    expect(judgeEmpty(3, [remembering(2, { saves: 0, feedHead: 0 })])).toEqual({
      kind: "adopt",
      generation: 1,
    });
    // Alone among others that are still empty: the founder was quicker than all of them.
    expect(
      judgeEmpty(5, [emptyToo(2), emptyToo(3), remembering(4, { saves: 0, feedHead: 0 })]),
    ).toMatchObject({ kind: "adopt" });
  });

  test("is a copy from before its birth when more is remembered than a founder may know", () => {
    // A founder has heard this process; nothing was in its feed then.
    const own = { ...empty, saves: 2 };
    const judged = (memory: Partial<DiskMemory>): string =>
      judgeDisk(own, "unborn", [remembering(2, { saves: 2, feedHead: 0, ...memory })], peersOf(3), rulesOf(3))
        .kind;
    expect(judged({})).toBe("adopt");
    expect(judged({ feedHead: 1 })).toBe("outdated");
    expect(judged({ saves: 3 })).toBe("outdated");
  });

  test("is what the operator says it is when loss is accepted", () => {
    expect(judgeEmpty(3, [], true)).toEqual({ kind: "born" });
    expect(judgeEmpty(5, [emptyToo(2)], true)).toEqual({ kind: "born" });
    // But what can still be found again is not given up.
    expect(judgeEmpty(3, [hears(2)], true)).toEqual({ kind: "rebuild" });
    expect(judgeEmpty(3, [remembering(2, { store: diskOf(11) })], true)).toEqual({ kind: "rebuild" });
  });
});

describe("a disk with a past", () => {
  // N − W others: before, a node was ready as soon as it had read its disk.
  test.each([
    [1, 0],
    [3, 1],
    [4, 1],
    [5, 2],
    [9, 4],
  ])("of %d nodes is confirmed by %d others that remember nothing newer", (nodes, needed) => {
    const all = peersOf(nodes).map((peer) => remembering(peer, {}));
    for (let heard = 0; heard < needed; heard++)
      expect(judgeUsed(nodes, all.slice(0, heard))).toEqual({
        kind: "wait",
        for: peersOf(nodes).slice(heard),
      });
    for (let heard = needed; heard <= all.length; heard++)
      expect(judgeUsed(nodes, all.slice(0, heard))).toEqual({ kind: "confirmed" });
  });

  test("may be newer than what is remembered, never older", () => {
    const newer = { saves: 9, feedHead: 50 };
    expect(judgeUsed(3, [remembering(2, newer)])).toEqual({ kind: "confirmed" });
    expect(judgeUsed(3, [remembering(2, { generation: 0, store: diskOf(11) })])).toEqual({
      kind: "confirmed",
    });
    for (const older of [
      { saves: 11 },
      { feedHead: 101 },
      { generation: 2 },
      { generation: 2, store: diskOf(11), saves: 0, feedHead: 0 },
      { store: diskOf(11) },
    ]) {
      const judged = judgeUsed(3, [remembering(2, older)]);
      expect(judged).toMatchObject({ kind: "outdated" });
      expect(judged.kind === "outdated" && judged.reason).toMatch(/^node 2 remembers \S/);
    }
  });

  test("is outdated by the word of one, whatever the others say and however many", () => {
    const others = [2, 3, 4].map((peer) => remembering(peer, {}));
    const one = remembering(5, { feedHead: 101 });
    for (const witnesses of [[...others, one], [one, ...others], [one]])
      expect(judgeUsed(5, witnesses)).toMatchObject({ kind: "outdated" });
    // Not even when the operator accepts loss: this is none yet.
    expect(judgeUsed(5, [one], { acceptLoss: true })).toMatchObject({ kind: "outdated" });
  });

  test("is not confirmed by disks that have no memory, but one of them may have one", () => {
    expect(judgeUsed(3, [emptyToo(2), emptyToo(3)])).toEqual({ kind: "wait", for: [2, 3] });
    const filled = { ...emptyToo(2), remembers: { ...used, feedHead: 101 } };
    expect(judgeUsed(3, [filled])).toMatchObject({ kind: "outdated" });
  });

  test("of an earlier generation of the node is a later one's backup, and of a later one none", () => {
    const second = { ...used, generation: 2, store: diskOf(12) };
    expect(judgeUsed(3, [remembering(2, {})], { own: second })).toEqual({ kind: "confirmed" });
    expect(judgeUsed(3, [{ ...remembering(2, {}), remembers: second }])).toMatchObject({ kind: "outdated" });
  });

  test("goes on alone when loss is accepted", () => {
    expect(judgeUsed(3, [], { acceptLoss: true })).toEqual({ kind: "confirmed" });
  });
});

describe("a founding race", () => {
  /** What `judge` says of the disk of `id`, given what the others say of themselves and of it. */
  const judge = (id: number, others: readonly Witness[]): Judgement => {
    const own = { ...empty, store: diskOf(id), saves: 1 };
    const peers = [1, 2, 3].filter((other) => other !== id).map(nodeId);
    return judgeDisk(own, "unborn", others, peers, rulesOf(3));
  };
  const bornKnowing = (node: number, of: number): Witness =>
    hears(node, {
      remembers: rememberBirth(7, { generation: 1, store: diskOf(of), saves: 1, feedHead: 0 }).latest,
    });

  test("in which one is born before the others notice: they follow, and do not fill themselves from it", () => {
    expect(judge(1, [emptyToo(2), emptyToo(3)])).toEqual({ kind: "born" });
    expect(judge(2, [bornKnowing(1, 2), emptyToo(3)])).toEqual({ kind: "adopt", generation: 1 });
    expect(judge(2, [emptyToo(3), bornKnowing(1, 2)])).toEqual({ kind: "adopt", generation: 1 });
    expect(judge(3, [bornKnowing(1, 3), bornKnowing(2, 3)])).toEqual({ kind: "adopt", generation: 1 });
  });

  test("in which a disk is lost at the very moment: its successor does not call itself new", () => {
    // Node 1 was born knowing disk 3 of node 3; node 3 comes back with disk 33.
    const own = { ...empty, store: diskOf(33) };
    for (const others of [
      [bornKnowing(1, 3), emptyToo(2)],
      [emptyToo(1), bornKnowing(2, 3)],
      [bornKnowing(1, 3)],
    ])
      expect(judgeDisk(own, "unborn", others, [nodeId(1), nodeId(2)], rulesOf(3))).toEqual({
        kind: "rebuild",
      });
  });

  test("in which two were born knowing different disks of a third: no word of one is lost for the other's", () => {
    const own = { ...empty, store: diskOf(33) };
    const knowsOld = bornKnowing(1, 3);
    const knowsNew = bornKnowing(2, 33);
    const peers = [nodeId(1), nodeId(2)];
    // An earlier disk of it was in use: the careful answer, in whatever order they are heard.
    for (const others of [
      [knowsOld, knowsNew],
      [knowsNew, knowsOld],
    ])
      expect(judgeDisk(own, "unborn", others, peers, rulesOf(3))).toEqual({ kind: "rebuild" });
  });
});

const generation = fc.integer({ min: 0, max: 3 });
/** Disks of one node: of one generation there is one disk, but for a copy that somebody made. */
const memoryOf = fc.record({
  generation,
  store: fc.constantFrom(1, 2).map(diskOf),
  saves: fc.nat(5),
  feedHead: fc.nat(5),
});

describe("a disk in the place of a damaged one", () => {
  const all = [emptyToo(2), emptyToo(3)];
  const judge = (changes: Partial<StandingRules>, witnesses: readonly Witness[] = all): Judgement =>
    judgeDisk(empty, "unborn", witnesses, peersOf(3), { ...rulesOf(3), ...changes });

  test("is not new because all others are empty too: what was set aside may be all that there is", () => {
    expect(judge({})).toEqual({ kind: "born" });
    expect(judge({ replaces: true })).toEqual({ kind: "lost" });
    expect(judge({}, [emptyToo(2), { ...emptyToo(3), replaces: true }])).toEqual({ kind: "lost" });
  });

  test("is new when loss is accepted, once whoever lives has had the time to speak", () => {
    expect(judge({ replaces: true, acceptLoss: true })).toEqual({ kind: "lost" });
    expect(judge({ replaces: true, acceptLoss: true, patient: true })).toEqual({ kind: "born" });
  });

  test("is filled from whoever has something", () => {
    expect(judge({ replaces: true }, [emptyToo(2), hears(3)])).toEqual({ kind: "rebuild" });
  });
});

test("of two nodes one asks the other before it speaks, and waits no longer than whoever lives needs", () => {
  const judge = (patient: boolean, witnesses: readonly Witness[]): Judgement =>
    judgeDisk(used, "returning", witnesses, peersOf(2), { ...rulesOf(2), patient });
  expect(judge(false, [])).toEqual({ kind: "wait", for: [nodeId(2)] });
  expect(judge(false, [hears(2)])).toEqual({ kind: "confirmed" });
  expect(judge(true, [])).toEqual({ kind: "confirmed" });
  expect(judge(false, [remembering(2, { saves: used.saves + 1 })])).toMatchObject({ kind: "outdated" });
});

describe("remembering", () => {
  test("never forgets: whatever is heard, of a disk that was known nothing is taken back", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(2), memoryOf), { maxLength: 12 }), (heard) => {
        let memory: PeerMemory | null = null;
        for (const [run, disk] of heard) {
          const before: PeerMemory | null = memory;
          memory = remember(memory, run, disk);
          if (before === null) continue;
          if (memory === null) throw new Error("all was forgotten");
          expect(memory.latest.generation).toBeGreaterThanOrEqual(before.latest.generation);
          // A disk that was as `before` says has not become older by being heard of again.
          expect(fallenBehind(memory.latest, before.latest)).toBeNull();
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("what a disk was found to be never outdates it: it is judged by what was known before its process began", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { maxLength: 10 }), (grows) => {
        // One disk that only grows; each process saves at least its own boot.
        let disk: OwnDisk = { generation: 1, store: diskOf(1), saves: 0, feedHead: 0 };
        let memory: PeerMemory | null = null;
        for (const [run, [saves, feedHead]] of grows.entries()) {
          const found = disk;
          disk = { ...disk, saves: disk.saves + 1 };
          memory = remember(memory, run, disk);
          disk = { ...disk, saves: disk.saves + saves, feedHead: disk.feedHead + feedHead };
          memory = remember(memory, run, disk);
          const before = memory?.before ?? null;
          if (before !== null) expect(fallenBehind(found, before)).toBeNull();
        }
      }),
    );
  });

  test("finds out every disk from before the last process that was heard", () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(3), fc.boolean(), (saves, feedHead, isOlder) => {
        fc.pre(!isOlder || saves + feedHead > 0);
        const last: OwnDisk = { generation: 1, store: diskOf(1), saves: 10, feedHead: 20 };
        const memory = remember(null, 1, last);
        const back = isOlder ? { ...last, saves: 10 - saves, feedHead: 20 - feedHead } : last;
        // The next process: it has saved its boot number already when it is first heard.
        const next = remember(memory, 2, { ...back, saves: back.saves + 1 });
        const told = knownBefore(next, 2);
        if (told === null) throw new Error("what was known before is not known any more");
        expect(fallenBehind(back, told) === null).toBe(!isOlder);
      }),
    );
  });

  test("is not led astray by a ping of an earlier process that was long on its way", () => {
    const first: OwnDisk = { generation: 1, store: diskOf(1), saves: 3, feedHead: 5 };
    const second = { ...first, saves: 4 };
    const memory = remember(null, 2, second);
    expect(remember(memory, 1, first)).toBe(memory);
    expect(knownBefore(remember(remember(memory, 1, first), 2, second), 2)).toBeNull();
  });

  test("says nothing new of a disk that is being filled, and keeps what was known of the one before", () => {
    expect(remember(null, 1, empty)).toBeNull();
    const memory = remember(null, 1, used);
    expect(remember(memory, 2, empty)).toBe(memory);
    const filled = { ...empty, generation: 2, store: diskOf(12), saves: 3 };
    expect(remember(memory, 2, filled)).toEqual({ run: 2, latest: filled, before: used });
  });

  test("does not take another disk of the same generation for the one that is known", () => {
    const memory = remember(null, 1, used);
    const other = { ...used, store: diskOf(12), feedHead: 1_000 };
    expect(remember(memory, 2, other)?.latest).toEqual(used);
  });

  test("a birth is known from before the process that was born in it", () => {
    const disk = { generation: 1, store: diskOf(2), saves: 1, feedHead: 0 };
    expect(rememberBirth(5, disk)).toEqual({ run: 5, latest: disk, before: disk });
  });
});
