import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RefillRules, type RefillSource, refillStep } from "../../../core/decide/refill.ts";
import { majorityOf } from "../../../core/model/config.ts";
import { type NodeId, nodeId } from "../../../core/model/ids.ts";
import { monotonicMs } from "../../../core/model/units.ts";

const electionTimeoutMs = 300;
const startedAt = monotonicMs(1_000);
/** When the last pass may begin: two election timeouts, by a clock that may be slow. */
const lastFrom = 1_000 + 2 * electionTimeoutMs * 1.02;

const rulesOf = (nodes: number, acceptLoss = false): RefillRules => ({
  nodes,
  majority: majorityOf(nodes),
  electionTimeoutMs,
  acceptLoss,
});
/** All but node 1, which is being filled. */
const peersOf = (nodes: number): readonly NodeId[] =>
  Array.from({ length: nodes - 1 }, (_, index) => nodeId(index + 2));
const heard = (nodes: readonly number[], at: number): readonly RefillSource[] =>
  nodes.map((node) => ({ node: nodeId(node), heardAt: monotonicMs(at) }));
const step = (nodes: number, sources: readonly RefillSource[], at: number, acceptLoss = false) =>
  refillStep(sources, peersOf(nodes), startedAt, monotonicMs(at), rulesOf(nodes, acceptLoss));

test.each([
  [2, 1],
  [3, 2],
  [4, 2],
  [5, 3],
])(
  "of %d nodes it takes %d others whose disks are in order: one of them is of every majority",
  (nodes, needed) => {
    const all = peersOf(nodes);
    expect(step(nodes, heard(all.slice(0, needed - 1), 1_010), 1_020)).toEqual({
      kind: "wait",
      for: all.slice(needed - 1),
    });
    const enough = all.slice(0, needed);
    expect(step(nodes, heard(enough, 1_010), 1_020)).toEqual({
      kind: "pull",
      from: enough,
      needed,
      last: false,
    });
    // Together with the one that is filled they are enough to meet every majority in another.
    expect(needed + majorityOf(nodes)).toBeGreaterThan(nodes);
  },
);

test("all that are heard are asked, and it is enough when as many as are needed answer", () => {
  expect(step(5, heard([2, 3, 4, 5], 1_010), 1_020)).toEqual({
    kind: "pull",
    from: [2, 3, 4, 5],
    needed: 3,
    last: false,
  });
});

describe("the last pass", () => {
  test("begins when a vote that was forgotten must have run out, and no sooner", () => {
    expect(step(3, heard([2, 3], lastFrom - 1), lastFrom - 1)).toMatchObject({ kind: "pull", last: false });
    expect(step(3, heard([2, 3], lastFrom), lastFrom)).toMatchObject({ kind: "pull", last: true });
  });

  test("counts only what was heard since then", () => {
    const sources = [...heard([2], lastFrom - 1), ...heard([3], lastFrom + 5)];
    expect(step(3, sources, lastFrom + 10)).toEqual({ kind: "wait", for: [2] });
    expect(step(3, heard([2, 3], lastFrom + 40), lastFrom + 50)).toMatchObject({ last: true });
  });
});

describe("when loss is accepted", () => {
  test("those who live are enough, and in the end nobody", () => {
    expect(step(3, heard([2], 1_010), 1_020, true)).toEqual({
      kind: "pull",
      from: [2],
      needed: 1,
      last: false,
    });
    expect(step(3, [], lastFrom + 50, true)).toEqual({ kind: "pull", from: [], needed: 0, last: true });
  });

  test("who lives is still waited for: its last word may be from before", () => {
    expect(step(3, heard([2], lastFrom - 1), lastFrom + 1, true)).toEqual({ kind: "wait", for: [2, 3] });
    expect(step(3, heard([2], lastFrom + 40), lastFrom + 50, true)).toEqual({
      kind: "pull",
      from: [2],
      needed: 1,
      last: true,
    });
    // In five, one of two was heard again: the other is about to be.
    const sources = [...heard([2], lastFrom + 2), ...heard([3], lastFrom - 1)];
    expect(step(5, sources, lastFrom + 3, true)).toEqual({ kind: "wait", for: [3, 4, 5] });
  });
});

test("whoever is heard and whenever: it never ends early, nor with fewer than are needed", () => {
  const sources = fc.uniqueArray(
    fc.record({
      node: fc.integer({ min: 2, max: 5 }).map(nodeId),
      heardAt: fc.integer({ min: 900, max: 2_000 }).map(monotonicMs),
    }),
    { selector: ({ node }) => node },
  );
  fc.assert(
    fc.property(sources, fc.integer({ min: 1_000, max: 2_000 }), (drawn, at) => {
      const said = drawn.filter(({ heardAt }) => heardAt <= at);
      const next = step(5, said, at);
      if (next.kind === "wait") {
        expect(next.for.length).toBeGreaterThan(0);
        return;
      }
      expect(next.from.length).toBeGreaterThanOrEqual(next.needed);
      expect(next.needed).toBe(3);
      expect(next.last).toBe(at >= lastFrom);
      for (const { node, heardAt } of said)
        if (next.last && heardAt < lastFrom) expect(next.from).not.toContain(node);
    }),
    { numRuns: 1_000 },
  );
});
