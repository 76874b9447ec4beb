import { expect, test } from "vitest";
import { isLive, peerOf, standingOf } from "../../../core/decide/liveness.ts";
import { boot, nodeId, term } from "../../../core/model/ids.ts";
import { monotonicMs } from "../../../core/model/units.ts";
import { diskOf, Specimen, timings } from "./kit.ts";

const standing = (node: Specimen, id: number): string =>
  standingOf(peerOf(node.state.peers, nodeId(id)), monotonicMs(node.at), timings);
const live = (node: Specimen, id: number): boolean =>
  isLive(peerOf(node.state.peers, nodeId(id)), monotonicMs(node.at), timings);

test("a peer is live when it is heard and says that it hears us", () => {
  const node = new Specimen(1, 3);
  node.ping(2, { hears: [3] });
  expect(live(node, 2)).toBe(false);
  node.at = 10;
  node.ping(2, { hears: [1, 3] });
  expect(live(node, 2)).toBe(true);
  expect(node.logged("node.up")).toHaveLength(1);
});

test("silence makes a peer suspect after three heartbeats and down after the election timeout", () => {
  const node = new Specimen(1, 3);
  node.ping(2);
  node.at = 149;
  expect(standing(node, 2)).toBe("up");
  node.at = 150;
  node.step({ kind: "tick" });
  expect(standing(node, 2)).toBe("suspect");
  expect(node.logged("node.suspect")).toHaveLength(1);
  expect(live(node, 2)).toBe(true);
  node.at = 300;
  node.step({ kind: "tick" });
  expect(standing(node, 2)).toBe("down");
  expect(node.logged("node.down")).toEqual([{ kind: "node.down", peer: 2, reason: "silent" }]);
});

test("a closed connection says nothing, closed and refused says dead", () => {
  const node = new Specimen(1, 3);
  node.ping(2);
  node.step({ kind: "link.refused", peer: nodeId(2) });
  expect(live(node, 2)).toBe(true);
  node.step({ kind: "link.closed", peer: nodeId(2) });
  expect(live(node, 2)).toBe(true);
  node.step({ kind: "link.refused", peer: nodeId(2) });
  expect(live(node, 2)).toBe(false);
  expect(node.logged("node.down")).toEqual([{ kind: "node.down", peer: 2, reason: "refused" }]);
});

test("a peer that was called dead is live again when it is heard", () => {
  const node = new Specimen(1, 3);
  node.ping(2);
  node.step({ kind: "link.closed", peer: nodeId(2) });
  node.step({ kind: "link.refused", peer: nodeId(2) });
  node.at = 10;
  node.ping(2);
  expect(live(node, 2)).toBe(true);
});

test("after its goodbye a peer comes back only as a new process", () => {
  const node = new Specimen(1, 3);
  node.ping(2);
  node.hear(2, { kind: "goodbye", boot: boot(1) });
  expect(node.logged("node.down")).toEqual([{ kind: "node.down", peer: 2, reason: "goodbye" }]);
  node.at = 10;
  node.ping(2);
  expect(live(node, 2)).toBe(false);
  node.ping(2, { boot: 2 });
  expect(live(node, 2)).toBe(true);
});

test("a new boot is the death of the old process, and what the old one sent counts no more", () => {
  const node = new Specimen(1, 3);
  node.ping(2, { boot: 4 });
  node.at = 10;
  node.ping(2, { boot: 5 });
  expect(node.logged("node.down")).toEqual([{ kind: "node.down", peer: 2, reason: "restarted" }]);
  node.at = 20;
  node.ping(2, { boot: 4, electable: false });
  expect(peerOf(node.state.peers, nodeId(2)).ping?.electable).toBe(true);
});

test("on another disk boots count from one again", () => {
  const node = new Specimen(1, 3);
  node.ping(2, { boot: 7, store: 22 });
  node.step({ kind: "link.closed", peer: nodeId(2) });
  node.at = 10;
  node.ping(2, { boot: 1, store: 23 });
  expect(live(node, 2)).toBe(true);
  expect(peerOf(node.state.peers, nodeId(2)).boot).toBe(1);
});

const turnedAway = (node: Specimen): readonly string[] =>
  node.effects.flatMap((effect) => (effect.kind === "turn-away" ? [effect.fault.code] : []));

// One id is one disk (DESIGN §6). Before, the last disk that spoke was believed, and two could take turns.
test("a second disk is turned away while the first lives, and what it says changes nothing", () => {
  const node = new Specimen(1, 3);
  node.ping(2, { boot: 7, store: 22, feedHead: 5 });
  const { peers } = node.state;
  node.at = 10;
  node.ping(2, { boot: 9, store: 23, feedHead: 1_000, term: 50 });
  expect(turnedAway(node)).toEqual(["DATA_IN_USE"]);
  expect(node.state.peers).toEqual(peers);
  expect(node.term).toBe(0);
});

test("another disk is taken for the node's own as soon as the first is not there any more", () => {
  const ends: readonly ((node: Specimen) => void)[] = [
    (node) => node.step({ kind: "link.closed", peer: nodeId(2) }),
    (node) => node.hear(2, { kind: "goodbye", boot: boot(7) }),
    // Silent for an election timeout.
    (node) => node.pass(timings.electionTimeoutMs, [3]),
    // It does not hear us: half a link proves no life.
    (node) => {
      node.at = 5;
      node.ping(2, { boot: 7, store: 22, hears: [3] });
    },
  ];
  for (const end of ends) {
    const node = new Specimen(1, 3);
    node.ping(2, { boot: 7, store: 22 });
    end(node);
    node.at += 10;
    node.ping(2, { boot: 1, store: 23 });
    expect(turnedAway(node)).toEqual([]);
    expect(peerOf(node.state.peers, nodeId(2))).toMatchObject({ boot: 1, store: diskOf(23) });
    expect(live(node, 2)).toBe(true);
  }
});

test("the same disk in a new process is the same node, however quickly it came back", () => {
  const node = new Specimen(1, 3);
  node.ping(2, { boot: 7, store: 22 });
  node.at = 10;
  node.ping(2, { boot: 8, store: 22 });
  expect(turnedAway(node)).toEqual([]);
  expect(peerOf(node.state.peers, nodeId(2)).boot).toBe(8);
});

test("a late message of the old disk does not make a peer deaf to the new one", () => {
  const node = new Specimen(1, 3);
  node.ping(2, { boot: 7, store: 22 });
  node.step({ kind: "link.closed", peer: nodeId(2) });
  node.at = 10;
  node.ping(2, { boot: 1, store: 23 });
  node.beat(2, 0);
  node.hear(2, {
    kind: "heartbeat",
    boot: boot(7),
    term: node.state.election.durable.term,
    leaseMs: 200,
    sentAt: monotonicMs(0),
  });
  node.at = 20;
  node.ping(2, { boot: 1, store: 23 });
  expect(live(node, 2)).toBe(true);
});

test("a ping that a later one has overtaken says nothing new", () => {
  const node = new Specimen(1, 3);
  node.at = 100;
  node.ping(2, { sentAt: 100 });
  node.at = 200;
  node.ping(2, { sentAt: 50, electable: false });
  const peer = peerOf(node.state.peers, nodeId(2));
  expect(peer.ping?.electable).toBe(true);
  expect(peer.heardAt).toBe(100);
});

test("the time on the way is what the echo leaves of it", () => {
  const node = new Specimen(1, 2);
  node.at = 100;
  node.step({ kind: "tick" });
  const [sent] = node.sent("ping");
  node.at = 130;
  if (sent === undefined) throw new Error("no ping was sent");
  node.hear(2, { ...sent.message, echo: { sentAt: monotonicMs(100), heldMs: 25 } });
  expect(peerOf(node.state.peers, nodeId(2)).roundTripMs).toBe(5);
});

test("each break of steadiness is counted", () => {
  const node = new Specimen(1, 3);
  node.ping(2);
  expect(peerOf(node.state.peers, nodeId(2)).steadySince).toBe(0);
  node.at = 10;
  node.ping(2, { electable: false });
  node.at = 20;
  node.ping(2);
  node.at = 30;
  node.step({ kind: "link.closed", peer: nodeId(2) });
  node.step({ kind: "link.refused", peer: nodeId(2) });
  expect(peerOf(node.state.peers, nodeId(2))).toMatchObject({ steadySince: null, flaps: 2 });
});

test("who stood still forgives the others their silence: what they said is still to be read", () => {
  const node = new Specimen(1, 3, { term: term(1) });
  node.pass(400, [2, 3], 3);
  node.at += 5_000;
  node.step({ kind: "tick" });
  expect([standing(node, 2), standing(node, 3)]).toEqual(["up", "up"]);
  expect(node.state.election.leader).toBe(3);
  node.pass(300);
  expect([standing(node, 2), standing(node, 3)]).toEqual(["down", "down"]);
  expect(node.state.election.leader).toBeNull();
});
