import { describe, expect, test } from "vitest";
import { holdsLease } from "../../../core/decide/election-state.ts";
import { boot, nodeId, term } from "../../../core/model/ids.ts";
import { monotonicMs } from "../../../core/model/units.ts";
import { Specimen } from "./kit.ts";

const kinds = (node: Specimen): readonly string[] =>
  node.effects.flatMap((effect) =>
    effect.kind === "persist" ? ["persist"] : effect.kind === "send" ? [effect.message.kind] : [],
  );
const askPreVote = (node: Specimen, from: number, forTerm: number): string | null | undefined => {
  node.hear(from, { kind: "pre-vote.request", boot: boot(1), term: term(forTerm) });
  return node.sent("pre-vote.reply")[0]?.message.reason;
};
const askVote = (
  node: Specimen,
  from: number,
  forTerm: number,
  handover = false,
): string | null | undefined => {
  node.hear(from, { kind: "vote.request", boot: boot(1), term: term(forTerm), handover });
  return node.sent("vote.reply")[0]?.message.reason;
};

describe("standing", () => {
  test("a cluster of one leads at once, on disk first, also after a restart", () => {
    for (const durable of [{}, { term: term(4), boot: boot(9) }]) {
      const node = new Specimen(1, 1, durable);
      node.step({ kind: "tick" });
      expect(node.role).toBe("leader");
      expect(kinds(node)).toEqual(["persist"]);
      expect(holdsLease(node.state.election, monotonicMs(0))).toBe(true);
    }
  });

  test("a new cluster does not wait for a leader that it never had: the highest id asks once all are live", () => {
    const node = new Specimen(3, 3);
    node.ping(1);
    node.ping(2);
    node.step({ kind: "tick" });
    expect(node.sent("pre-vote.request").map(({ to }) => to)).toEqual([1, 2]);
  });

  test("a higher electable id is given a rank step to go first", () => {
    const node = new Specimen(2, 3);
    node.ping(1);
    node.ping(3);
    node.step({ kind: "tick" });
    expect(node.role).toBe("follower");
    node.at = 60;
    node.step({ kind: "tick" });
    expect(node.role).toBe("asking");
  });

  test("a node that took long to load stands soon, but leaves a leader that is there two beats to be heard", () => {
    const node = new Specimen(3, 3, { term: term(1) }, { aloneSinceMs: -5_000 });
    node.pass(110, [1, 2]);
    expect(node.role).toBe("follower");
    node.pass(10, [1, 2]);
    expect(node.role).toBe("asking");
  });

  test("without a leader a node asks after the election timeout and its jitter", () => {
    const node = new Specimen(3, 3, { term: term(1) });
    node.pass(310, [1, 2]);
    expect(node.role).toBe("follower");
    node.pass(10, [1, 2]);
    expect(node.role).toBe("asking");
  });

  test("pre-votes change nothing durable; a majority of them makes a candidate, on disk first", () => {
    const node = new Specimen(3, 3, { term: term(1) });
    node.pass(320, [1, 2]);
    expect(kinds(node)).not.toContain("persist");
    expect(node.term).toBe(1);
    const reply = {
      kind: "pre-vote.reply",
      boot: boot(1),
      term: term(2),
      ownTerm: term(1),
      reason: null,
    } as const;
    node.hear(1, { ...reply, granted: false });
    expect(node.role).toBe("asking");
    node.hear(1, { ...reply, granted: true });
    expect(node.role).toBe("candidate");
    expect(kinds(node)).toEqual(["persist", "vote.request", "vote.request"]);
    expect(node.state.election.durable).toMatchObject({ term: 2, votedFor: 3 });
  });

  test("a majority of votes makes a leader that beats at once; votes of another term do not", () => {
    const node = new Specimen(3, 3, { term: term(1) });
    node.pass(320, [1, 2]);
    const granted = { boot: boot(1), granted: true, reason: null } as const;
    node.hear(1, { ...granted, kind: "pre-vote.reply", term: term(2), ownTerm: term(1) });
    node.hear(1, { ...granted, kind: "vote.reply", term: term(1), ownTerm: term(1) });
    expect(node.role).toBe("candidate");
    node.hear(1, { ...granted, kind: "vote.reply", term: term(2), ownTerm: term(2) });
    expect(node.role).toBe("leader");
    expect(node.sent("heartbeat")).toHaveLength(2);
    expect(node.logged("leader.elected")).toEqual([{ kind: "leader.elected", term: 2, leader: 3 }]);
  });

  test("a node that hears no majority does not stand, until nobody has been electable for two timeouts", () => {
    const node = new Specimen(3, 3, { term: term(1) });
    node.pass(590);
    expect(node.role).toBe("follower");
    node.pass(100);
    expect(node.role).toBe("asking");
  });

  test("a node with a failed disk, and one that is rebuilding, never stand", () => {
    const failed = new Specimen(3, 3);
    failed.step({ kind: "health", health: { diskHealthy: false, lagging: false } });
    for (const node of [failed, new Specimen(3, 3, {}, { standing: "rebuilding" })]) {
      node.pass(2_000, [1, 2]);
      expect(node.role).toBe("follower");
    }
  });

  test("the death of the leader, seen by ourselves, skips timeout and jitter; pre-votes repeat every 10 ms", () => {
    const node = new Specimen(2, 3, { term: term(1) });
    node.pass(400, [1, 3], 3);
    node.step({ kind: "link.closed", peer: nodeId(3) });
    node.step({ kind: "link.refused", peer: nodeId(3) });
    expect(node.logged("leader.lost")).toHaveLength(1);
    node.step({ kind: "tick" });
    expect(node.role).toBe("asking");
    node.at += 10;
    node.step({ kind: "tick" });
    expect(node.sent("pre-vote.request")).toHaveLength(2);
  });

  test("what a peer says about the leader is no evidence", () => {
    const node = new Specimen(2, 3, { term: term(1) });
    node.pass(400, [1, 3], 3);
    node.ping(1, { hears: [2], leader: null });
    node.at += 20;
    node.step({ kind: "tick" });
    expect(node.state.election.leader).toBe(3);
    expect(askVote(node, 1, 2)).toBe("hears-leader");
  });
});

describe("voting", () => {
  test("after a restart a node promises and votes nothing for one election timeout", () => {
    const node = new Specimen(1, 3, { term: term(3), boot: boot(2) });
    node.at = 299;
    expect(askPreVote(node, 2, 4)).toBe("silent-after-restart");
    expect(askVote(node, 2, 4)).toBe("silent-after-restart");
    node.at = 300;
    expect(askPreVote(node, 2, 4)).toBeNull();
    expect(askVote(node, 2, 4)).toBeNull();
  });

  test("the silence counts from when nobody else could speak for it any more, not from when it was loaded", () => {
    const started = (aloneSinceMs: number): Specimen =>
      new Specimen(1, 3, { term: term(3), boot: boot(2) }, { aloneSinceMs });
    const node = started(-200);
    node.at = 99;
    expect(askVote(node, 2, 4)).toBe("silent-after-restart");
    node.at = 100;
    expect(askVote(node, 2, 4)).toBeNull();
    expect(askVote(started(-5_000), 2, 4)).toBeNull();
  });

  test("a disk that never knew a term has confirmed no lease: no silence", () => {
    expect(askVote(new Specimen(1, 3), 2, 1)).toBeNull();
  });

  test("a vote is on disk before it is told, and there is one in a term", () => {
    const node = new Specimen(1, 3);
    expect(askVote(node, 2, 1)).toBeNull();
    expect(kinds(node)).toEqual(["persist", "vote.reply"]);
    expect(askVote(node, 3, 1)).toBe("already-voted");
    expect(askVote(node, 2, 1)).toBeNull();
    expect(kinds(node)).toEqual(["vote.reply"]);
  });

  test("an acknowledged heartbeat binds for one election timeout, except for the named successor", () => {
    const node = new Specimen(1, 3);
    node.beat(3, 1);
    node.at = 299;
    expect(askPreVote(node, 2, 2)).toBe("hears-leader");
    expect(askVote(node, 2, 2)).toBe("hears-leader");
    expect(node.term).toBe(1);
    expect(askVote(node, 2, 2, true)).toBeNull();
  });

  test("the binding outlives the adoption of a higher term", () => {
    const node = new Specimen(1, 3);
    node.beat(3, 1);
    node.at = 20;
    node.ping(2, { term: 5 });
    expect(node.term).toBe(5);
    expect(askVote(node, 2, 6)).toBe("hears-leader");
  });

  test("the leader's own death, seen by ourselves, ends the binding", () => {
    const node = new Specimen(1, 3);
    node.ping(3);
    node.beat(3, 1);
    node.at = 20;
    node.ping(3, { boot: 2 });
    expect(askVote(node, 2, 2)).toBeNull();
  });

  test("a live electable id above the candidate is waited for, at most two timeouts", () => {
    const node = new Specimen(1, 3, { term: term(1), boot: boot(2) });
    node.pass(350, [3]);
    expect(askPreVote(node, 2, 2)).toBe("higher-electable");
    expect(askPreVote(node, 3, 2)).toBeNull();
    node.pass(250, [3]);
    expect(askPreVote(node, 2, 2)).toBeNull();
  });

  test("a leader refuses pre-votes, and a lower or equal term is over", () => {
    const node = new Specimen(3, 3);
    node.elect();
    expect(askPreVote(node, 2, node.term + 1)).toBe("is-leader");
    expect(askPreVote(node, 2, node.term)).toBe("lower-term");
    expect(askVote(node, 2, node.term - 1)).toBe("lower-term");
  });

  test("a rebuilding node votes on nothing and confirms nothing", () => {
    const node = new Specimen(1, 3, {}, { standing: "rebuilding" });
    expect(askPreVote(node, 2, 1)).toBe("rebuilding");
    expect(askVote(node, 2, 1)).toBe("rebuilding");
    node.beat(3, 1);
    expect(node.sent("heartbeat.reply")[0]?.message.accepted).toBe(false);
  });
});

describe("leading and following", () => {
  test("a heartbeat of a higher term is adopted on disk before it is acknowledged", () => {
    const node = new Specimen(1, 3);
    node.beat(3, 4);
    expect(kinds(node)).toEqual(["persist", "heartbeat.reply"]);
    expect(node.sent("heartbeat.reply")[0]?.message).toMatchObject({ term: 4, accepted: true });
  });

  test("a heartbeat of a lower term is answered with our own", () => {
    const node = new Specimen(1, 3, { term: term(7) });
    node.beat(3, 6);
    expect(node.sent("heartbeat.reply")[0]?.message).toMatchObject({ term: 7, accepted: false });
    expect(node.state.election.leader).toBeNull();
  });

  test("whoever sees a higher term steps down and adopts it", () => {
    const node = new Specimen(3, 3);
    node.elect();
    const before = node.term;
    node.ping(1, { term: before + 3 });
    expect(node.role).toBe("follower");
    expect(node.term).toBe(before + 3);
    expect(kinds(node)).toEqual(["persist"]);
    expect(node.logged("leader.stepped-down")).toMatchObject([{ reason: "higher-term" }]);
  });

  test("the lease runs from when the confirmed heartbeat was sent", () => {
    const node = new Specimen(3, 3);
    node.elect();
    const confirmedAt = node.at;
    expect(holdsLease(node.state.election, monotonicMs(confirmedAt + 200))).toBe(true);
    expect(holdsLease(node.state.election, monotonicMs(confirmedAt + 201))).toBe(false);
  });

  test("one of two followers is majority enough; in five it takes two", () => {
    for (const [nodes, needed] of [
      [3, 1],
      [5, 2],
    ] as const) {
      const node = new Specimen(nodes, nodes);
      node.elect();
      node.at += 250;
      for (let from = 1; from <= needed; from++) {
        expect(holdsLease(node.state.election, monotonicMs(node.at))).toBe(false);
        const { term: ofTerm } = node.state.election.durable;
        const sentAt = monotonicMs(node.at - 100);
        node.hear(from, { kind: "heartbeat.reply", boot: boot(1), term: ofTerm, accepted: true, sentAt });
      }
      expect(holdsLease(node.state.election, monotonicMs(node.at))).toBe(true);
    }
  });

  test("a leader that nobody confirms for an election timeout steps down", () => {
    const node = new Specimen(3, 3);
    node.elect();
    node.pass(350);
    expect(node.role).toBe("follower");
  });

  test("after a hand-over late heartbeats of the outgoing leader count for nothing", () => {
    const node = new Specimen(1, 3);
    node.beat(2, 1);
    node.hear(2, { kind: "handover", boot: boot(1), term: term(1), to: nodeId(3) });
    node.beat(2, 1);
    expect(node.sent("heartbeat.reply")[0]?.message.accepted).toBe(false);
    expect(node.state.election.leader).toBeNull();
  });

  test("the named successor stands at once, without pre-votes and within the binding", () => {
    const node = new Specimen(3, 3);
    node.pass(50, [1, 2], 2);
    node.beat(2, 1);
    node.hear(2, { kind: "handover", boot: boot(1), term: term(1), to: nodeId(3) });
    expect(node.role).toBe("candidate");
    expect(node.sent("vote.request")[0]?.message).toMatchObject({ term: 2, handover: true });
  });

  test("a hand-over of a lower term is not listened to", () => {
    const node = new Specimen(3, 3, { term: term(5) });
    node.pass(350, [1, 2], 2);
    node.hear(2, { kind: "handover", boot: boot(1), term: term(4), to: nodeId(3) });
    expect(node.state.election.leader).toBe(2);
    expect(node.role).toBe("follower");
  });
});
