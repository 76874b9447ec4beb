import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  beginReplication,
  canSpare,
  type Replication,
  type ReplicationEffect,
  type ReplicationEvent,
  roomFault,
  stepReplication,
} from "../../../core/decide/replication.ts";
import { majorityOf } from "../../../core/model/config.ts";
import { type Fault, fault } from "../../../core/model/faults.ts";
import { type NodeId, nodeId } from "../../../core/model/ids.ts";

const [n1, n2, n3, n4, n5] = [1, 2, 3, 4, 5].map(nodeId) as [NodeId, NodeId, NodeId, NodeId, NodeId];

/** All effects of a sequence of events, and the state at its end. */
const play = (
  begun: Replication | null,
  events: readonly ReplicationEvent[],
): readonly [Replication, readonly ReplicationEffect[]] => {
  if (begun === null) throw new Error("there was no majority to begin with");
  let state = begun;
  const all: ReplicationEffect[] = [];
  for (const event of events) {
    const [next, effects] = stepReplication(state, event);
    state = next;
    all.push(...effects);
  }
  return [state, all];
};
const stored = (node: NodeId): ReplicationEvent => ({ kind: "stored", node });
const gone = fault("CONNECTION_LOST", { peer: "a node", reason: "it is no longer heard" });
const lost = (node: NodeId, why: Fault = gone): ReplicationEvent => ({ kind: "lost", node, fault: why });
const fullAt = (node: NodeId): Fault => fault("DISK_FULL", { path: `disk ${node}`, freeBytes: 0 });

describe("an upload to three nodes, two copies wanted", () => {
  const begun = beginReplication(n1, [n3, n1, n2], 2, 2);

  test("begins with the processing node and the one that the image prefers", () => {
    expect(begun?.streaming).toEqual([n1, n3]);
    expect(begun?.spare).toEqual([n2]);
  });

  test("is acknowledged when both have it, and settled with that", () => {
    expect(play(begun, [stored(n3), stored(n1)])[1]).toEqual([
      { kind: "acknowledge", copies: 2 },
      { kind: "settled", homes: [n3, n1] },
    ]);
  });

  test("takes the third node when one is lost, and fails when that is lost, too", () => {
    expect(play(begun, [lost(n3), stored(n1), lost(n2)])[1]).toEqual([
      { kind: "recruit", node: n2 },
      { kind: "fail", fault: fault("NO_QUORUM", { live: 1, needed: 2 }) },
      { kind: "settled", homes: [n1] },
    ]);
  });

  test("hears nothing from nodes that are no home of it, and each home once", () => {
    expect(play(begun, [stored(n2), lost(n2), stored(n1), stored(n1), lost(n1)])[1]).toEqual([]);
  });
});

describe("why an upload to five nodes fails", () => {
  const begun = beginReplication(n1, [n1, n2, n3, n4, n5], 5, 3);
  const reason = (...events: ReplicationEvent[]) =>
    play(begun, events)[1].find((effect) => effect.kind === "fail")?.fault;

  test("is that disks are full, when with their nodes there would be a majority", () => {
    expect(reason(lost(n5, fullAt(n5)), lost(n2), lost(n4, fullAt(n4)))).toEqual(fullAt(n5));
    expect(reason(...[n1, n2, n3, n4, n5].map((node) => lost(node, fullAt(node))))).toEqual(fullAt(n1));
  });

  test("is that nodes are missing, when more room on those that are left would not help", () => {
    expect(reason(lost(n4), lost(n5), lost(n3))).toEqual(fault("NO_QUORUM", { live: 2, needed: 3 }));
  });

  test("does not depend on full disks beside a majority", () => {
    expect(reason(lost(n4, fullAt(n4)), lost(n5, fullAt(n5)), stored(n1), stored(n2), stored(n3))).toBe(
      undefined,
    );
  });
});

describe("a new image is not begun", () => {
  const full = (node: NodeId) => ({ node, readOnly: true, diskFreeBytes: 10 * node });
  const roomy = (node: NodeId) => ({ node, readOnly: false, diskFreeBytes: 1e9 });

  test("when too many of the disks that are there have no room, and it says whose", () => {
    const wanted = fault("DISK_FULL", { path: "node 2", freeBytes: 20 });
    expect(roomFault([full(n2), full(n3)], 2, 100)).toEqual(wanted);
    expect(roomFault([full(n2), full(n3), roomy(n4), full(n5)], 3, 100)).toEqual(wanted);
    expect(roomFault([roomy(n3), full(n2)], 3, 100)).toEqual(wanted);
  });

  test("only then: not for full disks beside a majority, nor when the majority is missing anyhow", () => {
    expect(roomFault([full(n2), roomy(n3)], 2, 100)).toBeNull();
    expect(roomFault([full(n2), roomy(n3), roomy(n4), full(n5)], 3, 100)).toBeNull();
    expect(roomFault([full(n2)], 3, 100)).toBeNull();
    expect(roomFault([], 1, 100)).toBeNull();
  });

  test("not for disks that have failed, which are not full: they say themselves what is wrong", () => {
    const failed = (node: NodeId) => ({ ...roomy(node), readOnly: true });
    expect(roomFault([failed(n2), failed(n3)], 2, 100)).toBeNull();
  });
});

test("copies beyond the majority finish behind the acknowledgement, or are lost without harm to it", () => {
  const begun = beginReplication(n1, [n1, n2, n3, n4, n5], 4, 3);
  const [state, effects] = play(begun, [stored(n1), stored(n2), stored(n3), lost(n4), lost(n5)]);
  expect(effects).toEqual([
    { kind: "acknowledge", copies: 3 },
    { kind: "recruit", node: n5 },
    { kind: "settled", homes: [n1, n2, n3] },
  ]);
  expect(state.outcome.kind).toBe("acknowledged");
});

test("a cluster of one is its own majority", () => {
  expect(play(beginReplication(n1, [n1], 1, 1), [stored(n1)])[1]).toEqual([
    { kind: "acknowledge", copies: 1 },
    { kind: "settled", homes: [n1] },
  ]);
});

test("without a live majority nothing begins", () => {
  expect(beginReplication(n1, [n1], 3, 2)).toBeNull();
  expect(beginReplication(n1, [n1, n2], 5, 3)).toBeNull();
});

/** A cluster, who of it lives, how many copies are wanted, and what becomes of the copies in which order. */
const history = fc.integer({ min: 1, max: 9 }).chain((nodes) => {
  const all = Array.from({ length: nodes }, (_, index) => nodeId(index + 1));
  return fc.record({
    majority: fc.constant(majorityOf(nodes)),
    live: fc.shuffledSubarray(all, { minLength: majorityOf(nodes) }),
    wanted: fc.integer({ min: majorityOf(nodes), max: nodes }),
    events: fc.array(
      fc.record({
        kind: fc.constantFrom("stored" as const, "lost" as const),
        node: fc.constantFrom(...all),
        fault: fc.constantFrom(gone, fullAt(n1)),
      }),
      { maxLength: 40 },
    ),
  });
});

test("whatever happens: acknowledged at a majority, failed without one, once and never both, settled last", () => {
  let acknowledgements = 0;
  let failures = 0;
  fc.assert(
    fc.property(history, ({ majority, live, wanted, events }) => {
      const [self = n1] = live;
      let state = beginReplication(self, live, wanted, majority);
      if (state === null) throw new Error("a majority lives");
      const truly = new Set<NodeId>();
      const said: ReplicationEffect["kind"][] = [];
      for (const event of events) {
        if (event.kind === "stored" && state.streaming.includes(event.node)) truly.add(event.node);
        const possible = canSpare(state, event.node);
        const [next, effects] = stepReplication(state, event);
        for (const effect of effects) {
          expect(said).not.toContain("settled");
          if (effect.kind !== "recruit") expect(said).not.toContain(effect.kind);
          said.push(effect.kind);
          if (effect.kind === "acknowledge") expect(truly.size).toBeGreaterThanOrEqual(majority);
          if (effect.kind === "fail") {
            expect(said).not.toContain("acknowledge");
            expect(next.stored.length + next.streaming.length + next.spare.length).toBeLessThan(majority);
            if (state.outcome.kind === "open") expect(event.kind === "lost" && possible).toBe(false);
          }
          if (effect.kind === "settled") expect(new Set(effect.homes)).toEqual(truly);
        }
        if (truly.size >= majority) expect(said).toContain("acknowledge");
        expect(said.includes("settled")).toBe(next.streaming.length === 0);
        expect(new Set(next.stored)).toEqual(truly);
        state = next;
      }
      expect(said.includes("acknowledge") && said.includes("fail")).toBe(false);
      acknowledgements += Number(said.includes("acknowledge"));
      failures += Number(said.includes("fail"));
    }),
    { numRuns: 500 },
  );
  expect(acknowledgements).toBeGreaterThan(20);
  expect(failures).toBeGreaterThan(5);
});

test("a home can be spared exactly as long as a majority stays possible without it", () => {
  fc.assert(
    fc.property(history, ({ majority, live, wanted, events }) => {
      const [self = n1] = live;
      let [state] = play(beginReplication(self, live, wanted, majority), events);
      if (state.outcome.kind !== "open") return;
      for (const home of state.streaming) {
        // Everybody who is left stores it: is that a majority?
        const left = [...state.streaming, ...state.spare].filter((node) => node !== home);
        const [end] = play(stepReplication(state, lost(home))[0], left.map(stored));
        expect(canSpare(state, home)).toBe(end.stored.length >= majority);
      }
      for (const home of state.streaming) {
        if (canSpare(state, home)) [state] = stepReplication(state, lost(home));
      }
      expect(state.outcome.kind).not.toBe("failed");
    }),
  );
});
