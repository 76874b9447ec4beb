import { expect, test } from "vitest";
import { observe, toleranceOf } from "../../../core/decide/observe.ts";
import type { Risk } from "../../../core/decide/risk.ts";
import { clusterId, term as nodeTerm } from "../../../core/model/ids.ts";
import type { Snapshot } from "../../../core/model/snapshot.ts";
import { monotonicMs, wallMs } from "../../../core/model/units.ts";
import { configOf } from "../../support/configs.ts";
import { Specimen } from "./kit.ts";

const look = (node: Specimen, risk: Risk | null = null): Snapshot => {
  const moment = { now: monotonicMs(node.at), wall: wallMs(5), chance: 0 };
  const nodes = node.state.setup.peers.length + 1;
  return observe(node.state, clusterId("c".repeat(32)), configOf(nodes), risk, moment);
};

test("a leader sees itself lead, and whom it hears", () => {
  const node = new Specimen(3, 3);
  node.elect();
  const snapshot = look(node);
  expect(snapshot).toMatchObject({ observer: 3, at: 5, leader: 3, term: node.term });
  expect(snapshot.quorum).toEqual({ live: 3, needed: 2, ok: true });
  expect(snapshot.nodes.map(({ id, state, role }) => ({ id, state, role }))).toEqual([
    { id: 1, state: "up", role: "follower" },
    { id: 2, state: "up", role: "follower" },
    { id: 3, state: "up", role: "leader" },
  ]);
});

test("without a leader neither leader nor term is shown", () => {
  expect(look(new Specimen(1, 3, { term: nodeTerm(4) }))).toMatchObject({ leader: null, term: null });
});

test("a peer that was never heard is down, without figures", () => {
  const [, view] = look(new Specimen(1, 3)).nodes;
  expect(view).toMatchObject({ id: 2, state: "down", heartbeatMs: null, load: null, inFlight: null });
});

test("silence, refilling and figures of a peer are shown as last heard", () => {
  const node = new Specimen(1, 3);
  node.ping(2, { load: { inFlight: 4, cpu: 0.5, diskFreeBytes: 77 } });
  node.ping(3, { ready: false });
  node.pass(160);
  node.ping(3, { ready: false });
  expect(look(node).nodes.slice(1)).toMatchObject([
    { id: 2, state: "suspect", heartbeatMs: 160, inFlight: 4, load: 0.5, diskFreeBytes: 77 },
    { id: 3, state: "rebuilding", heartbeatMs: 0 },
  ]);
});

test("the matrix has our row and each peer's own", () => {
  const node = new Specimen(1, 3);
  node.at = 20;
  node.ping(2);
  expect(look(node).links).toContainEqual({ from: 1, to: 2, silenceMs: 0, roundTripMs: null });
  expect(look(node).links).toContainEqual({ from: 1, to: 3, silenceMs: null, roundTripMs: null });
});

test("what is at risk is shown, and the rarest image bounds the tolerance", () => {
  const node = new Specimen(3, 3);
  node.elect();
  expect(look(node)).toMatchObject({ tolerance: 1, risk: null });
  const view = { underReplicated: 4, unreadable: 0, missingBytes: 900, safeInMs: 30 };
  expect(look(node, { ...view, fewestLiveCopies: 1 })).toMatchObject({ tolerance: 0, risk: view });
});

test("a node whose disk may not speak yet says so of itself", () => {
  const node = new Specimen(1, 3, {}, { standing: "rebuilding" });
  expect(look(node).nodes[0]).toMatchObject({ id: 1, state: "rebuilding" });
});

test("tolerance is what both the majority and the rarest image can spare", () => {
  expect(toleranceOf(3, 2, null)).toBe(1);
  expect(toleranceOf(3, 2, 3)).toBe(1);
  expect(toleranceOf(5, 3, 2)).toBe(1);
  expect(toleranceOf(5, 3, 1)).toBe(0);
  expect(toleranceOf(1, 2, 3)).toBe(0);
  expect(toleranceOf(1, 1, 0)).toBe(0);
});
