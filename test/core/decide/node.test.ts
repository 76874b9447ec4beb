import { describe, expect, test } from "vitest";
import { boot, nodeId, term } from "../../../core/model/ids.ts";
import type { OfferReply } from "../../../core/model/messages.ts";
import { request, Specimen } from "./kit.ts";

const replies = (node: Specimen): readonly OfferReply[] =>
  node.effects.flatMap((effect) => (effect.kind === "reply" ? [effect.reply] : []));
const offer = (node: Specimen, number: number, bytes = 1_000): readonly OfferReply[] => {
  node.step({ kind: "offer", ticket: number, request: request(number), bytes });
  return replies(node);
};

/** A leader with two live followers that keep confirming it. */
const leaderOf = (id: number, nodes: number): Specimen => {
  const node = new Specimen(id, nodes);
  node.elect();
  node.at += 10;
  for (const peer of node.state.setup.peers) node.ping(peer, { leader: id });
  return node;
};

describe("offers", () => {
  test("a leader within its lease answers at once and tells everybody", () => {
    const node = leaderOf(3, 3);
    const [reply] = offer(node, 1);
    expect(reply).toMatchObject({ kind: "offer.assigned", term: node.term });
    expect(node.sent("assigned").map(({ to }) => to)).toEqual([1, 2]);
    expect(node.logged("request.assigned")).toHaveLength(1);
  });

  test("a leader whose lease has run out answers like a follower: not at once", () => {
    const node = leaderOf(3, 3);
    node.at += 250;
    expect(offer(node, 1)).toEqual([]);
  });

  test("the confirmation that makes a lease answers those who wait, before the next beat", () => {
    const node = leaderOf(3, 3);
    node.at += 250;
    for (const number of [1, 2]) offer(node, number);
    node.confirm([1]);
    expect(replies(node).map(({ kind, id }) => ({ kind, id }))).toEqual([
      { kind: "offer.assigned", id: request(1) },
      { kind: "offer.assigned", id: request(2) },
    ]);
  });

  test("a retry goes where the first try went", () => {
    const node = leaderOf(3, 3);
    const [first] = offer(node, 1);
    offer(node, 2);
    // Among whom it was chosen the first time is not kept.
    expect(offer(node, 1)).toEqual([{ ...first, candidates: [] }]);
  });

  test("suspect, drained and rebuilding nodes are given nothing", () => {
    const node = leaderOf(3, 5);
    node.ping(1, { sentAt: node.at + 1, load: { drained: true } });
    node.ping(2, { sentAt: node.at + 1, ready: false });
    node.at += 149;
    node.ping(5);
    node.at += 1;
    node.confirm();
    const given = [1, 2, 3, 4, 5, 6]
      .flatMap((number) => offer(node, number))
      .map((reply) => "node" in reply && Number(reply.node));
    expect([...new Set(given)].sort()).toEqual([3, 5]);
  });

  test("a follower declines when it hears the leader's choice, whichever came first", () => {
    const node = new Specimen(1, 3);
    node.beat(3, 1);
    const assigned = {
      kind: "assigned",
      boot: boot(1),
      term: term(1),
      node: nodeId(2),
      bytes: 1_000,
    } as const;
    expect(offer(node, 1)).toEqual([]);
    node.hear(3, { ...assigned, request: request(1) });
    expect(replies(node)).toEqual([{ kind: "offer.declined", id: request(1), node: 2, term: 1, leader: 3 }]);
    node.hear(3, { ...assigned, request: request(2) });
    expect(offer(node, 2)).toEqual([{ kind: "offer.declined", id: request(2), node: 2, term: 1, leader: 3 }]);
  });

  test("an assignment of a lower term, or from somebody who does not lead, is not passed on", () => {
    const node = new Specimen(1, 3, { term: term(5) });
    node.beat(3, 5);
    offer(node, 1);
    const assigned = {
      kind: "assigned",
      boot: boot(1),
      node: nodeId(2),
      bytes: 1_000,
      request: request(1),
    } as const;
    node.hear(2, { ...assigned, term: term(4) });
    expect(replies(node)).toEqual([]);
    node.hear(2, { ...assigned, term: term(5) });
    expect(replies(node)).toEqual([]);
  });

  test("without a leader's word a follower says so after three heartbeats", () => {
    const node = new Specimen(1, 3);
    offer(node, 1);
    node.at = 149;
    node.step({ kind: "tick" });
    expect(replies(node)).toEqual([]);
    node.at = 150;
    node.step({ kind: "tick" });
    expect(replies(node)).toEqual([{ kind: "offer.no-leader", id: request(1), term: 0 }]);
  });
});

describe("hand-over", () => {
  /** Node 2 leads; node 3 is steady from now on, and says that it follows. */
  const leaderBelow = (): Specimen => {
    const node = new Specimen(2, 3);
    node.elect();
    return node;
  };
  const passConfirmed = (node: Specimen, durationMs: number, electable = true): readonly string[] => {
    const named: string[] = [];
    for (let passed = 0; passed < durationMs; passed += 50) {
      node.at += 50;
      node.ping(1, { leader: 2, electable: false });
      node.ping(3, { leader: 2, electable });
      if (node.role === "leader") node.confirm();
      node.step({ kind: "tick" });
      named.push(...node.sent("handover").map(({ message }) => `${node.at}: ${message.to}`));
    }
    return named;
  };

  test("a higher id that is steady for the stable window is handed the lead, and not before", () => {
    const node = leaderBelow();
    expect(passConfirmed(node, 10_000)).toEqual([]);
    const named = passConfirmed(node, 100);
    expect(named).toHaveLength(2);
    expect(node.role).toBe("follower");
    expect(node.state.election.leader).toBeNull();
    expect(offer(node, 1)).toEqual([]);
  });

  test("a node that came back waits one window, and each further break doubles it", () => {
    const returned = leaderBelow();
    passConfirmed(returned, 5_000);
    passConfirmed(returned, 100, false);
    expect(passConfirmed(returned, 10_000)).toEqual([]);
    expect(passConfirmed(returned, 200)).toHaveLength(2);

    const flapping = leaderBelow();
    for (const _ of [1, 2, 3]) {
      passConfirmed(flapping, 1_000);
      passConfirmed(flapping, 100, false);
    }
    expect(passConfirmed(flapping, 40_000)).toEqual([]);
    expect(passConfirmed(flapping, 200)).toHaveLength(2);
  });

  test("a leader that is not electable for an election timeout hands over to one that is", () => {
    const node = leaderOf(3, 3);
    node.step({ kind: "health", health: { diskHealthy: true, lagging: true } });
    const named: number[] = [];
    for (let passed = 0; passed < 400; passed += 50) {
      node.at += 50;
      for (const peer of [1, 2]) node.ping(peer, { leader: 3 });
      if (node.role === "leader") node.confirm();
      node.step({ kind: "tick" });
      named.push(...node.sent("handover").map(({ message }) => Number(message.to)));
    }
    expect(named).toEqual([2, 2]);
  });
});

describe("sleep", () => {
  test("when the clocks disagree by more than a heartbeat the lease is void until confirmed anew", () => {
    const node = leaderOf(3, 3);
    node.wallAheadMs += 100;
    expect(offer(node, 1)).toEqual([]);
    node.confirm();
    expect(offer(node, 2)).toHaveLength(1);
  });

  test("after a sleep as long as an election timeout a leader steps down", () => {
    const node = leaderOf(3, 3);
    node.wallAheadMs += 5_000;
    node.step({ kind: "tick" });
    expect(node.role).toBe("follower");
    expect(node.logged("leader.stepped-down")).toMatchObject([{ reason: "suspended" }]);
  });
});

describe("stopping", () => {
  test("a follower says goodbye at once", () => {
    const node = new Specimen(1, 3);
    node.step({ kind: "stop" });
    expect(node.sent("goodbye").map(({ to }) => to)).toEqual([2, 3]);
    expect(node.effects.at(-1)).toEqual({ kind: "stopped" });
    expect(node.step({ kind: "tick" })).toEqual([]);
  });

  test("a leader hands over first, and says goodbye when the successor leads", () => {
    const node = leaderOf(3, 3);
    node.step({ kind: "stop" });
    expect(node.sent("handover")[0]?.message.to).toBe(2);
    expect(node.sent("goodbye")).toEqual([]);
    node.at += 10;
    node.beat(2, node.term + 1);
    node.step({ kind: "tick" });
    expect(node.sent("goodbye")).toHaveLength(2);
  });

  test("it waits for a dead successor no longer than three heartbeats", () => {
    const node = leaderOf(3, 3);
    node.step({ kind: "stop" });
    node.at += 150;
    node.step({ kind: "tick" });
    expect(node.sent("goodbye")).toHaveLength(2);
  });
});

test("quorum lost and regained are told once each", () => {
  const node = new Specimen(3, 3);
  const told: string[] = [];
  const pass = (peers: readonly number[]): void => {
    for (let passed = 0; passed < 500; passed += 50) {
      node.at += 50;
      for (const peer of peers) node.ping(peer);
      node.step({ kind: "tick" });
      for (const kind of ["quorum.lost", "quorum.regained"] as const)
        told.push(...node.logged(kind).map((event) => event.kind));
    }
  };
  pass([1]);
  pass([]);
  pass([2]);
  expect(told).toEqual(["quorum.lost", "quorum.regained"]);
});
