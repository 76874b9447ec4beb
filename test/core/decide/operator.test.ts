import { describe, expect, test } from "vitest";
import type { Fault } from "../../../core/model/faults.ts";
import { nodeId, userNameOf } from "../../../core/model/ids.ts";
import { Specimen } from "./kit.ts";

const by = userNameOf("operator");

/** A leader whose followers ping, are electable, and follow. */
const leaderOf = (id: number, nodes: number): Specimen => {
  const node = new Specimen(id, nodes);
  node.elect();
  node.at += 10;
  for (const peer of node.state.setup.peers) node.ping(peer, { leader: id });
  return node;
};
const ask = (node: Specimen, to: number | null): Fault | null | undefined => {
  node.step({ kind: "move-lead", ticket: 1, to: to === null ? null : nodeId(to), by });
  return node.effects.find((effect) => effect.kind === "answer")?.fault;
};

describe("moving the lead", () => {
  test("the named node is told to stand, the wish is logged with its author, and the old leader acts no more", () => {
    const node = leaderOf(3, 3);
    expect(ask(node, 1)).toBeNull();
    expect(node.sent("handover").map(({ to, message }) => [to, message.to])).toEqual([
      [1, 1],
      [2, 1],
    ]);
    expect(node.logged("lead.moved")).toEqual([{ kind: "lead.moved", to: 1, by }]);
    expect(node.role).toBe("follower");
    expect(ask(node, 1)).toMatchObject({ code: "NOT_LEADER", node: 3, leader: null });
  });

  test("without a name the highest that is fit gets it", () => {
    const node = leaderOf(5, 5);
    node.ping(4, { leader: 5, sentAt: node.at + 1, electable: false });
    expect(ask(node, null)).toBeNull();
    expect(node.sent("handover")[0]?.message.to).toBe(3);
  });

  test("a follower names who leads", () => {
    const node = new Specimen(1, 3);
    node.beat(3, 1);
    expect(ask(node, 2)).toMatchObject({ code: "NOT_LEADER", leader: 3 });
    expect(node.sent("handover")).toEqual([]);
  });

  test("an unfit node is refused with its reason, and nothing changes", () => {
    const node = leaderOf(3, 5);
    node.ping(1, { leader: 3, sentAt: node.at + 1, electable: false, load: { drained: true } });
    node.ping(2, { leader: 3, sentAt: node.at + 1, electable: false, ready: false });
    node.ping(4, { leader: 3, sentAt: node.at + 1, electable: false });
    node.hear(5, { kind: "goodbye", boot: node.state.election.durable.boot });
    const reason = (to: number) => {
      const problem = ask(node, to);
      return problem?.code === "NO_SUCCESSOR" ? problem.reason : problem;
    };
    expect([1, 2, 3, 4, 5, 7].map(reason)).toEqual([
      "it is drained",
      "it is rebuilding or stopping",
      "it has it already",
      "it says that it cannot lead now",
      "it is down",
      "there is no such node",
    ]);
    expect(ask(node, null)).toMatchObject({ code: "NO_SUCCESSOR", to: null });
    expect(node.role).toBe("leader");
  });
});

describe("draining", () => {
  test("is told in the next ping, logged once, and not undone by a report of the machine", () => {
    const node = leaderOf(3, 3);
    node.step({ kind: "drain", drained: true, by });
    expect(node.logged("node.drained")).toEqual([{ kind: "node.drained", by }]);
    node.step({ kind: "drain", drained: true, by });
    expect(node.effects).toEqual([]);
    const { drained: _, ...measured } = node.state.load;
    node.step({ kind: "load", load: measured });
    node.at += 50;
    node.step({ kind: "tick" });
    expect(node.sent("ping")[0]?.message).toMatchObject({ electable: false, load: { drained: true } });
    node.step({ kind: "drain", drained: false, by });
    expect(node.logged("node.undrained")).toEqual([{ kind: "node.undrained", by }]);
    expect(node.state.load.drained).toBe(false);
  });

  test("a drained leader hands over within an election timeout, to one that is not", () => {
    const node = leaderOf(3, 3);
    node.step({ kind: "drain", drained: true, by });
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

  test("when everybody is drained somebody leads all the same", () => {
    const node = new Specimen(1, 1);
    node.step({ kind: "drain", drained: true, by });
    node.pass(2_000);
    expect(node.role).toBe("leader");
  });
});
