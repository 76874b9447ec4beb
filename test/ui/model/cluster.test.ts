import { describe, expect, test } from "vitest";
import { type NodeId, nodeId } from "../../../core/model/ids.ts";
import type { Snapshot } from "../../../core/model/snapshot.ts";
import { wallMs } from "../../../core/model/units.ts";
import {
  behindMsMax,
  clusterOf,
  isStarting,
  lateNewsMsMax,
  type ProcessState,
  type Sources,
  staleMsMax,
  startingMsMax,
} from "../../../ui/model/cluster.ts";
import { nodeView, sceneAt, snapshotOf } from "../scenes.ts";

const exited: ProcessState = {
  state: "exited",
  cut: false,
  pid: 7,
  reason: "exit code 1",
  since: wallMs(sceneAt - 700),
  bornAt: wallMs(sceneAt - 60_000),
};

const sources = (
  snapshots: readonly (readonly [Snapshot, ageMs?: number])[],
  processes: readonly (readonly [number, ProcessState])[] = [],
): Sources => ({
  snapshots: new Map(
    snapshots.map(([snapshot, ageMs = 0]) => [snapshot.observer, { snapshot, at: wallMs(sceneAt - ageMs) }]),
  ),
  processes: new Map(processes.map(([id, state]): [NodeId, ProcessState] => [nodeId(id), state])),
  links: new Map(),
  heard: new Map(),
});

describe("whose view is shown", () => {
  test("none, while nobody has said anything", () => {
    expect(clusterOf(sources([]), sceneAt)).toBeNull();
  });

  test("the leader's, even when somebody else hears as many", () => {
    const view = clusterOf(sources([[snapshotOf({ observer: 1 })], [snapshotOf({ observer: 3 })]]), sceneAt);
    expect(view?.observer).toBe(3);
  });

  test("of two that claim to lead, the one of the higher term", () => {
    const old = snapshotOf({ observer: 3, leader: 3, term: 8 });
    const current = snapshotOf({ observer: 2, leader: 2, term: 9 });
    const view = clusterOf(sources([[old], [current]]), sceneAt);
    expect([view?.observer, view?.leader, view?.term]).toEqual([2, 2, 9]);
  });

  test("without a leader, the one that hears most nodes", () => {
    const alone = snapshotOf({
      observer: 1,
      leader: null,
      nodes: [nodeView(1), nodeView(2, { state: "down" }), nodeView(3, { state: "down" })],
    });
    const pair = snapshotOf({
      observer: 2,
      leader: null,
      nodes: [nodeView(1, { state: "down" }), nodeView(2), nodeView(3)],
    });
    expect(clusterOf(sources([[alone], [pair]]), sceneAt)?.observer).toBe(2);
  });

  test("not one that has fallen behind, though it claims to lead: its node may be frozen", () => {
    const leader = snapshotOf({ observer: 3 });
    const follower = snapshotOf({ observer: 1, leader: null });
    expect(clusterOf(sources([[leader, behindMsMax], [follower]]), sceneAt)?.observer).toBe(3);
    expect(clusterOf(sources([[leader, behindMsMax + 1], [follower]]), sceneAt)?.observer).toBe(1);
  });

  test("not an old one while there is a fresh one, and not one of a dead process", () => {
    const leader = snapshotOf({ observer: 3 });
    const follower = snapshotOf({ observer: 1 });
    expect(clusterOf(sources([[leader, staleMsMax + 1], [follower]]), sceneAt)?.observer).toBe(1);
    expect(clusterOf(sources([[leader], [follower]], [[3, exited]]), sceneAt)?.observer).toBe(1);
  });

  test("when all are old, the newest of them, and it is said", () => {
    const view = clusterOf(
      sources([
        [snapshotOf({ observer: 3 }), 9_000],
        [snapshotOf({ observer: 1 }), 5_000],
      ]),
      sceneAt,
    );
    expect(view).toMatchObject({ observer: 1, stale: true, ageMs: 5_000 });
    expect(view?.nodes[1]?.silentMs).toBe(5_032);
  });
});

describe("a process that has ended", () => {
  test("is down, whatever the snapshot says, and no longer counts", () => {
    const view = clusterOf(sources([[snapshotOf({ observer: 3 })]], [[2, exited]]), sceneAt);
    expect(view?.nodes[1]).toMatchObject({
      state: "down",
      silentMs: 700,
      exit: "exit code 1",
      leads: false,
    });
    expect(view?.quorum).toEqual({ live: 2, needed: 2, ok: true });
    expect(view?.tolerance).toBe(0);
  });

  test("does not lead, and takes the quorum with it", () => {
    const nodes = [nodeView(1), nodeView(2, { state: "down" }), nodeView(3)];
    const view = clusterOf(
      sources([[snapshotOf({ observer: 1, leader: 3, nodes })]], [[3, exited]]),
      sceneAt,
    );
    expect(view?.leader).toBeNull();
    expect(view?.quorum).toEqual({ live: 1, needed: 2, ok: false });
    expect(view?.nodes.some((node) => node.leads)).toBe(false);
  });

  test("that the snapshot knows as down is not counted twice", () => {
    const nodes = [nodeView(1), nodeView(2, { state: "down" }), nodeView(3)];
    const view = clusterOf(sources([[snapshotOf({ nodes })]], [[2, exited]]), sceneAt);
    expect(view?.quorum.live).toBe(2);
  });

  test("is up again once it is heard for certain, whoever started it, and not by late news", () => {
    const at = (ms: number) => wallMs(exited.since + ms);
    const heard = (ms: number) =>
      clusterOf(
        {
          snapshots: new Map([[nodeId(3), { snapshot: snapshotOf(), at: at(ms) }]]),
          processes: sources([], [[2, exited]]).processes,
          links: new Map(),
          heard: new Map(),
        },
        at(ms),
      )?.nodes[1]?.state;
    expect(heard(500)).toBe("down");
    expect(heard(lateNewsMsMax)).toBe("down");
    expect(heard(lateNewsMsMax + 33)).toBe("up");
  });

  test("and was started again is shown as the nodes see it", () => {
    const running: ProcessState = { ...exited, state: "running", reason: null };
    const view = clusterOf(sources([[snapshotOf()]], [[2, running]]), sceneAt);
    expect(view?.nodes[1]).toMatchObject({ state: "up", exit: null });
  });
});

describe("a node of which the observer says that it never heard it", () => {
  const unheard = [nodeView(1, { state: "down", heartbeatMs: null }), nodeView(2), nodeView(3)];
  const silence = (heardMsAgo: number | null) => {
    const known = sources([[snapshotOf({ nodes: unheard })]]);
    const heard = new Map(heardMsAgo === null ? [] : [[nodeId(1), wallMs(sceneAt - heardMsAgo)] as const]);
    return clusterOf({ ...known, heard }, sceneAt)?.nodes[0]?.silentMs;
  };

  test("was heard by others, and this console remembers when", () => {
    expect(silence(42_000)).toBe(42_000);
    expect(silence(null)).toBeNull();
  });
});

describe("a process that was started", () => {
  const born = (ageMs: number): ProcessState => ({
    ...exited,
    state: "running",
    reason: null,
    since: wallMs(sceneAt - ageMs),
    bornAt: wallMs(sceneAt - ageMs),
  });
  const seen = (ageMs: number, heartbeatMs: number | null) => {
    const nodes = [nodeView(1), nodeView(2, { state: "down", heartbeatMs }), nodeView(3)];
    const node = clusterOf(sources([[snapshotOf({ nodes })]], [[2, born(ageMs)]]), sceneAt)?.nodes[1];
    return node === undefined ? null : [node.unheardMs, isStarting(node)];
  };

  test("is starting for a while, and what was heard before is not of it", () => {
    expect(seen(500, 6_000)).toEqual([500, true]);
    expect(seen(500, null)).toEqual([500, true]);
    // A restart: late news of the process before.
    expect(seen(900, 300)).toEqual([900, true]);
    expect(seen(startingMsMax - 1, null)).toEqual([startingMsMax - 1, true]);
    expect(seen(startingMsMax, 60_000)).toEqual([startingMsMax, false]);
  });

  test("is a silent one as soon as it was heard", () => {
    expect(seen(5_000, 3_000)).toEqual([null, false]);
  });
});
